//! Who is in a room is decided in it: what outsiders say moves nobody.

use std::collections::BTreeSet;

use mpotr_core::crypto::{IdentityKey, SignatureBytes, SuiteId};
use mpotr_core::gka::{EpochName, OfferSecrets, RoomId};
use mpotr_core::wire::{Advert, Packet, Proposal};
use mpotr_core::{Event, Policy, Rejection, Room};

use crate::network::{Network, Suite};

/// The roster of the last epoch that a member was told of.
fn roster(network: &Network, member: usize) -> BTreeSet<IdentityKey> {
    let last = network.events[member].iter().rev().find_map(|event| {
        let Event::Secure { roster, .. } = event else {
            return None;
        };
        Some(roster.iter().map(|it| it.identity).collect())
    });
    last.unwrap_or_default()
}

fn epochs(network: &Network, member: usize) -> usize {
    network.count(member, |event| matches!(event, Event::Secure { .. }))
}

fn other_epochs(network: &Network, member: usize) -> usize {
    network.count(member, |event| matches!(event, Event::OtherEpoch { .. }))
}

/// An outsider says that there is a room of so many.
fn advertise(network: &mut Network, name: EpochName, members: u16) {
    let advert = Advert {
        room: RoomId::of_name::<Suite>("test"),
        name,
        members,
        earlier: Vec::new(),
    };
    give(network, &Packet::Advert(advert));
}

/// An outsider says something to all.
fn give(network: &mut Network, packet: &Packet) -> Vec<Result<(), Rejection>> {
    let (now, bytes) = (network.now, packet.to_bytes());
    let heard = (0..network.rooms.len()).map(|member| {
        let result = network.rooms[member].handle_message(now, &bytes, &mut network.rng);
        network.collect(member);
        result
    });
    heard.collect()
}

/// Offers of members to follow another epoch than their own.
fn offers_to(network: &Network, name: EpochName) -> usize {
    let offers = network.wire.iter().filter(|(_, packet)| {
        matches!(Packet::from_bytes(packet), Ok(Packet::Offer(offer)) if offer.parent == Some(name))
    });
    offers.count()
}

#[test]
fn fake_advert_moves_nobody() {
    let mut network = Network::new(3, 1).until_secure();
    let names: Vec<_> = (1..=40).map(|n| EpochName::new([n; 16])).collect();
    for name in &names {
        advertise(&mut network, *name, 4096);
        network.send(0, "hello");
        network.run_for(1);
    }
    assert!(names.iter().all(|name| offers_to(&network, *name) == 0));
    for member in 0..3 {
        assert_eq!(epochs(&network, member), 1);
        // Four at once, and some others in their place: fewer and fewer by their lots.
        assert!((4..=30).contains(&other_epochs(&network, member)));
    }
    network.run_for(2);
    assert_eq!(network.read(2).len(), names.len());
}

/// Among members whose admission is open, whatever the room's own rules.
#[test]
fn a_proposal_of_an_epoch_that_was_made_up_takes_no_member_out() {
    let mut network = Network::new(2, 21).until_secure();
    network.run_for(3);
    let (room, host) = (RoomId::of_name::<Suite>("test"), EpochName::new([9; 16]));
    advertise(&mut network, host, 4096);
    let before = network.wire.len();
    // An offer of an outsider, and one in the name of a member: who follows a host lists its own.
    let alice = network.keys[0];
    let mallory = mpotr_core::crypto::IdentityKeyPair::random::<Suite>(&mut network.rng);
    let mut offers = [0, 1].map(|seed| {
        OfferSecrets::<Suite>::generate(room, Some(host), &mallory, seed, &mut network.rng)
    });
    offers[1].0.identity = alice;
    for (offer, _) in &offers {
        give(&mut network, &Packet::Offer(offer.clone()));
    }
    let mut listed: Vec<_> = offers.iter().map(|(it, _)| it.digest::<Suite>()).collect();
    listed.sort_unstable();
    let proposer = listed
        .iter()
        .position(|it| *it == offers[0].0.digest::<Suite>());
    let proposal = Proposal {
        suite: SuiteId::ChaCha20Poly1305,
        room,
        parent: Some(host),
        name: EpochName::new([8; 16]),
        view: 0,
        host: None,
        policy: Policy::default(),
        proposer: u16::try_from(proposer.unwrap()).unwrap(),
        commitments: None,
        offers: listed,
        signature: SignatureBytes::new([0; 64]),
    }
    .sign(offers[0].1.ephemeral());
    let refused = give(&mut network, &Packet::Proposal(proposal));
    assert_eq!(
        refused,
        [Err(Rejection::UnknownEpoch), Err(Rejection::UnknownEpoch)]
    );
    network.run_for(60);
    assert_eq!(offers_to(&network, host), 0);
    let is_round = |(_, packet): &&(usize, Vec<u8>)| {
        matches!(Packet::from_bytes(packet), Ok(Packet::Contribution(..)))
    };
    assert_eq!(network.wire[before..].iter().filter(is_round).count(), 0);
    network.send(0, "Bob, the code is 1234");
    network.run_for(2);
    assert_eq!(network.read(1), ["Bob, the code is 1234"]);
    assert_eq!(epochs(&network, 0), 1);
}

