//! What a member that floods costs, and that nothing honest is lost by it.

use super::{
    ALICE, BOB, Epochs, MALLORY, bodies, content, effects, epochs, forge_content, forge_statement,
    statement, text,
};
use crate::epoch::Epoch;
use crate::epoch::unfinal::Unfinal;
use crate::wire::{Lock, MessageId, Next, Packet, Presence, SealedPacket, Statement};
use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_gka::MemberIndex;

/// The bound for one author, what its own statement adds to that, and what of it may wait.
const KEPT: usize = (4 << 20) + (384 << 10) + (256 << 10) + (120 << 10);

/// The bytes of all packets that a member keeps.
fn kept(epoch: &Epoch<Suite>) -> usize {
    let waiting = epoch
        .delivery
        .holdback
        .iter()
        .map(|(_, held)| held.packet.length())
        .sum::<usize>();
    epoch.delivery.graph.packet_bytes() + waiting
}

/// Long messages of Mallory's from a place on.
fn flood(
    epochs: &mut Epochs,
    from: u32,
    messages: u32,
    last: &mut Option<MessageId>,
) -> Vec<SealedPacket> {
    let body = "x".repeat(60_000);
    (from..from + messages)
        .map(|seq| {
            let said = content(seq, *last, Vec::new(), &body);
            let packet = forge_content(&mut epochs[MALLORY], MALLORY, said);
            *last = Some(super::equivocation::id_of(&mut epochs[MALLORY], &packet));
            packet
        })
        .collect()
}

fn named(sent: u32, frontier: Vec<MessageId>) -> Statement {
    Statement {
        sent,
        frontier,
        ..Statement::empty(Presence::Present)
    }
}

#[test]
fn a_flood_costs_a_flat_amount_however_long_it_lasts() {
    let mut epochs = epochs(3, 1);
    let mut last = None;
    let mut before = None;
    let mut from = 0;
    for messages in [40, 12, 12] {
        let packets = flood(&mut epochs, from, messages, &mut last);
        from += messages;
        for packet in &packets {
            let _refused = epochs[BOB].open(packet);
        }
        // The same many at a time.
        let _refused = epochs[ALICE].open_together(packets);
        let here = [ALICE, BOB].map(|member| kept(&epochs[member]));
        assert!(here.iter().all(|bytes| *bytes <= KEPT), "{here:?}");
        if from > 40 {
            assert_eq!(before, Some(here));
        }
        before = Some(here);
    }
    // It is full, and not because nothing was taken.
    assert!(before.unwrap().iter().all(|bytes| *bytes > 4 << 20));
}

#[test]
fn an_author_s_own_statement_makes_no_room_for_what_it_writes() {
    let mut epochs = epochs(3, 1);
    let mut last = None;
    let packets = flood(&mut epochs, 0, 60, &mut last);
    let said = forge_statement(
        &mut epochs[MALLORY],
        MALLORY,
        0,
        named(60, Vec::from_iter(last)),
    );
    epochs[BOB].open(&said).unwrap();
    for packet in packets.iter().chain(&packets) {
        let _refused = epochs[BOB].open(packet);
    }
    assert!(kept(&epochs[BOB]) <= KEPT);
}

/// Alice writes as an honest room does: not more than two of this length are on their way. Who signs no order for a while has all
/// wait, and everything arrives in the end.
#[test]
fn a_long_burst_of_an_honest_member_waits_for_what_is_final_and_arrives_whole() {
    let mut epochs = epochs(3, 1);
    let body = "x".repeat(60_000);
    let mut packets = std::collections::BTreeMap::new();
    let mut held_up = false;
    for round in 0..72 {
        while packets.len() < 60 && epochs[ALICE].unanswered(3).len() < 2 {
            let (id, packet) = text(&mut epochs[ALICE], &body);
            packets.insert(id, packet);
        }
        for to in [BOB, MALLORY] {
            for (id, packet) in &packets {
                if !epochs[to].delivery.graph.contains(id) {
                    let _refused = epochs[to].open(packet);
                }
            }
        }
        for from in [ALICE, BOB, MALLORY] {
            let said = if from == MALLORY {
                let seen = epochs[BOB].delivery.graph.heads().iter().copied().collect();
                let mut seen = named(0, seen);
                // She signs to have seen what he has, and no order until nothing moves.
                if round >= 40 {
                    seen.lock = epochs[MALLORY].consensus.order.lock();
                }
                forge_statement(&mut epochs[MALLORY], MALLORY, round, seen)
            } else {
                statement(&mut epochs[from])
            };
            for to in MemberIndex::all(3).filter(|to| *to != from) {
                epochs[to].open(&said).unwrap();
            }
        }
        if round == 39 {
            held_up = packets.len() < 60 && epochs[BOB].is_crowded();
            assert!(kept(&epochs[BOB]) <= KEPT);
        }
    }
    assert!(held_up);
    for member in [BOB, MALLORY] {
        assert_eq!(epochs[member].delivered(), 60);
        assert!(!epochs[member].is_crowded());
    }
}

