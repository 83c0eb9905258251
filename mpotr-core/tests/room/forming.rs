//! How a room becomes secure.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::crypto::IdentityKeyPair;
use mpotr_core::gka::{FaultKind, RoomId};
use mpotr_core::wire::Packet;
use mpotr_core::{Admission, Duration, Event, Room, RoomConfig, Seen, Timers};
use mpotr_netem::Weather;

use crate::network::{FOUL, Network, Suite};

fn secure(events: &[Event]) -> Vec<&Event> {
    events
        .iter()
        .filter(|event| matches!(event, Event::Secure { .. }))
        .collect()
}

fn assert_same_epoch(network: &Network, members: usize) {
    let mut sids = BTreeSet::new();
    for (index, events) in network.events.iter().enumerate() {
        let [Event::Secure { sid, roster, .. }] = secure(events)[..] else {
            panic!("member {index}: {events:?}")
        };
        sids.insert(*sid);
        assert_eq!(roster.len(), members);
        let me: Vec<_> = roster
            .iter()
            .filter(|m| m.is_me)
            .map(|m| m.identity)
            .collect();
        assert_eq!(me, [network.keys[index]]);
        let everyone: BTreeSet<_> = roster.iter().map(|m| m.identity).collect();
        assert_eq!(everyone, network.keys.iter().copied().collect());
    }
    assert_eq!(sids.len(), 1);
    let exported: BTreeSet<_> = network
        .rooms
        .iter()
        .map(|room| *room.export(b"test").unwrap().expose())
        .collect();
    assert_eq!(exported.len(), 1);
}

#[test]
fn members_who_wait_for_a_number_form_one_epoch() {
    for members in [2, 3, 5, 16] {
        let network = Network::new(members, 1).until_secure();
        assert_same_epoch(&network, members);
    }
}

#[test]
fn without_a_number_whoever_has_gathered_forms_the_epoch() {
    let network = Network::with(4, 1, |_| {}).until_secure();
    assert_same_epoch(&network, 4);
}

#[test]
fn an_epoch_forms_in_foul_weather() {
    for seed in 0..20 {
        let mut network = Network::new(4, seed);
        network.set_weather(FOUL);
        network = network.until_secure();
        assert_same_epoch(&network, 4);
    }
}

#[test]
fn a_member_whom_nobody_admits_stays_outside() {
    let mut network = Network::with(2, 1, |config| config.members = Some(2));
    let admitted: BTreeSet<_> = network.keys.iter().copied().collect();
    let mut network2 = Network::with(0, 1, |_| {});
    std::mem::swap(&mut network, &mut network2);
    // The same two identities again: the generator is seeded alike.
    for _ in 0..2 {
        let admitted = admitted.clone();
        network.enter(move |config| {
            config.members = Some(2);
            config.admission = Admission::Ask(admitted.clone());
        });
    }
    let stranger = network.enter(|config| config.members = Some(2));
    network.run_until(120, |n| n.rooms[..2].iter().all(Room::is_secure));
    assert!(!network.rooms[stranger].is_secure());
}

/// People with identities of their own, before any of them has entered.
fn people(network: &mut Network, count: usize) -> Vec<IdentityKeyPair> {
    (0..count)
        .map(|_| IdentityKeyPair::random::<Suite>(&mut network.rng))
        .collect()
}

fn only(people: &[IdentityKeyPair]) -> RoomConfig {
    let keys = people.iter().map(IdentityKeyPair::public).collect();
    RoomConfig::new(RoomId::of_name::<Suite>("test"), Admission::Only(keys))
}

#[test]
fn those_who_expect_one_another_form_one_epoch_with_all_of_them() {
    let mut network = Network::with(0, 1, |_| {});
    let people = people(&mut network, 4);
    let config = only(&people);
    for person in people {
        network.enter_as(person, config.clone());
    }
    assert_same_epoch(&network.until_secure(), 4);
}

