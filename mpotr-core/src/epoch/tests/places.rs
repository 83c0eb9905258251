//! Messages that wait, find no room, or are missing in their places.

use mpotr_gka::MemberIndex;

use super::{
    ALICE, BOB, MALLORY, bodies, content, effects, epochs, forge_content, sealed, statement, text,
    verified,
};
use crate::epoch::Effect;
use crate::error::Rejection;
use crate::wire::MessageId;

#[test]
fn held_back_messages_are_bounded_and_none_is_lost() {
    let mut epochs = epochs(2, 1);
    let (_, first) = text(&mut epochs[ALICE], "0");
    let later: Vec<_> = (1..=257)
        .map(|n| text(&mut epochs[ALICE], &n.to_string()).1)
        .collect();
    let bob = &mut epochs[BOB];
    for packet in &later[..256] {
        bob.open(packet).unwrap();
    }
    assert_eq!(bob.open(&later[256]), Err(Rejection::Quota));
    assert_eq!(bodies(bob), Vec::<String>::new());
    bob.open(&first).unwrap();
    assert_eq!(bodies(bob).len(), 257);
    bob.open(&later[256]).unwrap();
    assert_eq!(bodies(bob), ["257"]);
}

/// Any member that has it can send it again and again, and it counts when there is room.
#[test]
fn what_finds_no_room_costs_no_signature_when_it_comes_again() {
    let mut epochs = epochs(3, 1);
    let (_, first) = text(&mut epochs[ALICE], "0");
    let later: Vec<_> = (1..=258)
        .map(|n| text(&mut epochs[ALICE], &n.to_string()).1)
        .collect();
    let full = [Err(Rejection::Quota), Err(Rejection::Quota)];
    // It finds no room as one of many, or by itself.
    for together in [false, true] {
        let bob = &mut epochs[if together { MALLORY } else { BOB }];
        if together {
            let results = bob.open_together(later.clone());
            assert!(results[..256].iter().all(Result::is_ok));
            assert_eq!(results[256..], full);
            // Those that a later one has vouched for are looked at once.
            let again = verified(bob, |bob| [256, 257].map(|at| bob.open(&later[at])));
            assert_eq!(again, (full.clone(), 2));
        } else {
            for packet in &later[..256] {
                bob.open(packet).unwrap();
            }
            assert_eq!([256, 257].map(|at| bob.open(&later[at])), full);
        }
        let (waiting, looked) = (
            bob.delivery.holdback.iter().count(),
            bob.opener.examined.looked,
        );
        for _ in 0..3 {
            let again = verified(bob, |bob| [256, 257].map(|at| bob.open(&later[at])));
            assert_eq!(again, (full.clone(), 0));
            let again = verified(bob, |bob| bob.open_together(later[256..].to_vec()));
            assert_eq!(again, (full.to_vec(), 0));
        }
        // Nor is what waits looked through.
        assert_eq!(
            (
                bob.delivery.holdback.iter().count(),
                bob.opener.examined.looked
            ),
            (waiting, looked)
        );
        // What makes room may come with it.
        let all = [&later[256..], std::slice::from_ref(&first)].concat();
        assert_eq!(bob.open_together(all), [Ok(ALICE), Ok(ALICE), Ok(ALICE)]);
        assert_eq!(bodies(bob).len(), 259);
    }
}

/// It is after all that wait, of which there are as many as may be.
#[test]
fn what_finds_no_room_and_contradicts_what_waits_shows_its_author_all_the_same() {
    let mut epochs = epochs(3, 1);
    let mut last = None;
    let mut packets = Vec::new();
    for seq in 0..257 {
        let said = content(seq, last, Vec::new(), "line");
        packets.push(forge_content(&mut epochs[MALLORY], MALLORY, said));
        let packet = &packets[packets.len() - 1];
        last = Some(super::equivocation::id_of(&mut epochs[MALLORY], packet));
    }
    let other = content(257, MessageId::new([7; 32]), Vec::new(), "other");
    let other = forge_content(&mut epochs[MALLORY], MALLORY, other);
    let bob = &mut epochs[BOB];
    for packet in &packets[1..] {
        bob.open(packet).unwrap();
    }
    effects(bob);
    let _refused = bob.open(&other);
    assert!(bob.is_exposed(MALLORY));
}

#[test]
fn places_that_are_missing_are_asked_for_in_ranges_and_served_by_two() {
    let mut epochs = epochs(5, 1);
    let sent: Vec<_> = (0..20)
        .map(|n| text(&mut epochs[ALICE], &n.to_string()).1)
        .collect();
    let [dave, eve] = [3, 4].map(MemberIndex::new);
    for member in [MALLORY, dave, eve] {
        for packet in &sent {
            epochs[member].open(packet).unwrap();
        }
    }
    // Bob has 5 to 9 and hears that there are 20.
    for packet in &sent[5..10] {
        epochs[BOB].open(packet).unwrap();
    }
    let said = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&said).unwrap();
    let range = |first, count| crate::wire::Range {
        author: 0,
        first,
        count,
    };
    assert_eq!(
        epochs[BOB].delivery.missing_ranges(0),
        [range(0, 5), range(10, 10)]
    );
    let asked = statement(&mut epochs[BOB]);
    let mut served = Vec::new();
    for member in [ALICE, MALLORY, dave, eve] {
        epochs[member].open(&asked).unwrap();
        let missing = effects(&mut epochs[member]);
        served.extend(missing.into_iter().filter_map(|effect| match effect {
            Effect::Missing { packet, .. } => Some(packet),
            _ => None,
        }));
    }
    assert!(served.len() <= 2 * 15 + 4, "{}", served.len());
    for _ in 0..4 {
        // Who is asked takes turns: what none of two had, another has.
        let asked = statement(&mut epochs[BOB]);
        epochs[ALICE].open(&asked).unwrap();
        served.extend(
            effects(&mut epochs[ALICE])
                .into_iter()
                .filter_map(|effect| match effect {
                    Effect::Missing { packet, .. } => Some(packet),
                    _ => None,
                }),
        );
    }
    for packet in served {
        let _twice = epochs[BOB].open(&sealed(&packet));
    }
    assert_eq!(bodies(&mut epochs[BOB]).len(), 20);
    assert_eq!(epochs[BOB].delivery.missing_ranges(0), []);
}
