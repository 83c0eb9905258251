//! Packets that a member seals and nobody signs.

use mpotr_core::wire::{Presence, Statement};
use mpotr_core::{Event, Rejection};

use crate::network::Network;

/// How often a forged packet comes in a second: at 285 bytes, what a relay lets nine clients send together.
const FLOOD: usize = 33_000;

fn nothing_new() -> Statement {
    Statement::empty(Presence::Present)
}

#[test]
fn what_a_member_forged_once_silences_nobody_however_often_it_comes() {
    let mut network = Network::new(3, 5).until_secure();
    network.run_for(20);
    let forged = network.rooms[2].forge_unsigned(600, nothing_new()).unwrap();
    network.run_for(1);
    let now = network.now;
    for _ in 0..FLOOD {
        let refused = network.rooms[1].handle_message(now, &forged, &mut network.rng);
        assert_eq!(refused, Err(Rejection::NotAuthentic));
    }
    network.send(0, "hello");
    network.run_for_millis(900);
    assert_eq!(network.read(1), ["hello"]);
}

#[test]
fn who_was_left_out_does_not_silence_those_who_go_on() {
    let mut network = Network::new(4, 5).until_secure();
    network.run_for(20);
    network.kill(3);
    let forged = network.rooms[3].forge_unsigned(600, nothing_new()).unwrap();
    let (now, left_out) = (network.now, network.keys[3]);
    for member in 0..3 {
        network.rooms[member].exclude(now, left_out).unwrap();
        network.collect(member);
    }
    let told = Event::LeftOut { member: left_out };
    network.run_until(60, |n| {
        (0..3).all(|member| n.count(member, |event| *event == told) == 1)
    });
    network.run_for(2);
    let now = network.now;
    for member in 0..3 {
        for _ in 0..FLOOD / 8 {
            let refused = network.rooms[member].handle_message(now, &forged, &mut network.rng);
            assert_eq!(refused, Err(Rejection::NotAuthentic));
        }
    }
    network.send(0, "hello");
    network.run_for_millis(900);
    assert_eq!(network.read(1), ["hello"]);
    assert_eq!(network.read(2), ["hello"]);
}
