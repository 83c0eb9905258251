//! One identity in two programs.

use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::{Event, Room, WaitingReason};

use crate::network::{Network, Suite};

/// Alice and Bob, and a copy of Alice's identity.
fn alice_and_bob(seed: u64) -> (Network, IdentityKeyPair) {
    let mut network = Network::with(0, seed, |_| {});
    let alice = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let copy = IdentityKeyPair::from_secret::<Suite>(alice.secret()).unwrap();
    network.enter_with(alice);
    network.enter(|_| {});
    (network, copy)
}

/// Whether a member is told that its identity is in the room that it waits for.
fn is_room_told(event: &Event) -> bool {
    let reason = WaitingReason::IdentityInRoom;
    matches!(event, Event::Waiting { reason: told, .. } if *told == reason)
}

fn waiting_for(claimed: IdentityKey) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::WantsIn { claimed: other } if *other == claimed)
}

#[test]
fn both_are_told_once_and_the_second_gets_in_when_the_first_has_gone() {
    let (network, copy) = alice_and_bob(1);
    let mut network = network.until_secure();
    let second = network.enter_with(copy);
    network.run_for(60);
    assert_eq!(network.count(0, |it| *it == Event::IdentityInUse), 1);
    assert_eq!(network.count(second, is_room_told), 1);
    // The room goes on undisturbed.
    assert!(!network.rooms[second].is_secure());
    for member in [0, 1] {
        assert_eq!(
            network.count(member, |it| matches!(it, Event::Secure { .. })),
            1
        );
    }
    network.leave(0);
    network.run_until(60, |network| network.rooms[second].is_secure());
    // Nobody is told that this identity, of all, wants to come in.
    for member in [0, second] {
        let own = waiting_for(network.keys[0]);
        assert_eq!(network.count(member, own), 0);
    }
}

#[test]
fn two_that_begin_together_are_both_told() {
    let (mut network, copy) = alice_and_bob(2);
    let second = network.enter_with(copy);
    network.run_for(60);
    let told = |it: &Event| *it == Event::IdentityInUse || is_room_told(it);
    assert!(network.count(0, told) >= 1);
    assert!(network.count(second, told) >= 1);
    assert_eq!(
        network.rooms.iter().filter(|room| room.is_secure()).count(),
        2
    );
}

#[test]
fn own_offers_that_come_back_are_no_sign_of_another() {
    let (mut network, _copy) = alice_and_bob(3);
    network.run_until(60, |network| network.rooms.iter().all(Room::is_secure));
    network.rooms[0].refresh(network.now);
    network.run_for(30);
    let sent: Vec<_> = network.wire.clone();
    for (_, packet) in sent.iter().filter(|(from, _)| *from == 0) {
        let _rejected = network.rooms[0].handle_message(network.now, packet, &mut network.rng);
        network.collect(0);
    }
    assert_eq!(network.count(0, |it| *it == Event::IdentityInUse), 0);
    assert_eq!(network.count(0, waiting_for(network.keys[0])), 0);
}

#[test]
fn a_flood_of_claims_costs_one_event_and_few_answers() {
    let (mut network, copy) = alice_and_bob(4);
    network = network.until_secure();
    let second = network.enter_with(copy);
    network.run_for(60);
    let offers: Vec<_> = network
        .wire
        .iter()
        .filter(|(from, packet)| *from == second && packet.len() > 200)
        .map(|(_, packet)| packet.clone())
        .collect();
    assert!(!offers.is_empty());
    let before = network.wire.len();
    for packet in offers.iter().cycle().take(10_000) {
        network.rooms[0]
            .handle_message(network.now, packet, &mut network.rng)
            .unwrap_err();
        network.collect(0);
    }
    // An offer under its identity (1), and an advert (7), each once in a while.
    let mut said: Vec<_> = network.wire[before..]
        .iter()
        .map(|(_, packet)| packet[1])
        .collect();
    said.sort_unstable();
    assert!(
        [&[][..], &[1], &[7], &[1, 7]].contains(&&said[..]),
        "{said:?}"
    );
    assert_eq!(network.count(0, |it| *it == Event::IdentityInUse), 1);
}
