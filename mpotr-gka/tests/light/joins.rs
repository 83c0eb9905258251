//! Who joins by a light run, who only says so, and what each learns.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
use mpotr_crypto::{Decoder, Digest32, Encoder, EphemeralKey, Group, IdentityKeyPair, PartKey};
use mpotr_gka::light::{
    Admitted, Arrived, ArrivedError, Attempts, ChangeBody, ChangeKind, Heard, Hello, JoinOffer,
    JoinRequest, JoinTag, Joining, LightTerms, ListedPart, MAX_JOINERS, NextView, Object,
    Objection, Opening, OwnHello, ProposeError, Ready, RequestError, SeedError, Seeded, ShareError,
    Signed, TermsError, Unverified, ViewEnd, Watch, Welcome, WelcomeError, Welcomed, WrongOpening,
};
use mpotr_gka::{Fault, FaultKind, Forger, MemberIndex, ReceiveKey, RoomId, TrapdoorKey};

use crate::house::{Closed, House, Inhabitant, Keys, Line, Round, copy_of, members};

type G = <S as mpotr_crypto::CryptoSuite>::Group;

/// One who wants to come in, after who proposes has let it.
struct Knocked {
    identity: IdentityKeyPair,
    joining: Joining<S>,
    admitted: Admitted,
}

/// The same, told who is there.
struct Told {
    identity: IdentityKeyPair,
    welcomed: Welcomed<S>,
}

/// The same, after READY.
struct Come {
    identity: IdentityKeyPair,
    arrived: Arrived<S>,
}

fn room(house: &House) -> RoomId {
    house.members[0].parent.room()
}

/// A HELLO of the first member, answered by a new identity.
fn knock(house: &mut House, terms: &LightTerms) -> Knocked {
    let identity = IdentityKeyPair::random::<S>(&mut house.rng);
    let (joining, admitted) = knock_as(house, terms, &identity);
    Knocked {
        identity,
        joining,
        admitted,
    }
}

fn knock_as(
    house: &mut House,
    terms: &LightTerms,
    identity: &IdentityKeyPair,
) -> (Joining<S>, Admitted) {
    let room = room(house);
    let proposer = &house.members[0];
    let hello = OwnHello::<S>::draw(terms.handle, &proposer.identity, &mut house.rng);
    let joining = Joining::answer(hello.hello(), room, identity, &mut house.rng).unwrap();
    let admitted = hello.admit(joining.request(), room).unwrap();
    assert_eq!(admitted.offer(), joining.offer());
    (joining, admitted)
}

/// Terms by which so many are to join, and these.
fn joining_terms(
    house: &mut House,
    kind: ChangeKind,
    staying: &[usize],
    joiners: usize,
) -> (LightTerms, Vec<Knocked>) {
    let terms = house.terms(1, kind, staying);
    let knocked = (0..joiners).map(|_| knock(house, &terms)).collect();
    (terms, knocked)
}

/// All who stay have answered a SEED of the first member that lists these.
fn begin(house: &mut House, terms: LightTerms, knocked: &[Knocked], staying: &[usize]) -> Round {
    let admitted: Vec<_> = knocked.iter().map(|it| &it.admitted).collect();
    begin_of(house, terms, &admitted, staying)
}

fn begin_of(
    house: &mut House,
    terms: LightTerms,
    admitted: &[&Admitted],
    staying: &[usize],
) -> Round {
    let proposed = house.try_propose_with(terms, admitted).unwrap();
    house.answer(proposed, staying)
}

/// All who stay have answered, it is closed, and each joiner has been told.
fn tell(house: &House, round: Round, knocked: Vec<Knocked>) -> (Closed, Vec<Told>) {
    let closed = house.cut(round);
    let parent = &house.members[closed.proposer].parent;
    let told = knocked.into_iter().map(|it| {
        let welcome = closed.cutting.welcome(parent, &it.admitted).unwrap();
        assert_eq!(
            closed.cutting.welcome(parent, &it.admitted),
            Some(welcome.clone())
        );
        Told {
            identity: it.identity,
            welcomed: it.joining.welcome(&welcome).unwrap(),
        }
    });
    let told = told.collect();
    (closed, told)
}

fn come(told: Vec<Told>) -> Vec<Come> {
    let come = told.into_iter().map(|it| Come {
        arrived: it.welcomed.ready(&it.identity).unwrap(),
        identity: it.identity,
    });
    come.collect()
}

fn readies(come: &[Come]) -> Vec<Ready> {
    come.iter().map(|it| it.arrived.ready().clone()).collect()
}

/// A round by which so many join, up to READY.
fn up_to_ready(
    house: &mut House,
    kind: ChangeKind,
    staying: &[usize],
    joiners: usize,
) -> (Closed, Vec<Come>) {
    let (terms, knocked) = joining_terms(house, kind, staying, joiners);
    let round = begin(house, terms, &knocked, staying);
    let (closed, told) = tell(house, round, knocked);
    (closed, come(told))
}

/// All share and install, and nobody has said anything in the next epoch yet.
fn install(mut house: House, closed: Closed, come: &[Come]) -> (House, Vec<Keys>, Vec<Opening>) {
    let sharing = house.share_closed_with(closed, &readies(come));
    let joint = house.certify(&sharing);
    let (house, keys, openings) = house.install_open(sharing, &joint);
    (
        house,
        keys,
        openings.into_iter().map(Option::unwrap).collect(),
    )
}

