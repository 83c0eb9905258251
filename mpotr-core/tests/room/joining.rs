//! Newcomers that come into a room by light runs.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::crypto::IdentityKeyPair;
#[cfg(feature = "insider")]
use mpotr_core::gka::MemberIndex;
use mpotr_core::gka::light::{ChangeKind, Handle, OwnHello};
use mpotr_core::gka::{EpochName, OwnChallenge, RoomId};
use mpotr_core::wire::{Advert, LightPacket, LightStep, Packet, PacketKind};
use mpotr_core::{Duration, Event, Rejection, Rekey, RoomConfig, Vote};
use mpotr_netem::Weather;

use crate::light::{are_in, epochs, is_one_run_of_four, light, sent, steps, talk};
use crate::network::{FAIR, Network, Suite, epoch_of, first_proposer};

/// All of these are in one epoch.
fn together(network: &Network, members: &[usize]) -> bool {
    let sids: BTreeSet<_> = members
        .iter()
        .map(|it| {
            let events = network.events[*it].iter().rev();
            let mut secure = events.filter_map(|event| match event {
                Event::Secure { sid, roster, .. } => Some((*sid, roster.len())),
                _ => None,
            });
            secure.next()
        })
        .collect();
    sids.len() == 1
        && sids
            .iter()
            .all(|it| it.is_some_and(|(_, size)| size == members.len()))
}

fn newcomer(network: &mut Network) -> usize {
    network.enter(|config| config.members = None)
}

#[test]
fn a_newcomer_comes_in_by_a_light_run() {
    let mut network = light(4, 1);
    talk(&mut network, &[0, 1, 2, 3], "before");
    network.run_for(30);
    let since = network.wire.len();
    let newcomer = newcomer(&mut network);
    network.run_until(60, |network| together(network, &[0, 1, 2, 3, 4]));
    is_one_run_of_four(&network, since);
    assert_eq!(sent(&network, since, PacketKind::Answer), 0);
    for kind in [
        PacketKind::JoinRequest,
        PacketKind::Welcome,
        PacketKind::Ready,
    ] {
        assert_eq!(sent(&network, since, kind), 1, "{kind:?}");
    }
    assert_eq!(epochs(&network, newcomer), 1);
    talk(&mut network, &[0, 1, 2, 3, 4], "after");
    assert!(!are_in(&network, &[0], 3));
}

#[test]
fn a_newcomer_comes_in_by_a_full_run_where_the_policy_asks_for_that() {
    let mut network = Network::full(3, 1).until_secure();
    network.run_for(20);
    let since = network.wire.len();
    let late = network.enter(|config| config.policy.rekey = Rekey::Full);
    network.run_until(120, |network| together(network, &[0, 1, 2, late]));
    assert_eq!(steps(&network, since), []);
    for kind in [
        PacketKind::JoinRequest,
        PacketKind::Welcome,
        PacketKind::Ready,
    ] {
        assert_eq!(sent(&network, since, kind), 0, "{kind:?}");
    }
    talk(&mut network, &[0, 1, 2, late], "after");
}

#[test]
fn several_join_at_once() {
    for seed in 0..4 {
        let mut network = light(3, seed);
        network.run_for(20);
        let newcomers: Vec<_> = (0..3).map(|_| newcomer(&mut network)).collect();
        let all: Vec<_> = (0..3).chain(newcomers).collect();
        network.run_until(60, |network| together(network, &all));
        assert!(epochs(&network, 0) <= 3, "{}", epochs(&network, 0));
        talk(&mut network, &all, "after");
    }
}

#[test]
fn newcomers_come_in_through_foul_weather() {
    for seed in 0..4 {
        let mut network = light(4, seed);
        network.set_weather(crate::network::FOUL);
        let late = newcomer(&mut network);
        network.run_until(600, |network| together(network, &[0, 1, 2, 3, late]));
        talk(&mut network, &[0, 1, 2, 3, late], "after");
    }
}

