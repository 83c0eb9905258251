//! Another carrier in place of one that was lost.

use mpotr_core::{Carrier, Event, RoomConfig, SendError};

use crate::network::Network;

/// As long as the first repetition takes, and the way there.
const SOON: u64 = 1_200;

/// Nothing arrives for a while.
fn be_cut_off(network: &mut Network, seconds: u64) {
    network.tamper = Some(Box::new(|_, _, _| None));
    network.run_for(seconds);
    network.tamper = None;
}

/// Both have another carrier in place of the lost one, or have it and are not told.
fn come_back(network: &mut Network, is_told: bool) {
    let now = network.now;
    for room in network.rooms.iter_mut().filter(|_| is_told) {
        room.handle_carrier(now, Carrier::RELAY);
    }
    network.run_for_millis(SOON);
}

#[test]
fn what_has_waited_long_is_said_again_at_once() {
    for is_told in [true, false] {
        let mut network = Network::new(2, 1).until_secure();
        network.tamper = Some(Box::new(|_, _, _| None));
        network.send(0, "are you there?");
        be_cut_off(&mut network, 36);
        come_back(&mut network, is_told);
        // So long unanswered it is repeated seldom, and not in this while by itself.
        assert_eq!(network.read(1).len(), usize::from(is_told));
    }
}

#[test]
fn who_gathers_is_heard_at_once() {
    for is_told in [true, false] {
        let mut network = Network::new(2, 1);
        be_cut_off(&mut network, 103);
        come_back(&mut network, is_told);
        let secure = network.rooms.iter().filter(|room| room.is_secure());
        assert_eq!(secure.count(), if is_told { 2 } else { 0 });
    }
}

#[test]
fn a_text_is_no_longer_than_the_carrier_takes() {
    let narrow = |config: &mut RoomConfig| {
        config.members = Some(2);
        config.carrier = Carrier {
            max_packet: 1_000,
            ..Carrier::RELAY
        };
    };
    let mut network = Network::with(2, 1, narrow).until_secure();
    let seen = network.seen(0);
    let limit = network.rooms[0].longest_text();
    // A packet of 61 + 896 bytes, with as many heads as there may be.
    assert_eq!(limit, 896 - 64 - 79 - 32);
    let now = network.now;
    let refused = network.rooms[0].send(now, vec![0; limit + 1], seen);
    let length = limit + 1;
    assert_eq!(refused, Err(SendError::TooLong { length, limit }));
    network.rooms[0].send(now, vec![7; limit], seen).unwrap();
    network.collect(0);
    network.run_for(1);
    let is_it = |event: &Event| matches!(event, Event::Message { body, .. } if body.len() == limit);
    assert!(network.events[1].iter().any(is_it));
    assert!(network.raw.iter().all(|(_, packet)| packet.len() <= 1_000));
    // Another in its place takes more.
    network.rooms[0].handle_carrier(now, Carrier::RELAY);
    assert_eq!(network.rooms[0].longest_text(), mpotr_core::MAX_BODY);
}
