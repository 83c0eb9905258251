//! Two orders of one epoch: what makes them, where they begin to differ, and that neither is final beside the other.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_gka::{MemberIndex, Sid};

use super::equivocation::{finals, id_of};
use super::{
    ALICE, BOB, Epochs, MALLORY, content, effects, epochs, forge_content, statement, text,
};
use crate::epoch::Effect;
use crate::wire::{Lock, MemberBits, MessageId, Presence, SealedPacket, Statement};

/// A first message of Mallory's whose id is as asked for.
fn one_that(
    epochs: &mut Epochs,
    parents: Vec<MessageId>,
    is_fit: impl Fn(MessageId) -> bool,
) -> (MessageId, SealedPacket) {
    let mut tries = (0..).map(|n| {
        let said = content(0, None, parents.clone(), &format!("try {n}"));
        let packet = forge_content(&mut epochs[MALLORY], MALLORY, said);
        (id_of(&mut epochs[MALLORY], &packet), packet)
    });
    tries.find(|(id, _)| is_fit(*id)).unwrap()
}

/// Mallory shows Alice one message and Bob another, and tells Alice that it has seen hers, so that Alice orders her own
/// before Bob's answer to the other is there (AGREEMENT, S8).
fn split() -> Epochs {
    let mut epochs = epochs(3, 1);
    let (alices, packet) = text(&mut epochs[ALICE], "Alice's");
    let (_, one) = one_that(&mut epochs, Vec::new(), |id| id > alices);
    let (_, other) = one_that(&mut epochs, Vec::new(), |id| id < alices);
    epochs[BOB].open(&packet).unwrap();
    epochs[MALLORY].open(&packet).unwrap();
    epochs[ALICE].open(&one).unwrap();
    let seen = Statement {
        sent: 1,
        frontier: {
            let mut both = vec![alices, id_of(&mut epochs[ALICE], &one)];
            both.sort_unstable();
            both
        },
        ..Statement::empty(Presence::Present)
    };
    let seen = super::forge_statement(&mut epochs[MALLORY], MALLORY, 0, seen);
    epochs[ALICE].open(&seen).unwrap();
    let said = statement(&mut epochs[BOB]);
    epochs[ALICE].open(&said).unwrap();
    // Alice has ordered her own message, and signs it.
    assert!(epochs[ALICE].owes_lock());
    let locked = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&other).unwrap();
    let (_, answer) = text(&mut epochs[BOB], "Bob's");
    epochs[ALICE].open(&answer).unwrap();
    epochs[ALICE].open(&other).unwrap();
    epochs[BOB].open(&locked).unwrap();
    epochs[BOB].open(&one).unwrap();
    epochs
}

#[test]
fn an_equivocator_makes_no_two_final_orders() {
    let mut epochs = split();
    for _ in 0..3 {
        for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
            let said = statement(&mut epochs[from]);
            epochs[to].open(&said).unwrap();
        }
    }
    for member in [ALICE, BOB] {
        assert_eq!(epochs[member].delivered(), 4, "{member}");
        assert!(epochs[member].is_exposed(MALLORY));
    }
    // Alice has signed an order in which the other has no place: she orders nothing more.
    assert_eq!(epochs[ALICE].consensus.order.lock().count, 1);
    let shorter = epochs[ALICE]
        .final_lock()
        .count
        .min(epochs[BOB].final_lock().count);
    assert_eq!(
        epochs[ALICE].consensus.order.prefix(shorter),
        epochs[BOB].consensus.order.prefix(shorter)
    );
}

#[test]
fn the_first_difference_of_two_orders_is_named() {
    let mut epochs = split();
    // Mallory tells Bob, too, that she has seen all that he has, so that he orders it.
    let heads: Vec<_> = epochs[BOB].delivery.graph.heads().iter().copied().collect();
    let seen = Statement {
        sent: 1,
        frontier: heads,
        ..Statement::empty(Presence::Present)
    };
    let seen = super::forge_statement(&mut epochs[MALLORY], MALLORY, 1, seen);
    epochs[BOB].open(&seen).unwrap();
    let mut told = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..4 {
        for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
            let said = statement(&mut epochs[from]);
            epochs[to].open(&said).unwrap();
            told[to.place()].extend(effects(&mut epochs[to]));
        }
    }
    let differences = |member: MemberIndex| {
        let found = told[member.place()]
            .iter()
            .filter_map(|effect| match effect {
                Effect::Difference {
                    place, here, there, ..
                } => Some((*place, *here, *there)),
                _ => None,
            });
        found.collect::<Vec<_>>()
    };
    let [alices, bobs] =
        [ALICE, BOB].map(|member| *epochs[member].consensus.order.ids_from(0).next().unwrap());
    assert_ne!(alices, bobs);
    assert_eq!(differences(ALICE), [(0, alices, bobs)]);
    assert_eq!(differences(BOB), [(0, bobs, alices)]);
}

