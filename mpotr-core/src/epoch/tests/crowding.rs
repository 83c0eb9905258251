//! Members that name what does not exist, so that nobody asks for what does.

use super::{
    ALICE, BOB, MALLORY, bodies, content, effects, epochs, forge_content, forge_statement, sealed,
    statement, text,
};
use crate::epoch::Effect;
use crate::wire::{Lock, MAX_WANTED, MessageId, Next, Presence, Statement};
use mpotr_gka::{MemberIndex, Sid};

const CAROL: MemberIndex = MemberIndex::new(3);

fn said(next: Option<Next>, frontier: Vec<MessageId>) -> Statement {
    Statement {
        frontier,
        next,
        ..Statement::empty(Presence::Present)
    }
}

/// Ids that no message has, before those of all messages.
fn invented(count: usize) -> Vec<MessageId> {
    let id = |n: u8| {
        let mut bytes = [0; 32];
        bytes[31] = n + 1;
        MessageId::new(bytes)
    };
    (0..u8::try_from(count).unwrap()).map(id).collect()
}

/// Alice states what she misses, and Bob sends it.
fn ask(epochs: &mut super::Epochs) {
    let question = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&question).unwrap();
    for effect in effects(&mut epochs[BOB]) {
        if let Effect::Missing { packet, .. } = effect {
            let _known = epochs[ALICE].open(&sealed(&packet));
        }
    }
}

#[test]
fn who_states_what_does_not_exist_keeps_nobody_from_asking_for_the_rest_of_a_cut() {
    let all = [ALICE, BOB, MALLORY];
    for junk in [0, MAX_WANTED, 2 * MAX_WANTED] {
        let mut epochs = epochs(3, 1);
        let run = Sid::new([9; 32]);
        let first = content(0, None, Vec::new(), "for Bob alone");
        let first = forge_content(&mut epochs[MALLORY], MALLORY, first);
        epochs[BOB].open(&first).unwrap();
        let (_, answer) = text(&mut epochs[BOB], "answer");
        epochs[ALICE].freeze(run);
        epochs[BOB].freeze(run);
        let next = Next {
            frozen: Some((run, Lock::EMPTY)),
            ..Next::default()
        };
        let frozen = said(Some(next.clone()), Vec::new());
        let frozen = forge_statement(&mut epochs[MALLORY], MALLORY, 0, frozen);
        let crowd = said(Some(next), invented(junk));
        let crowd = forge_statement(&mut epochs[MALLORY], MALLORY, 1, crowd);
        epochs[ALICE].open(&answer).unwrap();
        for member in [ALICE, BOB] {
            epochs[member].open(&frozen).unwrap();
            epochs[member].open(&crowd).unwrap();
        }
        let whole = (0..8).any(|_| {
            let bob = statement(&mut epochs[BOB]);
            epochs[ALICE].open(&bob).unwrap();
            let is_whole = epochs[ALICE].cut(run, &all).is_some();
            ask(&mut epochs);
            is_whole
        });
        assert!(whole, "{junk} invented");
    }
}

#[test]
fn who_sends_what_waits_for_ever_keeps_nobody_from_asking_for_what_others_sent() {
    for junk in [0, 65, 120] {
        let mut epochs = epochs(4, 1);
        for (place, prev) in (0..).zip(invented(junk)) {
            let waits = content(2 * place + 1, prev, Vec::new(), "waits");
            let waits = forge_content(&mut epochs[MALLORY], MALLORY, waits);
            for member in [ALICE, BOB] {
                epochs[member].open(&waits).unwrap();
            }
        }
        // What Carol says first reaches Bob alone, and she is gone.
        let (_, lost) = text(&mut epochs[CAROL], "lost");
        let (_, last) = text(&mut epochs[CAROL], "last");
        epochs[BOB].open(&lost).unwrap();
        let mut read = Vec::new();
        for member in [ALICE, BOB] {
            epochs[member].open(&last).unwrap();
        }
        for n in 0..8 {
            let (_, said) = text(&mut epochs[BOB], &format!("text {n}"));
            epochs[ALICE].open(&said).unwrap();
            ask(&mut epochs);
            read.extend(bodies(&mut epochs[ALICE]));
        }
        assert_eq!(read.len(), 10, "{junk} wait");
    }
}