/// Everyone hears what all others say first; who joined lives in the house now.
fn settle(
    mut house: House,
    openings: &[Opening],
    mut come: Vec<Come>,
    keys: &mut Vec<Keys>,
) -> House {
    for member in &mut house.members {
        for (place, opening) in openings.iter().enumerate() {
            let place = MemberIndex::of(place);
            assert_eq!(member.parent.hear_opening(place, opening), Ok(()));
        }
    }
    let readies = readies(&come);
    for it in &mut come {
        for (place, opening) in openings.iter().enumerate() {
            let place = MemberIndex::of(place);
            let heard = it.arrived.hear_opening(place, opening, &it.identity);
            assert_eq!(heard, Ok(()));
        }
        for ready in &readies {
            if ready != it.arrived.ready() {
                assert_eq!(it.arrived.hear_ready(ready, &it.identity), Ok(()));
            }
        }
    }
    for it in come {
        let joined = it.arrived.finish().unwrap();
        assert_eq!(joined.identities[joined.me.place()], it.identity.public());
        keys.push(Keys {
            sid: joined.sid,
            key_commitment: joined.key_commitment,
            secret: *joined.secret.expand::<S, 32>("message", b"").expose(),
            signing_keys: joined.signing_keys,
        });
        house.members.push(Inhabitant {
            identity: it.identity,
            signing: joined.signing,
            parent: joined.continuation,
            line: Line { held: 5, locked: 3 },
        });
    }
    house
}

/// A whole change by which so many join: the house after it.
fn join(mut house: House, kind: ChangeKind, staying: &[usize], joiners: usize) -> House {
    let (closed, come) = up_to_ready(&mut house, kind, staying, joiners);
    let (house, mut keys, openings) = install(house, closed, &come);
    let house = settle(house, &openings, come, &mut keys);
    assert_eq!(keys.len(), staying.len() + joiners);
    crate::all_alike(&keys);
    for (place, member) in house.members.iter().enumerate() {
        let parent = &member.parent;
        assert_eq!(parent.me().place(), place);
        assert_eq!(parent.identities()[place], member.identity.public());
        assert_eq!(parent.keys(), house.members[0].parent.keys());
        assert_eq!(parent.keys()[place].signing, member.signing.public());
    }
    house
}

/// What the second member answers to a round by which one joins, after these READYs.
fn answer(house: &mut House, closed: &mut Closed, readies: &[Ready]) -> Result<(), ShareError> {
    let cut = closed.cutting.cut().clone();
    let (member, frozen) = closed.frozen.remove(0);
    let heard = (&Heard::default(), readies);
    match house.share_with(member, frozen, &cut, heard) {
        Ok(_) => Ok(()),
        Err(held) => {
            closed.frozen.insert(0, (member, held.phase));
            Err(held.error)
        }
    }
}

#[test]
fn who_joins_comes_to_one_epoch_with_all() {
    for members in [1, 3] {
        let staying: Vec<_> = (0..members).collect();
        let house = join(House::new(members), ChangeKind::Refresh, &staying, 1);
        assert_eq!(house.members.len(), members + 1);
    }
}

#[test]
fn two_joiners() {
    for joiners in [2, MAX_JOINERS] {
        let house = join(House::new(3), ChangeKind::Refresh, &[0, 1, 2], joiners);
        assert_eq!(house.members.len(), 3 + joiners);
    }
}

#[test]
fn some_go_while_another_comes() {
    for kind in [ChangeKind::Leave, ChangeKind::Exclusion] {
        let house = join(House::new(4), kind, &[0, 2, 3], 1);
        assert_eq!(house.members.len(), 4);
    }
}

/// Changes of every kind after a join, with who joined among those who sign: the family is a new one, and is moved by exclusions.
#[test]
fn leave_after_join_and_tweak() {
    let house = House::new(4).change(1, ChangeKind::Exclusion, &[0, 1, 2]);
    let house = join(house, ChangeKind::Refresh, &[0, 1, 2], 2);
    let house = house.change(1, ChangeKind::Exclusion, &[0, 2, 3, 4]);
    let house = house.change(1, ChangeKind::Leave, &[1, 2, 3]);
    let house = join(house, ChangeKind::Refresh, &[0, 1, 2], 1);
    // Who joined proposes.
    let house = house.change(1, ChangeKind::Leave, &[0, 3]);
    assert_eq!(house.members.len(), 2);
}

#[test]
fn a_join_leaves_no_key_of_before() {
    let house = House::new(3);
    let before = house.members[0].parent.keys().to_vec();
    let after = join(house, ChangeKind::Refresh, &[0, 1, 2], 1);
    for (keys, old) in after.members[0].parent.keys().iter().zip(before) {
        assert_ne!(keys.signing, old.signing);
        assert_ne!(keys.part, old.part);
        assert_ne!(keys.receive, old.receive);
    }
}

