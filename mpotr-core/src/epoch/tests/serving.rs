//! Who sends again what a member asks for. `docs/spec/05-wire.md`, "Recovery".

use mpotr_gka::{MemberIndex, Sid};

use super::*;

/// A message that all but Bob have, and whose question each of them has heard: who sends it, and who owes it.
fn asked_for(members: usize, in_cut: bool) -> (Epochs, MessageId, [Vec<MemberIndex>; 2]) {
    let mut epochs = epochs(members, 1);
    let (id, message) = text(&mut epochs[ALICE], "late");
    let others: Vec<_> = MemberIndex::all(members)
        .filter(|member| *member != BOB)
        .collect();
    for member in others.iter().filter(|member| **member != ALICE) {
        epochs[*member].open(&message).unwrap();
    }
    let names = statement(&mut epochs[MALLORY]);
    epochs[BOB].open(&names).unwrap();
    if in_cut {
        for epoch in &mut epochs.0 {
            epoch.freeze(Sid::new([7; 32]));
        }
    }
    let asks = statement(&mut epochs[BOB]);
    let [mut send, mut owe] = [Vec::new(), Vec::new()];
    for member in others {
        effects(&mut epochs[member]);
        epochs[member].open(&asks).unwrap();
        for effect in effects(&mut epochs[member]) {
            match effect {
                Effect::Missing { .. } => send.push(member),
                Effect::Owed { .. } => owe.push(member),
                _ => {}
            }
        }
    }
    (epochs, id, [send, owe])
}

#[test]
fn two_send_what_is_asked_for_by_name_and_the_others_have_their_turn() {
    let (mut epochs, id, [send, owe]) = asked_for(8, false);
    assert!(send.len() <= 2, "{send:?}");
    assert_eq!(send.len() + owe.len(), 7);
    let last = owe[owe.len() - 1];
    epochs[last].send_again(&id);
    let Some(Effect::Missing { packet, .. }) = effects(&mut epochs[last]).pop() else {
        panic!("nothing is sent");
    };
    epochs[BOB].open(&sealed(&packet)).unwrap();
    assert_eq!(bodies(&mut epochs[BOB]), ["late"]);
    // The others hear that, and need not.
    let other = owe[0];
    assert_eq!(
        epochs[other].open(&sealed(&packet)),
        Err(Rejection::Replayed)
    );
    assert_eq!(effects(&mut epochs[other]), [Effect::Again { id }]);
}

#[test]
fn in_a_cut_all_send_what_is_asked_for_by_name() {
    let (_, _, [send, owe]) = asked_for(8, true);
    assert_eq!((send.len(), owe.len()), (7, 0));
}

#[test]
fn who_has_asked_for_nothing_yet_waits_before_it_does() {
    let mut epochs = epochs(3, 1);
    text(&mut epochs[ALICE], "late");
    let names = statement(&mut epochs[ALICE]);
    let bob = &mut epochs[BOB];
    statement(bob);
    bob.open(&names).unwrap();
    assert!(bob.misses_messages() && !bob.may_ask_again());
}