#[test]
fn a_text_for_certain_people_waits_until_all_of_them_are_in() {
    let mut network = Network::with(0, 1, |_| {});
    let mut people = people(&mut network, 4);
    let stranger = people.pop().unwrap();
    let config = only(&people);
    let mut enter = |network: &mut Network| {
        let person = people.pop().unwrap();
        network.enter_as(person, config.clone())
    };
    let (alice, bob) = (enter(&mut network), enter(&mut network));
    let open = RoomConfig::new(RoomId::of_name::<Suite>("test"), Admission::Open);
    let stranger = network.enter_as(stranger, open);
    let now = network.now;
    network.rooms[alice]
        .send(now, b"for three".to_vec(), Seen::Expected)
        .unwrap();
    network.run_for(120);
    assert!(network.rooms.iter().all(|room| !room.is_secure()));

    let carol = enter(&mut network);
    let read = |event: &Event| matches!(event, Event::Message { .. });
    network.run_until(120, |n| {
        n.count(bob, read) == 1 && n.count(carol, read) == 1
    });
    let Some(Event::Secure { roster, .. }) = secure(&network.events[alice]).pop() else {
        panic!("{:?}", network.events[alice])
    };
    assert_eq!(roster.len(), 3);
    assert_eq!(network.count(stranger, read), 0);
}

#[test]
fn who_is_asked_about_newcomers_is_seen_by_them_at_once() {
    let mut network = Network::with(0, 1, |_| {});
    for _ in 0..2 {
        network.enter(|config| config.admission = Admission::Ask(BTreeSet::new()));
        network.run_for(3);
    }
    let sees = |event: &Event| matches!(event, Event::WantsIn { .. });
    assert_eq!([0, 1].map(|member| network.count(member, sees)), [1, 1]);
}

#[test]
fn a_newcomer_enters_no_epoch_that_lacks_somebody_it_expects() {
    let mut network = Network::with(2, 1, |_| {}).until_secure();
    let mut people = people(&mut network, 2);
    let (missing, newcomer) = (people.pop().unwrap(), people.pop().unwrap());
    let mut expected = network.keys.clone();
    expected.push(missing.public());
    let config = |admission| RoomConfig {
        follow_policy: true,
        ..RoomConfig::new(RoomId::of_name::<Suite>("test"), admission)
    };
    let strict = config(Admission::Only(expected.into_iter().collect()));
    let newcomer = network.enter_as(newcomer, strict);
    network.run_for(120);
    assert!(!network.rooms[newcomer].is_secure());

    network.enter_as(missing, config(Admission::Open));
    network.run_until(600, |n| n.rooms[newcomer].is_secure());
}

#[test]
fn a_member_that_falls_silent_after_its_offer_is_left_out() {
    let mut network = Network::with(4, 3, |_| {});
    let mute = 3;
    network.tamper = Some(Box::new(move |from, _, packet| {
        let is_offer = packet.get(1) == Some(&1);
        (from != mute || is_offer).then(|| packet.to_vec())
    }));
    network.run_until(120, |n| n.rooms[..3].iter().all(Room::is_secure));
    let failed = |event: &Event| matches!(event, Event::AgreementFailed { fault: None, .. });
    assert!((0..3).all(|member| network.count(member, failed) > 0));
}

#[test]
fn a_confirmation_that_is_lost_is_sent_again() {
    let mut network = Network::new(3, 1);
    let mut lost = 0;
    network.tamper = Some(Box::new(move |_, to, packet| {
        let drop = to == 2 && packet.get(1) == Some(&4) && lost < 4;
        lost += usize::from(drop);
        (!drop).then(|| packet.to_vec())
    }));
    assert_same_epoch(&network.until_secure(), 3);
}

#[test]
fn a_broken_contribution_is_as_good_as_lost_and_blames_nobody() {
    let mut network = Network::new(3, 1);
    let mut broken = 0;
    network.tamper = Some(Box::new(move |from, _, packet| {
        let mut packet = packet.to_vec();
        if from == 1 && packet.get(1) == Some(&3) && broken < 2 {
            broken += 1;
            // Inside X: what the sender signed was something else.
            packet[20] ^= 1;
        }
        Some(packet)
    }));
    let network = network.until_secure();
    assert_same_epoch(&network, 3);
    let failed = |event: &Event| matches!(event, Event::AgreementFailed { .. });
    assert!((0..3).all(|member| network.count(member, failed) == 0));
}

