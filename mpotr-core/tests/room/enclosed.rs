//! What outsiders see of a change inside an epoch.

use std::collections::BTreeSet;

use mpotr_core::crypto::{IdentityKey, TranscriptHash, label};
use mpotr_core::wire::{Packet, PacketKind};
use mpotr_core::{Event, Rejection};

use crate::network::{FOUL, Network, Suite};

/// Whether a packet has these bytes in it, wherever.
fn holds(packet: &[u8], bytes: &[u8]) -> bool {
    packet.windows(bytes.len()).any(|window| window == bytes)
}

fn fingerprint(key: &IdentityKey) -> Vec<u8> {
    let hash = TranscriptHash::<Suite>::new(label::FINGERPRINT);
    hash.bytes(key.as_bytes()).digest().as_bytes().to_vec()
}

/// What names members, for an outsider on the line: their identity keys and fingerprints, and all keys of the offers that were
/// made since.
fn names(network: &Network, since: usize) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    for key in &network.keys {
        names.push(key.as_bytes().to_vec());
        names.push(fingerprint(key));
    }
    for (_, packet) in &network.wire[since..] {
        if let Ok(Packet::Offer(offer)) = Packet::from_bytes(packet) {
            names.push(offer.ephemeral.as_bytes().to_vec());
            names.push(offer.trapdoor.as_bytes().to_vec());
            names.push(offer.share.as_bytes().to_vec());
            names.push(offer.commitment.as_bytes().to_vec());
        }
    }
    names
}

/// All that went over the line since then names nobody.
fn assert_nobody_is_named(network: &Network, since: usize) {
    let names = names(network, since);
    assert!(names.len() > 2 * network.keys.len(), "offers were made");
    for (from, packet) in &network.raw[since..] {
        let kind = PacketKind::of(packet).unwrap();
        let named = names.iter().position(|name| holds(packet, name));
        assert_eq!(named, None, "by a packet of {from}: {kind:?}");
    }
}

fn epochs(network: &Network, member: usize) -> usize {
    network.count(member, |event| matches!(event, Event::Secure { .. }))
}

/// Runs until all of these are in one epoch more.
fn until_next_epoch(network: &mut Network, members: &[usize]) {
    let before: Vec<_> = members.iter().map(|it| epochs(network, *it)).collect();
    network.run_until(120, |network| {
        let mut members = members.iter().zip(&before);
        members.all(|(member, before)| epochs(network, *member) > *before)
    });
}

#[test]
fn no_packet_of_a_change_names_a_member() {
    let mut network = Network::full(5, 11).until_secure();
    network.run_for(5);
    let since = network.raw.len();
    network.rooms[1].refresh(network.now);
    network.collect(1);
    until_next_epoch(&mut network, &[0, 1, 2, 3, 4]);
    network.leave(4);
    until_next_epoch(&mut network, &[0, 1, 2, 3]);
    let excluded = network.keys[3];
    network.rooms[0].exclude(network.now, excluded).unwrap();
    network.collect(0);
    until_next_epoch(&mut network, &[0, 1, 2]);
    network.run_for(20);
    assert_nobody_is_named(&network, since);
}

/// Packets that went over the line since then, of these kinds, and those who sent them.
fn of_kinds(packets: &[(usize, Vec<u8>)], kinds: &[PacketKind]) -> Vec<(usize, Vec<u8>)> {
    let of_kinds = packets.iter().filter(|(_, packet)| {
        let kind = PacketKind::of(packet);
        kind.is_some_and(|kind| kinds.contains(&kind))
    });
    of_kinds.cloned().collect()
}

const OF_CHANGE: [PacketKind; 4] = [
    PacketKind::Offer,
    PacketKind::Proposal,
    PacketKind::Contribution,
    PacketKind::Confirmation,
];

