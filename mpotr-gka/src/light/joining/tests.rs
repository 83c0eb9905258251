//! Joiners that say what no honest one says: what they seal is made here by hand.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
use mpotr_crypto::{
    ElementBytes, EphemeralKeyPair, Group, IdentityKeyPair, PartKey, PartSecret, SecretScalar,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::cut::{ListedKeys, ListedPart};
use super::super::schedule::EpochSecrets;
use super::super::seed::Handle;
use super::super::wrapping::FreshSecret;
use super::offer::JoinOffer;
use super::opening::{
    Committed, Opening, WrongOpening, commitment_of_joiner, commitment_of_member,
};
use super::pairs::{JoinTag, remember};
use super::ready::{Guest, Host, Ready, ReadyError, Shown};
use super::welcome::JoinTerms;
use crate::continuation::Part;
use crate::fault::{Fault, FaultKind};
use crate::identity::{Forger, Identity};
use crate::member_index::MemberIndex;
use crate::offer::{TrapdoorKey, VERSION};
use crate::room_name::RoomId;
use crate::rounds::ReceiveKey;
use crate::{AgreementId, AuthenticationId, Methods, simulation};

type G = <S as mpotr_crypto::CryptoSuite>::Group;

const HANDLE: Handle = Handle::new([4; 16]);

fn encoded(secret: &SecretScalar<S>) -> [u8; 32] {
    G::encode(&secret.mul_base())
}

/// Two members and one joiner, all of whose secrets are known here.
struct Door {
    identities: Vec<IdentityKeyPair>,
    /// `p'` of the members.
    exchange: Vec<SecretScalar<S>>,
    joiner: IdentityKeyPair,
    /// `y`, `f` and the salt of the joiner.
    trapdoor: SecretScalar<S>,
    part: PartSecret<S>,
    terms: JoinTerms,
    secrets: EpochSecrets,
}

const SALT: [u8; 32] = [9; 32];

impl Door {
    /// The offer of the joiner may be altered before it is listed.
    fn new(alter: impl FnOnce(&mut JoinOffer)) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(6);
        let [a, b, joiner] = [(); 3].map(|()| IdentityKeyPair::random::<S>(&mut rng));
        let mut draw = || SecretScalar::<S>::random(&mut rng);
        let [p_a, p_b, receive, trapdoor, f] = [(); 5].map(|()| draw());
        let part = PartSecret::new(f);
        let key = TrapdoorKey::new(encoded(&trapdoor));
        let signing = [(); 3].map(|()| EphemeralKeyPair::<S>::random(&mut rng).public());
        let mut offer = JoinOffer {
            versions: vec![VERSION],
            suites: vec![mpotr_crypto::SuiteId::ChaCha20Poly1305.code()],
            room: RoomId::new([1; 32]),
            handle: HANDLE,
            identity: joiner.public(),
            signing: signing[2],
            receive: ReceiveKey::new(encoded(&receive)),
            commitment: commitment_of_joiner::<S>(&key, &part.public(), &SALT),
            trapdoor: key,
        };
        alter(&mut offer);
        let listed = [(&p_a, signing[0]), (&p_b, signing[1])].map(|(p, signing)| ListedKeys {
            signing,
            part: ListedPart::new([7; 32]),
            receive: ReceiveKey::new(encoded(p)),
        });
        let terms = JoinTerms {
            room: RoomId::new([1; 32]),
            handle: HANDLE,
            policy: Vec::new(),
            identities: vec![a.public(), b.public()],
            keys: [listed.as_slice(), &[offer.listed()]].concat(),
            offers: vec![offer],
            ephemeral: ElementBytes::new([8; 32]),
        };
        let fresh = FreshSecret::draw::<S>(&a, 0, &mut rng);
        Self {
            secrets: EpochSecrets::with_joiners::<S>(&terms, &fresh),
            identities: vec![a, b],
            exchange: vec![p_a, p_b],
            joiner,
            trapdoor,
            part,
            terms,
        }
    }

    fn host(&self, place: usize) -> Host<'_, S> {
        Host {
            terms: &self.terms,
            secrets: &self.secrets,
            me: MemberIndex::of(place),
            identity: &self.identities[place],
            exchange: &self.exchange[place],
        }
    }

    /// The tags of who knows `y` and says that it has this identity.
    fn tags(&self, identity: &dyn Identity<S>) -> Vec<JoinTag> {
        let guest = Guest {
            terms: &self.terms,
            secrets: &self.secrets,
            me: 0,
            identity,
            trapdoor: &self.trapdoor,
        };
        let tags = MemberIndex::all(2).map(|lower| guest.tag_for(lower));
        tags.map(Option::unwrap).collect()
    }

    fn ready(&self, part: PartKey, tags: Vec<JoinTag>) -> Ready {
        let shown = Shown {
            part,
            salt: SALT,
            tags,
        };
        let offer = &self.terms.offers[0];
        Ready::seal::<S>(&shown, &self.secrets, offer, MemberIndex::new(2))
    }

    /// Whether each of the members takes in who sends this.
    fn taken_in(&self, ready: &Ready) -> [Result<(), ReadyError>; 2] {
        let heard = [ready.clone()];
        [0, 1].map(|place| self.host(place).check(0, &heard).map(drop))
    }
}

