//! The end of a member's part.

use mpotr_core::{Departure, Duration, Event, Room, SendError};

use crate::network::{FOUL, Network, first_proposer};

fn departure(network: &Network, member: usize) -> Option<Departure> {
    network.events[member].iter().find_map(|event| match event {
        Event::Ended(departure) => Some(*departure),
        _ => None,
    })
}

#[test]
fn who_leaves_knows_that_all_was_acknowledged() {
    let mut network = Network::new(3, 1).until_secure();
    network.send(0, "last words");
    network.leave(0);
    network.run_until(60, |n| n.rooms[0].has_ended());
    let departure = departure(&network, 0).unwrap();
    assert!(departure.acknowledged && departure.transcripts_equal);
    // The text and the last message.
    assert_eq!(departure.count, 2);
    network.run_for(10);
    for member in [1, 2] {
        let left = Event::Left {
            member: network.keys[0],
        };
        assert!(network.events[member].contains(&left));
        assert_eq!(network.read(member), ["last words"]);
    }
}

#[test]
fn those_who_stay_go_on_and_are_acknowledged_by_each_other() {
    let mut network = Network::new(3, 1).until_secure();
    network.leave(0);
    let left = Event::Left {
        member: network.keys[0],
    };
    network.run_until(60, |n| n.events[1].contains(&left));
    network.send(1, "still here");
    let acknowledged = |event: &Event| matches!(event, Event::Acknowledged { .. });
    network.run_until(60, |n| n.count(1, acknowledged) == 1);
    assert_eq!(network.read(2), ["still here"]);
    assert!(network.read(0).is_empty());
}

/// Who has closed proposes nothing: the others do not wait until it has been silent for long.
#[test]
fn nobody_waits_for_the_turn_of_one_that_has_left() {
    let of_seed = |seed| Network::new(4, seed).until_secure();
    let mut networks = (0..20).map(of_seed);
    let mut network = networks.find(|it| first_proposer(it) == 0).unwrap();
    network.leave(0);
    network.run_until(60, |n| n.rooms[0].has_ended());
    let left_out = Event::LeftOut {
        member: network.keys[0],
    };
    network.run_until(5, |n| (1..4).all(|it| n.events[it].contains(&left_out)));
}

#[test]
fn all_leave_at_once() {
    for seed in 0..10 {
        let mut network = Network::new(4, seed).until_secure();
        for member in 0..4 {
            network.send(member, "bye");
            network.leave(member);
        }
        network.run_until(60, |n| n.rooms.iter().all(Room::has_ended));
        for member in 0..4 {
            let departure = departure(&network, member).unwrap();
            assert!(departure.acknowledged, "member {member}: {departure:?}");
            assert_eq!(network.read(member).len(), 4);
        }
    }
}

#[test]
fn what_is_typed_before_leaving_is_sent_even_if_the_room_is_not_secure_yet() {
    let mut network = Network::of_friends(3, 1);
    for member in 0..3 {
        network.send(member, "one");
        network.send(member, "two");
        network.leave(member);
    }
    network.run_until(120, |n| n.rooms.iter().all(Room::has_ended));
    for member in 0..3 {
        assert_eq!(network.read(member).len(), 6);
        assert!(departure(&network, member).unwrap().acknowledged);
    }
}

#[test]
fn nothing_to_say_and_no_room_ends_at_once() {
    let mut network = Network::new(3, 1);
    network.leave(0);
    assert!(network.rooms[0].has_ended() && departure(&network, 0).unwrap().acknowledged);
    assert_eq!(network.rooms[0].poll_timeout(), None);
}

#[test]
fn if_the_others_are_dead_the_end_says_so() {
    let mut network = Network::new(3, 1).until_secure();
    network.tamper = Some(Box::new(|from, to, packet| {
        (from != 2 && to != 2).then(|| packet.to_vec())
    }));
    network.send(0, "are you there?");
    network.leave(0);
    network.run_until(60, |n| n.rooms[0].has_ended());
    let departure = departure(&network, 0).unwrap();
    assert!(!departure.acknowledged && !departure.transcripts_equal);
}

#[test]
fn leaving_in_foul_weather_is_acknowledged() {
    for seed in 0..20 {
        let mut network = Network::new(3, seed);
        network.set_weather(FOUL);
        network = network.until_secure();
        network.send(1, "through the storm");
        network.leave(1);
        network.run_until(120, |n| n.rooms[1].has_ended());
        assert!(departure(&network, 1).unwrap().acknowledged, "seed {seed}");
    }
}

#[test]
fn who_is_left_alone_cannot_send() {
    let mut network = Network::new(2, 1).until_secure();
    network.leave(0);
    network.run_for(10);
    let (now, seen) = (network.now, network.seen(1));
    assert_eq!(
        network.rooms[1].send(now, Vec::new(), seen).unwrap_err(),
        SendError::NobodyLeft
    );
    network.leave(1);
    assert!(network.rooms[1].has_ended());
    assert!(departure(&network, 1).unwrap().transcripts_equal);
}

