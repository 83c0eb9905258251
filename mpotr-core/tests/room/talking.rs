//! Messages in a secure room.

use std::collections::BTreeSet;

use mpotr_core::{Duration, Event, MAX_BODY, Room, SendError, Timers, Timestamp};
use rand_chacha::ChaCha20Rng;

use crate::network::{FAIR, FOUL, Network, Suite};

fn finals(network: &Network, member: usize) -> Vec<(u32, mpotr_core::crypto::Digest32)> {
    let finals = network.events[member]
        .iter()
        .filter_map(|event| match event {
            Event::Final { count, digest, .. } => Some((*count, *digest)),
            _ => None,
        });
    finals.collect()
}

/// Every member has signed one order of so many messages.
fn all_final(network: &Network, count: u32) -> bool {
    (0..network.rooms.len()).all(|m| finals(network, m).iter().any(|(at, _)| *at >= count))
}

fn assert_one_order(network: &Network, count: u32) {
    let digests: BTreeSet<_> = (0..network.rooms.len())
        .map(|member| finals(network, member).last().copied().unwrap())
        .collect();
    assert_eq!(digests.len(), 1, "{digests:?}");
    assert_eq!(digests.first().unwrap().0, count);
}

#[test]
fn everyone_reads_what_everyone_writes_and_all_sign_one_order() {
    let mut network = Network::new(3, 1).until_secure();
    for round in 0..5 {
        for member in 0..3 {
            network.send(member, &format!("{member} {round}"));
        }
    }
    network.run_until(60, |n| all_final(n, 15));
    let expected: BTreeSet<_> = network.read(0).into_iter().collect();
    assert_eq!(expected.len(), 15);
    for member in 0..3 {
        assert_eq!(
            network.read(member).into_iter().collect::<BTreeSet<_>>(),
            expected
        );
        assert_eq!(
            network.count(member, |e| matches!(e, Event::Acknowledged { .. })),
            5
        );
    }
    assert_one_order(&network, 15);
}

#[test]
fn a_talk_in_foul_weather_loses_nothing() {
    for seed in 0..20 {
        let mut network = Network::new(4, seed);
        network.set_weather(FOUL);
        network = network.until_secure();
        for round in 0..10 {
            for member in 0..4 {
                network.send(member, &format!("{member} {round}"));
            }
            network.run_for(1);
        }
        network.run_until(300, |n| all_final(n, 40));
        assert_one_order(&network, 40);
        for member in 0..4 {
            assert_eq!(network.read(member).len(), 40);
        }
    }
}

#[test]
fn an_answer_is_read_after_what_it_answers() {
    let mut network = Network::new(3, 1).until_secure();
    // What member 0 writes reaches member 2 only after the answer of member 1.
    let mut held = 0;
    network.tamper = Some(Box::new(move |from, to, packet| {
        let drop = from == 0 && to == 2 && packet.get(1) == Some(&5) && held < 1;
        held += usize::from(drop);
        (!drop).then(|| packet.to_vec())
    }));
    network.send(0, "question");
    network.run_until(10, |n| n.read(1) == ["question"]);
    network.send(1, "answer");
    network.run_until(60, |n| n.read(2).len() == 2);
    assert_eq!(network.read(2), ["question", "answer"]);
}

#[test]
fn what_is_typed_before_the_room_is_secure_is_sent_when_it_is() {
    let mut network = Network::of_friends(3, 1);
    network.send(2, "early");
    network = network.until_secure();
    network.run_until(10, |n| (0..3).all(|member| n.read(member) == ["early"]));
}

#[test]
fn a_quiet_room_falls_silent() {
    let mut network = Network::with(4, 1, |config| {
        config.members = Some(4);
        config.timers.refresh = Duration::from_secs(1_000_000);
    });
    network = network.until_secure();
    network.send(0, "one");
    network.run_for(60);
    let sent = network.wire.len();
    network.run_for(3600);
    // Signs of life alone: one a minute from each of the four.
    assert!(
        network.wire.len() - sent <= 4 * 61,
        "{}",
        network.wire.len() - sent
    );
}

#[test]
fn who_has_just_spoken_gives_no_sign_of_life() {
    let members = 4;
    let mut network = Network::with(members, 1, |config| {
        config.members = Some(4);
        config.timers.refresh = Duration::from_secs(1_000_000);
        config.timers.expire = Duration::from_secs(1_000_000);
    });
    network = network.until_secure();
    let before = network.wire.len();
    let texts = 20;
    for n in 0..texts {
        network.send(n % members, "one");
        network.run_for(20);
    }
    // A text, the word of each other member on it, and that of each on the order.
    let said = network.wire.len() - before;
    assert!(said <= texts * 2 * members, "{said}");
    // Then there is one a minute of each.
    let before = network.wire.len();
    network.run_for(600);
    let beats = network.wire.len() - before;
    assert!((9 * members..=10 * members).contains(&beats), "{beats}");
}

