//! Many packets at once.

use super::{ALICE, BOB, Epochs, MALLORY, bodies, content, effects, epochs, forge_content, text};
use crate::epoch::Effect;
use crate::error::Rejection;
use crate::wire::{MessageId, SealedPacket};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A talk of Alice and Mallory that Bob misses.
fn talk(epochs: &mut Epochs, rounds: usize) -> Vec<SealedPacket> {
    let mut packets = Vec::new();
    for round in 0..rounds {
        for (author, other) in [(ALICE, MALLORY), (MALLORY, ALICE)] {
            let (_, packet) = text(&mut epochs[author], &format!("{author} {round}"));
            epochs[other].open(&packet).unwrap();
            packets.push(packet);
        }
    }
    packets
}

fn shuffle<T>(items: &mut [T], rng: &mut ChaCha20Rng) {
    for last in (1..items.len()).rev() {
        let bound = u64::try_from(last + 1).unwrap();
        items.swap(last, usize::try_from(rng.next_u64() % bound).unwrap());
    }
}

#[test]
fn a_backlog_in_any_order_is_what_one_by_one_is() {
    for seed in 0..20 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut ours = epochs(3, 1);
        // Two that Mallory seals in the name of Alice, and a second one in a place of its own.
        let mut mallory = epochs(3, 1).of(MALLORY);
        let lies = seed % 2 == 0;
        let forged: Vec<_> = [(ALICE, 0), (ALICE, 3), (MALLORY, 2)]
            .into_iter()
            .filter(|(author, _)| *author == ALICE || lies)
            .map(|(author, seq)| {
                let prev = (seq > 0).then(|| MessageId::new([1; 32]));
                let said = content(seq, prev, Vec::new(), "forged");
                forge_content(&mut mallory, author, said)
            })
            .collect();
        let mut packets = talk(&mut ours, 6);
        packets.extend(forged);
        shuffle(&mut packets, &mut rng);
        let mut together = epochs(3, 1).of(BOB);
        let results = together.open_together(packets.clone());
        let forgeries = results
            .iter()
            .filter(|result| **result == Err(Rejection::NotAuthentic));
        assert_eq!(forgeries.count(), 2);
        let mut one_by_one = epochs(3, 1).of(BOB);
        // What came before what it builds upon, or before it was known that a member builds upon it, comes again.
        for packet in packets.iter().chain(&packets).chain(&packets) {
            let _any = one_by_one.open(packet);
        }
        for packet in &packets {
            let _any = together.open(packet);
        }
        for bob in [&together, &one_by_one] {
            assert_eq!(bob.is_exposed(MALLORY), lies);
            // All that Alice wrote, so all that she built upon.
            assert_eq!(bob.delivery.authors.get(ALICE).unwrap().delivered, 6);
        }
        if !lies {
            assert_eq!(
                together.delivery.graph.heads(),
                one_by_one.delivery.graph.heads(),
                "{seed}"
            );
        }
    }
}

#[test]
fn a_forged_message_anywhere_in_the_chain_is_found_and_named() {
    for place in 0..8_usize {
        let mut ours = epochs(3, 1);
        let seq = u32::try_from(place).unwrap();
        let prev = (place > 0).then(|| MessageId::new([1; 32]));
        let said = content(seq, prev, Vec::new(), "forged");
        let forged = forge_content(&mut ours[MALLORY], ALICE, said);
        let mut packets: Vec<_> = (0..8)
            .map(|n| text(&mut ours[ALICE], &n.to_string()).1)
            .collect();
        // In the place of the real one, and beside it.
        for replace in [false, true] {
            let bob = &mut epochs(3, 1).of(BOB);
            let at = if replace {
                packets[place] = forged.clone();
                place
            } else {
                packets.push(forged.clone());
                packets.len() - 1
            };
            let results = bob.open_together(packets.clone());
            for (index, result) in results.iter().enumerate() {
                let expected = if index == at {
                    Err(Rejection::NotAuthentic)
                } else {
                    Ok(ALICE)
                };
                assert_eq!(*result, expected, "{place} {replace}");
            }
            let read = bodies(bob);
            assert!(!read.contains(&"forged".to_owned()));
            assert_eq!(read.len(), if replace { place } else { 8 });
            packets.truncate(8);
        }
    }
}

