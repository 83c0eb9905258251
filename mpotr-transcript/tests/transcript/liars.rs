//! What a member signed that no room signs is found, and named: damage that no signature shows.

use mpotr_core::wire::{Content, ContentKind, Lock, MessageId, Next, Presence, Statement};
use mpotr_crypto::Digest32;
use mpotr_gka::{AgreementId, AuditError, AuthenticationId, FaultKind, Methods, Sid, Unproven};
use mpotr_transcript::{Ending, FlawKind, Transcript};

use crate::crew::report;
use crate::hand::{Hand, full, seen, text};

#[test]
fn a_wrong_contribution_is_named_though_it_is_signed() {
    let changed = |byte: usize, is_share: bool| {
        let mut hand = Hand::of(3);
        let body = &mut full(&mut hand.section).contributions[1].body;
        if is_share {
            body.knowledge_share[byte] ^= 1;
        } else {
            body.agreement[byte] ^= 1;
        }
        hand.sign_contribution(1);
        hand.flaws()
    };
    let wrong = |kind| [FlawKind::Run(AuditError::Contribution { member: 1, kind })];
    assert_eq!(changed(0, true), wrong(FaultKind::UnknownTrapdoor));
    assert_eq!(changed(40, false), wrong(FaultKind::WrongShare));
}

#[test]
fn a_confirmation_of_something_else_is_named_though_it_is_signed() {
    let mut hand = Hand::of(3);
    full(&mut hand.section).confirmations[1]
        .statement
        .key_commitment = Digest32::new([5; 32]);
    hand.sign_confirmation(1);
    assert_eq!(
        hand.flaws(),
        [FlawKind::Run(AuditError::OtherKey { member: 1 })]
    );
    let mut hand = Hand::of(3);
    full(&mut hand.section).confirmations[2]
        .statement
        .contributions = Digest32::new([5; 32]);
    hand.sign_confirmation(2);
    assert_eq!(
        hand.flaws(),
        [FlawKind::Run(AuditError::OtherContributions { member: 2 })]
    );
    let mut hand = Hand::of(3);
    full(&mut hand.section).confirmations.swap(0, 1);
    assert_eq!(
        hand.flaws(),
        [0, 1].map(|member| FlawKind::Run(AuditError::NoConfirmation { member }))
    );
}

#[test]
fn what_only_members_can_check_is_said() {
    let methods = Methods::new(AgreementId::Pairwise, AuthenticationId::TripleDh);
    let hand = Hand::new(3, methods);
    assert_eq!(hand.flaws(), []);
    let file = Transcript {
        sections: vec![hand.section.clone()],
        ending: Ending::Whole,
    }
    .to_bytes();
    let unproven = report(&file).epochs.remove(0).unproven;
    assert_eq!(unproven, [Unproven::Identities, Unproven::KeyAgreement]);
    // Tags of the right length are all that an outsider sees.
    let mut hand = Hand::new(3, methods);
    full(&mut hand.section).payloads[1][128] ^= 1;
    assert_eq!(hand.flaws(), []);
    full(&mut hand.section).payloads[1].pop();
    assert_eq!(
        hand.flaws(),
        [FlawKind::Run(AuditError::SealedLength { member: 1 })]
    );
}

/// Two members; the first writes twice, the second answers to the second message.
fn dialogue() -> (Hand, [MessageId; 3]) {
    let mut hand = Hand::of(2);
    let a = hand.write(0, text(0, None, &[], Lock::EMPTY));
    let b = hand.write(0, text(1, a, &[], Lock::EMPTY));
    let lock = hand.lock(&[a]);
    let c = hand.write(1, text(0, None, &[b], lock));
    (hand, [a, b, c])
}

#[test]
fn a_wrong_lock_is_named_though_it_is_signed() {
    let (mut hand, [a, b, c]) = dialogue();
    hand.state(0, seen(2, &[c], hand.lock(&[a, b, c])));
    assert_eq!(hand.flaws(), []);
    hand.state(0, seen(2, &[c], hand.lock(&[b, a])));
    assert_eq!(
        hand.flaws(),
        [FlawKind::WrongLock {
            author: 0,
            count: 2
        }]
    );

    let (mut hand, [_, b, c]) = dialogue();
    let wrong = hand.lock(&[b]);
    hand.write(0, text(2, b, &[c], wrong));
    assert_eq!(
        hand.flaws(),
        [FlawKind::WrongLock {
            author: 0,
            count: 1
        }]
    );
}