/// On a carrier that takes minutes for what one that comes takes to last a moment, it waits for those who let it in as long as these
/// took to tell it who is there, several times; and when it is in, it has a measure of how long they take to answer.
#[test]
fn on_a_carrier_far_slower_than_taken_a_newcomer_comes_in_by_one_run_and_leaves_nobody_out() {
    for seed in [1, 2, 6, 8] {
        let mut network = Network::new(4, seed);
        network.set_weather(FAIR.latency(60_000).jitter(60_000));
        network.run_until(1200, |network| together(network, &[0, 1, 2, 3]));
        network.run_for(1200);
        let since = network.wire.len();
        let late = newcomer(&mut network);
        network.run_until(1260, |network| together(network, &[0, 1, 2, 3, late]));
        assert_eq!(listings(&network, since), 1, "{seed}");
        network.run_for(3000);
        assert_eq!(sent(&network, since, PacketKind::Contribution), 0, "{seed}");
        for member in [0, 1, 2, 3, late] {
            let out = network.count(member, |it| matches!(it, Event::LeftOut { .. }));
            assert_eq!(out, 0, "{seed}: {member}");
        }
        assert!(together(&network, &[0, 1, 2, 3, late]), "{seed}");
    }
}

/// One outside is told of the very room that it waits for, by the name that its epoch has then. Who has voted to become one with that
/// is one with it once it is in.
#[test]
fn who_has_come_in_votes_no_longer_to_become_one_with_the_room() {
    let mut network = light(4, 1);
    network.run_for(20);
    let (name, _) = epoch_of(&network, 0);
    let late = network.enter(|config| config.members = None);
    let is_told = |it: &Event| matches!(it, Event::OtherEpoch { name: it, .. } if *it == name);
    network.tamper = Some(Box::new(|_, _, packet| {
        (PacketKind::of(packet) != Some(PacketKind::JoinRequest)).then(|| packet.to_vec())
    }));
    network.run_until(60, |network| network.count(late, is_told) > 0);
    network.rooms[late].merge(network.now, name).unwrap();
    network.collect(late);
    network.tamper = None;
    network.run_until(120, |network| together(network, &[0, 1, 2, 3, late]));
    let changes = epochs(&network, 0);
    network.run_for(60);
    assert_eq!(epochs(&network, 0), changes);
    let is_merge = |it: &Event| {
        matches!(
            it,
            Event::Voted {
                vote: Vote::Merge(_),
                ..
            }
        )
    };
    for member in [0, 1, 2, 3, late] {
        assert_eq!(network.count(member, is_merge), 0, "{member}");
    }
}

/// A newcomer that takes the carrier for far slower than it is has answered those who asked who is there, and was not heard. The
/// room has gone on to another epoch: it has not answered those of that, and knocks.
#[test]
fn who_hears_of_another_epoch_knocks_though_it_has_answered_the_one_before() {
    let mut network = light(4, 1);
    network.run_for(30);
    let is_answer = |packet: &[u8]| {
        let kind = Packet::from_bytes(packet).map(|it| it.kind());
        matches!(kind, Ok(PacketKind::JoinRequest | PacketKind::Answer))
    };
    network.tamper = Some(Box::new(move |_, _, packet| {
        (!is_answer(packet)).then(|| packet.to_vec())
    }));
    let since = network.wire.len();
    let late = network.enter(|config| {
        config.members = None;
        config.timers.round_trip = Duration::from_secs(20);
    });
    // By then its knock was too long ago to open a door.
    network.run_for(50);
    assert_eq!(sent(&network, since, PacketKind::JoinRequest), 1);
    network.tamper = None;
    let (before, now) = (epochs(&network, 0), network.now);
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_until(30, |network| {
        (0..4).all(|member| epochs(network, member) > before)
    });
    let advert = Packet::Advert(Advert {
        room: RoomId::of_name::<Suite>("test"),
        name: epoch_of(&network, 0).0,
        members: 4,
        earlier: Vec::new(),
    });
    let (now, advert) = (network.now, advert.to_bytes());
    network.rooms[late]
        .handle_message(now, &advert, &mut network.rng)
        .unwrap();
    network.collect(late);
    network.run_until(40, |network| together(network, &[0, 1, 2, 3, late]));
}

