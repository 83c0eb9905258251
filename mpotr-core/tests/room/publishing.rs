//! What signed for a member is published when nobody accepts anything new under it, and only then.

use std::collections::BTreeSet;

use mpotr_core::crypto::{EphemeralKeyPair, Secret};
use mpotr_core::gka::TrapdoorKey;
use mpotr_core::wire::{EpochHint, LightPacket, Packet, Reveal, RevealedSeed, RevealedTrapdoor};
use mpotr_core::{Departure, Event, Rekey, Room};

use crate::network::{FOUL, Network, Suite};

fn departure(network: &Network, member: usize) -> Departure {
    let ended = network.events[member].iter().find_map(|event| match event {
        Event::Ended(departure) => Some(*departure),
        _ => None,
    });
    ended.unwrap()
}

/// What was published, by whom.
fn reveals(network: &Network) -> Vec<(usize, Reveal)> {
    let packets = network
        .wire
        .iter()
        .map(|(from, packet)| (*from, Packet::from_bytes(packet)));
    packets
        .filter_map(|(from, packet)| match packet {
            Ok(Packet::Reveal(reveal)) => Some((from, reveal)),
            _ => None,
        })
        .collect()
}

fn all_leave(network: &mut Network) {
    for member in 0..network.rooms.len() {
        network.send(member, "bye");
        network.leave(member);
    }
    network.run_until(120, |n| n.rooms.iter().all(Room::has_ended));
}

/// The trapdoor keys of the offers on the wire.
fn offered(network: &Network) -> Vec<TrapdoorKey> {
    let packets = network
        .wire
        .iter()
        .map(|(_, packet)| Packet::from_bytes(packet));
    packets
        .filter_map(|packet| match packet {
            Ok(Packet::Offer(offer)) => Some(offer.trapdoor),
            _ => None,
        })
        .collect()
}

#[test]
fn all_who_leave_together_publish_what_signed_for_them() {
    let mut network = Network::new(3, 1).until_secure();
    all_leave(&mut network);
    let reveals = reveals(&network);
    assert_eq!(reveals.len(), 3);
    let trapdoors = offered(&network);
    for (member, reveal) in &reveals {
        assert!(departure(&network, *member).published);
        // From now on every reader can sign in that member's name. The key was in no packet before.
        let seed = Secret::new(*reveal.seed.as_bytes());
        let signing = EphemeralKeyPair::<Suite>::from_seed(&seed).public();
        let is_of = |trapdoor| reveal.is_of::<Suite>(&signing, Some(trapdoor));
        assert!(trapdoors.iter().any(is_of));
        let carries = |packet: &[u8]| packet.windows(32).any(|it| it == signing.as_bytes());
        assert!(!network.wire.iter().any(|(_, packet)| carries(packet)));
    }
}

#[test]
fn who_holds_an_epoch_says_whether_it_has_stated_that_all_have_closed() {
    let mut network = Network::full(3, 1).until_secure();
    let hint = |network: &Network, member: usize| {
        let held: Vec<_> = network.rooms[member].epochs_held().collect();
        assert_eq!(held.len(), 1);
        held[0]
    };
    let (first, is_done) = hint(&network, 0);
    assert!(!is_done && (1..3).all(|member| hint(&network, member) == (first, false)));
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    // All move on, and each states so of the epoch before.
    network.run_until(40, |network| {
        (0..3).all(|member| {
            let held: Vec<_> = network.rooms[member].epochs_held().collect();
            held.len() == 2 && held[1] == (first, true) && !held[0].1
        })
    });
    all_leave(&mut network);
    assert!((0..3).all(|member| network.rooms[member].epochs_held().count() <= 1));
}

#[test]
fn with_one_member_silent_at_the_end_nothing_is_published() {
    let mut network = Network::new(3, 1).until_secure();
    network.send(2, "here");
    network.run_for(10);
    network.kill(2);
    for member in 0..2 {
        network.leave(member);
    }
    network.run_until(120, |n| n.rooms[..2].iter().all(Room::has_ended));
    assert!(reveals(&network).is_empty());
    assert!((0..2).all(|member| !departure(&network, member).published));
}

#[test]
fn who_leaves_alone_publishes_nothing_and_keeps_the_others_from_it() {
    let mut network = Network::new(3, 1).until_secure();
    network.leave(0);
    network.run_until(60, |n| n.rooms[0].has_ended());
    for member in 1..3 {
        network.leave(member);
    }
    network.run_until(120, |n| n.rooms.iter().all(Room::has_ended));
    assert!(reveals(&network).is_empty());
}

#[test]
fn nothing_is_published_while_anything_is_in_flight() {
    for seed in 0..20 {
        let mut network = Network::new(4, seed).until_secure();
        network.set_weather(FOUL);
        all_leave(&mut network);
        let first = network
            .wire
            .iter()
            .position(|(_, packet)| matches!(Packet::from_bytes(packet), Ok(Packet::Reveal(_))));
        let Some(first) = first else { continue };
        // A member that has published has heard of everyone that all have closed. What is sent after that is the end, and no
        // text, and all that was ever sent is read by all.
        let published = (0..4)
            .filter(|member| departure(&network, *member).published)
            .count();
        assert!(published > 0 && first > 0);
        assert!(
            (0..4).all(|member| network.read(member).len() == 4),
            "seed {seed}"
        );
    }
}

