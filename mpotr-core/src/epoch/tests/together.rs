//! Statements that name by their lock alone what their author has seen: how all end together.

use mpotr_gka::MemberIndex;

use super::{
    ALICE, BOB, Epochs, MALLORY, Suite, content, effects, epochs, forge_content, forge_statement,
    sealed, text,
};
use crate::epoch::{Effect, Epoch};
use crate::wire::{Content, ContentKind, Lock, MessageId, Presence, SealedPacket, Statement};

const NOBODY: [MemberIndex; 0] = [];

fn fin(epoch: &mut Epoch<Suite>) -> SealedPacket {
    let (_, _, packet) = epoch.seal_content(ContentKind::Fin, Vec::new()).unwrap();
    sealed(&packet)
}

fn closing(epoch: &mut Epoch<Suite>) -> SealedPacket {
    sealed(&epoch.seal_statement(Presence::Closing).unwrap().packet)
}

/// Alice writes, and all send their last message at one moment; it reaches all but these, who miss that of Mallory.
fn all_leave(epochs: &mut Epochs, without: &[MemberIndex]) {
    let (_, hi) = text(&mut epochs[ALICE], "hi");
    for member in [BOB, MALLORY] {
        epochs[member].open(&hi).unwrap();
    }
    let fins: Vec<_> = epochs.0.iter_mut().map(fin).collect();
    for (to, epoch) in MemberIndex::all(fins.len()).zip(&mut epochs.0) {
        for (from, fin) in MemberIndex::all(fins.len()).zip(&fins) {
            if from != to && !(from == MALLORY && without.contains(&to)) {
                epoch.open(fin).unwrap();
            }
        }
        effects(epoch);
    }
}

fn said(presence: Presence, sent: u32, lock: Lock) -> Statement {
    Statement {
        sent,
        lock,
        ..Statement::empty(presence)
    }
}

/// How many messages a member covers at another.
fn covered(epoch: &Epoch<Suite>, member: MemberIndex) -> usize {
    let nodes =
        (0..epoch.delivery.graph.len()).map(|index| epoch.delivery.graph.node(index).unwrap());
    nodes.filter(|node| node.covered.contains(member)).count()
}

fn forks(epoch: &mut Epoch<Suite>) -> Vec<MemberIndex> {
    let found = effects(epoch).into_iter().filter_map(|it| match it {
        Effect::Fork { member, .. } => Some(member),
        _ => None,
    });
    found.collect()
}

#[test]
fn who_closes_with_the_order_here_covers_all_of_it_and_names_nothing() {
    let mut epochs = epochs(3, 1);
    all_leave(&mut epochs, &[]);
    assert_eq!(covered(&epochs[BOB], ALICE), 2);
    let lock = epochs[ALICE].consensus.order.lock();
    assert_eq!(lock.count, 4);
    assert!(epochs[ALICE].is_named_by_lock(Presence::Closing));
    assert!(!epochs[ALICE].is_named_by_lock(Presence::Closed));
    let packet = closing(&mut epochs[ALICE]);
    epochs[BOB].open(&packet).unwrap();
    assert_eq!(covered(&epochs[BOB], ALICE), 4);
    assert_eq!(
        epochs[BOB].peers.get(ALICE).unwrap().ending.lock(),
        Some(lock)
    );
    assert_eq!(epochs[BOB].consensus.verified(ALICE), 4);
    assert_eq!(
        epochs[BOB].delivery.authors.get(ALICE).unwrap().heads.len(),
        3
    );
    assert_eq!(forks(&mut epochs[BOB]), NOBODY);
}

#[test]
fn a_lock_that_is_ahead_waits_and_what_it_names_is_asked_for_by_place() {
    let mut epochs = epochs(3, 1);
    all_leave(&mut epochs, &[BOB]);
    let packet = closing(&mut epochs[ALICE]);
    epochs[BOB].open(&packet).unwrap();
    assert_eq!(covered(&epochs[BOB], ALICE), 2);
    assert_eq!(epochs[BOB].peers.get(ALICE).unwrap().ending.lock(), None);
    // Nobody has named it: its author's word is no longer heard. It is fetched from who has it.
    assert!(epochs[BOB].misses_messages());
    let mut served = Vec::new();
    for _ in 0..3 {
        let asks = sealed(&epochs[BOB].seal_statement(Presence::Asking).unwrap().packet);
        epochs[ALICE].open(&asks).unwrap();
        served.extend(effects(&mut epochs[ALICE]).into_iter().filter_map(|it| {
            let Effect::Missing { packet, .. } = it else {
                return None;
            };
            Some(sealed(&packet))
        }));
    }
    for packet in &served {
        let _repeated = epochs[BOB].open(packet);
    }
    assert!(!epochs[BOB].misses_messages());
    assert_eq!(covered(&epochs[BOB], ALICE), 4);
    assert_eq!(
        epochs[BOB].peers.get(ALICE).unwrap().ending.lock(),
        Some(epochs[BOB].consensus.order.lock())
    );
    assert_eq!(forks(&mut epochs[BOB]), NOBODY);
    assert!(epochs[BOB].is_complete());
}