#[test]
fn more_than_may_join_are_refused() {
    let mut house = House::new(2);
    let wrong = ProposeError::Terms(TermsError::WrongOffers);
    let kind = ChangeKind::Refresh;
    let (terms, knocked) = joining_terms(&mut house, kind, &[0, 1], MAX_JOINERS + 1);
    let all: Vec<_> = knocked.iter().map(|it| &it.admitted).collect();
    // Too many; one that is listed twice; a member who stays, once more; one that was admitted to another epoch.
    let member = copy_of(&house.members[1].identity);
    let (_, member) = knock_as(&mut house, &terms, &member);
    let elsewhere = house.terms(1, kind, &[0, 1]);
    let elsewhere = knock(&mut house, &elsewhere).admitted;
    for joiners in [&all[..], &[all[0], all[0]], &[&member], &[&elsewhere]] {
        let refused = house.try_propose_with(terms.clone(), joiners);
        assert_eq!(refused.unwrap_err(), wrong);
    }
    assert!(house.try_propose_with(terms.clone(), &all[1..]).is_ok());
    // A liar signs what no honest one does: for another room, or with keys that no honest joiner shows.
    let alterations: [fn(&mut JoinOffer); 8] = [
        |it| it.handle = mpotr_gka::light::Handle::new([9; 16]),
        |it| it.room = RoomId::new([9; 32]),
        |it| it.suites = vec![0x7777],
        |it| it.versions = vec![9],
        |it| it.signing = EphemeralKey::new([0; 32]),
        |it| it.receive = ReceiveKey::new([0; 32]),
        |it| it.trapdoor = TrapdoorKey::new([0xff; 32]),
        |it| it.receive = ReceiveKey::new(*it.trapdoor.as_bytes()),
    ];
    let honest = house.try_propose_with(terms, &all[..1]).unwrap();
    for alter in alterations {
        let mut body = honest.seed().body().clone();
        alter(&mut body.offers[0]);
        let liar = &house.members[0];
        let seed = Signed::sign(body, liar.parent.sid(), &liar.signing);
        let refused = Seeded::open(&house.members[1].parent, seed, Watch::Lazy);
        let expected = SeedError::Terms(TermsError::WrongOffers);
        assert_eq!(refused.unwrap_err(), expected);
    }
    let seed = honest.seed().clone();
    assert!(Seeded::open(&house.members[1].parent, seed, Watch::Lazy).is_ok());
}

/// Who proposes lets itself be told by the identity alone; all others see for themselves. Here it made up the answer of one who is
/// not there: it knows `q`, `y` and every secret of the offer, and not `a`.
#[test]
fn proposer_impersonates_joiner() {
    let mut house = House::new(3);
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    let absent = IdentityKeyPair::random::<S>(&mut house.rng);
    let forger = Forger::<S>::new();
    let puppet = forger.invent(absent.public());
    let hello = OwnHello::<S>::draw(terms.handle, &puppet, &mut house.rng);
    let room = room(&house);
    let joining = Joining::answer(hello.hello(), room, &puppet, &mut house.rng).unwrap();
    // The tag convinces who drew `q`, and cannot convince others.
    let admitted = hello.admit(joining.request(), room).unwrap();
    assert_eq!(admitted.offer().identity, absent.public());
    let round = begin_of(&mut house, terms, &[&admitted], &[0, 1, 2]);
    let mut closed = house.cut(round);
    let parent = &house.members[0].parent;
    let welcome = closed.cutting.welcome(parent, &admitted).unwrap();
    let welcomed = joining.welcome(&welcome).unwrap();
    // Without `a` or the members' `p'` there are no tags; with another `a` there are wrong ones.
    let held = welcomed.ready(&puppet).unwrap_err();
    let liar = copy_of(&house.members[0].identity);
    let arrived = held.phase.ready(&liar).unwrap();
    let ready = [arrived.ready().clone()];
    let place = MemberIndex::new(3);
    assert_eq!(
        answer(&mut house, &mut closed, &ready),
        Err(ShareError::WrongTag(place))
    );
    assert!(house.members[1].parent.confirmed().is_none());
}

/// A joiner that answers, and is not who it says, is not let in by who proposes.
#[test]
fn who_proposes_checks_who_answers() {
    let mut house = House::new(2);
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1]);
    let room = room(&house);
    let it = IdentityKeyPair::random::<S>(&mut house.rng);
    let [hello, other] = [(); 2].map(|()| {
        let proposer = &house.members[0];
        OwnHello::<S>::draw(terms.handle, &proposer.identity, &mut house.rng)
    });
    let joining = Joining::<S>::answer(hello.hello(), room, &it, &mut house.rng).unwrap();
    let request = joining.request();
    let not_opened = RequestError::NotOpened;
    assert_eq!(other.admit(request, room).unwrap_err(), not_opened);
    let altered = |alter: fn(&mut JoinRequest)| {
        let mut request = request.clone();
        alter(&mut request);
        hello.admit(&request, room).unwrap_err()
    };
    assert_eq!(altered(|it| it.sealed[7] ^= 1), not_opened);
    assert_eq!(
        altered(|it| it.receive = ReceiveKey::new([1; 32])),
        not_opened
    );
    assert_eq!(
        altered(|it| it.trapdoor = TrapdoorKey::new([0; 32])),
        not_opened
    );
    assert!(matches!(
        hello.admit(request, RoomId::new([9; 32])).unwrap_err(),
        RequestError::Offer(_)
    ));
    // One that knows all but `a`, and not `q`.
    let forger = Forger::<S>::new();
    let puppet = forger.invent(it.public());
    assert!(Joining::<S>::answer(hello.hello(), room, &puppet, &mut house.rng).is_err());
    let zero = Hello {
        key: mpotr_crypto::ElementBytes::new([0; 32]),
        ..*hello.hello()
    };
    assert!(Joining::<S>::answer(&zero, room, &it, &mut house.rng).is_err());
    assert!(hello.admit(request, room).is_ok());
}