#[test]
fn a_burst_costs_two_statements_a_member_at_most() {
    let mut network = Network::new(4, 1).until_secure();
    network.run_for(30);
    let before = network.wire.len();
    for n in 0..8 {
        network.send(n % 4, "burst");
    }
    network.run_for(20);
    assert!(
        network.wire.len() - before <= 8 + 2 * 4,
        "{}",
        network.wire.len() - before
    );
}

#[test]
fn a_text_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
    let mut network = Network::new(2, 1).until_secure();
    let now = network.now;
    let length = MAX_BODY + 1;
    let seen = network.seen(0);
    let refused = network.rooms[0].send(now, vec![0; length], seen);
    let limit = MAX_BODY;
    assert_eq!(refused, Err(SendError::TooLong { length, limit }));
    network.send(0, &"x".repeat(MAX_BODY));
    network.run_until(10, |n| {
        n.read(1).first().is_some_and(|text| text.len() == MAX_BODY)
    });
}

#[test]
fn packets_come_in_few_sizes() {
    let mut network = Network::new(3, 1).until_secure();
    let before = network.wire.len();
    for length in 0..60 {
        network.send(length % 3, &"x".repeat(length));
        network.run_for(1);
    }
    let sizes: BTreeSet<_> = network.wire[before..]
        .iter()
        .map(|(_, packet)| packet.len())
        .collect();
    // Of texts and statements, of statements, of texts of which some come after others.
    assert_eq!(sizes, BTreeSet::from([173, 285, 509]));
}

/// A talk of three that the fourth hears nothing of, and no change of the epoch meanwhile.
fn missed(rounds: usize) -> Network {
    let mut network = Network::with(4, 1, |config| {
        config.members = Some(4);
        config.refresh_messages = usize::MAX;
        let long = Duration::from_secs(1_000_000);
        config.timers.refresh = long;
        config.timers.expire = long;
        config.timers.silent = long;
    })
    .until_secure();
    network.tamper = Some(Box::new(|_, to, packet| (to != 3).then(|| packet.to_vec())));
    for round in 0..rounds {
        for member in 0..3 {
            network.send(member, &format!("{member} {round}"));
        }
        network.run_for_millis(20);
    }
    network.tamper = None;
    network
}

#[test]
fn a_member_that_missed_a_long_talk_asks_for_it_by_place_and_catches_up() {
    let mut network = missed(400);
    let before = network.wire.len();
    let start = network.now;
    network.run_until(120, |n| n.read(3).len() == 1200);
    let from_others = network.wire[before..].iter().filter(|(from, _)| *from != 3);
    // Each message from two of those who have it, and what its author repeats for want of an answer.
    assert!(from_others.count() < 4 * 1200);
    let took = network.now.since(start);
    assert!(took < Duration::from_secs(30), "{took:?}");
    network.run_until(300, |n| all_final(n, 1200));
    assert_one_order(&network, 1200);
}

#[test]
fn who_asks_for_everything_over_and_over_gets_it_once_in_a_while() {
    let mut network = missed(100);
    network.set_weather(FAIR.latency(0));
    let asked: Vec<_> = {
        // Only what member 3 sends gets through: its questions.
        network.tamper = Some(Box::new(|from, _, packet| {
            (from == 3).then(|| packet.to_vec())
        }));
        network.run_for(70);
        let wire = network.wire.iter().filter(|(from, _)| *from == 3);
        wire.map(|(_, packet)| packet.clone()).collect()
    };
    assert!(!asked.is_empty());
    let now = network.now;
    let mut sent = 0;
    for packet in asked.iter().rev().take(20) {
        let _any = network.rooms[0].handle_message(now, packet, &mut network.rng);
        while network.rooms[0].poll_transmit().is_some() {
            sent += 1;
        }
    }
    assert!(sent <= 300, "{sent}");
}

#[test]
fn each_message_tells_who_has_seen_it_and_where_it_stands() {
    let mut network = Network::new(3, 1).until_secure();
    network.send(0, "one");
    let id = |n: &Network, member: usize| {
        let mut ids = n.events[member].iter().filter_map(|event| match event {
            Event::Message { id, .. } => Some(*id),
            _ => None,
        });
        ids.next().unwrap()
    };
    let one = id(&network, 0);
    let state = network.rooms[0].message_state(&one).unwrap();
    assert_eq!(state.author, network.keys[0]);
    assert_eq!(state.seen_by, [network.keys[0]]);
    assert_eq!((state.place, state.is_final), (None, false));
    // Delivered everywhere; nobody has said so yet.
    network.run_for_millis(100);
    assert_eq!(id(&network, 2), one);
    network.run_until(60, |n| all_final(n, 1));
    for member in 0..3 {
        let state = network.rooms[member].message_state(&one).unwrap();
        assert_eq!(state.seen_by.len(), 3);
        assert_eq!((state.place, state.is_final), (Some(0), true));
        let events = &network.events[member];
        let at = |is: fn(&Event) -> bool| events.iter().position(is).unwrap();
        let provisional = at(|event| matches!(event, Event::Provisional { place: 0, .. }));
        let last = at(|event| matches!(event, Event::Final { .. }));
        assert!(provisional < last);
        assert!(matches!(&events[last], Event::Final { count: 1, ids, .. } if *ids == [one]));
    }
    let unknown = mpotr_core::MessageId::new([1; 32]);
    assert_eq!(network.rooms[0].message_state(&unknown), None);
}