/// The SEEDs that list newcomers, from a point of time on.
fn listings(network: &Network, since: usize) -> usize {
    let sent = network.wire[since..].iter();
    let seeds: BTreeSet<_> = sent
        .filter_map(|(_, packet)| match Packet::from_bytes(packet) {
            Ok(Packet::Light(LightPacket::Seed(seed))) if !seed.body().offers.is_empty() => {
                Some(*seed.body().terms.handle.as_bytes())
            }
            _ => None,
        })
        .collect();
    seeds.len()
}

fn is_ready(packet: &[u8]) -> bool {
    PacketKind::of(packet) == Some(PacketKind::Ready)
}

/// Nobody was left out, or accused of anything.
fn nobody_is_blamed(network: &Network, members: &[usize]) {
    for member in members {
        let blamed = network.count(*member, |event| {
            matches!(event, Event::Cheated { .. } | Event::LeftOut { .. })
        });
        assert_eq!(blamed, 0, "{member}");
    }
}

/// What a newcomer shows it shows one member at a time. Those whose turn is first open the door, and state nobody who answers: after a
/// few hellos another opens it, too.
#[test]
fn who_states_nobody_keeps_nobody_out() {
    for (seed, deaf, rekey, within) in [
        (1, 1, Rekey::Light, 120),
        (2, 1, Rekey::Light, 120),
        (3, 2, Rekey::Light, 300),
        (4, 1, Rekey::Full, 120),
    ] {
        let configure = |members| {
            move |config: &mut RoomConfig| {
                config.members = members;
                config.policy.rekey = rekey;
            }
        };
        let mut network = Network::with(4, seed, configure(Some(4))).until_secure();
        network.run_for(20);
        let (_, roster) = epoch_of(&network, 0);
        let first = network.keys[first_proposer(&network)];
        let turn = roster.iter().position(|it| *it == first).unwrap();
        let keys: Vec<_> = (0..deaf).map(|it| roster[(turn + it) % 4]).collect();
        let deaf: Vec<_> = network.keys.iter().map(|it| keys.contains(it)).collect();
        network.tamper = Some(Box::new(move |_, to, packet| {
            let asks_in = [PacketKind::JoinRequest, PacketKind::Answer];
            let is_lost = deaf.get(to) == Some(&true)
                && PacketKind::of(packet).is_some_and(|it| asks_in.contains(&it));
            (!is_lost).then(|| packet.to_vec())
        }));
        let since = network.wire.len();
        let late = network.enter(configure(None));
        network.run_until(within, |network| together(network, &[0, 1, 2, 3, late]));
        // Two at most open the door at one time.
        let hellos = sent(&network, since, PacketKind::Hello);
        let knocks = sent(&network, since, PacketKind::Knock);
        assert!(hellos <= 2 * knocks, "{hellos} for {knocks}");
        nobody_is_blamed(&network, &[0, 1, 2, 3]);
        talk(&mut network, &[0, 1, 2, 3, late], "after");
    }
}

/// A view begins for newcomers alone, and its proposer dies. The others have nothing new to say while they wait, and are there: none of
/// them is left out for silence.
#[test]
fn who_waits_for_a_seed_with_newcomers_is_there() {
    for seed in 1..4 {
        let mut network = light(4, seed);
        network.run_for(20);
        let first = first_proposer(&network);
        network.tamper = Some(Box::new(move |from, _, packet| {
            let is_light = PacketKind::of(packet) == Some(PacketKind::Light);
            (from != first || !is_light).then(|| packet.to_vec())
        }));
        let since = network.wire.len();
        let late = newcomer(&mut network);
        network.run_until(30, |network| listings(network, since) > 0);
        network.kill(first);
        network.tamper = None;
        let there: Vec<_> = (0..4).filter(|it| *it != first).chain([late]).collect();
        network.run_until(120, |network| together(network, &there));
        assert_eq!(sent(&network, since, PacketKind::Contribution), 0);
        for member in &there[..3] {
            let left_out = network.events[*member].iter().filter_map(|it| match it {
                Event::LeftOut { member } => Some(*member),
                _ => None,
            });
            let left_out: Vec<_> = left_out.collect();
            assert_eq!(left_out, [network.keys[first]], "{seed}");
        }
        talk(&mut network, &there, "after");
    }
}