/// A joiner that convinces all but one. That one objects, and the view is over for all; nobody is struck, for any member could have
/// sent the joiner's packet.
#[test]
fn wrong_joiner_tag_to_one() {
    let mut house = House::new(3);
    let (mut closed, come) = up_to_ready(&mut house, ChangeKind::Refresh, &[0, 1, 2], 1);
    let right = come[0].arrived.ready().clone();
    // What does not open is nobody's: whose it is, is asked for again.
    let wrong = with_a_bit_turned(&right);
    let nothing = ShareError::NotReady(members(&[3]));
    let opened = answer(&mut house, &mut closed, std::slice::from_ref(&wrong));
    assert_eq!(opened, Err(nothing.clone()));
    assert_eq!(nothing.objection(), None);
    assert_eq!(answer(&mut house, &mut closed, &[]), Err(nothing));
    let refused = ShareError::WrongTag(MemberIndex::new(3));
    assert_eq!(refused.objection(), Some(Objection::Tag));
    let it = &house.members[1];
    let own = closed.freezes[1].clone();
    let object = Object {
        seed: own.body().seed,
        sender: MemberIndex::new(1),
        why: Objection::Tag,
        own: Some(own),
    };
    let object = Signed::sign(object, it.parent.sid(), &it.signing);
    let cut = closed.cutting.cut().clone();
    let (_, frozen) = closed.frozen.pop().unwrap();
    let heard = Heard {
        objections: &[object],
    };
    let heard = (&heard, std::slice::from_ref(&right));
    let held = house.share_with(2, frozen, &cut, heard).unwrap_err();
    assert_eq!(held.error, ShareError::Objected(MemberIndex::new(1)));
    // What an insider sends in the joiner's name does not keep it out.
    assert_eq!(answer(&mut house, &mut closed, &[wrong, right]), Ok(()));
    // Without the joiner, and the second time a full run.
    let mut attempts = Attempts::default();
    let kind = ChangeKind::Refresh;
    let next = attempts.failed(ViewEnd::WrongTag, kind);
    assert_eq!(next, NextView::Light(Watch::Lazy));
    assert_eq!(attempts.failed(ViewEnd::WrongTag, kind), NextView::Full);
}

fn with_a_bit_turned(ready: &Ready) -> Ready {
    let mut bytes = Encoder::encoded(|out| ready.encode(out));
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    Decoder::whole(&bytes, Ready::decode).unwrap()
}

/// Nothing that a joiner is told, or can compute from it, is of the parent: it could show who was there.
#[test]
fn joiner_learns_no_parent_digest() {
    let mut house = House::new(3);
    let (terms, knocked) = joining_terms(&mut house, ChangeKind::Refresh, &[0, 1, 2], 1);
    let handle = terms.handle;
    let round = begin(&mut house, terms, &knocked, &[0, 1, 2]);
    let offer = knocked[0].joining.offer().clone();
    let closed = house.cut(round);
    let parent = &house.members[0].parent;
    let it = knocked.into_iter().next().unwrap();
    let welcome = closed.cutting.welcome(parent, &it.admitted).unwrap();
    let text = it.joining.text_of(&welcome).unwrap();
    assert!(text.windows(32).any(|at| at == offer.commitment.as_bytes()));
    let seed = closed.cutting.seed().body();
    let cut = closed.cutting.cut();
    let mut secret: Vec<[u8; 32]> = vec![
        *parent.sid().as_bytes(),
        *parent.key_commitment().as_bytes(),
        *seed.digest::<S>().as_bytes(),
        *cut.body().digest::<S>().as_bytes(),
        *cut.body().closing.closed.digest.as_bytes(),
    ];
    secret.extend(cut.body().freezes.iter().map(|it| *it.as_bytes()));
    let old = parent.keys().iter();
    secret.extend(old.flat_map(|keys| {
        [
            *keys.signing.as_bytes(),
            *keys.part.as_bytes(),
            *keys.receive.as_bytes(),
        ]
    }));
    for needle in &secret {
        assert!(!text.windows(32).any(|at| at == needle));
    }
    // What is told is all that goes into the session id, and commitments are made of what their owners open.
    let told = Told {
        identity: it.identity,
        welcomed: it.joining.welcome(&welcome).unwrap(),
    };
    let come = come(vec![told]);
    let listed = cut.body().keys.clone();
    let sid = come[0].arrived.sid();
    let (_, keys, openings) = install(house, closed, &come);
    assert_eq!(sid, keys[0].sid);
    for (place, opening) in openings.iter().enumerate() {
        let commitment = mpotr_crypto::TranscriptHash::<S>::new("inner key")
            .bytes(handle.as_bytes())
            .u16(u16::try_from(place).unwrap())
            .bytes(opening.part.as_bytes())
            .bytes(&opening.salt)
            .digest();
        assert_eq!(listed[place].part.as_bytes(), commitment.as_bytes());
    }
}