#[test]
fn the_ids_that_become_final_are_one_list_and_the_same_everywhere() {
    let mut network = Network::new(3, 1);
    network.set_weather(FOUL);
    network = network.until_secure();
    for round in 0..10 {
        for member in 0..3 {
            network.send(member, &format!("{member} {round}"));
        }
        network.run_for(1);
    }
    network.run_until(300, |n| all_final(n, 30));
    let lists: Vec<Vec<_>> = network
        .events
        .iter()
        .map(|events| {
            let ids = events.iter().filter_map(|event| match event {
                Event::Final { ids, .. } => Some(ids.clone()),
                _ => None,
            });
            ids.flatten().collect()
        })
        .collect();
    assert_eq!(lists[0].len(), 30);
    assert!(lists.iter().all(|list| *list == lists[0]));
}

#[test]
fn what_is_not_final_in_time_is_told_once_with_whom_it_waits_for() {
    let mut network = Network::with(3, 1, |config| {
        config.members = Some(3);
        config.timers.silent = Duration::from_secs(1_000_000);
    })
    .until_secure();
    network.run_for(5);
    // Member 2 reads, and nothing that it says arrives.
    network.tamper = Some(Box::new(|from, _, packet| {
        (from != 2).then(|| packet.to_vec())
    }));
    network.send(0, "one");
    network.run_for(9);
    let told = |n: &Network, member| n.count(member, |e| matches!(e, Event::Unsettled { .. }));
    assert_eq!(told(&network, 0), 0);
    network.run_for(20);
    for member in [0, 1] {
        assert_eq!(told(&network, member), 1);
        let waits = network.events[member].iter().any(|event| {
            matches!(event, Event::Unsettled { count: 1, waiting_for, .. } if *waiting_for == [network.keys[2]])
        });
        assert!(waits, "{:?}", network.events[member]);
        assert_eq!(network.count(member, |e| matches!(e, Event::Settled)), 0);
    }
    network.tamper = None;
    network.run_until(120, |n| all_final(n, 1));
    for member in [0, 1] {
        assert_eq!(told(&network, member), 1);
        assert_eq!(network.count(member, |e| matches!(e, Event::Settled)), 1);
    }
}

#[test]
fn more_that_is_not_final_than_the_leeway_is_told_at_once() {
    let mut network = Network::with(3, 1, |config| {
        config.members = Some(3);
        config.leeway = 3;
    })
    .until_secure();
    network.run_for(5);
    for n in 0..3 {
        network.send(0, &n.to_string());
    }
    let told = |n: &Network| n.count(0, |e| matches!(e, Event::Unsettled { .. }));
    assert_eq!(told(&network), 0);
    network.send(0, "one too many");
    assert_eq!(told(&network), 1);
    network.run_until(60, |n| n.count(0, |e| matches!(e, Event::Settled)) == 1);
}

#[test]
fn a_text_is_repeated_though_other_timers_have_something_to_say_at_the_same_time() {
    // The text is sent at several moments between two heartbeats; the clock stands still until all is due at once.
    for offset in (0..30_000).step_by(1_000) {
        let mut network = Network::new(3, 1).until_secure();
        network.run_for(30);
        network.run_for_millis(offset);
        let (now, seen) = (network.now, network.seen(0));
        let room = &mut network.rooms[0];
        room.send(now, b"hi".to_vec(), seen).unwrap();
        let text = room.poll_transmit().unwrap();
        assert_eq!(room.poll_transmit(), None);
        let now = now.after(Duration::from_millis(25_000));
        let sent = late(room, now, &mut network.rng);
        assert!(sent.contains(&text), "{offset} ms");
        // What is due while the transport takes nothing is not repeated: it has it already.
        let now = now.after(Duration::from_millis(5_000));
        room.send(now, b"ho".to_vec(), seen).unwrap();
        let now = now.after(Duration::from_millis(60_000));
        let sent = late(room, now, &mut network.rng);
        assert!(!sent.contains(&text), "{offset} ms");
    }
}

/// What a member sends whose clock stood still until then: what came meanwhile it would read first, for a view at most.
fn late(room: &mut Room<Suite>, now: Timestamp, rng: &mut ChaCha20Rng) -> Vec<Vec<u8>> {
    room.handle_timeout(now, rng);
    let until = now.after(Timers::RELAY.view);
    while let Some(at) = room.poll_timeout().filter(|at| *at <= until) {
        room.handle_timeout(at, rng);
    }
    std::iter::from_fn(|| room.poll_transmit()).collect()
}
