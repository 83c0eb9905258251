//! The keys that sign in an epoch and serve the changes after it: hidden from outsiders, and fixed before any of them is seen.

use mpotr_crypto::{CryptoSuite, EphemeralKeyPair, Group, Secret};
use mpotr_gka::FaultKind;

use crate::crew::{Confirmed, Crew, INNER, keys_by_hand};
use crate::spec::decode;
use crate::{DEFAULT, combinations};

checks!(
    two_faced_inner_keys_name_their_owner,
    forged_body_blames_no_confirmation,
    key_chosen_after_reveal,
    a_key_chosen_after_others_are_seen_names_who_chose_it,
    a_commitment_copied_to_another_place_does_not_open,
    undecodable_key_names_owner,
    a_receive_key_that_is_no_element_ends_no_run,
    two_members_with_one_key_are_both_named,
    a_key_that_an_offer_holds_names_who_shows_it_again,
    no_packet_of_the_run_carries_a_key_that_members_alone_see,
    all_members_have_the_same_keys_of_all,
    every_run_has_keys_of_its_own,
);

/// Where the keys of a member begin.
const M: usize = 0;
const F: usize = 32;
const P: usize = 64;
const SALT: usize = 96;

fn confirmed<S: CryptoSuite>() -> Confirmed<S> {
    Crew::new(4, DEFAULT).contribute().confirm()
}

/// A member's own confirmation, with other bytes among its keys.
fn shows<S: CryptoSuite>(run: &mut Confirmed<S>, member: usize, alter: impl FnOnce(&mut [u8])) {
    let mut opened = [run.inner_keys(member).to_vec(), run.payload(member)].concat();
    alter(&mut opened);
    run.seal(member, &opened);
}

/// `number G`, encoded.
fn point<S: CryptoSuite>(number: u128) -> [u8; 32] {
    S::Group::encode(&S::Group::mul_base(&S::Group::scalar_from_u128(number)))
}

fn two_faced_inner_keys_name_their_owner<S: CryptoSuite>() {
    let pair = EphemeralKeyPair::<S>::from_seed(&Secret::new([7; 32]));
    // Another key, a changed salt, and less than all need.
    for (at, key) in [
        (M, *pair.public().as_bytes()),
        (F, point::<S>(3)),
        (P, point::<S>(3)),
    ] {
        let mut run = confirmed::<S>();
        shows(&mut run, 1, |opened| {
            opened[at..at + 32].copy_from_slice(&key);
        });
        run.assert_fault(FaultKind::WrongProof, &[1]);
    }
    for at in [SALT, SALT + 31] {
        let mut run = confirmed::<S>();
        shows(&mut run, 2, |opened| opened[at] ^= 1);
        run.assert_fault(FaultKind::WrongProof, &[2]);
    }
    for length in [0, 32, INNER - 1, INNER] {
        let mut run = confirmed::<S>();
        let opened = run.inner_keys(2);
        run.seal(2, &opened[..length]);
        run.assert_fault(FaultKind::WrongProof, &[2]);
    }
}

/// All but Alice take a contribution in her name that is hers but for the commitment. Her true confirmation does not open that, and
/// nobody is blamed for it: she confirms other contributions, as one does to whom a liar has shown others.
fn forged_body_blames_no_confirmation<S: CryptoSuite>() {
    let mut run = Crew::<S>::new(4, DEFAULT).contribute();
    let hers = run.contributions.clone();
    let alice = run.phases.remove(&0).unwrap();
    let alice = alice.confirm(hers.as_slice(), &run.identities[0], &mut run.rng);
    let copied = run.contributions[1].body.inner_keys;
    run.tamper(0, |body| body.inner_keys = copied);
    let mut run = run.confirm();
    let confirmation = alice.ok().unwrap().confirmation().clone();
    run.confirmations.insert(0, confirmation);
    run.assert_fault(FaultKind::OtherContributions, &[]);
}