/// No packet before CUT shows the part of a joiner, and afterwards no commitment can be changed: who saw it can open nothing else.
#[test]
fn joiner_key_shown_before_commitments() {
    let mut house = House::new(3);
    let (terms, knocked) = joining_terms(&mut house, ChangeKind::Refresh, &[0, 1, 2], 1);
    let request = Encoder::encoded(|out| knocked[0].joining.request().encode(out));
    let round = begin(&mut house, terms, &knocked, &[0, 1, 2]);
    let seed = Encoder::encoded(|out| round.proposing.seed().encode(out));
    let (closed, told) = tell(&house, round, knocked);
    let cut = Encoder::encoded(|out| closed.cutting.cut().encode(out));
    let come = come(told);
    let (house, mut keys, openings) = install(house, closed, &come);
    let house = settle(house, &openings, come, &mut keys);
    let shown = house.members[0].parent.keys()[3].part;
    for packet in [&request, &seed, &cut] {
        assert!(!packet.windows(32).any(|at| at == shown.as_bytes()));
    }
    // The parts of members, too, are shown in the next epoch only.
    for opening in &openings {
        for packet in [&request, &seed, &cut] {
            assert!(!packet.windows(32).any(|at| at == opening.part.as_bytes()));
        }
    }
}

/// `d G - F`, of some `d`: with `F` it adds up to what its maker knows.
fn rogue(part: &PartKey) -> PartKey {
    let known = G::mul_base(&G::scalar_from_u128(5));
    let part = part.element::<S>().unwrap();
    let negated = G::mul(
        &part,
        &G::scalar_sub(&G::scalar_zero(), &G::scalar_from_u128(1)),
    );
    PartKey::new(G::encode(&G::add(&known, &negated)))
}

/// A member that has seen the parts of all others opens what it committed to, or nothing.
#[test]
fn key_chosen_after_reveal() {
    let mut house = House::new(3);
    let (closed, come) = up_to_ready(&mut house, ChangeKind::Refresh, &[0, 1, 2], 1);
    let (mut house, _, openings) = install(house, closed, &come);
    let chosen = Opening {
        part: rogue(&openings[0].part),
        ..openings[1].clone()
    };
    let place = MemberIndex::new(1);
    let wrong = WrongOpening(place);
    let parent = &mut house.members[2].parent;
    assert_eq!(parent.hear_opening(place, &chosen), Err(wrong));
    assert_eq!(parent.unopened(&members(&[0, 1, 2])), members(&[0, 1]));
    assert_eq!(parent.hear_opening(place, &openings[1]), Ok(()));
    // And not afterwards either.
    assert_eq!(parent.hear_opening(place, &chosen), Err(wrong));
    assert_eq!(parent.hear_opening(place, &openings[1]), Ok(()));
    assert_eq!(parent.keys()[1].part, openings[1].part);
}

/// When all parts are shown some leave, and the others sign. M, which proposes that, can list no other part in its place, and has no
/// certificate without the share of each who stays, or with another's in its place.
#[test]
fn subset_after_reveal() {
    let staying = [0, 1, 3];
    let mut house = join(House::new(3), ChangeKind::Refresh, &[0, 1, 2], 1);
    let round = house.begin(1, ChangeKind::Leave, &staying);
    let mut closed = house.cut(round);
    let cut = closed.cutting.cut().clone();
    for aimed_at in 1..staying.len() {
        let mut body = cut.body().clone();
        let part = PartKey::new(*body.keys[aimed_at].part.as_bytes());
        body.keys[0].part = ListedPart::new(*rogue(&part).as_bytes());
        let proposer = &house.members[0];
        let chosen = Signed::sign(body, proposer.parent.sid(), &proposer.signing);
        let (member, frozen) = closed.frozen.remove(0);
        let held = house.share(member, frozen, &chosen).unwrap_err();
        assert_eq!(held.error, ShareError::WrongKeys);
        closed.frozen.push((member, held.phase));
    }
    let sharing = house.share_closed(closed);
    let shares = sharing.shares();
    for missing in 0..shares.len() {
        let mut fewer = shares.clone();
        fewer.remove(missing);
        assert!(house.certify_with(&sharing, &fewer).is_err());
        let mut doubled = shares.clone();
        doubled[missing] = shares[(missing + 1) % shares.len()].clone();
        assert!(house.certify_with(&sharing, &doubled).is_err());
    }
    let joint = house.certify(&sharing);
    let (_, keys) = house.install(sharing, &joint);
    crate::all_alike(&keys);
}

/// Who lists another's commitment in its own place is at fault for nothing: it can open it nowhere.
#[test]
fn a_copied_commitment_is_no_fault() {
    let mut house = House::new(3);
    let (terms, knocked) = joining_terms(&mut house, ChangeKind::Refresh, &[0, 1, 2], 1);
    let round = begin(&mut house, terms, &knocked, &[0, 1, 2]);
    let mut freezes = round.freezes();
    let mut body = freezes[2].body().clone();
    body.commitment = freezes[1].body().commitment;
    let copier = &house.members[2];
    freezes[2] = Signed::sign(body, copier.parent.sid(), &copier.signing);
    // It is no fault: the run goes on, but the copier itself does not find what it said, so it shares by other means.
    let closed = house.cut_of(round, freezes).unwrap();
    let parent = &house.members[0].parent;
    let welcome = closed
        .cutting
        .welcome(parent, &knocked[0].admitted)
        .unwrap();
    let Knocked {
        identity, joining, ..
    } = knocked.into_iter().next().unwrap();
    let welcomed = joining.welcome(&welcome).unwrap();
    let arrived = welcomed.ready(&identity).unwrap();
    let shown = [arrived.ready().clone()];
    let cut = closed.cutting.cut().clone();
    house.share_own_with(0, closed.cutting, &shown);
    let (_, frozen) = closed.frozen.into_iter().next().unwrap();
    let heard = (&Heard::default(), shown.as_slice());
    house.share_with(1, frozen, &cut, heard).unwrap();
    let listed = &cut.body().keys;
    assert_eq!(listed[1].part, listed[2].part);
}

