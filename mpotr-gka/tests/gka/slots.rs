//! The slots of a round, with packets that are doubled, forged, or of nobody.

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{Contribution, MemberIndex, RoundPacket, Slots, Unfilled};

use crate::DEFAULT;
use crate::crew::{Contributed, Crew, UNSIGNED};

const ONE: MemberIndex = MemberIndex::new(1);

checks!(
    each_member_fills_its_slot_once,
    a_sender_that_the_roster_does_not_have_fills_nothing,
    a_forgery_gives_its_slot_to_what_the_owner_signed,
    a_forgery_takes_no_slot_from_what_the_owner_signed,
    one_text_under_two_signatures_is_no_equivocation,
    two_texts_under_signatures_are_an_equivocation,
    after_a_failed_round_nothing_without_a_signature_fills_a_slot,
);

fn contributed<S: CryptoSuite>() -> Contributed<S> {
    Crew::new(3, DEFAULT).contribute()
}

/// The contribution with a signature that is not its sender's.
fn unsigned(contribution: &Contribution) -> Contribution {
    Contribution {
        signature: UNSIGNED,
        ..contribution.clone()
    }
}

/// The contribution with another text, which its sender did not sign.
fn forged(contribution: &Contribution) -> Contribution {
    let mut forged = contribution.clone();
    forged.body.knowledge_share.push(0);
    forged
}

fn each_member_fills_its_slot_once<S: CryptoSuite>() {
    let run = contributed::<S>();
    let mut slots = Slots::new();
    assert!(slots.is_empty());
    slots.put_own(run.contributions[0].clone());
    // In any order; what comes out is in the order of the roster.
    for member in [2, 1] {
        let packet = &run.contributions[member];
        assert_eq!(slots.fill(run.run(), packet.clone()), Ok(()));
        let again = slots.fill(run.run(), packet.clone());
        assert_eq!(again, Err(Unfilled::Replayed));
    }
    assert_eq!(slots.len(), 3);
    assert_eq!(slots.packets(), run.contributions);
    assert!(slots.signed(run.run()).eq(MemberIndex::all(3)));
}

fn a_sender_that_the_roster_does_not_have_fills_nothing<S: CryptoSuite>() {
    let run = contributed::<S>();
    let mut slots = Slots::new();
    let mut packet = run.contributions[2].clone();
    packet.sender = MemberIndex::new(3);
    let filled = slots.fill(run.run(), packet);
    assert_eq!(filled, Err(Unfilled::UnknownSender));
    assert!(slots.is_empty());
}

fn a_forgery_gives_its_slot_to_what_the_owner_signed<S: CryptoSuite>() {
    let run = contributed::<S>();
    let real = &run.contributions[1];
    for wrong in [unsigned(real), forged(real)] {
        let mut slots = Slots::new();
        // Nobody looks at a signature while only one claims the slot.
        assert_eq!(slots.fill(run.run(), wrong), Ok(()));
        assert_eq!(slots.signed(run.run()).count(), 0);
        assert_eq!(slots.fill(run.run(), real.clone()), Ok(()));
        assert_eq!(slots.get(ONE), Some(real));
    }
}

fn a_forgery_takes_no_slot_from_what_the_owner_signed<S: CryptoSuite>() {
    let run = contributed::<S>();
    let real = &run.contributions[1];
    let mut slots = Slots::new();
    assert_eq!(slots.fill(run.run(), real.clone()), Ok(()));
    for wrong in [unsigned(real), forged(real)] {
        let filled = slots.fill(run.run(), wrong);
        assert_eq!(filled, Err(Unfilled::NotAuthentic));
        assert_eq!(slots.get(ONE), Some(real));
    }
}

fn one_text_under_two_signatures_is_no_equivocation<S: CryptoSuite>() {
    let run = contributed::<S>();
    let real = &run.contributions[1];
    // This member's own packet counts as signed without a look, as a second signature of one text would be.
    let mut slots = Slots::new();
    slots.put_own(unsigned(real));
    let filled = slots.fill(run.run(), real.clone());
    assert_eq!(filled, Err(Unfilled::Replayed));
}

fn two_texts_under_signatures_are_an_equivocation<S: CryptoSuite>() {
    let mut run = contributed::<S>();
    let first = run.contributions[1].clone();
    run.lie(1, |body| body.agreement.push(0));
    let second = &run.contributions[1];
    let mut slots = Slots::new();
    assert_eq!(slots.fill(run.run(), first.clone()), Ok(()));
    let filled = slots.fill(run.run(), second.clone());
    assert_eq!(filled, Err(Unfilled::Equivocation(ONE)));
    assert_eq!(slots.get(ONE), Some(&first));
    assert!(first.equivocation(second, run.run()).is_some());
}

fn after_a_failed_round_nothing_without_a_signature_fills_a_slot<S: CryptoSuite>() {
    let run = contributed::<S>();
    let mut slots = Slots::new();
    for packet in [
        unsigned(&run.contributions[1]),
        run.contributions[2].clone(),
    ] {
        assert_eq!(slots.fill(run.run(), packet), Ok(()));
    }
    slots.empty(&[ONE]);
    assert!(!slots.contains(ONE) && slots.contains(MemberIndex::new(2)));
    for packet in [&run.contributions[0], &run.contributions[1]] {
        let filled = slots.fill(run.run(), unsigned(packet));
        assert_eq!(filled, Err(Unfilled::NotAuthentic));
        assert_eq!(slots.fill(run.run(), packet.clone()), Ok(()));
    }
    assert_eq!(slots.packets(), run.contributions);
}