#[test]
fn larger_room_takes_nobody() {
    let mut network = Network::with(0, 7, |_| {});
    for _ in 0..2 {
        network.enter(|config| config.members = Some(2));
    }
    // The strangers hear nothing of Alice and Bob for now.
    network.tamper = Some(Box::new(|from, to, packet| {
        ((from < 2) == (to < 2)).then(|| packet.to_vec())
    }));
    for _ in 0..3 {
        network.enter(|config| config.members = Some(3));
    }
    network.run_until(100, |network| network.rooms.iter().all(Room::is_secure));
    // They drop what Bob says, and send to Alice alone.
    network.tamper = Some(Box::new(|from, to, packet| {
        let is_kept = (from == 1 && to >= 2) || (from >= 2 && to == 1);
        (!is_kept).then(|| packet.to_vec())
    }));
    network.send(2, "who else is here?");
    network.run_for(120);
    assert_eq!(
        roster(&network, 0),
        network.keys[..2].iter().copied().collect()
    );
    assert!(other_epochs(&network, 0) > 0);
    network.send(0, "Bob, are you there?");
    network.run_for(5);
    assert_eq!(network.read(1), ["Bob, are you there?"]);
    let heard = network.read(2).contains(&"Bob, are you there?".to_owned());
    assert!(!heard);
}

#[test]
fn two_rooms_stay_apart_and_their_members_are_told() {
    let mut network = Network::with(5, 1, |_| {});
    let side = |member: usize| member < 2;
    network.tamper = Some(Box::new(move |from, to, packet| {
        (side(from) == side(to)).then(|| packet.to_vec())
    }));
    network.run_until(120, |n| n.rooms.iter().all(Room::is_secure));
    let before: Vec<_> = (0..5).map(|member| roster(&network, member)).collect();
    network.tamper = None;
    network.send(3, "who else is here?");
    network.run_for(120);
    for (member, before) in before.iter().enumerate() {
        assert_eq!(roster(&network, member), *before);
        assert_eq!(other_epochs(&network, member), 1);
    }
}

#[test]
fn adverts_do_not_keep_a_first_epoch_from_forming() {
    for every in [1, 10, 25] {
        let mut network = Network::with(4, every, |_| {});
        let mut n = 0;
        while !network.rooms.iter().all(Room::is_secure) {
            n += 1;
            assert!(u64::from(n) * every < 60, "a false advert every {every} s");
            advertise(&mut network, EpochName::new([n; 16]), 3);
            network.run_for(every);
        }
    }
}

#[test]
fn who_is_left_alone_forms_an_epoch_with_who_comes() {
    let mut network = Network::with(2, 5, |_| {}).until_secure();
    network.leave(1);
    network.run_until(60, |n| roster(n, 0).len() == 1);
    let late = network.enter(|_| {});
    let expected = [0, late].map(|member| network.keys[member]).into();
    network.run_until(60, |n| {
        roster(n, 0) == expected && roster(n, late) == expected
    });
    network.send(late, "am I alone?");
    network.run_for(2);
    assert_eq!(network.read(0), ["am I alone?"]);
}

#[test]
fn two_who_lost_one_another_find_together_again() {
    let mut network = Network::with(2, 5, |_| {}).until_secure();
    network.tamper = Some(Box::new(|_, _, _| None));
    for member in 0..2 {
        network.send(member, "hello?");
    }
    network.run_until(300, |n| (0..2).all(|member| roster(n, member).len() == 1));
    network.tamper = None;
    network.run_until(60, |n| (0..2).all(|member| roster(n, member).len() == 2));
}
