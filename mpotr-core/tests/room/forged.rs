//! Packets that a member seals and nobody signs.

use mpotr_core::wire::{Lock, Presence, Statement};
use mpotr_core::{Event, Rejection};

use crate::network::Network;

/// More forged packets in a second than the quota of an epoch allows.
const FLOOD: usize = 4097;

#[test]
fn who_was_left_out_does_not_silence_those_who_go_on() {
    let mut network = Network::new(4, 5).until_secure();
    network.run_for(20);
    network.kill(3);
    let statement = Statement {
        presence: Presence::Present,
        sent: 0,
        frontier: Vec::new(),
        lock: Lock::EMPTY,
        wanted: Vec::new(),
        missing: Vec::new(),
        question: None,
        listing: None,
        next: None,
    };
    let forged = network.rooms[3].forge_unsigned(600, statement).unwrap();
    let (now, left_out) = (network.now, network.keys[3]);
    for member in 0..3 {
        network.rooms[member].exclude(now, left_out);
        network.collect(member);
    }
    let told = Event::LeftOut { member: left_out };
    network.run_until(60, |n| {
        (0..3).all(|member| n.count(member, |event| *event == told) == 1)
    });
    network.run_for(2);
    let now = network.now;
    for member in 0..3 {
        let mut last = Ok(());
        for _ in 0..FLOOD {
            last = network.rooms[member].handle_message(now, &forged, &mut network.rng);
        }
        assert_eq!(last, Err(Rejection::Quota));
    }
    network.send(0, "hello");
    network.run_for_millis(900);
    assert_eq!(network.read(1), ["hello"]);
    assert_eq!(network.read(2), ["hello"]);
}