#[test]
fn an_honest_joiner_is_taken_in_by_all() {
    let door = Door::new(|_| ());
    let ready = door.ready(door.part.public(), door.tags(&door.joiner));
    assert_eq!(door.taken_in(&ready), [Ok(()), Ok(())]);
}

/// Who proposes knows all secrets of the offer but `a`, which is of one who is not there.
#[test]
fn proposer_impersonates_joiner() {
    let door = Door::new(|_| ());
    let by_liar = door.tags(&door.identities[0]);
    let ready = door.ready(door.part.public(), by_liar);
    // To itself it says what it likes: it knows its own `p'`.
    assert_eq!(door.taken_in(&ready)[1], Err(ReadyError::Wrong));
}

/// A `Y` whose logarithm nobody knows: what members would say to it could be shown to everyone. It has no tags that convince, so
/// nobody shares, and no tag of a member leaves.
#[test]
fn oblivious_joiner_key() {
    let oblivious = {
        let one = SecretScalar::<S>::random(&mut ChaCha20Rng::seed_from_u64(77));
        TrapdoorKey::new(encoded(&one))
    };
    let door = Door::new(|offer| offer.trapdoor = oblivious);
    // The same, and the commitment is right for it.
    let committed = Door::new(|offer| {
        let part = Door::new(|_| ()).part.public();
        offer.trapdoor = oblivious;
        offer.commitment = commitment_of_joiner::<S>(&oblivious, &part, &SALT);
    });
    for door in [&door, &committed] {
        for identity in [&door.joiner, &door.identities[0]] {
            let ready = door.ready(door.part.public(), door.tags(identity));
            assert_eq!(door.taken_in(&ready), [Err(ReadyError::Wrong); 2]);
        }
    }
}

/// A tag is for one member: a joiner that convinces one only is taken in by that one only.
#[test]
fn wrong_joiner_tag_to_one() {
    let door = Door::new(|_| ());
    let right = door.tags(&door.joiner);
    let part = door.part.public();
    for (tags, expected) in [
        (
            vec![right[0], JoinTag::new([1; 16])],
            [Ok(()), Err(ReadyError::Wrong)],
        ),
        (vec![right[1], right[0]], [Err(ReadyError::Wrong); 2]),
        (vec![right[0]], [Err(ReadyError::Wrong); 2]),
        (
            vec![right[0], right[1], right[1]],
            [Err(ReadyError::Wrong); 2],
        ),
    ] {
        assert_eq!(door.taken_in(&door.ready(part, tags)), expected);
    }
}

