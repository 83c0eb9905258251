//! The keys that sign in an epoch: hidden from outsiders, and fixed before any of them is seen.

use mpotr_crypto::{CryptoSuite, EphemeralKeyPair, Secret};
use mpotr_gka::FaultKind;

use crate::crew::{Confirmed, Crew};
use crate::{DEFAULT, combinations};

checks!(
    two_faced_inner_keys_name_their_owner,
    a_key_chosen_after_others_are_seen_names_who_chose_it,
    a_commitment_copied_to_another_place_does_not_open,
    a_key_of_small_order_names_its_owner,
    two_members_with_one_key_are_both_named,
    no_packet_of_the_run_carries_a_key_that_signs_in_the_epoch,
    every_run_has_keys_of_its_own,
);

fn confirmed<S: CryptoSuite>() -> Confirmed<S> {
    Crew::new(4, DEFAULT).contribute().confirm()
}

/// A member's own confirmation, with other bytes among its keys.
fn shows<S: CryptoSuite>(run: &mut Confirmed<S>, member: usize, alter: impl FnOnce(&mut [u8])) {
    let mut opened = [run.inner_keys(member).to_vec(), run.payload(member)].concat();
    alter(&mut opened);
    run.seal(member, &opened);
}

fn two_faced_inner_keys_name_their_owner<S: CryptoSuite>() {
    let pair = EphemeralKeyPair::<S>::from_seed(&Secret::new([7; 32]));
    // Another key, a changed salt, and less than both need.
    let mut run = confirmed::<S>();
    shows(&mut run, 1, |opened| {
        opened[..32].copy_from_slice(pair.public().as_bytes());
    });
    run.assert_fault(FaultKind::WrongProof, &[1]);
    for at in [32, 63] {
        let mut run = confirmed::<S>();
        shows(&mut run, 2, |opened| opened[at] ^= 1);
        run.assert_fault(FaultKind::WrongProof, &[2]);
    }
    for length in [0, 32, 63, 64] {
        let mut run = confirmed::<S>();
        let opened = run.inner_keys(2);
        run.seal(2, &opened[..length]);
        run.assert_fault(FaultKind::WrongProof, &[2]);
    }
}

fn a_key_chosen_after_others_are_seen_names_who_chose_it<S: CryptoSuite>() {
    let mut run = confirmed::<S>();
    let other = run.inner_keys(0);
    shows(&mut run, 3, |opened| opened[..64].copy_from_slice(&other));
    run.assert_fault(FaultKind::WrongProof, &[3]);
}

fn a_commitment_copied_to_another_place_does_not_open<S: CryptoSuite>() {
    let mut run = Crew::<S>::new(4, DEFAULT).contribute();
    let copied = run.contributions[0].body.inner_keys;
    run.lie(3, |body| body.inner_keys = copied);
    let proof = vec![0; 96];
    let mut run = run.confirm();
    let keys = run.inner_keys(0);
    run.seal(3, &[keys.to_vec(), proof].concat());
    run.assert_fault(FaultKind::WrongProof, &[3]);
}

/// An insider that committed, by hand, to this key.
fn commits_to<S: CryptoSuite>(insiders: &[usize], keys: [u8; 64]) -> Confirmed<S> {
    let mut run = Crew::<S>::new(4, DEFAULT).contribute();
    for insider in insiders {
        let committed = run.spec.commitment::<S>(*insider, &keys);
        run.lie(*insider, |body| body.inner_keys = committed);
    }
    let mut run = run.confirm();
    for insider in insiders {
        run.seal(*insider, &[keys.to_vec(), vec![0; 96]].concat());
    }
    run
}

fn a_key_of_small_order_names_its_owner<S: CryptoSuite>() {
    let mut keys = [9; 64];
    keys[..32].fill(0);
    keys[0] = 1;
    commits_to::<S>(&[2], keys).assert_fault(FaultKind::WrongProof, &[2]);
}

fn two_members_with_one_key_are_both_named<S: CryptoSuite>() {
    let pair = EphemeralKeyPair::<S>::from_seed(&Secret::new([7; 32]));
    let mut keys = [9; 64];
    keys[..32].copy_from_slice(pair.public().as_bytes());
    commits_to::<S>(&[1, 3], keys).assert_fault(FaultKind::WrongProof, &[1, 3]);
}

fn no_packet_of_the_run_carries_a_key_that_signs_in_the_epoch<S: CryptoSuite>() {
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
            for key in &member.signing_keys {
                let is_in = |packet: &Vec<u8>| packet.windows(32).any(|it| it == key.as_bytes());
                assert!(!wire.iter().any(is_in));
            }
        }
    }
}

fn every_run_has_keys_of_its_own<S: CryptoSuite>() {
    let keys = |seed| {
        let run = Crew::<S>::seeded(3, DEFAULT, seed).contribute().confirm();
        [0, 1, 2].map(|member| run.inner_keys(member))
    };
    let mut all = [keys(1), keys(2)].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 6);
    // One who proves with the same draws has the same: nothing else goes in.
    assert_eq!(keys(1), keys(1));
}
