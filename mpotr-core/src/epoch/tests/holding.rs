//! The cut is held before it is confirmed, and shown when its run is installed.

use mpotr_gka::{MemberIndex, Sid};

use super::{
    ALICE, BOB, Epochs, MALLORY, Suite, bodies, effects, epochs, forge_statement, sealed,
    statement, text,
};
use crate::epoch::{Effect, Epoch};
use crate::wire::{Lock, MessageId, Next, Presence, Statement};

const FIRST: Sid = Sid::new([7; 32]);
const SECOND: Sid = Sid::new([8; 32]);

/// Mallory has frozen for a run, and names this.
fn frozen(
    epochs: &mut Epochs,
    number: u32,
    run: Sid,
    frontier: Vec<MessageId>,
) -> crate::wire::SealedPacket {
    let said = Statement {
        frontier,
        next: Some(Next {
            frozen: Some((run, Lock::EMPTY)),
            ..Next::default()
        }),
        ..Statement::empty(Presence::Present)
    };
    forge_statement(&mut epochs[MALLORY], MALLORY, number, said)
}

/// Alice and Bob hear what each other states, and send what that asks for.
fn exchange(epochs: &mut Epochs) {
    for _ in 0..2 {
        for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
            let said = statement(&mut epochs[from]);
            epochs[to].open(&said).unwrap();
            for effect in effects(&mut epochs[to]) {
                if let Effect::Missing { packet, .. } = effect {
                    let _known = epochs[from].open(&sealed(&packet));
                }
            }
        }
    }
}

/// A member confirms a run with a cut, and its view ends without an epoch.
fn confirm(
    epoch: &mut Epoch<Suite>,
    run: Sid,
    continuing: &[MemberIndex],
) -> mpotr_crypto::Digest32 {
    let cut = epoch.cut(run, continuing).unwrap();
    epoch.own_next().unwrap().note_confirmed(run, cut);
    epoch.thaw(true);
    cut
}

/// Mallory brings a text along for Alice, and nothing for Bob. What Alice holds since then is in the next cut.
#[test]
fn two_cuts_one_view() {
    let mut epochs = epochs(3, 1);
    let (id, packet) = text(&mut epochs[MALLORY], "for Alice alone");
    let all = [ALICE, BOB, MALLORY];
    for (member, number, frontier) in [(ALICE, 0, vec![id]), (BOB, 1, Vec::new())] {
        epochs[member].freeze(FIRST);
        let said = frozen(&mut epochs, number, FIRST, frontier);
        epochs[member].open(&said).unwrap();
    }
    epochs[ALICE].open(&packet).unwrap();
    exchange(&mut epochs);
    let cuts = [ALICE, BOB].map(|member| confirm(&mut epochs[member], FIRST, &all));
    assert_ne!(cuts[0], cuts[1]);
    // Nobody can install that, and nobody has shown anything of it.
    assert_eq!([ALICE, BOB].map(|it| epochs[it].delivered()), [0, 0]);
    for member in [ALICE, BOB] {
        epochs[member].freeze(SECOND);
    }
    exchange(&mut epochs);
    let cuts = [ALICE, BOB].map(|member| epochs[member].cut(SECOND, &[ALICE, BOB]));
    assert!(cuts[1].is_none() || cuts[0] == cuts[1]);
    exchange(&mut epochs);
    let cuts = [ALICE, BOB].map(|member| confirm(&mut epochs[member], SECOND, &[ALICE, BOB]));
    assert_eq!(cuts[0], cuts[1]);
    for member in [ALICE, BOB] {
        assert_eq!(epochs[member].delivered(), 0);
        epochs[member].retire(SECOND);
        assert_eq!(bodies(&mut epochs[member]), ["for Alice alone"]);
        assert_eq!(epochs[member].final_lock().count, 1);
    }
}

