//! Nothing that vouches for a member in one epoch is a function of an earlier one, and no certificate moves who is not in it.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::gka::{Forger, Offer, OfferDigest, OfferSecrets};
use mpotr_core::wire::{EpochName, Packet, PacketKind, Proposal};
use mpotr_core::{Event, Rekey};

use crate::network::{Network, Suite};

/// What went over the wire in clear, from a place on.
fn in_clear(network: &Network, from: usize) -> Vec<Vec<u8>> {
    let packets = network.wire.iter().skip(from).map(|(_, packet)| packet);
    packets
        .filter(|packet| !matches!(Packet::from_bytes(packet), Ok(Packet::Sealed(_))))
        .cloned()
        .collect()
}

fn offers(packets: &[Vec<u8>]) -> BTreeMap<OfferDigest, Offer> {
    let packets = packets.iter().map(|packet| Packet::from_bytes(packet));
    packets
        .filter_map(|packet| match packet {
            Ok(Packet::Offer(offer)) => Some((offer.digest::<Suite>(), offer)),
            Ok(Packet::Answer(answer)) => Some((answer.offer.digest::<Suite>(), answer.offer)),
            _ => None,
        })
        .collect()
}

fn proposals(packets: &[Vec<u8>]) -> Vec<Proposal> {
    let packets = packets.iter().map(|packet| Packet::from_bytes(packet));
    packets
        .filter_map(|packet| match packet {
            Ok(Packet::Proposal(proposal)) => Some(proposal),
            _ => None,
        })
        .collect()
}

/// The archive of a member: the old session, its ids, its orders, its signing and trapdoor keys.
fn archive_of(network: &Network, before: &[Vec<u8>]) -> BTreeSet<Vec<u8>> {
    let mut archive: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut old_sid = None;
    for event in &network.events[0] {
        match event {
            Event::Secure { sid, .. } if old_sid.is_none() => {
                old_sid = Some(*sid);
                archive.insert(sid.as_bytes().to_vec());
            }
            Event::Secure { .. } => break,
            Event::Message { id, .. } => {
                archive.insert(id.as_bytes().to_vec());
            }
            Event::Final { digest, .. } => {
                archive.insert(digest.as_bytes().to_vec());
            }
            _ => {}
        }
    }
    for offer in offers(before).values() {
        archive.insert(offer.ephemeral.as_bytes().to_vec());
        archive.insert(offer.trapdoor.as_bytes().to_vec());
        archive.insert(offer.share.as_bytes().to_vec());
    }
    archive
}

/// What members and a joiner say to one another in clear when it comes in by a light run is a function of nothing before.
#[test]
fn joiner_learns_no_parent_digest() {
    let mut network = Network::new(3, 1).until_secure();
    for text in ["I said so", "and I meant it"] {
        network.send(0, text);
        network.run_for(10);
    }
    let before = in_clear(&network, 0);
    let begun = network.raw.len();
    let late = network.enter(|_| {});
    network.run_until(60, |n| n.rooms[late].is_secure());
    let archive = archive_of(&network, &before);
    assert!(archive.len() > 10);
    let mut kinds = BTreeSet::new();
    for (_, packet) in &network.raw[begun..] {
        let kind = PacketKind::of(packet).unwrap();
        if matches!(kind, PacketKind::Sealed | PacketKind::Enclosed) {
            continue;
        }
        kinds.insert(kind.code());
        for known in &archive {
            for part in known.chunks(8) {
                let found = packet.windows(part.len()).any(|window| window == part);
                assert!(!found, "a part of {known:02x?} in {packet:02x?}");
            }
        }
    }
    let [hello, request, welcome, ready] = [
        PacketKind::Hello,
        PacketKind::JoinRequest,
        PacketKind::Welcome,
        PacketKind::Ready,
    ]
    .map(|kind| kinds.contains(&kind.code()));
    assert!(hello && request && welcome && ready);
}

/// A newcomer with everything that an old member holds of the epoch before finds nothing in the new one that leads back: of the
/// old epoch the new one names its random name, which commits to nothing, and all else that a member vouches for is a hash of
/// what stands in clear in the new offers and the new proposal.
#[test]
fn joiner_with_old_archive_learns_nothing() {
    let mut network = Network::full(3, 1).until_secure();
    for text in ["I said so", "and I meant it"] {
        network.send(0, text);
        network.run_for(10);
    }
    let before = in_clear(&network, 0);
    let begun = network.wire.len();
    let late = network.enter(|config| config.policy.rekey = Rekey::Full);
    network.run_until(60, |n| n.rooms[late].is_secure());

    let archive = archive_of(&network, &before);
    assert!(archive.len() > 10);

    let after = in_clear(&network, begun);
    for packet in &after {
        // An offer that was published before nobody knew of the epoch is not of the new run.
        if before.contains(packet) {
            continue;
        }
        for known in &archive {
            for part in known.chunks(8) {
                let found = packet.windows(part.len()).any(|window| window == part);
                assert!(!found, "a part of {known:02x?} in {packet:02x?}");
            }
        }
    }
    let new_sid = network.events[late].iter().find_map(|event| match event {
        Event::Secure { sid, .. } => Some(*sid),
        _ => None,
    });
    let known = offers(&after);
    let is_derived = |proposal: &Proposal| {
        let listed: Option<Vec<_>> = proposal
            .offers
            .iter()
            .map(|digest| known.get(digest))
            .collect();
        listed.is_some_and(|listed| Some(proposal.sid::<Suite>(listed.into_iter())) == new_sid)
    };
    assert!(proposals(&after).iter().any(is_derived));
}

/// An old member invents a successor in which it has made every offer, that of the victim's identity among them.
#[test]
fn certificate_to_outsider() {
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(20);
    let told = network.events[0].iter().find_map(|event| match event {
        Event::Secure { name, .. } => Some(*name),
        _ => None,
    });
    let parent = told.unwrap();
    // A true one to begin with: all packets of a change reach the victim, whose own are lost.
    network.tamper = Some(Box::new(|from, _, packet| {
        (from != 2).then(|| packet.to_vec())
    }));
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_for(15);
    let secure = |event: &Event| matches!(event, Event::Secure { .. });
    assert_eq!(network.count(2, secure), 1);

    // The invented one: offers for all, a proposal that lists them, and its packets over and over.
    let room = offers(&in_clear(&network, 0))
        .into_values()
        .next()
        .unwrap()
        .room;
    let mut made = Vec::new();
    for key in network.keys.clone() {
        made.push(OfferSecrets::<Suite>::generate(
            room,
            Some(parent),
            &Forger::new().invent(key),
            0,
            &mut network.rng,
        ));
    }
    made.sort_by_key(|(offer, _)| offer.digest::<Suite>());
    let template = proposals(&in_clear(&network, 0)).pop().unwrap();
    let proposal = Proposal {
        parent: Some(parent),
        name: EpochName::new([9; 16]),
        proposer: 0,
        offers: made
            .iter()
            .map(|(offer, _)| offer.digest::<Suite>())
            .collect(),
        ..template
    }
    .sign(made[0].1.ephemeral());
    let mut packets: Vec<_> = made
        .iter()
        .map(|(offer, _)| Packet::Offer(offer.clone()).to_bytes())
        .collect();
    packets.push(Packet::Proposal(proposal).to_bytes());
    packets.extend(in_clear(&network, 0));
    for packet in packets {
        let now = network.now;
        let _any = network.rooms[2].handle_message(now, &packet, &mut network.rng);
        network.collect(2);
    }
    network.run_for(5);
    let moved = network.count(2, secure);
    assert_eq!(moved, 1, "moved by a certificate of others");
}
