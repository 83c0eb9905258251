//! From one epoch to the next.

use std::collections::BTreeSet;

use mpotr_core::crypto::IdentityKeyPair;
use mpotr_core::gka::{RoomId, Sid};
use mpotr_core::wire::{Advert, EpochName, Packet, Request, Wanted};
use mpotr_core::{Admission, Duration, Event, RoomConfig, Rule, Timers};
use mpotr_netem::Weather;

use crate::network::{FOUL, Network, Suite};

/// The roster of a member's present epoch, as members of the network.
fn roster(network: &Network, member: usize) -> BTreeSet<usize> {
    let last = network.events[member]
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::Secure { roster, .. } => Some(roster),
            _ => None,
        });
    let index = |identity| {
        network
            .keys
            .iter()
            .position(|key| *key == identity)
            .unwrap()
    };
    last.into_iter()
        .flatten()
        .map(|member| index(member.identity))
        .collect()
}

fn sid(network: &Network, member: usize) -> Option<Sid> {
    network.events[member]
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::Secure { sid, .. } => Some(*sid),
            _ => None,
        })
}

/// All of these are in one epoch of exactly these.
fn together(network: &Network, members: &[usize]) -> bool {
    let expected: BTreeSet<_> = members.iter().copied().collect();
    let sids: BTreeSet<_> = members.iter().map(|member| sid(network, *member)).collect();
    sids.len() == 1
        && members.iter().all(|member| {
            network.rooms[*member].is_secure() && roster(network, *member) == expected
        })
}

fn epochs(network: &Network, member: usize) -> usize {
    network.count(member, |event| matches!(event, Event::Secure { .. }))
}

#[test]
fn a_newcomer_joins_and_reads_what_is_said_from_then_on() {
    let mut network = Network::new(3, 1).until_secure();
    network.send(0, "before");
    network.run_for(20);
    let late = network.enter(|_| {});
    network.run_until(60, |n| together(n, &[0, 1, 2, 3]));
    network.send(1, "after");
    network.run_until(20, |n| n.read(late) == ["after"]);
    let claimed = network.keys[late];
    let place = |event| network.events[0].iter().position(|other| *other == event);
    let joining = place(Event::Joining { claimed });
    assert!(joining.is_some() && joining < place(Event::Joined { member: claimed }));
    assert_eq!(
        network.count(late, |event| matches!(event, Event::Joined { .. })),
        0
    );
    assert_eq!(network.read(0), ["before", "after"]);
}

#[test]
fn several_newcomers_join_in_one_epoch() {
    let mut network = Network::new(2, 1).until_secure();
    for _ in 0..5 {
        network.enter(|_| {});
    }
    network.run_until(60, |n| together(n, &[0, 1, 2, 3, 4, 5, 6]));
    assert!(epochs(&network, 0) <= 3, "{}", epochs(&network, 0));
}

#[test]
fn who_has_left_is_out_of_the_next_epoch() {
    let mut network = Network::new(3, 1).until_secure();
    network.leave(2);
    network.run_until(60, |n| together(n, &[0, 1]));
    let member = network.keys[2];
    let told = network.events[0].iter().filter(|event| {
        matches!(
            event,
            Event::Leaving { .. } | Event::Left { .. } | Event::LeftOut { .. }
        )
    });
    // That it has left, and only later that it can read nothing more.
    let left = [
        Event::Leaving { member },
        Event::Left { member },
        Event::LeftOut { member },
    ];
    assert_eq!(told.cloned().collect::<Vec<_>>(), left);
    network.send(0, "the two of us");
    network.run_until(20, |n| n.read(1) == ["the two of us"]);
}

#[test]
fn whoever_is_excluded_reads_nothing_more() {
    let mut network = Network::new(4, 1).until_secure();
    let now = network.now;
    let mallory = network.keys[3];
    network.rooms[1].exclude(now, mallory).unwrap();
    network.collect(1);
    network.run_until(60, |n| together(n, &[0, 1, 2]));
    network.send(0, "between us");
    network.run_until(20, |n| n.read(2) == ["between us"]);
    network.run_for(60);
    assert!(network.read(3).is_empty());
    assert_eq!(network.count(3, |event| *event == Event::Removed), 1);
    assert!(together(&network, &[0, 1, 2]));
}