#[test]
fn what_others_build_upon_has_room() {
    let mut epochs = epochs(3, 1);
    let body = "x".repeat(60_000);
    let sent: Vec<_> = (0..50).map(|_| text(&mut epochs[ALICE], &body).1).collect();
    for packet in &sent {
        let _refused = epochs[BOB].open(packet);
    }
    // To another member the first of them are final already.
    for packet in &sent {
        epochs[MALLORY].delivery.unfinal = Unfinal::new(3);
        epochs[MALLORY].open(packet).unwrap();
    }
    let (_, answer) = text(&mut epochs[MALLORY], "answer");
    assert!(epochs[BOB].delivered() < 40);
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&answer).unwrap();
    // From the last down: each is named by the one that is there. It does not all have room to wait.
    for packet in sent.iter().rev().chain(&sent) {
        let _refused = epochs[BOB].open(packet);
    }
    assert_eq!(bodies(&mut epochs[BOB]).pop().as_deref(), Some("answer"));
    assert_eq!(epochs[BOB].delivered(), 51);
}

/// Others have filled all the room that there is, and Alice builds upon Mallory.
#[test]
fn what_others_build_upon_waits_where_all_room_is_taken_and_a_cut_takes_it() {
    let mut epochs = epochs(3, 1);
    let mut last = None;
    let packets = flood(&mut epochs, 0, 3, &mut last);
    let length = packets[0].length();
    let taken = (32 << 20) - 2 * length;
    epochs[BOB].delivery.unfinal.add(ALICE, taken);
    let said = forge_statement(&mut epochs[ALICE], ALICE, 0, named(0, Vec::from_iter(last)));
    let bob = &mut epochs[BOB];
    bob.open(&said).unwrap();
    for packet in packets.iter().rev() {
        bob.open(packet).unwrap();
    }
    // There was room for two, and the third waits.
    assert_eq!((bob.delivered(), kept(bob)), (2, 3 * length));
    let run = mpotr_gka::Sid::new([9; 32]);
    bob.freeze(run);
    let next = Next {
        frozen: Some((run, Lock::EMPTY)),
        ..Next::default()
    };
    let frozen = Statement {
        next: Some(next),
        ..named(0, Vec::from_iter(last))
    };
    let frozen = forge_statement(&mut epochs[ALICE], ALICE, 1, frozen);
    let bob = &mut epochs[BOB];
    bob.open(&frozen).unwrap();
    assert!(bob.cut(run, &[ALICE, BOB]).is_some());
    assert_eq!(bob.delivered(), 2);
    bob.show_cut(run);
    assert_eq!(bob.delivered(), 3);
}

#[test]
fn a_message_that_names_a_line_more_than_once_is_nowhere_delivered() {
    let mut epochs = epochs(3, 1);
    let mut ids = vec![MessageId::new([0; 32])];
    for seq in 0..4 {
        let prev = (seq > 0).then(|| ids[ids.len() - 1]);
        let said = content(seq, prev, Vec::new(), "short");
        let packet = forge_content(&mut epochs[MALLORY], MALLORY, said);
        ids.push(super::equivocation::id_of(&mut epochs[MALLORY], &packet));
        epochs[BOB].open(&packet).unwrap();
    }
    let mut parents = ids[1..4].to_vec();
    parents.sort_unstable();
    let padded = content(4, ids[4], parents, "padded");
    let padded = forge_content(&mut epochs[MALLORY], MALLORY, padded);
    epochs[BOB].open(&padded).unwrap();
    assert_eq!(epochs[BOB].delivered(), 4);
    assert!(epochs[BOB].delivery.holdback.is_empty());
}

#[test]
fn more_heads_than_members_are_named_where_somebody_says_many_things() {
    let mut epochs = epochs(3, 1);
    let [a, b, c] = ["a", "b", "c"].map(|body| {
        let said = content(0, None, Vec::new(), body);
        let packet = forge_content(&mut epochs[MALLORY], MALLORY, said);
        (
            super::equivocation::id_of(&mut epochs[MALLORY], &packet),
            packet,
        )
    });
    // Bob has built upon two of them, and says so.
    let mut both = vec![b.0, c.0];
    both.sort_unstable();
    let said = forge_statement(&mut epochs[BOB], BOB, 0, named(0, both));
    let alice = &mut epochs[ALICE];
    alice.open(&a.1).unwrap();
    alice.open(&said).unwrap();
    alice.open(&b.1).unwrap();
    alice.open(&c.1).unwrap();
    assert_eq!(alice.delivered(), 3);
    let (_, packet) = text(alice, "all three");
    let bob = &mut epochs[BOB];
    bob.open(&packet).unwrap();
    for (_, said) in [&a, &b, &c] {
        bob.open(said).unwrap();
    }
    for (_, said) in [&a, &b, &c] {
        let _again = bob.open(said);
    }
    assert_eq!(bodies(bob).pop().as_deref(), Some("all three"));
    let length = Packet::Sealed(packet).to_bytes().len();
    assert!(length < 1000);
}