#[test]
fn whoever_signs_two_contributions_is_named_and_left_out() {
    use mpotr_core::wire::Packet;
    // Two runs of the same member with other randomness would need its secrets: here the second is one that it signed in
    // an earlier view, which is no contribution of this run, so it counts for nothing.
    let mut network = Network::new(3, 1);
    let mut first = None;
    network.tamper = Some(Box::new(move |from, _, packet| {
        if from == 1 && matches!(Packet::from_bytes(packet), Ok(Packet::Contribution(..))) {
            first.get_or_insert_with(|| packet.to_vec());
        }
        Some(packet.to_vec())
    }));
    let network = network.until_secure();
    let equivocated = |event: &Event| {
        matches!(
            event,
            Event::AgreementFailed {
                fault: Some(FaultKind::Equivocation),
                ..
            }
        )
    };
    assert!((0..3).all(|member| network.count(member, equivocated) == 0));
}

#[test]
fn members_that_propose_at_once_do_not_do_so_again_and_again() {
    for seed in 0..30 {
        let mut network = Network::new(0, seed);
        // Slower than members wait for one another's offers.
        network.set_weather(Weather::fair(60).jitter(200));
        for _ in 0..3 {
            network.enter(|config| {
                config.members = Some(3);
                config.timers = Timers::LOOPBACK;
            });
        }
        assert_same_epoch(&network.until_secure(), 3);
    }
}

#[test]
fn a_packet_of_a_run_that_is_over_is_no_reason_to_send_another() {
    let mut network = Network::new(3, 1).until_secure();
    let is_confirmation = |packet: &[u8]| packet[1] == 4;
    let (_, old) = network
        .wire
        .iter()
        .find(|(from, packet)| *from == 1 && is_confirmation(packet))
        .unwrap();
    let old = old.clone();
    // An outsider sends again what member 1 sent in the run. Who needs anything asks for it.
    let before = network.wire.len();
    network.broadcast(1, &old);
    network.run_for(50);
    let answers = network.wire[before + 1..]
        .iter()
        .filter(|(_, packet)| is_confirmation(packet))
        .count();
    assert_eq!(answers, 0);
}

#[test]
fn two_who_missed_one_another_try_again() {
    let mut network = Network::with(2, 1, |_| {});
    // No contribution arrives, until each has found the other silent.
    network.tamper = Some(Box::new(|_, _, packet| {
        (packet[1] != 3).then(|| packet.to_vec())
    }));
    let failed = |event: &Event| matches!(event, Event::AgreementFailed { .. });
    network.run_until(60, |n| (0..2).all(|member| n.count(member, failed) > 0));
    network.tamper = None;
    assert_same_epoch(&network.until_secure(), 2);
}

#[test]
fn a_newcomer_catches_up_with_the_views_in_which_others_have_failed() {
    let mut network = Network::with(2, 1, |_| {});
    network.tamper = Some(Box::new(|from, _, packet| {
        (from != 1 || packet[1] != 3).then(|| packet.to_vec())
    }));
    let failed = |event: &Event| matches!(event, Event::AgreementFailed { .. });
    network.run_until(1000, |n| n.count(0, failed) >= 12);
    network.kill(1);
    let late = network.enter(|_| {});
    network.run_until(300, |n| n.rooms[0].is_secure() && n.rooms[late].is_secure());
}

/// The second whose turn it is proposes, since it has heard nothing of the first one's proposal, and holds its own back: when the
/// first one's comes, it takes part in that, and no run fails.
#[test]
fn proposer_yields_to_better_proposal() {
    let mut network = Network::with(3, 2, |config| {
        config.members = Some(3);
        config.timers.propose = Duration::from_secs(2);
    });
    let makers: Rc<RefCell<Vec<usize>>> = Rc::default();
    let seen = Rc::clone(&makers);
    network.tamper = Some(Box::new(move |from, _, packet| {
        let mut seen = seen.borrow_mut();
        let is_proposal = match Packet::from_bytes(packet) {
            Ok(Packet::Proposal(_)) => true,
            Ok(Packet::Contribution(..)) => false,
            Ok(_) | Err(_) => return Some(packet.to_vec()),
        };
        if is_proposal && !seen.contains(&from) {
            seen.push(from);
        }
        // Nothing of the first before the second has proposed, and never the second's proposal.
        let is_first = seen.first() == Some(&from);
        let is_heard = seen.len() > 1 && is_first || !is_first && !is_proposal;
        is_heard.then(|| packet.to_vec())
    }));
    network.run_until(60, |n| n.rooms.iter().all(Room::is_secure));
    assert!(makers.borrow().len() == 2);
    for member in 0..3 {
        let failed = |event: &Event| matches!(event, Event::AgreementFailed { .. });
        assert_eq!(network.count(member, failed), 0);
    }
}