#[test]
fn a_listing_that_does_not_lead_to_the_signed_order_names_nothing() {
    let mut epochs = epochs(3, 1);
    let (first, packet) = text(&mut epochs[ALICE], "first");
    epochs[BOB].open(&packet).unwrap();
    let signed = Lock::EMPTY.then::<Suite>(&MessageId::new([7; 32]));
    let said = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&said).unwrap();
    for (number, listed, named) in [(0, 8, 0), (1, 7, 1)] {
        let lie = Statement {
            frontier: vec![first],
            lock: signed,
            listing: Some(crate::wire::Listing {
                from: 0,
                ids: vec![MessageId::new([listed; 32])],
            }),
            ..Statement::empty(Presence::Present)
        };
        if number == 0 {
            // The lock first: only who differs is asked.
            let lock = Statement {
                listing: None,
                lacks: MemberBits::default(),
                ..lie.clone()
            };
            let lock = super::forge_statement(&mut epochs[MALLORY], MALLORY, 10, lock);
            epochs[BOB].open(&lock).unwrap();
        }
        let lie = super::forge_statement(&mut epochs[MALLORY], MALLORY, 11 + number, lie);
        effects(&mut epochs[BOB]);
        epochs[BOB].open(&lie).unwrap();
        let found = effects(&mut epochs[BOB]);
        let differences = |effect: &&Effect| matches!(effect, Effect::Difference { .. });
        assert_eq!(found.iter().filter(differences).count(), named, "{number}");
    }
}

#[test]
fn who_goes_on_after_a_fork_agrees_on_one_order() {
    let mut epochs = split();
    let run = Sid::new([7; 32]);
    for member in [ALICE, BOB] {
        epochs[member].freeze(run);
    }
    for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
        let said = statement(&mut epochs[from]);
        epochs[to].open(&said).unwrap();
    }
    let cuts: Vec<_> = [ALICE, BOB]
        .into_iter()
        .map(|member| epochs[member].cut(run, &[ALICE, BOB]))
        .collect();
    assert!(cuts[0].is_some() && cuts[0] == cuts[1], "{cuts:?}");
    for member in [ALICE, BOB] {
        epochs[member].retire(run);
    }
    assert_eq!(epochs[ALICE].final_lock(), epochs[BOB].final_lock());
    assert_eq!(epochs[ALICE].final_lock().count, 4);
}

#[test]
fn what_is_final_keeps_its_place_whatever_comes_late() {
    const DAVE: MemberIndex = MemberIndex::new(3);
    let mut epochs = epochs(4, 1);
    let (first, packet) = text(&mut epochs[ALICE], "final");
    for member in [BOB, MALLORY, DAVE] {
        epochs[member].open(&packet).unwrap();
    }
    for _ in 0..2 {
        for from in MemberIndex::all(4) {
            let said = statement(&mut epochs[from]);
            for to in MemberIndex::all(4).filter(|to| *to != from) {
                epochs[to].open(&said).unwrap();
            }
        }
    }
    let before = epochs[ALICE].final_lock();
    assert_eq!(before.count, 1);
    // Mallory says something else in the place of its answer, with a place in the order before what is final.
    let (_, answer) = one_that(&mut epochs, vec![first], |_| true);
    let (late, packet) = one_that(&mut epochs, Vec::new(), |id| id < first);
    for member in [ALICE, BOB] {
        epochs[member].open(&answer).unwrap();
        epochs[member].open(&packet).unwrap();
        assert!(epochs[member].is_exposed(MALLORY));
    }
    // Dave, who lies too, brings it along into the next epoch.
    let run = Sid::new([7; 32]);
    let brought = Statement {
        frontier: vec![late],
        next: Some(crate::wire::Next {
            frozen: Some((run, Lock::EMPTY)),
            ..crate::wire::Next::default()
        }),
        ..Statement::empty(Presence::Present)
    };
    let brought = super::forge_statement(&mut epochs[DAVE], DAVE, 2, brought);
    let frozen = [ALICE, BOB].map(|member| {
        epochs[member].freeze(run);
        statement(&mut epochs[member])
    });
    let mut cuts = Vec::new();
    for (member, other) in [(ALICE, &frozen[1]), (BOB, &frozen[0])] {
        let epoch = &mut epochs[member];
        epoch.open(other).unwrap();
        epoch.open(&brought).unwrap();
        assert_eq!(epoch.cut(run, &[ALICE, BOB, DAVE]), None);
        epoch.open(&packet).unwrap();
        cuts.push(epoch.cut(run, &[ALICE, BOB, DAVE]));
        epoch.retire(run);
        assert_eq!(epoch.consensus.order.prefix(1), Some(before));
        assert_eq!(epoch.final_lock().count, 3);
    }
    assert!(cuts[0].is_some() && cuts[0] == cuts[1], "{cuts:?}");
}