/// What was lost is asked for, and comes as it was: one view is enough.
#[test]
fn welcome_and_ready_come_again() {
    for seed in 0..4 {
        let mut network = light(4, seed);
        network.run_for(20);
        let lost = Rc::new(RefCell::new([0_usize; 2]));
        let seen = Rc::clone(&lost);
        // The first time nobody is told, and what the newcomer shows gets to one member alone.
        network.tamper = Some(Box::new(move |_, to, packet| {
            let mut lost = seen.borrow_mut();
            let is_lost = match PacketKind::of(packet) {
                Some(PacketKind::Welcome) => {
                    lost[0] += 1;
                    lost[0] <= 4
                }
                Some(PacketKind::Ready) => {
                    lost[1] += 1;
                    to != 1 && lost[1] <= 4
                }
                _ => false,
            };
            (!is_lost).then(|| packet.to_vec())
        }));
        let since = network.wire.len();
        let late = newcomer(&mut network);
        network.run_until(30, |network| together(network, &[0, 1, 2, 3, late]));
        assert_eq!(listings(&network, since), 1, "{seed}");
        assert!(sent(&network, since, PacketKind::Welcome) > 1);
        let readies = network.wire[since..].iter().map(|(_, it)| it);
        let readies: BTreeSet<_> = readies.filter(|it| is_ready(it)).collect();
        assert_eq!(readies.len(), 1);
        talk(&mut network, &[0, 1, 2, 3, late], "after");
    }
}

/// Who does not show who it is fails the view in which it is listed. The next ones list nobody, and nobody is to blame.
#[test]
fn a_joiner_without_ready_fails_one_view_alone() {
    let mut network = light(4, 2);
    network.run_for(20);
    network.tamper = Some(Box::new(|_, _, packet| {
        (!is_ready(packet)).then(|| packet.to_vec())
    }));
    let since = network.wire.len();
    let ghost = newcomer(&mut network);
    network.run_until(30, |network| are_in(network, &[0, 1, 2, 3], 2));
    assert_eq!(listings(&network, since), 1);
    assert!(!network.rooms[ghost].is_secure());
    nobody_is_blamed(&network, &[0, 1, 2, 3]);
    talk(&mut network, &[0, 1, 2, 3], "after");
    // What fails again and again is tried more and more seldom.
    network.run_for(300);
    assert!(
        listings(&network, since) <= 8,
        "{}",
        listings(&network, since)
    );
    nobody_is_blamed(&network, &[0, 1, 2, 3]);
    // When it is heard it comes in.
    network.tamper = None;
    network.run_until(300, |network| together(network, &[0, 1, 2, 3, ghost]));
}

/// What members want goes first, no matter who is waited for.
#[test]
fn its_failures_delay_no_own_change() {
    for wait in [0, 200, 500, 1000] {
        let mut network = light(4, 3);
        network.run_for(20);
        network.tamper = Some(Box::new(|_, _, packet| {
            (!is_ready(packet)).then(|| packet.to_vec())
        }));
        let since = network.wire.len();
        newcomer(&mut network);
        network.run_until(30, |network| listings(network, since) > 0);
        network.run_for_millis(wait);
        let began = network.now;
        network.leave(3);
        network.run_until(30, |network| together(network, &[0, 1, 2]));
        let took = network.now.since(began).as_millis();
        assert!(took < 6000, "{wait}: {took}");
    }
}

/// A READY that comes when its view is over is of no use, and does no harm.
#[test]
fn late_ready_after_its_view() {
    let mut network = light(4, 4);
    network.run_for(20);
    network.tamper = Some(Box::new(|_, _, packet| {
        (!is_ready(packet)).then(|| packet.to_vec())
    }));
    let since = network.wire.len();
    let late = newcomer(&mut network);
    network.run_until(30, |network| are_in(network, &[0, 1, 2, 3], 2));
    let sent = network.wire[since..].iter();
    let ready = sent.map(|(_, it)| it.clone()).find(|it| is_ready(it));
    network.tamper = None;
    let ready = ready.unwrap();
    let now = network.now;
    for member in 0..4 {
        let mut rng = network.rng.clone();
        let outcome = network.rooms[member].handle_message(now, &ready, &mut rng);
        assert_eq!(outcome, Err(Rejection::UnknownEpoch));
        network.collect(member);
    }
    assert!(are_in(&network, &[0, 1, 2, 3], 2));
    network.run_until(120, |network| together(network, &[0, 1, 2, 3, late]));
    talk(&mut network, &[0, 1, 2, 3, late], "after");
}