#[test]
fn a_lock_that_shrinks_is_named() {
    let (mut hand, [a, b, c]) = dialogue();
    let d = hand.write(1, text(1, c, &[], hand.lock(&[a, b])));
    hand.write(1, text(2, d, &[], hand.lock(&[a])));
    assert_eq!(hand.flaws(), [FlawKind::ShorterLock { author: 1, seq: 2 }]);
}

#[test]
fn swapped_parents_are_named_though_they_are_signed() {
    // The author names as its previous message that of another.
    let (mut hand, [_, b, c]) = dialogue();
    hand.write(0, text(2, c, &[b], Lock::EMPTY));
    assert_eq!(
        hand.flaws(),
        [FlawKind::OtherPrevious { author: 0, seq: 2 }]
    );
    // It forgets one that it had seen, by its message or by its statement.
    let (mut hand, [a, _, c]) = dialogue();
    hand.write(0, text(2, a, &[], Lock::EMPTY));
    assert_eq!(
        hand.flaws(),
        [
            FlawKind::OtherPrevious { author: 0, seq: 2 },
            FlawKind::MessageTakesBack { author: 0, seq: 2 }
        ]
    );
    let (mut hand, [_, b, _]) = dialogue();
    hand.state(0, seen(2, &[c], Lock::EMPTY));
    hand.write(0, text(2, b, &[], Lock::EMPTY));
    assert_eq!(
        hand.flaws(),
        [FlawKind::MessageTakesBack { author: 0, seq: 2 }]
    );
    // It names one that is nowhere.
    let (mut hand, [_, b, _]) = dialogue();
    let parent = MessageId::new([9; 32]);
    hand.write(0, text(2, b, &[parent], Lock::EMPTY));
    assert_eq!(
        hand.flaws(),
        [FlawKind::MissingParent {
            author: 0,
            seq: 2,
            parent
        }]
    );
}

#[test]
fn statements_that_take_back_or_come_late_are_named() {
    let (mut hand, [_, b, c]) = dialogue();
    hand.state(0, seen(2, &[c], Lock::EMPTY));
    hand.state(0, seen(2, &[b], Lock::EMPTY));
    assert_eq!(
        hand.flaws(),
        [FlawKind::StatementTakesBack {
            author: 0,
            number: 1
        }]
    );

    let (mut hand, [_, b, c]) = dialogue();
    hand.state(0, seen(2, &[b], Lock::EMPTY));
    hand.state(0, seen(2, &[c], Lock::EMPTY));
    let said = &mut hand.section.said;
    let last = said.len() - 1;
    said.swap(last, last - 1);
    assert_eq!(
        hand.flaws(),
        [FlawKind::StatementOrder {
            author: 0,
            number: 0
        }]
    );
}

/// Who has frozen for a run while it may yet install another names what it holds for that one, and shows it later or never.
#[test]
fn what_is_held_and_not_shown_is_not_taken_back() {
    let (mut hand, [_, b, c]) = dialogue();
    let [run, other] = [1, 2].map(|byte| Sid::new([byte; 32]));
    let next = Next {
        frozen: Some((run, Lock::EMPTY)),
        confirmed: vec![(other, Digest32::new([3; 32]))],
        ..Next::default()
    };
    let held = Statement {
        next: Some(next.clone()),
        ..seen(2, &[c], Lock::EMPTY)
    };
    hand.state(0, held);
    hand.state(0, seen(2, &[b], Lock::EMPTY));
    assert_eq!(hand.flaws(), []);
    // Who has confirmed no other run has seen all that it names.
    let (mut hand, [_, b, c]) = dialogue();
    let next = Next {
        confirmed: Vec::new(),
        ..next
    };
    let shown = Statement {
        next: Some(next),
        ..seen(2, &[c], Lock::EMPTY)
    };
    hand.state(0, shown);
    hand.state(0, seen(2, &[b], Lock::EMPTY));
    let (author, number) = (0, 1);
    assert_eq!(
        hand.flaws(),
        [FlawKind::StatementTakesBack { author, number }]
    );
}

#[test]
fn a_message_that_statements_name_and_nobody_kept_is_a_gap_and_no_flaw() {
    let (mut hand, _) = dialogue();
    let gone = MessageId::new([9; 32]);
    hand.state(1, seen(1, &[gone], Lock::EMPTY));
    assert_eq!(hand.flaws(), []);
    let file = Transcript {
        sections: vec![hand.section],
        ending: Ending::Whole,
    }
    .to_bytes();
    assert!(report(&file).epochs[0].missing.contains(&gone));
}