#[test]
fn whoever_was_voted_out_is_not_let_in_again_until_somebody_wants_it() {
    let mut network = Network::new(3, 1).until_secure();
    let person = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let again = IdentityKeyPair::from_secret::<Suite>(person.secret()).unwrap();
    let mallory = person.public();
    let config = || {
        let mut config = RoomConfig::new(RoomId::of_name::<Suite>("test"), Admission::Open);
        config.timers = Timers::RELAY;
        config
    };
    network.enter_as(person, config());
    network.run_until(60, |n| together(n, &[0, 1, 2, 3]));
    let now = network.now;
    network.rooms[0].exclude(now, mallory).unwrap();
    network.collect(0);
    network.run_until(60, |n| together(n, &[0, 1, 2]));
    network.kill(3);
    let back = network.enter_as(again, config());
    network.run_for(60);
    assert!(!network.rooms[back].is_secure());
    for member in 0..3 {
        let now = network.now;
        network.rooms[member].admit(now, mallory).unwrap();
        network.collect(member);
    }
    network.run_until(120, |n| n.rooms[back].is_secure());
}

#[test]
fn a_newcomer_that_stalls_does_not_keep_the_others_busy() {
    let mut network = Network::with(3, 1, |config| {
        config.members = Some(3);
        config.timers.refresh = Duration::from_secs(1_000_000);
    });
    network = network.until_secure();
    network.enter(|_| {});
    // It knocks and answers, and takes part in nothing.
    network.tamper = Some(Box::new(|from, _, packet| {
        let is_round = matches!(packet[1], 3 | 4);
        (from != 3 || !is_round).then(|| packet.to_vec())
    }));
    network.run_for(3600);
    let failed = |event: &Event| matches!(event, Event::AgreementFailed { .. });
    // Each costs them as long as an answer takes.
    assert!(
        network.count(0, failed) <= 60,
        "{}",
        network.count(0, failed)
    );
    network.send(0, "undisturbed");
    network.run_until(100, |n| n.read(2) == ["undisturbed"]);
}

#[test]
fn proposals_of_strangers_do_not_crowd_out_the_real_one() {
    let mut network = Network::new(3, 1).until_secure();
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_for_millis(20);
    // An outsider names the epoch, which stands in every offer, and signs with nothing.
    let epoch = network.events[0].iter().find_map(|event| match event {
        Event::Secure { name, .. } => Some(*name),
        _ => None,
    });
    let original =
        network
            .wire
            .iter()
            .find_map(|(_, packet)| match Packet::from_bytes(packet).unwrap() {
                Packet::Proposal(proposal) => Some(proposal),
                _ => None,
            });
    let mut forged = original.unwrap();
    assert!(epoch.is_some());
    forged.parent = epoch;
    for n in 1..=50 {
        forged.name = EpochName::new([n; 16]);
        for member in 0..3 {
            let now = network.now;
            let packet = Packet::Proposal(forged.clone()).to_bytes();
            let _any = network.rooms[member].handle_message(now, &packet, &mut network.rng);
            network.collect(member);
        }
        network.run_for_millis(1);
    }
    network.run_until(30, |n| (0..3).all(|m| epochs(n, m) == 2));
}

#[test]
fn adverts_of_strangers_do_not_disturb_a_change() {
    let mut network = Network::new(3, 1).until_secure();
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    let room = RoomId::of_name::<Suite>("test");
    for n in 0..100 {
        let advert = Advert {
            room,
            name: EpochName::new([n + 1; 16]),
            members: 4096,
            earlier: Vec::new(),
        };
        for member in 0..3 {
            let now = network.now;
            let packet = Packet::Advert(advert.clone()).to_bytes();
            let _any = network.rooms[member].handle_message(now, &packet, &mut network.rng);
            network.collect(member);
        }
        network.run_for_millis(1);
    }
    network.run_until(30, |n| (0..3).all(|m| epochs(n, m) == 2));
}