/// What is said while not all have shown who they are waits, and is read when they have.
#[test]
fn a_joiner_shows_nothing_before_all_are_verified() {
    let mut network = light(4, 5);
    network.run_for(20);
    // Nothing that member 2 says in any epoch gets to the newcomer, no matter who sends it.
    let blocks = Rc::new(Cell::new(true));
    let is_blocked = Rc::clone(&blocks);
    network.tamper = Some(Box::new(move |from, to, packet| {
        let is_sealed = PacketKind::of(packet) == Some(PacketKind::Sealed);
        let is_lost = is_blocked.get() && is_sealed && to == 4 && (from == 2 || packet.len() > 600);
        (!is_lost).then(|| packet.to_vec())
    }));
    let late = newcomer(&mut network);
    network.run_until(30, |network| are_in(network, &[0, 1, 2, 3], 2));
    network.rooms[late].handle_timeout(network.now, &mut network.rng.clone());
    let since = network.wire.len();
    network.send(0, "said early");
    network.run_for(3);
    let secure = network.rooms[late].is_secure();
    if !secure {
        assert!(network.read(late).is_empty());
        let said = network.wire[since..].iter();
        let said = said
            .filter(|(from, it)| *from == late && PacketKind::of(it) == Some(PacketKind::Sealed));
        assert_eq!(said.count(), 0);
    }
    blocks.set(false);
    network.run_until(60, |network| {
        network.rooms[late].is_secure() && network.read(late) == ["said early"]
    });
    talk(&mut network, &[0, 1, 2, 3, late], "after");
}

/// An outsider says to one that it is a member of an epoch, and that one may come into the next: by a light run, if it gives a
/// handle.
fn is_asked_in(
    network: &mut Network,
    late: usize,
    (epoch, view): (EpochName, u32),
    (outsider, handle): (&IdentityKeyPair, Option<Handle>),
) {
    let room = RoomId::of_name::<Suite>("test");
    let rng = &mut network.rng;
    let light = handle.map(|it| *OwnHello::<Suite>::draw(it, outsider, rng).hello());
    let challenge = OwnChallenge::<Suite>::draw_for(room, epoch, view, light, outsider, rng);
    let packet = Packet::Hello(*challenge.challenge()).to_bytes();
    let (now, mut rng) = (network.now, network.rng.clone());
    let _any = network.rooms[late].handle_message(now, &packet, &mut rng);
    network.collect(late);
}

/// Anyone can open a door: a newcomer answers, and comes in where there is a room.
#[test]
fn hello_of_an_outsider_binds_nobody() {
    for seed in 0..3 {
        let mut network = light(3, seed);
        network.run_for(20);
        let late = newcomer(&mut network);
        let (name, _) = epoch_of(&network, 0);
        let outsider = IdentityKeyPair::random::<Suite>(&mut network.rng);
        for view in 0..6 {
            let handle = Handle::new([u8::try_from(view).unwrap(); 16]);
            is_asked_in(&mut network, late, (name, view), (&outsider, Some(handle)));
            network.run_for_millis(300);
        }
        // One with the name that stands in a member's is another all the same.
        let hello = |network: &Network| {
            let sent = network.wire.iter().rev();
            let hellos = sent.filter_map(|(from, packet)| match Packet::from_bytes(packet) {
                Ok(Packet::Hello(challenge)) if *from < 3 => challenge.light,
                _ => None,
            });
            hellos.take(1).next()
        };
        if let Some(theirs) = hello(&network) {
            is_asked_in(
                &mut network,
                late,
                (name, 9),
                (&outsider, Some(theirs.handle)),
            );
        }
        network.run_until(60, |network| together(network, &[0, 1, 2, late]));
        talk(&mut network, &[0, 1, 2, late], "after");
    }
}