/// An opening that is not its author's was never received; one that is signed names its author.
#[test]
fn forged_opening_is_not_received() {
    let mut house = House::new(3);
    let (closed, mut come) = up_to_ready(&mut house, ChangeKind::Refresh, &[0, 1, 2], 1);
    let (mut house, _, openings) = install(house, closed, &come);
    let place = MemberIndex::new(1);
    let alterations: [fn(&mut Opening); 3] = [
        |it| it.part = PartKey::new([0; 32]),
        |it| it.part = PartKey::new([0xff; 32]),
        |it| it.salt[0] ^= 1,
    ];
    for alter in alterations {
        let mut forged = openings[1].clone();
        alter(&mut forged);
        let wrong = house.members[0].parent.hear_opening(place, &forged);
        let wrong = wrong.unwrap_err();
        assert_eq!(wrong.signed(), Fault::of(FaultKind::WrongOpening, place));
        let Come { arrived, identity } = &mut come[0];
        let refused = arrived.hear_opening(place, &forged, identity);
        assert_eq!(refused, Err(ArrivedError::Opening(wrong)));
    }
    // In another's place, and for another joiner.
    let other = MemberIndex::new(2);
    let wrong = house.members[0].parent.hear_opening(other, &openings[1]);
    assert_eq!(wrong, Err(WrongOpening(other)));
    let mut tagless = openings[1].clone();
    tagless.tags[0] = JoinTag::new([7; 16]);
    let Come { arrived, identity } = &mut come[0];
    let refused = arrived.hear_opening(place, &tagless, identity);
    assert_eq!(refused, Err(ArrivedError::WrongTag(place)));
    let nobody = MemberIndex::new(3);
    let refused = arrived.hear_opening(nobody, &openings[1], identity);
    assert_eq!(refused, Err(ArrivedError::Nobody(nobody)));
    // The right one is received afterwards.
    assert_eq!(arrived.hear_opening(place, &openings[1], identity), Ok(()));
    assert_eq!(arrived.unverified(), members(&[0, 2]));
    let parent = &mut house.members[0].parent;
    assert_eq!(parent.hear_opening(place, &openings[1]), Ok(()));
}

/// Who shows its part to nobody takes part in no light run, and is left out by one.
#[test]
fn withheld_opening_is_excluded_light() {
    let mut house = House::new(4);
    let (closed, come) = up_to_ready(&mut house, ChangeKind::Refresh, &[0, 1, 2, 3], 1);
    let (mut house, _, openings) = install(house, closed, &come);
    for (place, opening) in openings.iter().enumerate().take(3) {
        for member in &mut house.members {
            let place = MemberIndex::of(place);
            member.parent.hear_opening(place, opening).unwrap();
        }
    }
    let silent = members(&[3]);
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2, 3, 4]);
    let it = &house.members[0];
    let (identity, signing, rng) = (&it.identity, &it.signing, &mut house.rng);
    let refused = mpotr_gka::light::Proposed::new(&it.parent, terms, identity, signing, 9, rng);
    assert_eq!(refused.unwrap_err(), ProposeError::Unopened(silent));
    let house = house.change(1, ChangeKind::Exclusion, &[0, 1, 2]);
    assert_eq!(house.members.len(), 3);
}

/// A member that knows a part that another misses is told so, and is not at fault.
#[test]
fn who_misses_a_part_asks_for_it() {
    let mut house = House::new(3);
    let (closed, come) = up_to_ready(&mut house, ChangeKind::Refresh, &[0, 1, 2], 1);
    let (mut house, _, openings) = install(house, closed, &come);
    for (place, opening) in openings.iter().enumerate() {
        let place = MemberIndex::of(place);
        house.members[0]
            .parent
            .hear_opening(place, opening)
            .unwrap();
    }
    let terms = house.terms(1, ChangeKind::Leave, &[0, 1, 2]);
    let seed = house.propose(0, terms).seed().clone();
    let opened = Seeded::open(&house.members[1].parent, seed, Watch::Lazy);
    assert_eq!(opened.unwrap_err(), SeedError::Unopened(members(&[0, 2])));
}