#[test]
fn requests_of_strangers_are_answered_once_in_a_while() {
    let mut network = Network::new(3, 1);
    network.run_for_millis(6);
    let digest =
        network
            .wire
            .iter()
            .find_map(|(_, packet)| match Packet::from_bytes(packet).unwrap() {
                Packet::Offer(offer) => Some(offer.digest::<Suite>()),
                _ => None,
            });
    let room = RoomId::of_name::<Suite>("test");
    let request = Request {
        room,
        wanted: Wanted::Offers(vec![digest.unwrap()]),
    };
    let packet = Packet::Request(request).to_bytes();
    let before = network.wire.len();
    for _ in 0..100 {
        let now = network.now;
        network.rooms[0]
            .handle_message(now, &packet, &mut network.rng)
            .unwrap();
        network.collect(0);
    }
    assert_eq!(network.wire.len(), before + 1);
}

#[test]
fn without_the_votes_nobody_is_excluded() {
    let mut network = Network::with(4, 1, |config| {
        config.members = Some(4);
        config.policy.exclude = Rule::Quorum(2.try_into().unwrap());
    });
    network = network.until_secure();
    let mallory = network.keys[3];
    for (voter, expected) in [(0, 4), (1, 3)] {
        let now = network.now;
        network.rooms[voter].exclude(now, mallory).unwrap();
        network.collect(voter);
        network.run_for(90);
        assert_eq!(roster(&network, 0).len(), expected);
    }
}

#[test]
fn a_refresh_gives_fresh_keys_to_the_same_members() {
    let mut network = Network::new(3, 1).until_secure();
    let before = network.rooms[0].export(b"").unwrap();
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_until(60, |n| (0..3).all(|m| epochs(n, m) == 2));
    assert!(together(&network, &[0, 1, 2]));
    assert_ne!(network.rooms[0].export(b"").unwrap(), before);
}

#[test]
fn keys_are_refreshed_after_so_many_messages() {
    let mut network = Network::with(3, 1, |config| {
        config.members = Some(3);
        config.refresh_messages = 10;
    });
    network = network.until_secure();
    for n in 0..10 {
        network.send(n % 3, "again");
        network.run_for(1);
    }
    network.run_until(60, |n| (0..3).all(|m| epochs(n, m) == 2));
    assert!((0..3).all(|member| network.read(member).len() == 10));
}

#[test]
fn a_member_that_dies_is_left_out() {
    let mut network = Network::new(4, 1).until_secure();
    network.kill(2);
    network.send(0, "are all of you there?");
    network.run_until(300, |n| together(n, &[0, 1, 3]));
    assert!(
        [0, 1, 3]
            .iter()
            .all(|member| network.read(*member).len() == 1)
    );
}

#[test]
fn a_member_that_dies_in_a_change_delays_the_others_for_a_bounded_time() {
    for step in 1..8 {
        let mut network = Network::new(4, 1).until_secure();
        let now = network.now;
        network.rooms[0].refresh(now);
        network.collect(0);
        for _ in 0..step {
            network.run_for_millis(4);
        }
        network.kill(3);
        network.run_until(400, |n| together(n, &[0, 1, 2]));
    }
}

#[test]
fn messages_typed_during_a_change_are_lost_by_nobody() {
    for seed in 0..10 {
        let mut network = Network::new(4, seed).until_secure();
        let now = network.now;
        network.rooms[0].refresh(now);
        network.collect(0);
        for n in 0..40 {
            network.send(n % 4, &n.to_string());
            network.run_for_millis(7);
        }
        network.run_until(100, |n| {
            (0..4).all(|m| n.read(m).len() == 40 && epochs(n, m) == 2)
        });
        assert!(together(&network, &[0, 1, 2, 3]));
    }
}

#[test]
fn changes_in_foul_weather() {
    for seed in 0..10 {
        let mut network = Network::new(4, seed);
        network.set_weather(FOUL);
        network = network.until_secure();
        let now = network.now;
        network.rooms[1].refresh(now);
        network.collect(1);
        for n in 0..20 {
            network.send(n % 4, &n.to_string());
            network.run_for_millis(300);
        }
        let late = network.enter(|_| {});
        network.run_until(600, |n| together(n, &[0, 1, 2, 3, late]));
        network.run_until(300, |n| (0..4).all(|m| n.read(m).len() == 20));
    }
}

