//! What members state, and messages that do not fit to it.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;

use super::{
    ALICE, BOB, MALLORY, bodies, content, effects, epochs, forge_content, forge_statement, sealed,
    statement, text,
};
use crate::epoch::Effect;
use crate::error::Rejection;
use crate::wire::{ContentKind, Lock, MessageId, Presence, Statement};

#[test]
fn an_older_statement_never_replaces_a_newer() {
    let mut epochs = epochs(2, 1);
    let older = statement(&mut epochs[ALICE]);
    let newer = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&newer).unwrap();
    assert_eq!(epochs[BOB].open(&older), Err(Rejection::Replayed));
}

#[test]
fn a_message_beside_what_its_author_stated_is_refused() {
    let mut epochs = epochs(3, 1);
    let (first, packet) = text(&mut epochs[ALICE], "first");
    epochs[BOB].open(&packet).unwrap();
    epochs[MALLORY].open(&packet).unwrap();
    let seen = Statement {
        frontier: vec![first],
        ..Statement::empty(Presence::Present)
    };
    let seen = forge_statement(&mut epochs[MALLORY], MALLORY, 0, seen);
    epochs[BOB].open(&seen).unwrap();
    // Mallory stated to have seen Alice's message; now it writes as if it had not. Its depth would be 0: before it.
    let beside = content(0, None, Vec::new(), "beside");
    let beside = forge_content(&mut epochs[MALLORY], MALLORY, beside);
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&beside).unwrap();
    assert_eq!(bodies(&mut epochs[BOB]), Vec::<String>::new());
    assert_eq!(epochs[BOB].delivered(), 1);
}

#[test]
fn a_statement_that_takes_something_back_counts_for_nothing() {
    let mut epochs = epochs(3, 1);
    let (first, packet) = text(&mut epochs[ALICE], "first");
    epochs[BOB].open(&packet).unwrap();
    let state = |frontier| Statement {
        frontier,
        ..Statement::empty(Presence::Present)
    };
    let seen = forge_statement(&mut epochs[MALLORY], MALLORY, 0, state(vec![first]));
    let unseen = forge_statement(&mut epochs[MALLORY], MALLORY, 1, state(Vec::new()));
    let beside = content(0, None, Vec::new(), "beside");
    let beside = forge_content(&mut epochs[MALLORY], MALLORY, beside);
    for packet in [&seen, &unseen, &beside] {
        epochs[BOB].open(packet).unwrap();
    }
    assert_eq!(epochs[BOB].delivered(), 1);
}

#[test]
fn a_lock_over_another_order_names_who_signed_it() {
    let mut epochs = epochs(3, 1);
    let (first, packet) = text(&mut epochs[ALICE], "first");
    epochs[BOB].open(&packet).unwrap();
    let lie = Statement {
        frontier: vec![first],
        lock: Lock::EMPTY.then::<Suite>(&MessageId::new([7; 32])),
        ..Statement::empty(Presence::Present)
    };
    let lock = lie.lock;
    let lie = forge_statement(&mut epochs[MALLORY], MALLORY, 0, lie);
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&lie).unwrap();
    let place = Effect::Provisional {
        place: 0,
        id: first,
    };
    let fork = Effect::Fork {
        member: MALLORY,
        lock,
    };
    let heard = |member| Effect::Repeated {
        member,
        is_new: true,
    };
    assert_eq!(effects(&mut epochs[BOB]), [heard(MALLORY), place, fork]);
    let seen = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&seen).unwrap();
    // Nothing is final over the head of a member that orders otherwise, and it is told once.
    assert_eq!(effects(&mut epochs[BOB]), [heard(ALICE)]);
}

#[test]
fn nothing_follows_the_last_message() {
    let mut epochs = epochs(3, 1);
    let (_, last, packet) = epochs[MALLORY]
        .seal_content(ContentKind::Fin, Vec::new())
        .unwrap();
    epochs[BOB].open(&sealed(&packet)).unwrap();
    let more = forge_content(
        &mut epochs[MALLORY],
        MALLORY,
        content(1, last, Vec::new(), "more"),
    );
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&more).unwrap();
    assert_eq!(
        effects(&mut epochs[BOB]),
        [Effect::Contradicted { author: MALLORY }]
    );
    assert_eq!(epochs[BOB].open(&more), Err(Rejection::Disputed));
    assert_eq!(epochs[BOB].delivered(), 1);
}

#[test]
fn a_message_that_names_another_authors_as_its_previous_is_refused() {
    let mut epochs = epochs(3, 1);
    let (alices, packet) = text(&mut epochs[ALICE], "0");
    epochs[BOB].open(&packet).unwrap();
    let (_, own) = text(&mut epochs[MALLORY], "mine");
    epochs[BOB].open(&own).unwrap();
    let grafted = forge_content(
        &mut epochs[MALLORY],
        MALLORY,
        content(1, alices, Vec::new(), "grafted"),
    );
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&grafted).unwrap();
    assert_eq!(epochs[BOB].delivered(), 2);
}

#[test]
fn one_member_alone_orders_for_itself() {
    let mut epochs = epochs(1, 1);
    text(&mut epochs[ALICE], "to myself");
    let last = effects(&mut epochs[ALICE]).pop().unwrap();
    assert!(
        matches!(&last, Effect::Final { lock: Lock { count: 1, .. }, ids } if ids.len() == 1),
        "{last:?}"
    );
}