/// On a slow carrier an outsider asks a newcomer into epochs all the time, before a member's WELCOME can come.
#[test]
fn hellos_of_an_outsider_without_end_keep_nobody_out() {
    for names in [1, 4] {
        let mut network = Network::with(4, 1, |config| {
            config.members = Some(4);
            config.policy.rekey = Rekey::Light;
        });
        network.set_weather(Weather::fair(500));
        let mut network = network.until_secure();
        network.run_for(60);
        let (real, _) = epoch_of(&network, 0);
        let outsider = IdentityKeyPair::random::<Suite>(&mut network.rng);
        let late = newcomer(&mut network);
        let mut hellos = 0_u32;
        while !together(&network, &[0, 1, 2, 3, late]) {
            assert!(hellos < 2400, "{names} names");
            for which in 0..names {
                hellos += 1;
                let epoch = if which == 0 {
                    real
                } else {
                    EpochName::new([which; 16])
                };
                let mut handle = [which; 16];
                handle[..4].copy_from_slice(&hellos.to_be_bytes());
                let handle = (&outsider, Some(Handle::new(handle)));
                is_asked_in(&mut network, late, (epoch, hellos), handle);
            }
            network.run_for_millis(100 * u64::from(names));
        }
    }
}

/// As many epochs as a member keeps names of others are made up before the newcomer is asked in, and none of them ends.
#[test]
fn four_epochs_that_are_made_up_hide_no_room_from_a_newcomer() {
    for (rekey, most) in [(Rekey::Light, 15), (Rekey::Full, 40)] {
        let mut network = Network::with(3, 1, |config| {
            config.members = Some(3);
            config.policy.rekey = rekey;
        })
        .until_secure();
        network.run_for(30);
        let outsider = IdentityKeyPair::random::<Suite>(&mut network.rng);
        let late = network.enter(|config| {
            config.members = None;
            config.policy.rekey = rekey;
        });
        let mut views = 0_u16;
        while !together(&network, &[0, 1, 2, late]) {
            assert!(views < 10 * most, "{rekey:?}");
            for which in 1..5 {
                let epoch = EpochName::new([which; 16]);
                let mut handle = [which; 16];
                handle[..2].copy_from_slice(&views.to_be_bytes());
                let handle = (rekey == Rekey::Light).then(|| Handle::new(handle));
                let by = (&outsider, handle);
                is_asked_in(&mut network, late, (epoch, u32::from(views)), by);
            }
            views += 1;
            network.run_for_millis(100);
        }
    }
}