#[test]
fn an_ended_room_takes_and_sends_nothing() {
    let mut network = Network::new(2, 1).until_secure();
    network.leave(0);
    network.run_until(60, |n| n.rooms[0].has_ended());
    let packets: Vec<_> = network
        .wire
        .iter()
        .map(|(_, packet)| packet.clone())
        .collect();
    let now = network.now;
    for packet in packets {
        assert!(
            network.rooms[0]
                .handle_message(now, &packet, &mut network.rng)
                .is_err()
        );
    }
    assert_eq!(network.rooms[0].poll_transmit(), None);
    let seen = network.seen(0);
    assert_eq!(
        network.rooms[0].send(now, Vec::new(), seen).unwrap_err(),
        SendError::Ended
    );
}

#[test]
fn the_last_message_is_sent_once_though_a_view_ends_after_it() {
    let mut network = Network::with(3, 3, |config| {
        config.members = Some(3);
        config.policy.rekey = mpotr_core::Rekey::Full;
        config.timers.finish = Duration::from_secs(100);
    });
    network = network.until_secure();
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    // A view has begun at all three, and nobody has proposed.
    network.run_for_millis(6);
    network.leave(2);
    // The one who leaves hears nothing until its view is over.
    network.tamper = Some(Box::new(|_, to, packet| (to != 2).then(|| packet.to_vec())));
    network.run_for(15);
    network.tamper = None;
    network.run_until(60, |n| n.rooms[2].has_ended());
    let departure = departure(&network, 2).unwrap();
    assert!(
        departure.acknowledged && departure.transcripts_equal,
        "{departure:?}"
    );
    assert_eq!(departure.count, 1);
}

#[test]
fn what_was_typed_in_a_view_that_failed_is_written_before_the_last_message() {
    let mut network = Network::new(3, 2).until_secure();
    let now = network.now;
    // No contribution arrives: the view fails.
    network.tamper = Some(Box::new(|_, _, packet| {
        (packet[1] != 3).then(|| packet.to_vec())
    }));
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_for(2);
    network.send(2, "typed meanwhile");
    network.run_for_millis(8_010);
    network.leave(2);
    network.run_until(60, |n| n.rooms[2].has_ended());
    network.run_for(5);
    for member in [0, 1] {
        assert_eq!(network.read(member), ["typed meanwhile"]);
        let fork = |event: &Event| matches!(event, Event::Fork { .. });
        assert_eq!(network.count(member, fork), 0);
    }
}

#[test]
fn the_last_one_after_a_death_is_told_and_talks_on_with_who_comes() {
    let mut network = Network::new(2, 77).until_secure();
    network.kill(1);
    network.run_for(600);
    let gone = network.keys[1];
    assert_eq!(
        network.count(
            0,
            |it| matches!(it, Event::LeftOut { member } if *member == gone)
        ),
        1
    );
    let newcomer = network.enter(|_| {});
    network.run_until(60, |network| network.rooms[newcomer].is_secure());
    network.run_for(1);
    network.send(0, "welcome");
    network.run_for(10);
    assert_eq!(network.read(newcomer), ["welcome"]);
}

#[test]
fn who_is_left_alone_agrees_on_nothing_with_those_who_have_left() {
    for seed in 0..8 {
        let mut network = Network::new(3, seed).until_secure();
        for member in [1, 2] {
            network.leave(member);
            network.run_until(60, |n| n.rooms[member].has_ended());
        }
        let agreed = |n: &Network| n.count(0, |it| matches!(it, Event::Agreeing { .. }));
        let is_alone = |it: &Event| matches!(it, Event::Secure { roster, .. } if roster.len() == 1);
        network.run_until(60, |n| n.count(0, is_alone) == 1);
        let before = agreed(&network);
        network.run_for(120);
        assert_eq!(agreed(&network), before, "seed {seed}");
    }
}

/// Whose last packet is lost has left all the same: it has no keys by then, and says nothing a second time.
#[test]
fn who_has_said_goodbye_and_is_not_heard_to_close_is_gone() {
    for seed in 0..4 {
        let mut network = Network::new(3, seed).until_secure();
        network.leave(2);
        let leaving = network.keys[2];
        let is_leaving = |it: &Event| *it == Event::Leaving { member: leaving };
        network.run_until(10, |n| {
            (0..2).all(|member| n.count(member, is_leaving) == 1)
        });
        network.kill(2);
        let is_gone = |it: &Event| *it == Event::LeftOut { member: leaving };
        network.run_until(60, |n| (0..2).all(|member| n.count(member, is_gone) == 1));
    }
}

/// The end of an epoch comes before the last word in it is delivered where keys change while a member leaves.
#[test]
fn who_leaves_while_keys_change_is_told_to_have_left() {
    for seed in 0..4 {
        for later in [0, 20, 40, 80, 160, 320] {
            let mut network = Network::new(3, seed).until_secure();
            network.run_for(5);
            network.rooms[0].refresh(network.now);
            network.collect(0);
            network.run_for_millis(later);
            network.leave(2);
            let leaving = network.keys[2];
            let is_out = |it: &Event| *it == Event::LeftOut { member: leaving };
            network.run_until(60, |n| (0..2).all(|member| n.count(member, is_out) == 1));
            let has_left = |it: &Event| *it == Event::Left { member: leaving };
            for member in 0..2 {
                let told = network.count(member, has_left);
                assert_eq!(told, 1, "{seed} {later}: {}", network.history());
            }
        }
    }
}