#[test]
fn an_epoch_that_all_have_left_for_the_next_is_published() {
    let mut network = Network::full(3, 1).until_secure();
    network.send(0, "before");
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_for(40);
    let by: Vec<_> = reveals(&network).iter().map(|(from, _)| *from).collect();
    // Once more, for who has missed it.
    assert!((3..=6).contains(&by.len()), "{}", by.len());
    for member in 0..3 {
        assert!(by.contains(&member));
        assert_eq!(
            network.count(member, |event| matches!(event, Event::Published { .. })),
            1
        );
    }
}

#[test]
fn an_epoch_from_which_somebody_was_left_out_is_never_published() {
    let mut network = Network::new(4, 1).until_secure();
    let (now, member) = (network.now, network.keys[3]);
    network.rooms[0].exclude(now, member).unwrap();
    network.collect(0);
    network.run_for(120);
    assert_eq!(
        network.count(0, |event| matches!(event, Event::LeftOut { .. })),
        1
    );
    assert!(reveals(&network).is_empty());
}

/// A member is left out by a light run. What signed before it is never published; what signed from then on is, when all have left
/// together: who was left out accepts nothing under that.
#[test]
fn family_with_exclusion_is_not_published() {
    let mut network = Network::with(4, 1, |config| {
        config.members = Some(4);
        config.policy.rekey = Rekey::Light;
    });
    network = network.until_secure();
    network.run_for(20);
    let since = network.wire.len();
    let (now, member) = (network.now, network.keys[3]);
    network.rooms[0].exclude(now, member).unwrap();
    network.collect(0);
    network.run_until(120, |n| {
        (0..3).all(|it| n.count(it, |event| matches!(event, Event::Secure { .. })) == 2)
    });
    let freezes = network.wire[since..].iter();
    let fresh = freezes.filter_map(|(_, packet)| match Packet::from_bytes(packet) {
        Ok(Packet::Light(LightPacket::Freeze(freeze))) => freeze.body().signing,
        _ => None,
    });
    let fresh: BTreeSet<_> = fresh.collect();
    assert_eq!(fresh.len(), 3);
    network.run_for(90);
    assert!(reveals(&network).is_empty());
    // Under the same keys, after fresh secrets.
    network.rooms[0].refresh(network.now);
    network.collect(0);
    network.run_for(20);
    assert!(reveals(&network).is_empty());
    for member in 0..3 {
        network.send(member, "bye");
        network.leave(member);
    }
    network.run_until(120, |n| (0..3).all(|it| n.rooms[it].has_ended()));
    let published = reveals(&network).into_iter().map(|(member, reveal)| {
        assert!(departure(&network, member).published);
        assert_eq!(reveal.trapdoor, RevealedTrapdoor::NONE);
        let seed = Secret::new(*reveal.seed.as_bytes());
        EphemeralKeyPair::<Suite>::from_seed(&seed).public()
    });
    assert_eq!(published.collect::<BTreeSet<_>>(), fresh);
}

#[test]
fn a_reveal_that_is_none_is_refused() {
    let mut network = Network::new(2, 1).until_secure();
    let hint = network.wire.iter().rev().find_map(|(_, packet)| {
        match Packet::from_bytes(packet).unwrap() {
            Packet::Sealed(sealed) => Some(sealed.hint()),
            _ => None,
        }
    });
    network.send(1, "still here");
    let hint = hint.unwrap_or_else(|| {
        let sealed = network
            .wire
            .last()
            .map(|(_, packet)| Packet::from_bytes(packet).unwrap());
        let Some(Packet::Sealed(sealed)) = sealed else {
            panic!("{sealed:?}")
        };
        sealed.hint()
    });
    for (hint, sender) in [(hint, 0), (hint, 1), (hint, 9), (EpochHint::new([7; 8]), 1)] {
        let reveal = Packet::Reveal(Reveal {
            hint,
            sender,
            seed: RevealedSeed::new([1; 32]),
            trapdoor: RevealedTrapdoor::new([1; 32]),
        });
        let now = network.now;
        let refused = network.rooms[0].handle_message(now, &reveal.to_bytes(), &mut network.rng);
        assert!(refused.is_err());
    }
    network.run_until(10, |n| n.read(0) == ["still here"]);
}

/// Three statements bring a change about, and two publish what signed in the epoch before: that it is installed, and that all have
/// said so.
#[test]
fn a_change_takes_five_statements_of_each_however_many_there_are() {
    for members in [3, 8] {
        let mut network = Network::full(members, 1).until_secure();
        network.run_for(5);
        // Its word on the text is due when it freezes, or when its order has grown.
        network.send(0, "before");
        network.run_for_millis(6);
        let since = network.wire.len();
        network.rooms[0].refresh(network.now);
        network.collect(0);
        network.run_for(40);
        let sealed = network.wire[since..].iter();
        let sealed = sealed.filter_map(|(from, packet)| match Packet::from_bytes(packet) {
            Ok(Packet::Sealed(sealed)) => Some((*from, sealed.hint())),
            _ => None,
        });
        let sealed: Vec<_> = sealed.collect();
        let old = sealed[0].1;
        for member in 0..members {
            let mine = sealed.iter().filter(|it| **it == (member, old));
            // Who asks for it has said so before.
            let most = if member == 0 { 6 } else { 5 };
            assert_eq!(mine.count(), most, "{member} of {members}");
        }
    }
}