#[test]
fn a_false_lock_covers_nothing_and_names_its_signer_alone() {
    for presence in [Presence::Present, Presence::Closing, Presence::Done] {
        let mut epochs = epochs(3, 1);
        all_leave(&mut epochs, &[]);
        let before = covered(&epochs[BOB], MALLORY);
        let lock = Lock {
            count: 4,
            digest: Lock::EMPTY.then::<Suite>(&MessageId::new([7; 32])).digest,
        };
        let lie = said(presence, 1, lock);
        let lie = forge_statement(&mut epochs[MALLORY], MALLORY, 0, lie);
        epochs[BOB].open(&lie).unwrap();
        assert_eq!(covered(&epochs[BOB], MALLORY), before);
        assert_eq!(forks(&mut epochs[BOB]), [MALLORY]);
        assert!(!epochs[BOB].may_become_complete());
        assert!(!epochs[BOB].have_all_closed());
    }
}

#[test]
fn a_lock_of_more_messages_than_were_sent_covers_nothing_and_holds_up_nobody_who_has_them_all() {
    let mut epochs = epochs(3, 1);
    all_leave(&mut epochs, &[]);
    let before = covered(&epochs[BOB], MALLORY);
    let lock = Lock {
        count: u32::MAX,
        ..epochs[MALLORY].consensus.order.lock()
    };
    let lie = said(Presence::Closing, 1, lock);
    let lie = forge_statement(&mut epochs[MALLORY], MALLORY, 0, lie);
    epochs[BOB].open(&lie).unwrap();
    assert_eq!(covered(&epochs[BOB], MALLORY), before);
    assert!(!epochs[BOB].misses_messages());
    assert!(epochs[BOB].is_complete() && !epochs[BOB].have_all_closed());
    // The truth later replaces it.
    let truth = said(Presence::Closing, 1, epochs[MALLORY].consensus.order.lock());
    let truth = forge_statement(&mut epochs[MALLORY], MALLORY, 1, truth);
    epochs[BOB].open(&truth).unwrap();
    assert_eq!(covered(&epochs[BOB], MALLORY), 4);
}

#[test]
fn a_lock_of_less_than_was_covered_takes_nothing_back() {
    let mut epochs = epochs(3, 1);
    all_leave(&mut epochs, &[]);
    let packet = closing(&mut epochs[MALLORY]);
    epochs[BOB].open(&packet).unwrap();
    assert_eq!(covered(&epochs[BOB], MALLORY), 4);
    let shorter = epochs[BOB].consensus.order.prefix(1).unwrap();
    let shorter = said(Presence::Closing, 1, shorter);
    let shorter = forge_statement(&mut epochs[MALLORY], MALLORY, 1, shorter);
    epochs[BOB].open(&shorter).unwrap();
    assert_eq!(covered(&epochs[BOB], MALLORY), 4);
    assert_eq!(
        epochs[BOB]
            .delivery
            .authors
            .get(MALLORY)
            .unwrap()
            .heads
            .len(),
        3
    );
    assert_eq!(
        epochs[BOB].peers.get(MALLORY).unwrap().ending.lock(),
        Some(epochs[BOB].consensus.order.lock())
    );
}