/// A member that is told at once that another has closed may read what that one wrote before only when it is sent again.
#[test]
fn what_was_written_before_the_last_word_may_come_after_it() {
    let mut hand = Hand::of(2);
    let a = hand.write(0, text(0, None, &[], Lock::EMPTY));
    let b = hand.write(0, text(1, a, &[], Lock::EMPTY));
    let closed = Statement {
        presence: Presence::Closed,
        ..seen(2, &[b], Lock::EMPTY)
    };
    hand.state(0, closed);
    hand.section.said.swap(1, 2);
    assert_eq!(hand.flaws(), []);
    hand.write(0, text(2, b, &[], Lock::EMPTY));
    assert_eq!(hand.flaws(), [FlawKind::AfterLastWord { author: 0 }]);
}

/// The keeper has left before a message came that others have in their order, between those that it has.
#[test]
fn a_lock_over_a_message_that_is_not_here_is_not_judged() {
    let talk = || {
        let mut hand = Hand::of(2);
        let a = hand.write(0, text(0, None, &[], Lock::EMPTY));
        let b = hand.write(1, text(0, None, &[a], Lock::EMPTY));
        let c = hand.write(1, text(1, b, &[], Lock::EMPTY));
        (hand, [a, b, c])
    };
    let (mut whole, [a, b, c]) = talk();
    let gone = whole.write(0, text(1, a, &[], Lock::EMPTY));
    let mut between = [b, gone];
    between.sort_unstable();
    let lock = whole.lock(&[a, between[0], between[1]]);
    let closed = |sent, frontier: &[_], lock| Statement {
        presence: Presence::Closed,
        ..seen(sent, frontier, lock)
    };
    whole.state(0, closed(2, &[c, gone], lock));
    whole.state(1, closed(2, &[c, gone], lock));
    assert_eq!(whole.flaws(), []);
    let (mut hand, here) = talk();
    assert_eq!(here, [a, b, c]);
    hand.state(0, closed(2, &[c, gone], lock));
    hand.state(1, closed(2, &[c, gone], lock));
    assert_eq!(hand.flaws(), []);
}

#[test]
fn a_word_after_the_last_is_named() {
    let (mut hand, [_, b, c]) = dialogue();
    let fin = Content {
        kind: ContentKind::Fin,
        body: Vec::new().into(),
        ..text(2, b, &[c], Lock::EMPTY)
    };
    let fin = hand.write(0, fin);
    assert_eq!(hand.flaws(), []);
    hand.write(0, text(3, fin, &[], Lock::EMPTY));
    assert_eq!(hand.flaws(), [FlawKind::AfterLastWord { author: 0 }]);

    let (mut hand, [_, _, c]) = dialogue();
    let closed = Statement {
        presence: Presence::Closed,
        ..seen(1, &[c], Lock::EMPTY)
    };
    hand.state(1, closed.clone());
    hand.state(1, closed);
    assert_eq!(hand.flaws(), [FlawKind::AfterLastWord { author: 1 }]);
}

#[test]
fn two_things_in_one_place_are_named() {
    let (mut hand, [a, ..]) = dialogue();
    hand.write(0, text(1, a, &[], hand.lock(&[a])));
    assert_eq!(hand.flaws(), [FlawKind::Equivocation { author: 0, seq: 1 }]);
}

#[test]
fn a_lock_alone_names_all_that_it_is_of() {
    let (mut hand, [a, b, c]) = dialogue();
    let all = hand.lock(&[a, b, c]);
    hand.state(0, seen(2, &[c], all));
    // Again, by its lock.
    hand.state(0, seen(2, &[], all));
    assert_eq!(hand.flaws(), []);
    // Less than before.
    let less = hand.lock(&[a, b]);
    hand.state(0, seen(2, &[], less));
    assert_eq!(
        hand.flaws(),
        [FlawKind::StatementTakesBack {
            author: 0,
            number: 2
        }]
    );
    // Another order: that is wrong, and nothing else follows from it.
    let (mut hand, [a, b, c]) = dialogue();
    hand.state(0, seen(2, &[c], Lock::EMPTY));
    let wrong = hand.lock(&[b, a]);
    hand.state(0, seen(2, &[], wrong));
    assert_eq!(
        hand.flaws(),
        [FlawKind::WrongLock {
            author: 0,
            count: 2
        }]
    );
}