#[test]
fn join_during_join_and_leave_during_join() {
    for seed in 0..5 {
        let mut network = Network::new(3, seed).until_secure();
        network.enter(|_| {});
        network.run_for_millis(1020);
        network.enter(|_| {});
        network.leave(1);
        network.run_until(200, |n| together(n, &[0, 2, 3, 4]));
    }
}

#[test]
fn a_member_that_was_cut_off_comes_back() {
    let mut network = Network::new(4, 1).until_secure();
    network.tamper = Some(Box::new(|from, to, packet| {
        (from != 3 && to != 3).then(|| packet.to_vec())
    }));
    network.send(0, "hello?");
    network.run_until(300, |n| together(n, &[0, 1, 2]));
    network.tamper = None;
    network.send(3, "I am back");
    network.run_until(600, |n| together(n, &[0, 1, 2, 3]));
}

#[test]
fn whoever_is_left_behind_sees_no_fork_in_what_the_others_took_along() {
    let mut network = Network::new(4, 1).until_secure();
    // It hears the others, and they do not hear it.
    network.tamper = Some(Box::new(|from, _, packet| {
        (from != 3).then(|| packet.to_vec())
    }));
    network.send(3, "does nobody hear me?");
    for text in ["hello?", "are you there?", "well then"] {
        network.send(0, text);
        network.run_for(1);
    }
    network.run_until(300, |n| together(n, &[0, 1, 2]));
    network.tamper = None;
    network.run_until(600, |n| together(n, &[0, 1, 2, 3]));
    let fork = |event: &Event| matches!(event, Event::Fork { .. });
    assert!((0..4).all(|member| network.count(member, fork) == 0));
}

#[test]
fn a_newcomer_between_two_rooms_gets_into_one() {
    let mut network = Network::with(5, 1, |_| {});
    let side = |member: usize| (member < 2, member < 5);
    network.tamper = Some(Box::new(move |from, to, packet| {
        // Those who come later reach everyone.
        let reach = side(from) == side(to) || from >= 5 || to >= 5;
        reach.then(|| packet.to_vec())
    }));
    network.run_until(120, |n| together(n, &[0, 1]) && together(n, &[2, 3, 4]));
    let late = network.enter(|_| {});
    network.run_until(120, |n| n.rooms[late].is_secure());
}

#[test]
fn nobody_is_held_for_silent_because_a_view_was_long() {
    for seed in 0..10 {
        let mut network = Network::with(3, seed, |config| {
            config.members = Some(3);
            // Longer than silence may last.
            config.timers.view = Duration::from_secs(20);
        });
        network = network.until_secure();
        network.set_weather(Weather::fair(50).jitter(100));
        // The first view fails.
        network.tamper = Some(Box::new(|_, _, packet| {
            (packet[1] != 3).then(|| packet.to_vec())
        }));
        let now = network.now;
        network.rooms[0].refresh(now);
        network.collect(0);
        network.run_for(21);
        network.tamper = None;
        network.run_until(30, |n| (0..3).all(|m| epochs(n, m) == 2));
        assert!(together(&network, &[0, 1, 2]));
    }
}

#[test]
fn whoever_leaves_or_is_voted_out_the_others_go_on_without_waiting_for_its_turn() {
    for (gone, is_voted_out) in (0..4).flat_map(|gone| [(gone, false), (gone, true)]) {
        let mut network = Network::with(4, 1, |config| {
            config.members = Some(4);
            config.timers = Timers::RELAY;
        })
        .until_secure();
        network.run_for(5);
        let now = network.now;
        let stays = (gone + 1) % 4;
        if is_voted_out {
            let whom = network.keys[gone];
            network.rooms[stays].exclude(now, whom).unwrap();
            network.collect(stays);
        } else {
            network.rooms[gone].leave(now);
            network.collect(gone);
        }
        let staying: BTreeSet<_> = (0..4).filter(|member| *member != gone).collect();
        // `suspect` is 15 s.
        network.run_until(10, |network| {
            staying
                .iter()
                .all(|member| roster(network, *member) == staying)
        });
    }
}
