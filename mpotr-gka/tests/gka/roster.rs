//! Rosters that no honest member takes part in, and keys that no honest member offers.

use std::convert::Infallible;

use mpotr_crypto::{CryptoSuite, DecodeErrorKind, EphemeralKey, IdentityKey};
use mpotr_gka::{
    CycleShare, KnowledgeCommitment, KnownIdentities, MAX_MEMBERS, Offer, RoomId, RosterError, Run,
    RunMember, TrapdoorKey, simulation,
};
use rand_chacha::rand_core::{TryCryptoRng, TryRng};

use crate::DEFAULT;
use crate::crew::Crew;

checks!(
    the_identity_element_is_no_key_of_any_kind,
    a_point_that_is_not_canonical_is_no_key_of_any_kind,
    an_ephemeral_key_of_small_order_or_not_canonical_is_refused,
    an_ephemeral_key_that_is_no_point_never_verifies,
    a_key_that_stands_twice_is_refused_across_all_kinds,
    an_ephemeral_key_that_stands_twice_is_refused,
    the_first_member_with_a_key_of_another_is_named,
    a_roster_over_the_limit_is_refused_before_any_work,
    a_roster_of_nobody_or_without_this_member_is_refused,
    an_offer_for_another_room_epoch_suite_or_version_is_refused,
    a_known_identity_spares_its_decoding_and_no_other_check,
);

type Setter = fn(&mut Offer, [u8; 32]);
type Getter = fn(&Offer) -> [u8; 32];

/// The four kinds of elements that an offer holds: name, getter, setter.
const KINDS: [(&str, Getter, Setter); 4] = [
    (
        "A",
        |offer| *offer.identity.as_bytes(),
        |offer, key| offer.identity = IdentityKey::new(key),
    ),
    (
        "Y",
        |offer| *offer.trapdoor.as_bytes(),
        |offer, key| offer.trapdoor = TrapdoorKey::new(key),
    ),
    (
        "Z",
        |offer| *offer.share.as_bytes(),
        |offer, key| offer.share = CycleShare::new(key),
    ),
    (
        "R",
        |offer| *offer.commitment.as_bytes(),
        |offer, key| offer.commitment = KnowledgeCommitment::new(key),
    ),
];

/// The error that decoding an offer with one changed key gives.
fn refusal<S: CryptoSuite>(change: impl Fn(&mut Offer)) -> (&'static str, DecodeErrorKind) {
    let mut offer = Crew::<S>::new(1, DEFAULT).offers.remove(0);
    change(&mut offer);
    let member = RunMember::<S>::decode(offer, &KnownIdentities::new());
    let error = member.and_then(|member| member.decode_rest()).unwrap_err();
    (error.field, error.kind)
}

fn the_identity_element_is_no_key_of_any_kind<S: CryptoSuite>() {
    for (kind, _, set) in KINDS {
        let refused = refusal::<S>(|offer| set(offer, [0; 32]));
        assert_eq!(refused, (kind, DecodeErrorKind::Identity));
    }
}

fn a_point_that_is_not_canonical_is_no_key_of_any_kind<S: CryptoSuite>() {
    // p, which stands for 0; a negative field element; p - 1 and all ones; a valid key with its unused bit set.
    let p = {
        let mut p = [0xff; 32];
        (p[0], p[31]) = (0xed, 0x7f);
        p
    };
    let mut minus_one = p;
    minus_one[0] -= 1;
    let mut negative = [0; 32];
    negative[0] = 1;
    for (kind, get, set) in KINDS {
        for bytes in [p, minus_one, negative, [0xff; 32]] {
            let refused = refusal::<S>(|offer| set(offer, bytes));
            assert_eq!(refused, (kind, DecodeErrorKind::NotCanonical));
        }
        let refused = refusal::<S>(|offer| {
            let mut bytes = get(offer);
            bytes[31] |= 0x80;
            set(offer, bytes);
        });
        assert_eq!(refused, (kind, DecodeErrorKind::NotCanonical));
    }
}

fn an_ephemeral_key_of_small_order_or_not_canonical_is_refused<S: CryptoSuite>() {
    let mut one = [0; 32];
    one[0] = 1;
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    let order_8 = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    for bytes in [[0; 32], one, p, [0xff; 32], order_8] {
        let refused = refusal::<S>(|offer| offer.ephemeral = EphemeralKey::new(bytes));
        assert_eq!(refused, ("E", DecodeErrorKind::NotCanonical));
    }
}

fn an_ephemeral_key_that_is_no_point_never_verifies<S: CryptoSuite>() {
    // y = 2 is canonical, and no x goes with it: only a square root would tell, and no run needs to know.
    let mut two = [0; 32];
    two[0] = 2;
    let mut crew = Crew::<S>::new(3, DEFAULT);
    crew.offers[1].ephemeral = EphemeralKey::new(two);
    let mut run = crew.contribute_but(&[1]);
    assert!(run.run().members()[1].verifying_key().is_none());
    run.contribute_by_hand(1);
    run.contributions[1].body.knowledge_share[0] ^= 1;
    run.assert_not_received(&[1]);
}

fn a_key_that_stands_twice_is_refused_across_all_kinds<S: CryptoSuite>() {
    for (first, get, _) in KINDS {
        for (second, _, set) in KINDS {
            // In another member's offer, whichever comes first, and within one offer.
            for (from, to) in [(0, 2), (2, 0), (1, 1)] {
                if from == to && first == second {
                    continue;
                }
                let mut crew = Crew::<S>::new(3, DEFAULT);
                let key = get(&crew.offers[from]);
                set(&mut crew.offers[to], key);
                let refused = crew.run(1).unwrap_err();
                let member = from.max(to);
                assert_eq!(
                    refused,
                    RosterError::DuplicateKey { member },
                    "{first} as {second}"
                );
            }
        }
    }
}