/// A statement of Mallory's, who has seen all that a member has, with a lock of her choice.
fn locked(epochs: &mut Epochs, to: MemberIndex, number: u32, lock: Lock) -> SealedPacket {
    let seen = Statement {
        sent: 1,
        frontier: epochs[to].delivery.graph.heads().iter().copied().collect(),
        lock,
        ..Statement::empty(Presence::Present)
    };
    super::forge_statement(&mut epochs[MALLORY], MALLORY, number, seen)
}

#[test]
fn nothing_is_final_on_a_lock_that_says_the_opposite() {
    let mut epochs = split();
    let alices = *epochs[ALICE].consensus.order.ids_from(0).next().unwrap();
    let alone = Lock::EMPTY.then::<Suite>(&alices);
    // Bob orders all that he has, in another way than Alice, and signs that.
    let seen = locked(&mut epochs, BOB, 1, Lock::EMPTY);
    epochs[BOB].open(&seen).unwrap();
    let bobs = statement(&mut epochs[BOB]);
    assert_ne!(
        epochs[BOB].consensus.order.prefix(1),
        epochs[ALICE].consensus.order.prefix(1)
    );
    // Mallory signs Alice's order. Then Bob's comes, which is longer than Alice's.
    let lie = locked(&mut epochs, ALICE, 2, alone);
    epochs[ALICE].open(&lie).unwrap();
    epochs[ALICE].open(&bobs).unwrap();
    assert_eq!(finals(&mut epochs[ALICE]), 0);
    // So the two can leave the epoch together.
    let run = Sid::new([7; 32]);
    for member in [ALICE, BOB] {
        epochs[member].freeze(run);
    }
    for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
        let said = statement(&mut epochs[from]);
        epochs[to].open(&said).unwrap();
    }
    let cuts = [ALICE, BOB].map(|member| epochs[member].cut(run, &[ALICE, BOB]));
    assert!(cuts[0].is_some() && cuts[0] == cuts[1], "{cuts:?}");
}

#[test]
fn a_lock_over_more_messages_than_there_are_agrees_to_nothing() {
    let mut epochs = epochs(3, 1);
    let (_, packet) = text(&mut epochs[ALICE], "first");
    epochs[BOB].open(&packet).unwrap();
    let everything = Lock {
        count: u32::MAX,
        ..Lock::EMPTY.then::<Suite>(&MessageId::new([7; 32]))
    };
    let lie = Statement {
        frontier: epochs[BOB].delivery.graph.heads().iter().copied().collect(),
        lock: everything,
        ..Statement::empty(Presence::Present)
    };
    let lie = super::forge_statement(&mut epochs[MALLORY], MALLORY, 0, lie);
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&lie).unwrap();
    let fork = Effect::Fork {
        member: MALLORY,
        lock: everything,
    };
    assert!(effects(&mut epochs[BOB]).contains(&fork));
    let said = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&said).unwrap();
    let said = statement(&mut epochs[BOB]);
    epochs[ALICE].open(&said).unwrap();
    let said = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&said).unwrap();
    assert_eq!(finals(&mut epochs[BOB]), 0);
}