/// A part that was committed to for one SEED serves no other, by a member or by a joiner.
#[test]
fn revealed_key_is_not_used_again() {
    let mut house = House::new(3);
    let (terms, mut knocked) = joining_terms(&mut house, ChangeKind::Refresh, &[0, 1, 2], 1);
    let identity = copy_of(&knocked[0].identity);
    let first = knocked[0].admitted.offer().clone();
    let round = begin(&mut house, terms, &knocked, &[0, 1, 2]);
    let one = round.freezes();
    // The view fails; the same joiner answers the HELLO of the next.
    let terms = house.terms(2, ChangeKind::Refresh, &[0, 1, 2]);
    let (again, admitted) = knock_as(&mut house, &terms, &identity);
    let second = admitted.offer().clone();
    assert_eq!(first.identity, second.identity);
    assert_ne!(first.commitment, second.commitment);
    assert_ne!(first.trapdoor, second.trapdoor);
    assert_ne!(first.receive, second.receive);
    assert_ne!(first.signing, second.signing);
    // The offer of the first is refused in the second.
    let old = &knocked[0].admitted;
    let refused = house.try_propose_with(terms.clone(), &[old]);
    let expected = ProposeError::Terms(TermsError::WrongOffers);
    assert_eq!(refused.unwrap_err(), expected);
    let next = begin_of(&mut house, terms, &[&admitted], &[0, 1, 2]);
    for (one, two) in one.iter().zip(next.freezes()) {
        assert_ne!(one.body().commitment, two.body().commitment);
        assert_ne!(one.body().signing, two.body().signing);
    }
    // A WELCOME of the first does not reach the keys of the second.
    let closed = house.cut(next);
    let parent = &house.members[0].parent;
    assert_eq!(closed.cutting.welcome(parent, &knocked[0].admitted), None);
    let welcome = closed.cutting.welcome(parent, &admitted).unwrap();
    let old = knocked.pop().unwrap().joining;
    let held = old.welcome(&welcome).unwrap_err();
    assert_eq!(held.error, WelcomeError::NotOpened);
    assert!(again.welcome(&welcome).is_ok());
}

/// What a joiner is told by a liar who proposes.
#[test]
fn a_joiner_checks_what_it_is_told() {
    let mut house = House::new(2);
    let (terms, knocked) = joining_terms(&mut house, ChangeKind::Refresh, &[0, 1], 2);
    let round = begin(&mut house, terms, &knocked, &[0, 1]);
    let closed = house.cut(round);
    let parent = &house.members[0].parent;
    let mut knocked = knocked.into_iter();
    let [one, two] = [(); 2].map(|()| knocked.next().unwrap());
    let welcome = closed.cutting.welcome(parent, &one.admitted).unwrap();
    let for_other = closed.cutting.welcome(parent, &two.admitted).unwrap();
    let held = one.joining.welcome(&for_other).unwrap_err();
    assert_eq!(held.error, WelcomeError::NotOpened);
    let mut bytes = Encoder::encoded(|out| welcome.encode(out));
    bytes[40] ^= 1;
    let altered = Decoder::whole(&bytes, Welcome::decode).unwrap();
    let held = held.phase.welcome(&altered).unwrap_err();
    assert_eq!(held.error, WelcomeError::NotOpened);
    let welcomed = held.phase.welcome(&welcome).unwrap();
    let listed: Vec<_> = welcomed.identities().collect();
    let expected = [
        &house.members[0].identity,
        &house.members[1].identity,
        &one.identity,
        &two.identity,
    ];
    assert_eq!(listed, expected.map(IdentityKeyPair::public));
    assert_eq!(welcomed.policy(), b"policy");
}

/// A joiner writes nothing before all have shown it who they are: one who installed nothing, or is another, leaves it waiting.
#[test]
fn a_joiner_waits_for_all() {
    let mut house = House::new(3);
    let (closed, mut come) = up_to_ready(&mut house, ChangeKind::Refresh, &[0, 1, 2], 2);
    let (_, _, openings) = install(house, closed, &come);
    let second = come.pop().unwrap();
    let Come {
        mut arrived,
        identity,
    } = come.pop().unwrap();
    for (place, opening) in openings.iter().enumerate() {
        let place = MemberIndex::of(place);
        arrived.hear_opening(place, opening, &identity).unwrap();
    }
    let held = arrived.finish().unwrap_err();
    assert_eq!(held.error, Unverified(members(&[4])));
    let mut arrived = held.phase;
    let place = MemberIndex::new(4);
    let altered = with_a_bit_turned(second.arrived.ready());
    let refused = arrived.hear_ready(&altered, &identity);
    assert_eq!(refused, Err(ArrivedError::WrongTag(place)));
    let own = arrived.ready().clone();
    let nobody = ArrivedError::Nobody(MemberIndex::new(3));
    assert_eq!(arrived.hear_ready(&own, &identity), Err(nobody));
    arrived
        .hear_ready(second.arrived.ready(), &identity)
        .unwrap();
    assert!(arrived.finish().is_ok());
}

/// A CUT that lists other keys for a joiner than its offer, or fewer commitments.
#[test]
fn the_keys_of_a_joiner_are_those_of_its_offer() {
    let alterations: [fn(&mut mpotr_gka::light::LightCut); 4] = [
        |cut| cut.keys[3].receive = cut.keys[0].receive,
        |cut| cut.keys[3].part = ListedPart::new([1; 32]),
        |cut| cut.keys[0].signing = EphemeralKey::new([0; 32]),
        |cut| {
            cut.keys.pop();
        },
    ];
    for alter in alterations {
        let mut house = House::new(3);
        let (mut closed, come) = up_to_ready(&mut house, ChangeKind::Refresh, &[0, 1, 2], 1);
        let mut body = closed.cutting.cut().body().clone();
        alter(&mut body);
        let liar = &house.members[0];
        let cut = Signed::sign(body, liar.parent.sid(), &liar.signing);
        let (_, frozen) = closed.frozen.pop().unwrap();
        let shown = readies(&come);
        let heard = (&Heard::default(), shown.as_slice());
        let held = house.share_with(2, frozen, &cut, heard).unwrap_err();
        assert_eq!(held.error, ShareError::WrongKeys);
    }
}