#[test]
fn a_change_that_loses_much_names_nobody_and_is_repaired_by_the_same_bytes() {
    let mut network = Network::full(5, 12).until_secure();
    network.run_for(5);
    network.set_weather(FOUL);
    let since = network.raw.len();
    for _ in 0..3 {
        network.rooms[1].refresh(network.now);
        network.collect(1);
        until_next_epoch(&mut network, &[0, 1, 2, 3, 4]);
    }
    network.run_for(20);
    assert_nobody_is_named(&network, since);
    let enclosed = of_kinds(&network.raw[since..], &[PacketKind::Enclosed]);
    let forms: BTreeSet<_> = enclosed.iter().map(|(_, packet)| packet).collect();
    let inside = of_kinds(&network.wire[since..], &OF_CHANGE);
    let contents: BTreeSet<_> = inside.iter().map(|(_, packet)| packet).collect();
    assert_eq!(
        (enclosed.len(), forms.len()),
        (inside.len(), contents.len())
    );
    assert!(forms.len() < enclosed.len(), "something came again");
    let is_of_many = |form: &&Vec<u8>| {
        let same = enclosed.iter().filter(|(_, packet)| packet == *form);
        let senders: BTreeSet<_> = same.map(|(from, _)| from).collect();
        senders.len() > 1
    };
    assert!(forms.iter().any(is_of_many), "from another");
}

#[test]
fn what_a_joiner_has_to_read_is_in_clear_and_the_next_change_is_not() {
    let mut network = Network::full(3, 13).until_secure();
    network.run_for(5);
    let since = network.raw.len();
    let joiner = network.enter(|config| config.policy.rekey = mpotr_core::Rekey::Full);
    network.run_until(60, |network| epochs(network, joiner) == 1);
    let joined = network.raw.len();
    for kind in OF_CHANGE {
        let said = of_kinds(&network.raw[since..], &[kind]).into_iter();
        let senders: BTreeSet<_> = said.map(|(from, _)| from).collect();
        let is_proposers = [PacketKind::Proposal, PacketKind::Offer].contains(&kind);
        let expected = if is_proposers { 1 } else { 3 };
        assert!(senders.len() >= expected, "{kind:?} by {senders:?}");
    }
    // The proposer has the offers of all members, and nobody sends one twice.
    let proposed = of_kinds(&network.raw[since..], &[PacketKind::Proposal]);
    let shown = of_kinds(&network.raw[since..], &[PacketKind::Offer]).into_iter();
    let shown: Vec<_> = shown.filter(|(from, _)| *from != joiner).collect();
    let offers: BTreeSet<_> = shown.iter().map(|(_, packet)| packet).collect();
    assert_eq!((shown.len(), offers.len()), (3, 3));
    assert!(shown.iter().all(|(from, _)| *from == proposed[0].0));
    network.run_for(5);
    let since = network.raw.len();
    assert!(since >= joined);
    network.rooms[0].refresh(network.now);
    network.collect(0);
    until_next_epoch(&mut network, &[0, 1, 2, 3]);
    assert_nobody_is_named(&network, since);
}

#[test]
fn an_enclosed_packet_of_nobody_changes_nothing_and_one_of_a_member_is_judged_as_in_clear() {
    let mut network = Network::new(3, 14).until_secure();
    network.run_for(5);
    let since = network.raw.len();
    network.rooms[0].refresh(network.now);
    network.collect(0);
    until_next_epoch(&mut network, &[0, 1, 2]);
    let enclosed = of_kinds(&network.raw[since..], &[PacketKind::Enclosed]);
    let inside = of_kinds(&network.wire[since..], &OF_CHANGE);
    let mut rng = network.rng.clone();
    let now = network.now;
    let room = &mut network.rooms[0];
    for ((_, enclosed), (_, inside)) in enclosed.iter().zip(&inside) {
        for place in [2, 10, 26, enclosed.len() - 1] {
            let mut junk = enclosed.clone();
            junk[place] ^= 1;
            let refused = room.handle_message(now, &junk, &mut rng);
            assert_eq!(refused, Err(Rejection::UnknownEpoch));
        }
        // As it came, and as it would have come in clear.
        let closed = room.handle_message(now, enclosed, &mut rng);
        let open = room.handle_message(now, inside, &mut rng);
        assert_eq!(closed, open);
    }
    assert!(room.poll_transmit().is_none());
}
