//! The way out of a room: what waits is not said twice, and packets that share a unit count as if each had come alone.

use mpotr_core::wire::{Bundle, Packet, PacketKind};
use mpotr_core::{Carrier, Duration, Event, LinkReport, Rejection};

use crate::network::{FAIR, Network};

/// Bytes that wait for the link.
fn waits(queued: usize) -> LinkReport {
    LinkReport {
        rate: None,
        queued,
        latency: None,
    }
}

/// Lets a room that nobody hears do what is due, for so many seconds.
fn leave_alone(network: &mut Network, member: usize, secs: u64) {
    let until = network.now.after(Duration::from_secs(secs));
    while let Some(next) = network.rooms[member].poll_timeout() {
        if next > until {
            break;
        }
        network.now = network.now.max(next);
        network.rooms[member].handle_timeout(network.now, &mut network.rng);
    }
    network.now = until;
}

fn take_all(network: &mut Network, member: usize) -> Vec<Vec<u8>> {
    let room = &mut network.rooms[member];
    std::iter::from_fn(|| room.poll_transmit()).collect()
}

#[test]
fn nothing_is_repeated_while_queue_is_not_empty() {
    // A knock and an offer that have not left are not sent again.
    let mut network = Network::new(3, 1);
    leave_alone(&mut network, 0, 5);
    take_all(&mut network, 0);
    leave_alone(&mut network, 0, 60);
    let left = take_all(&mut network, 0);
    assert_eq!(left.len(), 2, "{left:?}");

    // Nor is a text, and what is stated meanwhile is stated once.
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(10);
    let (now, seen) = (network.now, network.seen(0));
    network.rooms[0].send(now, b"waits".to_vec(), seen).unwrap();
    leave_alone(&mut network, 0, 45);
    let left = take_all(&mut network, 0);
    assert!(left.len() <= 2, "{}", left.len());
}

#[test]
fn nothing_is_repeated_while_the_link_has_something_to_send() {
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(10);
    let (now, seen) = (network.now, network.seen(0));
    network.rooms[0]
        .send(now, b"on its way".to_vec(), seen)
        .unwrap();
    let sent = take_all(&mut network, 0);
    network.rooms[0].handle_link(now, waits(285));
    leave_alone(&mut network, 0, 25);
    let left = take_all(&mut network, 0);
    assert!(!left.contains(&sent[0]), "repeated on a busy link");
    let now = network.now;
    network.rooms[0].handle_link(now, waits(0));
    leave_alone(&mut network, 0, 25);
    let left = take_all(&mut network, 0);
    assert!(left.contains(&sent[0]), "not repeated on an idle link");
}

#[test]
fn a_text_waits_its_turn_behind_what_a_change_waits_for() {
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(10);
    let now = network.now;
    for text in 0..20_u8 {
        let seen = network.seen(0);
        network.rooms[0].send(now, vec![text], seen).unwrap();
    }
    // A run comes while they wait: what this member says in it leaves before all of them.
    network.rooms[1].refresh(now);
    network.collect(1);
    network.stuck.insert(0);
    network.run_for(3);
    let left = take_all(&mut network, 0);
    let kinds: Vec<_> = left.iter().filter_map(|it| PacketKind::of(it)).collect();
    let first_sealed = kinds.iter().position(|kind| *kind == PacketKind::Sealed);
    let last_clear = kinds.iter().rposition(|kind| *kind != PacketKind::Sealed);
    assert!(
        last_clear.is_some() && last_clear < first_sealed,
        "{kinds:?}"
    );
}

#[test]
fn a_bundle_counts_as_its_packets_do_and_what_is_wrong_costs_the_others_nothing() {
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(10);
    let now = network.now;
    for text in [b"one".to_vec(), b"two".to_vec()] {
        let seen = network.seen(0);
        network.rooms[0].send(now, text, seen).unwrap();
    }
    let texts = take_all(&mut network, 0);
    let [one, two] = texts.as_slice() else {
        panic!("{} packets", texts.len());
    };
    let mut damaged = two.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let mut bundle = Bundle::begin(b"junk".to_vec());
    for packet in [one, &damaged, two] {
        bundle.push(packet.clone());
    }
    let bundle = bundle.into_bytes();
    let read = |n: &Network, member: usize| n.count(member, |e| matches!(e, Event::Message { .. }));
    let before = [1, 2].map(|member| read(&network, member));
    assert!(Packet::from_bytes(&bundle).is_err());
    let taken = network.rooms[1].handle_message(now, &bundle, &mut network.rng);
    assert_eq!(taken, Ok(()));
    let taken = network.rooms[2].handle_messages(now, &[&bundle, one], &mut network.rng);
    assert_eq!(taken, [Ok(()), Err(Rejection::Replayed)]);
    for member in [1, 2] {
        network.collect(member);
    }
    let after = [1, 2].map(|member| read(&network, member));
    assert_eq!(after, before.map(|count| count + 2));

    // One in which nothing counts is refused, and so is one in another.
    let mut nested = Bundle::begin(bundle);
    nested.push(one.clone());
    for refused in [nested.into_bytes(), vec![0, 0, 0, 0, 1, 9, 0, 0, 0, 1, 9]] {
        let taken = network.rooms[1].handle_message(now, &refused, &mut network.rng);
        assert!(matches!(taken, Err(Rejection::Decode(_))), "{taken:?}");
    }
}

#[test]
fn a_room_on_a_carrier_of_units_forms_and_talks_in_bundles() {
    let mut network = Network::with(3, 1, |config| {
        config.members = Some(3);
        config.carrier = Carrier::MAIL;
    });
    network.set_weather(FAIR);
    let mut network = network.until_secure();
    let now = network.now;
    for text in 0..10_u8 {
        let seen = network.seen(0);
        network.rooms[0].send(now, vec![text], seen).unwrap();
    }
    let sent = take_all(&mut network, 0);
    assert_eq!(sent.len(), 1, "ten texts leave as one");
    network.broadcast(0, &sent[0]);
    network.run_until(60, |n| {
        n.count(2, |e| matches!(e, Event::Message { .. })) >= 10
    });
}