/// Another part than the one committed to, one made of a member's among them, or none.
#[test]
fn a_joiner_shows_the_part_that_it_committed_to() {
    let door = Door::new(|_| ());
    let tags = door.tags(&door.joiner);
    for part in [[0; 32], [0xff; 32], encoded(&door.exchange[0])] {
        let ready = door.ready(PartKey::new(part), tags.clone());
        assert_eq!(door.taken_in(&ready), [Err(ReadyError::Wrong); 2]);
    }
    // Committed to, and no element.
    let wrong = PartKey::new([0xff; 32]);
    let door = Door::new(|offer| {
        offer.commitment = commitment_of_joiner::<S>(&offer.trapdoor, &wrong, &SALT);
    });
    let ready = door.ready(wrong, door.tags(&door.joiner));
    assert_eq!(door.taken_in(&ready), [Err(ReadyError::Wrong); 2]);
}

/// What a member says to convince a joiner, and what a joiner says, are made by one who invents both just as well.
#[test]
fn a_join_can_be_invented() {
    let door = Door::new(|_| ());
    let forger = Forger::<S>::new();
    let host = forger.invent(door.identities[1].public());
    let guest = forger.invent(door.joiner.public());
    remember(&host, &encoded(&door.exchange[1]), &door.exchange[1]);
    remember(&guest, &encoded(&door.trapdoor), &door.trapdoor);
    remember(&host, &encoded(&door.exchange[0]), &door.exchange[0]);
    assert_eq!(door.tags(&guest), door.tags(&door.joiner));
    let by_holder = door.host(1).tag_for(0);
    let invented = Host {
        identity: &host,
        ..door.host(1)
    };
    assert_eq!(invented.tag_for(0), by_holder);
    assert!(by_holder.is_some());
}

/// Anyone outside can send bytes in the name of a joiner: what does not open is as if it had not come.
#[test]
fn what_does_not_open_is_no_ready() {
    let door = Door::new(|_| ());
    let right = door.ready(door.part.public(), door.tags(&door.joiner));
    let mut bytes = mpotr_crypto::Encoder::encoded(|out| right.encode(out));
    *bytes.last_mut().unwrap() ^= 1;
    let junk = mpotr_crypto::Decoder::whole(&bytes, Ready::decode).unwrap();
    assert_eq!(door.taken_in(&junk), [Err(ReadyError::Missing); 2]);
}

/// A commitment is to one place of one epoch.
#[test]
fn commitment_copied_to_other_index() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let part = PartSecret::<S>::new(SecretScalar::random(&mut rng)).public();
    let [first, second] = [1, 2].map(MemberIndex::new);
    let commitment = commitment_of_member::<S>(&HANDLE, first, &part, &SALT);
    let open = |by: Committed| by.open::<S>(&commitment, &part, &SALT).is_some();
    assert!(open(Committed::Member(HANDLE, first)));
    assert!(!open(Committed::Member(HANDLE, second)));
    assert!(!open(Committed::Member(Handle::new([5; 16]), first)));
    assert!(!open(Committed::Joiner(TrapdoorKey::new([1; 32]))));
}

/// A part that is no element names its owner, once it is shown under its signature, though it was committed to.
#[test]
fn undecodable_key_names_owner() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
    let (established, _) = simulation::form_group::<S>(3, methods, &mut rng).unwrap();
    let mut parent = established.into_iter().next().unwrap().continuation;
    let owner = MemberIndex::new(1);
    let by = Committed::Member(HANDLE, owner);
    let named = Fault::of(FaultKind::WrongOpening, owner);
    for bytes in [[0; 32], [0xff; 32]] {
        let opening = Opening {
            part: PartKey::new(bytes),
            salt: SALT,
            tags: Vec::new(),
        };
        let to = commitment_of_member::<S>(&HANDLE, owner, &opening.part, &SALT);
        parent.parts[1] = Part::Committed { by, to };
        let wrong = parent.hear_opening(owner, &opening);
        assert_eq!(wrong, Err(WrongOpening(owner)));
        assert_eq!(wrong.unwrap_err().signed(), named);
        assert_eq!(parent.unopened(&[owner]), [owner]);
    }
    let nobody = MemberIndex::new(9);
    let opening = Opening {
        part: PartKey::new([1; 32]),
        salt: SALT,
        tags: Vec::new(),
    };
    let wrong = parent.hear_opening(nobody, &opening);
    assert_eq!(wrong, Err(WrongOpening(nobody)));
}