#[test]
fn what_a_member_holds_and_has_not_shown_it_does_not_cover() {
    let mut epochs = epochs(3, 1);
    let (id, packet) = text(&mut epochs[MALLORY], "held");
    let said = frozen(&mut epochs, 0, FIRST, vec![id]);
    epochs[ALICE].freeze(FIRST);
    epochs[ALICE].open(&said).unwrap();
    epochs[ALICE].open(&packet).unwrap();
    confirm(&mut epochs[ALICE], FIRST, &[ALICE, MALLORY]);
    epochs[BOB].open(&packet).unwrap();
    epochs[ALICE].freeze(SECOND);
    let said = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&said).unwrap();
    let brought = epochs[BOB]
        .delivery
        .authors
        .get(ALICE)
        .unwrap()
        .frozen
        .as_ref()
        .unwrap();
    assert_eq!(brought.frontier, [id]);
    assert_eq!(epochs[BOB].state_of(&id).unwrap().seen_by, [BOB, MALLORY]);
}

/// Alice has frozen, and holds what Mallory names as it closes alone: she does not wait for it in a view that it is not in.
#[test]
fn who_closes_after_what_is_held_has_said_its_last_word() {
    let mut epochs = epochs(3, 1);
    let (id, packet) = text(&mut epochs[BOB], "held");
    epochs[ALICE].freeze(FIRST);
    epochs[ALICE].open(&packet).unwrap();
    let said = Statement {
        frontier: vec![id],
        ..Statement::empty(Presence::Closed)
    };
    let closed = forge_statement(&mut epochs[MALLORY], MALLORY, 0, said);
    epochs[ALICE].open(&closed).unwrap();
    assert!(epochs[ALICE].is_present(MALLORY));
    let has_said = [BOB, MALLORY].map(|it| epochs[ALICE].has_said_last_word(it));
    assert_eq!(has_said, [false, true]);
}

/// As many as an author may have on its way whom no other has acknowledged.
#[test]
fn who_has_frozen_keeps_all_that_an_author_sends_before_it_freezes() {
    let mut epochs = epochs(3, 1);
    epochs[BOB].freeze(FIRST);
    let said: Vec<_> = (0..1024)
        .map(|n| text(&mut epochs[ALICE], &n.to_string()).1)
        .collect();
    epochs[ALICE].freeze(FIRST);
    for packet in &said {
        epochs[BOB].open(packet).unwrap();
    }
    let alice = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&alice).unwrap();
    assert!(epochs[BOB].cut(FIRST, &[ALICE, BOB]).is_some());
    assert_eq!(epochs[BOB].delivered(), 0);
    epochs[BOB].retire(FIRST);
    assert_eq!(bodies(&mut epochs[BOB]).len(), 1024);
}

#[test]
fn what_a_cut_named_is_shown_like_all_else_when_its_run_is_over() {
    let mut epochs = epochs(3, 1);
    let (_, packet) = text(&mut epochs[ALICE], "said");
    for member in [ALICE, BOB] {
        epochs[member].freeze(FIRST);
    }
    epochs[BOB].open(&packet).unwrap();
    exchange(&mut epochs);
    assert!(epochs[BOB].cut(FIRST, &[ALICE, BOB]).is_some());
    assert_eq!(bodies(&mut epochs[BOB]), [""; 0]);
    epochs[BOB].thaw(false);
    assert_eq!(bodies(&mut epochs[BOB]), ["said"]);
    assert_eq!(epochs[BOB].cut_digest(FIRST), None);
}

/// The last confirmation reaches one before its epoch expires, and another after.
#[test]
fn who_expires_between_confirmation_and_install_shows_the_whole_cut() {
    let mut epochs = epochs(3, 1);
    let (id, packet) = text(&mut epochs[MALLORY], "in the cut");
    for member in [ALICE, BOB] {
        epochs[member].freeze(FIRST);
    }
    let said = frozen(&mut epochs, 0, FIRST, vec![id]);
    for member in [ALICE, BOB] {
        epochs[member].open(&said).unwrap();
        epochs[member].open(&packet).unwrap();
    }
    exchange(&mut epochs);
    let all = [ALICE, BOB, MALLORY];
    let cuts = [ALICE, BOB].map(|member| confirm(&mut epochs[member], FIRST, &all));
    assert_eq!(cuts[0], cuts[1]);
    epochs[ALICE].expire();
    let finals = [ALICE, BOB].map(|member| {
        assert!(epochs[member].retire(FIRST));
        assert_eq!(bodies(&mut epochs[member]), ["in the cut"]);
        epochs[member].final_lock()
    });
    assert_eq!(finals[0], finals[1]);
    assert_eq!(finals[0].count, 1);
}