/// Where the CUT says other keys than a joiner was told, its tags do not open: all who accept have one list.
#[test]
fn a_joiner_that_was_told_another_list_convinces_nobody() {
    let mut house = House::new(3);
    let (mut closed, come) = up_to_ready(&mut house, ChangeKind::Refresh, &[0, 1, 2], 1);
    let mut body = closed.cutting.cut().body().clone();
    body.keys[1].part = ListedPart::new([1; 32]);
    let liar = &house.members[0];
    let cut = Signed::sign(body, liar.parent.sid(), &liar.signing);
    let (_, frozen) = closed.frozen.pop().unwrap();
    let shown = readies(&come);
    let heard = (&Heard::default(), shown.as_slice());
    let held = house.share_with(2, frozen, &cut, heard).unwrap_err();
    assert_eq!(held.error, ShareError::NotReady(members(&[3])));
}

/// What a member says once and what is listed once decodes to what it was, and nothing else does.
#[test]
fn every_packet_of_a_join_comes_back_as_it_was_and_is_strict() {
    fn strict<T: PartialEq + core::fmt::Debug>(
        it: &T,
        encode: fn(&T, &mut Encoder),
        decode: fn(&mut Decoder<'_>) -> Result<T, mpotr_crypto::DecodeError>,
    ) {
        let bytes = Encoder::encoded(|out| encode(it, out));
        assert_eq!(Decoder::whole(&bytes, decode).as_ref(), Ok(it));
        for length in 0..bytes.len() {
            assert!(
                Decoder::whole(&bytes[..length], decode).is_err(),
                "{length}"
            );
        }
        assert!(Decoder::whole(&[bytes.as_slice(), &[0]].concat(), decode).is_err());
    }
    let mut house = House::new(2);
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1]);
    let proposer = &house.members[0];
    let hello = OwnHello::<S>::draw(terms.handle, &proposer.identity, &mut house.rng);
    strict(hello.hello(), Hello::encode, Hello::decode);
    let (terms, knocked) = joining_terms(&mut house, ChangeKind::Refresh, &[0, 1], 1);
    strict(
        knocked[0].joining.request(),
        JoinRequest::encode,
        JoinRequest::decode,
    );
    strict(
        knocked[0].joining.offer(),
        JoinOffer::encode,
        JoinOffer::decode,
    );
    let round = begin(&mut house, terms, &knocked, &[0, 1]);
    strict(round.proposing.seed(), Signed::encode, Signed::decode);
    strict(&round.freezes()[1], Signed::encode, Signed::decode);
    let closed = house.cut(round);
    strict(closed.cutting.cut(), Signed::encode, Signed::decode);
    let parent = &house.members[0].parent;
    let welcome = closed
        .cutting
        .welcome(parent, &knocked[0].admitted)
        .unwrap();
    strict(&welcome, Welcome::encode, Welcome::decode);
    let told = knocked.into_iter().map(|it| Told {
        identity: it.identity,
        welcomed: it.joining.welcome(&welcome).unwrap(),
    });
    let come = come(told.collect());
    strict(come[0].arrived.ready(), Ready::encode, Ready::decode);
    let (_, _, openings) = install(house, closed, &come);
    strict(&openings[1], Opening::encode, Opening::decode);
}

/// A FREEZE without what commits to a part, where anyone joins, or with it where nobody does.
#[test]
fn a_freeze_commits_to_a_part_where_anyone_joins() {
    for joiners in [0, 1] {
        let mut house = House::new(2);
        let (terms, knocked) = joining_terms(&mut house, ChangeKind::Refresh, &[0, 1], joiners);
        let round = begin(&mut house, terms, &knocked, &[0, 1]);
        let mut freezes = round.freezes();
        let mut body = freezes[1].body().clone();
        body.commitment = match joiners {
            0 => Some(Digest32::new([1; 32])),
            _ => None,
        };
        let it = &house.members[1];
        freezes[1] = Signed::sign(body, it.parent.sid(), &it.signing);
        let refused = house.cut_of(round, freezes).map(drop).unwrap_err();
        let named = Fault::of(FaultKind::MalformedFreeze, MemberIndex::new(1));
        assert_eq!(refused, mpotr_gka::light::CutError::Fault(named));
    }
}

/// Nothing that is printed of a phase of a joiner is secret.
#[test]
fn nothing_secret_of_a_joiner_is_printed() {
    let mut house = House::new(2);
    let (terms, knocked) = joining_terms(&mut house, ChangeKind::Refresh, &[0, 1], 1);
    let handle = terms.handle;
    assert_eq!(
        format!("{:?}", knocked[0].joining),
        format!("Joining({handle})")
    );
    let identity = knocked[0].identity.public();
    assert_eq!(
        format!("{:?}", knocked[0].admitted),
        format!("Admitted({identity})")
    );
    let round = begin(&mut house, terms, &knocked, &[0, 1]);
    let (_, told) = tell(&house, round, knocked);
    let printed = format!("{:?}", told[0].welcomed);
    let come = come(told);
    let sid = come[0].arrived.sid();
    assert_eq!(printed, format!("Welcomed({sid})"));
    assert_eq!(format!("{:?}", come[0].arrived), format!("Arrived({sid})"));
}