/// Who made a proposal, and the packet.
type Made = (usize, Vec<u8>);

/// The proposal of the second comes to the third before that of the first: the third waits for as long as that may take, for an
/// offer serves one run alone.
#[test]
fn who_hears_a_proposal_gives_a_better_one_the_time_to_come() {
    let mut network = Network::with(3, 2, |config| {
        config.members = Some(3);
        config.timers.propose = Duration::from_secs(2);
        config.timers.view = Duration::from_secs(20);
    });
    let makers: Rc<RefCell<Vec<Made>>> = Rc::default();
    let seen = Rc::clone(&makers);
    network.tamper = Some(Box::new(move |from, _, packet| {
        let mut seen = seen.borrow_mut();
        match Packet::from_bytes(packet) {
            Ok(Packet::Proposal(_)) if seen.iter().all(|(maker, _)| *maker != from) => {
                seen.push((from, packet.to_vec()));
            }
            Ok(Packet::Proposal(_) | Packet::Contribution(..)) => {}
            Ok(_) | Err(_) => return Some(packet.to_vec()),
        }
        // Nothing of the first before the second has proposed.
        let is_first = seen.first().is_some_and(|(maker, _)| *maker == from);
        (seen.len() > 1 || !is_first).then(|| packet.to_vec())
    }));
    network.run_until(60, |_| makers.borrow().len() == 2);
    let (maker, proposal) = makers.borrow()[0].clone();
    network.broadcast(maker, &proposal);
    network.run_until(60, |n| n.rooms.iter().all(Room::is_secure));
    for member in 0..3 {
        let failed = |event: &Event| matches!(event, Event::AgreementFailed { .. });
        assert_eq!(network.count(member, failed), 0, "{member} of {maker}");
    }
}

/// Two who wait for a third have nothing to say to each other that they have not said, however long they wait.
#[test]
fn who_waits_for_one_more_says_little() {
    for members in [2, 3, 6] {
        let mut network = Network::with(members, 1, |config| config.members = Some(members + 1));
        network.run_for(120);
        for minute in 3..10 {
            let before = network.raw.len();
            network.run_for(60);
            let said = network.raw.len() - before;
            assert!(
                said <= 30 * members,
                "{said} packets of {members} in minute {minute}"
            );
        }
        // The last one comes, and all is as it would have been.
        network.enter(|config| config.members = Some(members + 1));
        network.run_until(60, |n| n.rooms.iter().all(Room::is_secure));
    }
}

/// Three who expect one another, the last of whom keeps other rules; who that is, and with which rules it begins again.
fn with_other_rules(seed: u64) -> (Network, IdentityKeyPair, RoomConfig) {
    let mut network = Network::with(0, seed, |_| {});
    let mut people = people(&mut network, 3);
    let config = only(&people);
    let last = people.pop().unwrap();
    let again = IdentityKeyPair::from_secret::<Suite>(last.secret()).unwrap();
    for person in people {
        network.enter_as(person, config.clone());
    }
    let mut others = config.clone();
    others.policy.evidence = true;
    network.enter_as(last, others);
    (network, again, config)
}

/// Nobody waits for one that keeps other rules, however long it does: when it has begun again, all are there at once.
#[test]
fn who_begins_again_with_the_rules_of_the_others_is_in_as_soon_as_who_comes_first() {
    for seconds in [10, 60, 300] {
        for seed in 0..8 {
            let (mut network, again, config) = with_other_rules(seed);
            network.run_for(seconds);
            network.kill(2);
            let back = network.enter_as(again, config);
            network.run_until(1, |network| {
                [0, 1, back].iter().all(|it| network.rooms[*it].is_secure())
            });
        }
    }
}

/// As long as rules differ, each says with each offer which it keeps, and no run is begun for nothing.
#[test]
fn those_whose_rules_differ_say_little_and_begin_no_run() {
    for seed in 0..4 {
        let (mut network, ..) = with_other_rules(seed);
        network.run_for(10);
        let before = network.wire.len();
        network.run_for(300);
        let sent = &network.wire[before..];
        let is_of_run = |(_, packet): &&(usize, Vec<u8>)| {
            matches!(Packet::from_bytes(packet), Ok(Packet::Contribution(..)))
        };
        assert_eq!(sent.iter().filter(is_of_run).count(), 0, "{seed}");
        assert!(sent.len() < 500, "{seed}: {}", sent.len());
    }
}