#[test]
fn of_a_backlog_one_signature_for_each_author_is_looked_at() {
    let mut ours = epochs(3, 1);
    let mut last = None;
    let mut packets = Vec::new();
    for seq in 0..5 {
        let said = content(seq, last, Vec::new(), "same");
        let (id, real) = text(&mut ours[ALICE], "same");
        last = Some(id);
        // Every byte as Alice wrote it, under a signature of another.
        let stripped = forge_content(&mut ours[MALLORY], ALICE, said);
        packets.push(if seq == 4 { real } else { stripped });
    }
    let bob = &mut ours[BOB];
    assert_eq!(bob.open_together(packets.clone()), vec![Ok(ALICE); 5]);
    assert_eq!(bodies(bob), ["same"; 5]);
}

#[test]
fn nothing_is_shown_before_a_signature_covers_it() {
    let mut ours = epochs(3, 1);
    let mut last = None;
    let mut packets = Vec::new();
    for seq in 0..4 {
        let said = content(seq, last, Vec::new(), "same");
        let (id, real) = text(&mut ours[ALICE], "same");
        last = Some(id);
        let stripped = forge_content(&mut ours[MALLORY], ALICE, said);
        // The last two have nothing that covers them.
        packets.push(if seq == 1 { real } else { stripped });
    }
    // A message of Bob's that names the last one vouches for nothing of Alice's.
    let cited = content(0, None, Vec::from_iter(last), "citing");
    packets.push(forge_content(&mut ours[MALLORY], MALLORY, cited));
    let bob = &mut ours[BOB];
    let refused = Err(Rejection::NotAuthentic);
    assert_eq!(
        bob.open_together(packets.clone()),
        [Ok(ALICE), Ok(ALICE), refused.clone(), refused, Ok(MALLORY)]
    );
    assert_eq!(bodies(bob), ["same"; 2]);
}

#[test]
fn forged_candidates_take_no_room_from_the_real_one() {
    let mut ours = epochs(3, 1);
    let forged: Vec<_> = (0..300)
        .map(|n| {
            let said = content(0, None, Vec::new(), &n.to_string());
            forge_content(&mut ours[MALLORY], ALICE, said)
        })
        .collect();
    let (_, real) = text(&mut ours[ALICE], "real");
    let bob = &mut ours[BOB];
    let packets: Vec<_> = forged.into_iter().chain([real]).collect();
    let results = bob.open_together(packets.clone());
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(bodies(bob), ["real"]);
}

#[test]
fn an_equivocation_in_a_backlog_is_found() {
    let mut ours = epochs(3, 1);
    let packets = ["to some", "to others"].map(|body| {
        let said = content(0, None, Vec::new(), body);
        forge_content(&mut ours[MALLORY], MALLORY, said)
    });
    ours[BOB].open_together(packets.to_vec());
    let found = effects(&mut ours[BOB]);
    let equivocation = |effect: &&Effect| matches!(effect, Effect::Equivocation { .. });
    assert_eq!(found.iter().filter(equivocation).count(), 1);
}

#[test]
fn of_statements_in_a_backlog_the_newest_counts() {
    let mut ours = epochs(3, 1);
    let said: Vec<_> = (0..5).map(|_| super::statement(&mut ours[ALICE])).collect();
    let results = ours[BOB].open_together(said.clone());
    assert_eq!(results[4], Ok(ALICE));
    assert_eq!(results[..4], vec![Err(Rejection::Replayed); 4]);
}

#[test]
fn more_of_one_author_than_keys_can_be_skipped_is_taken_in_one_call() {
    let mut ours = epochs(3, 1);
    let count = 1024 + 100;
    let packets: Vec<_> = (0..count)
        .map(|n: i32| text(&mut ours[ALICE], &n.to_string()).1)
        .collect();
    let bob = &mut ours[BOB];
    assert!(
        bob.open_together(packets.clone())
            .iter()
            .all(|result| *result == Ok(ALICE))
    );
    assert_eq!(bob.delivery.authors.get(ALICE).unwrap().delivered, 1124);
}