/// The part that takes Alice's away from the joint key: it can be made when hers is seen, and does not open what came before.
fn key_chosen_after_reveal<S: CryptoSuite>() {
    let mut run = confirmed::<S>();
    let hers = run.inner_keys(0)[F..F + 32].try_into().unwrap();
    let d = S::Group::mul_base(&S::Group::scalar_from_u128(1234));
    let rogue = S::Group::encode(&S::Group::sub(&d, &decode::<S>(&hers)));
    shows(&mut run, 3, |opened| {
        opened[F..F + 32].copy_from_slice(&rogue);
    });
    run.assert_fault(FaultKind::WrongProof, &[3]);
}

fn a_key_chosen_after_others_are_seen_names_who_chose_it<S: CryptoSuite>() {
    let mut run = confirmed::<S>();
    let other = run.inner_keys(0);
    shows(&mut run, 3, |opened| {
        opened[..INNER].copy_from_slice(&other);
    });
    run.assert_fault(FaultKind::WrongProof, &[3]);
}

fn a_commitment_copied_to_another_place_does_not_open<S: CryptoSuite>() {
    let mut run = Crew::<S>::new(4, DEFAULT).contribute();
    let copied = run.contributions[0].body.inner_keys;
    run.lie(3, |body| body.inner_keys = copied);
    let mut run = run.confirm();
    let keys = run.inner_keys(0);
    run.seal(3, &[keys.to_vec(), run.payload(1)].concat());
    run.assert_fault(FaultKind::WrongProof, &[3]);
}

/// Insiders that committed, by hand, to these keys, and prove who they are as they should: nothing else is wrong.
fn commits_to<S: CryptoSuite>(insiders: &[(usize, [u8; INNER])]) -> Confirmed<S> {
    let mut run = Crew::<S>::new(4, DEFAULT).contribute();
    for (insider, keys) in insiders {
        let committed = run.spec.commitment::<S>(*insider, keys);
        run.lie(*insider, |body| body.inner_keys = committed);
    }
    let mut run = run.confirm();
    let statement = run.epoch().1;
    let trapdoors: Vec<_> = run.known.iter().map(|known| known.y.clone()).collect();
    let t = run.spec.log_trapdoor::<S>(&trapdoors);
    let nonces = [31, 32].map(S::Group::scalar_from_u128);
    for (insider, keys) in insiders {
        let proof = run
            .spec
            .proof_by_trapdoor::<S>(*insider, &statement, &t, nonces.each_ref());
        run.seal(*insider, &[keys.as_slice(), &proof].concat());
    }
    run
}

/// Keys of a member by hand, with other bytes somewhere.
fn by_hand<S: CryptoSuite>(member: usize, at: usize, key: &[u8; 32]) -> [u8; INNER] {
    let mut keys = keys_by_hand::<S>(member + 20);
    keys[at..at + 32].copy_from_slice(key);
    keys
}

fn undecodable_key_names_owner<S: CryptoSuite>() {
    let mut small_order = [0; 32];
    small_order[0] = 1;
    for (at, key) in [
        (M, small_order),
        (M, [0; 32]),
        (F, [0; 32]),
        (F, [0xff; 32]),
        (P, [0; 32]),
    ] {
        commits_to::<S>(&[(2, by_hand::<S>(2, at, &key))])
            .assert_fault(FaultKind::WrongProof, &[2]);
    }
}

/// `P` is decoded by who sends under it: one that is no element keeps nobody from the epoch.
fn a_receive_key_that_is_no_element_ends_no_run<S: CryptoSuite>() {
    let keys = by_hand::<S>(2, P, &[0xff; 32]);
    for (_, member) in commits_to::<S>(&[(2, keys)]).establish() {
        let shown = member.continuation.keys()[2].receive;
        assert_eq!(shown.as_bytes(), &[0xff; 32]);
    }
}