#[test]
fn two_last_messages_of_one_member_are_found_out_though_locks_name_them() {
    let mut epochs = epochs(3, 1);
    // Bob gets another than Alice.
    let other = Content {
        kind: ContentKind::Fin,
        ..content(0, None, Vec::new(), "")
    };
    let other = forge_content(&mut epochs[MALLORY], MALLORY, other);
    all_leave(&mut epochs, &[BOB]);
    epochs[BOB].open(&other).unwrap();
    assert!(epochs[ALICE].is_complete() && epochs[BOB].is_complete());
    let mut packets = vec![
        (ALICE, closing(&mut epochs[ALICE])),
        (BOB, closing(&mut epochs[BOB])),
    ];
    let mut found = [false; 2];
    // Each finds the other's order another, and says in full what it has seen.
    for round in 0..6 {
        for (from, packet) in std::mem::take(&mut packets) {
            let to = if from == ALICE { BOB } else { ALICE };
            let _known = epochs[to].open(&packet);
            for effect in effects(&mut epochs[to]) {
                match effect {
                    Effect::Missing { packet, .. } => packets.push((to, sealed(&packet))),
                    Effect::Equivocation {
                        author,
                        packets: both,
                        ..
                    } => {
                        assert_eq!(author, MALLORY);
                        found[to.place()] = true;
                        packets.extend(both.iter().map(|packet| (to, sealed(packet))));
                    }
                    _ => {}
                }
            }
        }
        for member in [ALICE, BOB] {
            assert!(round > 0 || epochs[member].owes_acknowledgement());
            packets.push((member, closing(&mut epochs[member])));
        }
    }
    assert_eq!(found, [true; 2]);
}

/// How often a member's words were taken for a step towards the end of all.
fn steps(epoch: &mut Epoch<Suite>) -> usize {
    let effects = effects(epoch);
    effects
        .iter()
        .filter(|it| matches!(it, Effect::Closing))
        .count()
}

#[test]
fn who_closes_with_one_false_lock_after_another_takes_no_step_to_the_end() {
    for is_gone in [false, true] {
        let mut epochs = epochs(3, 1);
        if is_gone {
            all_leave(&mut epochs, &[]);
        } else {
            // Mallory stays, and says that she closes.
            let leaves = fin(&mut epochs[ALICE]);
            epochs[BOB].open(&leaves).unwrap();
            fin(&mut epochs[BOB]);
        }
        effects(&mut epochs[BOB]);
        let heads = if is_gone {
            epochs[MALLORY]
                .delivery
                .graph
                .heads()
                .iter()
                .copied()
                .collect()
        } else {
            Vec::new()
        };
        let sent = u32::from(is_gone);
        for number in 0..8_u8 {
            let lock = Lock {
                count: u32::from(number % 4 + 1),
                digest: Lock::EMPTY
                    .then::<Suite>(&MessageId::new([number; 32]))
                    .digest,
            };
            for presence in [Presence::Closing, Presence::Done] {
                let number = 2 * u32::from(number) + u32::from(presence == Presence::Done);
                let lie = Statement {
                    frontier: heads.clone(),
                    ..said(presence, sent, lock)
                };
                let lie = forge_statement(&mut epochs[MALLORY], MALLORY, number, lie);
                epochs[BOB].open(&lie).unwrap();
            }
        }
        assert_eq!(steps(&mut epochs[BOB]), 0, "{is_gone}");
    }
}

#[test]
fn who_closes_with_the_order_here_takes_one_step_whatever_it_says_later() {
    let mut epochs = epochs(3, 1);
    all_leave(&mut epochs, &[]);
    let lock = epochs[BOB].consensus.order.lock();
    let heads: Vec<_> = epochs[MALLORY]
        .delivery
        .graph
        .heads()
        .iter()
        .copied()
        .collect();
    let closes = [lock, Lock::EMPTY, lock, Lock::EMPTY, lock];
    for (number, lock) in (0..).zip(closes) {
        let lie = Statement {
            frontier: heads.clone(),
            ..said(Presence::Closing, 1, lock)
        };
        let lie = forge_statement(&mut epochs[MALLORY], MALLORY, number, lie);
        epochs[BOB].open(&lie).unwrap();
    }
    assert_eq!(steps(&mut epochs[BOB]), 1);
    // Nor does it take that back.
    assert_eq!(
        epochs[BOB].peers.get(MALLORY).unwrap().ending.lock(),
        Some(lock)
    );
}

/// So the one says nothing of the other: only an insider does that.
#[test]
fn who_closes_before_its_last_message_still_writes() {
    let mut epochs = epochs(3, 1);
    let early = said(Presence::Closing, 0, Lock::EMPTY);
    let early = forge_statement(&mut epochs[MALLORY], MALLORY, 0, early);
    let bob = &mut epochs[BOB];
    bob.open(&early).unwrap();
    assert_eq!(
        bob.peers.get(MALLORY).unwrap().ending.lock(),
        Some(Lock::EMPTY)
    );
    assert!(bob.is_present(MALLORY) && !bob.is_complete());
}