fn an_ephemeral_key_that_stands_twice_is_refused<S: CryptoSuite>() {
    let mut crew = Crew::<S>::new(3, DEFAULT);
    crew.offers[2].ephemeral = crew.offers[1].ephemeral;
    assert_eq!(
        crew.run(0).unwrap_err(),
        RosterError::DuplicateKey { member: 2 }
    );
}

fn the_first_member_with_a_key_of_another_is_named<S: CryptoSuite>() {
    let mut crew = Crew::<S>::new(5, DEFAULT);
    crew.offers[4].nonce = crew.offers[0].nonce;
    assert!(crew.run(0).is_ok(), "a nonce is no key");
    crew.offers[4].ephemeral = crew.offers[0].ephemeral;
    crew.offers[3].share = crew.offers[1].share;
    assert_eq!(
        crew.run(0).unwrap_err(),
        RosterError::DuplicateKey { member: 3 }
    );
}

/// A source of randomness that must not be asked.
struct Untouched;

impl TryRng for Untouched {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("work was done")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("work was done")
    }

    fn try_fill_bytes(&mut self, _bytes: &mut [u8]) -> Result<(), Infallible> {
        panic!("work was done")
    }
}

impl TryCryptoRng for Untouched {}

fn a_roster_over_the_limit_is_refused_before_any_work<S: CryptoSuite>() {
    let members = MAX_MEMBERS + 1;
    let refused = simulation::form_group::<S>(members, DEFAULT, &mut Untouched).unwrap_err();
    let simulation::SimulationError::Roster(refused) = refused else {
        panic!("not the roster")
    };
    assert_eq!(refused, RosterError::TooMany { members });
    // Every key stands twice in this one: it is not even looked at.
    let crew = Crew::<S>::new(1, DEFAULT);
    let member = crew.secrets[0].member(&KnownIdentities::new()).unwrap();
    let refused = |members| Run::new(crew.terms(), vec![member.clone(); members], 0).unwrap_err();
    assert_eq!(refused(members), RosterError::TooMany { members });
    assert_eq!(
        refused(MAX_MEMBERS),
        RosterError::DuplicateKey { member: 1 }
    );
}

fn a_roster_of_nobody_or_without_this_member_is_refused<S: CryptoSuite>() {
    let nobody = Run::<S>::new(Crew::<S>::new(1, DEFAULT).terms(), Vec::new(), 0).unwrap_err();
    assert_eq!(nobody, RosterError::Empty);
    let crew = Crew::<S>::new(3, DEFAULT);
    assert_eq!(crew.run(3).unwrap_err(), RosterError::NotAMember);
    assert_eq!(crew.run(usize::MAX).unwrap_err(), RosterError::NotAMember);
}

fn an_offer_for_another_room_epoch_suite_or_version_is_refused<S: CryptoSuite>() {
    let changes: [fn(&mut Offer); 4] = [
        |offer| offer.room = RoomId::new([1; 32]),
        |offer| offer.parent = None,
        |offer| offer.suites = vec![0x7fff],
        |offer| offer.versions = vec![2, 3],
    ];
    for change in changes {
        let mut crew = Crew::<S>::new(3, DEFAULT);
        change(&mut crew.offers[1]);
        assert_eq!(
            crew.run(0).unwrap_err(),
            RosterError::NotOffered { member: 1 }
        );
    }
    let mut crew = Crew::<S>::new(3, DEFAULT);
    crew.offers[1].suites = vec![0x0001, 0x0002, 0x7fff];
    crew.offers[1].versions = vec![1, 2];
    assert!(crew.run(0).is_ok(), "more than is needed");
}

fn a_known_identity_spares_its_decoding_and_no_other_check<S: CryptoSuite>() {
    let crew = Crew::<S>::new(2, DEFAULT);
    let mut known = KnownIdentities::new();
    known.insert(&crew.secrets[0].member(&KnownIdentities::new()).unwrap());
    assert!(format!("{known:?}").contains(&crew.offers[0].identity.to_string()));
    // The other keys of a known member, and the identity of an unknown one, are checked as ever.
    let mut offer = crew.offers[0].clone();
    offer.trapdoor = TrapdoorKey::new([0; 32]);
    assert_eq!(
        RunMember::<S>::decode(offer, &known).unwrap_err().field,
        "Y"
    );
    let mut offer = crew.offers[1].clone();
    offer.identity = IdentityKey::new([0xff; 32]);
    assert_eq!(
        RunMember::<S>::decode(offer, &known).unwrap_err().field,
        "A"
    );
    // A run with remembered identities is the run without.
    let members = |known: &KnownIdentities<S>| {
        let decode = |offer: &Offer| RunMember::<S>::decode(offer.clone(), known).unwrap();
        crew.offers.iter().map(decode).collect::<Vec<_>>()
    };
    let terms = crew.terms();
    assert!(Run::new(terms, members(&known), 0).is_ok());
    let run = Run::new(terms, members(&known), 0).unwrap();
    let contributed = Crew::<S>::new(2, DEFAULT).contribute();
    let mut again = Crew::<S>::new(2, DEFAULT);
    let secrets = again.secrets.remove(0);
    let phase = mpotr_gka::Contributing::start(run, &again.identities[0], secrets, &mut again.rng);
    assert_eq!(phase.contribution(), &contributed.contributions[0]);
    let identity = &contributed.identities[0];
    let mut rng = contributed.rng;
    assert!(
        phase
            .confirm(contributed.contributions.as_slice(), identity, &mut rng)
            .is_ok()
    );
}