fn two_members_with_one_key_are_both_named<S: CryptoSuite>() {
    let pair = EphemeralKeyPair::<S>::from_seed(&Secret::new([7; 32]));
    for (first, second, key) in [
        (M, M, *pair.public().as_bytes()),
        (F, F, point::<S>(5)),
        (P, P, point::<S>(5)),
        (F, P, point::<S>(5)),
    ] {
        let keys = [
            (1, by_hand::<S>(1, first, &key)),
            (3, by_hand::<S>(3, second, &key)),
        ];
        commits_to::<S>(&keys).assert_fault(FaultKind::WrongProof, &[1, 3]);
    }
    // One member that has one key twice.
    let mut keys = by_hand::<S>(1, F, &point::<S>(5));
    keys[P..P + 32].copy_from_slice(&point::<S>(5));
    commits_to::<S>(&[(1, keys)]).assert_fault(FaultKind::WrongProof, &[1]);
}

fn a_key_that_an_offer_holds_names_who_shows_it_again<S: CryptoSuite>() {
    let offer = Crew::<S>::new(4, DEFAULT).offers[0].clone();
    for (at, key) in [
        (M, offer.ephemeral.as_bytes()),
        (F, offer.identity.as_bytes()),
        (F, offer.trapdoor.as_bytes()),
        (P, offer.share.as_bytes()),
        (P, offer.commitment.as_bytes()),
    ] {
        commits_to::<S>(&[(3, by_hand::<S>(3, at, key))]).assert_fault(FaultKind::WrongProof, &[3]);
    }
}

fn no_packet_of_the_run_carries_a_key_that_members_alone_see<S: CryptoSuite>() {
    for methods in combinations() {
        let run = Crew::<S>::new(3, methods).contribute().confirm();
        let wire: Vec<_> = run
            .contributions
            .iter()
            .map(|it| mpotr_crypto::Encoder::encoded(|out| it.encode(out)))
            .chain(
                run.confirmations
                    .values()
                    .map(|it| mpotr_crypto::Encoder::encoded(|out| it.encode(out))),
            )
            .chain(run.spec.offers.iter().map(mpotr_gka::Offer::to_bytes))
            .collect();
        for (_, member) in run.establish() {
            for keys in member.continuation.keys() {
                let all = [
                    keys.signing.as_bytes(),
                    keys.part.as_bytes(),
                    keys.receive.as_bytes(),
                ];
                for key in all {
                    let is_in = |packet: &Vec<u8>| packet.windows(32).any(|it| it == key);
                    assert!(!wire.iter().any(is_in));
                }
            }
        }
    }
}

fn all_members_have_the_same_keys_of_all<S: CryptoSuite>() {
    let run = confirmed::<S>();
    let shown: Vec<_> = (0..4).map(|member| run.inner_keys(member)).collect();
    for (_, member) in run.establish() {
        let keys = member.continuation.keys();
        assert_eq!(keys.len(), shown.len());
        for ((keys, shown), signing) in keys.iter().zip(&shown).zip(&member.signing_keys) {
            assert_eq!(&keys.signing, signing);
            assert_eq!(keys.signing.as_bytes(), &shown[M..M + 32]);
            assert_eq!(keys.part.as_bytes(), &shown[F..F + 32]);
            assert_eq!(keys.receive.as_bytes(), &shown[P..P + 32]);
        }
    }
}

fn every_run_has_keys_of_its_own<S: CryptoSuite>() {
    let keys = |seed| {
        let run = Crew::<S>::seeded(3, DEFAULT, seed).contribute().confirm();
        [0, 1, 2].map(|member| run.inner_keys(member))
    };
    let mut all: Vec<_> = [keys(1), keys(2)]
        .concat()
        .iter()
        .flat_map(|keys| keys.as_chunks::<32>().0.to_vec())
        .collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 6 * 4);
    // One who proves with the same draws has the same: nothing else goes in.
    assert_eq!(keys(1), keys(1));
}