/// Alice names by her lock alone all that Mallory wrote, which is more than Bob takes of his own accord.
#[test]
fn a_lock_that_is_ahead_makes_as_much_room_as_names_do() {
    for (messages, are_all_taken) in [(60, true), (120, false)] {
        let mut epochs = epochs(3, 1);
        let mut last = None;
        let packets = flood(&mut epochs, 0, messages, &mut last);
        for packet in packets.iter().chain(&packets) {
            let _refused = epochs[BOB].open(packet);
        }
        let before = epochs[BOB].delivered();
        assert!(before < 60, "{before}");
        let mut seen = named(0, Vec::new());
        seen.lock = Lock {
            count: messages,
            digest: mpotr_crypto::Digest32::new([7; 32]),
        };
        let seen = forge_statement(&mut epochs[ALICE], ALICE, 0, seen);
        epochs[BOB].open(&seen).unwrap();
        for packet in packets.iter().chain(&packets) {
            let _refused = epochs[BOB].open(packet);
        }
        let taken = epochs[BOB].delivered();
        assert!(taken > before, "{taken}");
        assert_eq!(taken == usize::try_from(messages).unwrap(), are_all_taken);
        assert!(kept(&epochs[BOB]) <= 2 * KEPT);
    }
}

/// An insider names what does not exist, and everyone may send junk after that: how much was named is looked through once.
#[test]
fn what_changes_nothing_costs_no_look_through_what_others_name() {
    use std::sync::atomic::Ordering;
    let mut epochs = epochs(3, 1);
    let invented = |from: u32, many: u32| -> Vec<MessageId> {
        let ids = (from..from + many).map(|n| {
            let mut bytes = [7; 32];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            MessageId::new(bytes)
        });
        ids.collect()
    };
    let said = |seq: u32| {
        let from = seq * 10_000;
        content(seq, invented(from, 1)[0], invented(from + 1, 1_700), "")
    };
    let [first, second] = [1, 3].map(|seq| forge_content(&mut epochs[MALLORY], MALLORY, said(seq)));
    let names = named(0, invented(90_000, 4_096));
    let names = forge_statement(&mut epochs[MALLORY], MALLORY, 1_000, names);
    let bob = &mut epochs[BOB];
    for packet in [&first, &second, &names] {
        bob.open(packet).unwrap();
        assert!(bob.misses_messages());
    }
    let looked = |bob: &Epoch<Suite>| bob.delivery.looked.load(Ordering::Relaxed);
    let before = looked(bob);
    // What is repeated, alone and together, and what no member made.
    let mut junk = Packet::Sealed(first.clone()).to_bytes();
    *junk.last_mut().unwrap() ^= 1;
    let junk = super::sealed(&junk);
    for packet in [&first, &second, &names, &junk] {
        assert!(bob.open(packet).is_err());
        assert!(bob.misses_messages());
        assert!(bob.open_together(vec![packet.clone()])[0].is_err());
        assert!(bob.misses_messages());
    }
    assert_eq!(looked(bob), before);
    // What changes something is looked at.
    let (_, told) = text(&mut epochs[ALICE], "hello");
    let bob = &mut epochs[BOB];
    bob.open(&told).unwrap();
    assert!(bob.misses_messages());
    assert_eq!(looked(bob), before + 1);
}

/// What finds no room in the hold-back is sent again by an outsider: nobody looks at its signature twice.
#[test]
fn what_finds_no_room_costs_a_signature_once() {
    let mut epochs = epochs(3, 1);
    let mut last = None;
    let packets = flood(&mut epochs, 0, 8, &mut last);
    // The first is not there, so the others wait, as far as there is room.
    let bob = &mut epochs[BOB];
    for packet in &packets[1..] {
        let _refused = bob.open(packet);
    }
    let newest = packets.last().unwrap();
    assert!(bob.open(newest).is_err());
    let before = bob.opener.examined.verified;
    for _ in 0..10 {
        assert!(bob.open(newest).is_err());
    }
    assert_eq!(bob.opener.examined.verified, before);
}
