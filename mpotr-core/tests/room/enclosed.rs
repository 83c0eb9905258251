//! What outsiders see of a change inside an epoch.

use mpotr_core::Event;
use mpotr_core::crypto::{IdentityKey, TranscriptHash, label};
use mpotr_core::wire::{Packet, PacketKind};

use crate::network::{Network, Suite};

/// Whether a packet has these bytes in it, wherever.
fn holds(packet: &[u8], bytes: &[u8]) -> bool {
    packet.windows(bytes.len()).any(|window| window == bytes)
}

fn fingerprint(key: &IdentityKey) -> Vec<u8> {
    let hash = TranscriptHash::<Suite>::new(label::FINGERPRINT);
    hash.bytes(key.as_bytes()).digest().as_bytes().to_vec()
}

/// What names members, for somebody on the line: their identity keys and fingerprints, and all keys of the offers that were
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
    let mut network = Network::new(5, 11).until_secure();
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