/// Who has come in is a member like all others: a light run leaves it out when it is gone.
#[test]
fn who_joined_is_left_out_by_the_next_light_run() {
    let mut network = light(4, 6);
    network.run_for(20);
    let late = newcomer(&mut network);
    network.run_until(30, |network| together(network, &[0, 1, 2, 3, late]));
    network.run_for(5);
    let since = network.wire.len();
    let out = network.keys[late];
    network.rooms[1].exclude(network.now, out).unwrap();
    network.collect(1);
    network.run_until(60, |network| together(network, &[0, 1, 2, 3]));
    let kinds: Vec<_> = network.wire[since..]
        .iter()
        .filter_map(|(_, packet)| match Packet::from_bytes(packet) {
            Ok(Packet::Light(LightPacket::Seed(seed))) => Some(seed.body().terms.kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [ChangeKind::Exclusion]);
    assert_eq!(sent(&network, since, PacketKind::Contribution), 0);
    talk(&mut network, &[0, 1, 2, 3], "after");
}

/// The network parts the room when some have come in, before the members have shown what they committed to.
#[test]
fn who_is_cut_off_after_a_join_is_not_left_out_for_that() {
    for seconds in [15, 30] {
        let mut network = light(4, 4);
        network.run_for(20);
        let is_parted = Rc::new(Cell::new(false));
        let parted = Rc::clone(&is_parted);
        let since = network.wire.len();
        network.tamper = Some(Box::new(move |from, to, packet| {
            let crosses = (from < 2) != (to < 2);
            let is_sealed = PacketKind::of(packet) == Some(PacketKind::Sealed);
            (!crosses || !(parted.get() || is_sealed)).then(|| packet.to_vec())
        }));
        let _late = newcomer(&mut network);
        network.run_until(30, |n| listings(n, since) > 0);
        let before = epochs(&network, 0);
        while epochs(&network, 0) == before {
            network.run_for_millis(1);
        }
        is_parted.set(true);
        network.run_for(seconds);
        network.tamper = None;
        network.run_for(120);
        for key in &network.keys[..4] {
            let is_blamed =
                |event: &Event| matches!(event, Event::LeftOut { member } if member == key);
            let blamed = (0..4).map(|it| network.count(it, is_blamed));
            assert_eq!(blamed.sum::<usize>(), 0, "{seconds} s");
        }
        let names = (0..4).map(|it| epoch_of(&network, it).0);
        assert_eq!(names.collect::<BTreeSet<_>>().len(), 1, "{seconds} s");
    }
}

/// One after the other, and one who came proposes, too.
#[test]
fn one_newcomer_after_another_comes_in_and_changes_the_room() {
    let mut network = light(2, 7);
    let mut all = vec![0, 1];
    for _ in 0..4 {
        network.run_for(10);
        let late = newcomer(&mut network);
        all.push(late);
        network.run_until(60, |network| together(network, &all));
        for _ in 0..2 {
            network.run_for(3);
            let before = epochs(&network, late);
            network.rooms[late].refresh(network.now);
            network.collect(late);
            network.run_until(60, |network| {
                together(network, &all) && epochs(network, late) > before
            });
        }
        talk(&mut network, &all, "and on");
    }
}

#[cfg(feature = "insider")]
mod insider {
    use super::*;

    /// A member seals what a newcomer has shown anew, with a wrong tag for another. Where the right one comes, too, that is enough.
    /// Where it does not, that one objects: the next view lists nobody, and after the second time a full run takes the newcomer in.
    /// Nobody is struck.
    #[test]
    fn wrong_joiner_tag_to_one() {
        for comes_too in [true, false] {
            let mut network = light(4, 8);
            network.run_for(20);
            let (liar, victim) = (0, 2);
            network.tamper = Some(Box::new(move |_, to, packet| {
                // What the newcomer has shown gets to the victim by the liar alone, below.
                let is_lost = is_ready(packet) && to == victim;
                (!is_lost).then(|| packet.to_vec())
            }));
            let since = network.wire.len();
            let late = newcomer(&mut network);
            let all = [0, 1, 2, 3, late];
            let mut resealed = BTreeSet::new();
            for _ in 0..4000 {
                network.run_for_millis(20);
                let own: Vec<_> = network.wire[since..]
                    .iter()
                    .filter(|(from, it)| *from == late && is_ready(it))
                    .map(|(_, it)| it.clone())
                    .collect();
                for ready in own {
                    let Ok(Packet::Ready(read)) = Packet::from_bytes(&ready) else {
                        panic!("it is one");
                    };
                    let (_, roster) = epoch_of(&network, victim);
                    let place = roster.iter().position(|it| *it == network.keys[victim]);
                    let place = MemberIndex::of(place.unwrap());
                    if let Some(wrong) = network.rooms[liar].reseal_ready(&read, place)
                        && resealed.insert(ready.clone())
                    {
                        let now = network.now;
                        let mut rng = network.rng.clone();
                        let room = &mut network.rooms[victim];
                        let _any = room.handle_message(now, &wrong, &mut rng);
                        if comes_too {
                            let _any = room.handle_message(now, &ready, &mut rng);
                        }
                        network.collect(victim);
                    }
                }
                if together(&network, &all) {
                    break;
                }
            }
            assert!(!resealed.is_empty());
            assert!(together(&network, &all), "{}", network.history().len());
            nobody_is_blamed(&network, &[0, 1, 2, 3]);
            let is_full = sent(&network, since, PacketKind::Contribution) > 0;
            assert_eq!(is_full, !comes_too);
            assert_eq!(listings(&network, since), if comes_too { 1 } else { 2 });
            let objected = steps(&network, since);
            let objected = objected.contains(&LightStep::Object);
            assert_eq!(objected, !comes_too);
            network.tamper = None;
            talk(&mut network, &all, "after");
        }
    }

    /// One member says that there were so many light runs that a full one has to follow, or none. Who comes in goes by the others: the next
    /// change is a light run in which it takes part.
    #[test]
    fn a_false_count_of_light_runs_binds_nobody() {
        for (runs, seed) in [(255, 6), (255, 7), (0, 8)] {
            let mut network = light(5, seed);
            network.run_for(20);
            network.rooms[3].count_falsely(runs);
            let late = newcomer(&mut network);
            network.run_until(30, |network| together(network, &[0, 1, 2, 3, 4, late]));
            network.run_for(20);
            let since = network.wire.len();
            network.leave(1);
            network.run_until(30, |network| together(network, &[0, 2, 3, 4, late]));
            assert_eq!(sent(&network, since, PacketKind::Contribution), 0);
            for member in [0, 2, 4, late] {
                assert!(network.rooms[member].strikes().is_empty());
            }
        }
    }

    /// One that shows nobody what it committed to is asked for it, struck, and left out by those who did.
    #[test]
    fn withheld_opening_is_asked_and_struck() {
        let mut network = light(5, 9);
        network.run_for(20);
        let liar = 3;
        let passes = Rc::new(Cell::new(true));
        let is_open = Rc::clone(&passes);
        network.tamper = Some(Box::new(move |from, _, packet| {
            let is_sealed = PacketKind::of(packet) == Some(PacketKind::Sealed);
            (from != liar || is_open.get() || !is_sealed).then(|| packet.to_vec())
        }));
        let since = network.wire.len();
        let late = newcomer(&mut network);
        network.run_until(30, |network| listings(network, since) > 0);
        passes.set(false);
        network.run_until(30, |network| epochs(network, liar) == 2);
        network.rooms[liar].withhold_opening();
        network.run_for(1);
        passes.set(true);
        network.run_until(30, |network| are_in(network, &[0, 1, 2, 4], 2));
        // The newcomer is not convinced, and is not there for those who are.
        network.run_until(200, |network| {
            let last = network.events[0].iter().rev();
            let mut rosters = last.filter_map(|event| match event {
                Event::Secure { roster, .. } => Some(roster.clone()),
                _ => None,
            });
            let roster = rosters.next().unwrap();
            let is_in = |it: usize| roster.iter().any(|info| info.identity == network.keys[it]);
            [0, 1, 2, 4].into_iter().all(is_in) && !is_in(liar)
        });
        network.run_until(300, |network| network.rooms[late].is_secure());
    }

    /// A member convinces all but those who come in. Each of them says so, and comes in by a full run, where that one convinces all
    /// or is named. Nobody is accused before: the newcomer may have lied. What it says may be lost, and comes again.
    #[test]
    fn who_convinces_no_joiner_keeps_nobody_out() {
        for (seed, is_lost) in [(0, false), (1, false), (2, true), (3, true)] {
            let mut network = light(5, seed);
            network.run_for(20);
            network.rooms[3].spoil_tags();
            let mut all = vec![0, 1, 2, 3, 4];
            for _ in 0..2 {
                let since = network.wire.len();
                let late = network.rooms.len();
                let lost = Rc::new(RefCell::new(None));
                network.tamper = None;
                if is_lost {
                    let lost = Rc::clone(&lost);
                    network.tamper = Some(Box::new(move |from, _, packet| {
                        let is_said =
                            from == late && PacketKind::of(packet) == Some(PacketKind::Sealed);
                        let mut lost = lost.borrow_mut();
                        let is_first =
                            is_said && *lost.get_or_insert_with(|| packet.to_vec()) == packet;
                        (!is_first).then(|| packet.to_vec())
                    }));
                }
                assert_eq!(newcomer(&mut network), late);
                all.push(late);
                if is_lost {
                    network.run_until(5, |_| lost.borrow().is_some());
                    network.run_for_millis(20);
                    network.tamper = None;
                }
                network.run_until(10, |network| together(network, &all));
                assert!(sent(&network, since, PacketKind::Contribution) > 0);
                for member in &all {
                    let blamed = network.events[*member]
                        .iter()
                        .filter_map(|event| match event {
                            Event::LeftOut { member } | Event::Cheated { member, .. } => {
                                Some(*member)
                            }
                            _ => None,
                        });
                    let blamed: BTreeSet<_> = blamed.collect();
                    assert!(blamed.iter().all(|it| network.keys[5..].contains(it)));
                }
                talk(&mut network, &all, "after");
                network.run_for(10);
            }
        }
    }
}
