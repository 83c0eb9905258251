//! Offers with keys that do not decode: who is left out for one, and who is not.

use std::collections::BTreeSet;

use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::{
    CycleShare, FaultKind, Forger, KnowledgeCommitment, Offer, OfferSecrets, RoomId, TrapdoorKey,
};
use mpotr_core::wire::Packet;
use mpotr_core::{Duration, Event, Rejection, Room};

use crate::attacks::{give, offers, outsider, own_offer, proposal_of};
use crate::network::{Network, Suite};

/// No canonical encoding of anything.
const NO_ELEMENT: [u8; 32] = [0xff; 32];

/// The newest offer of each member.
fn newest(network: &Network) -> Vec<Offer> {
    let sent = offers(network);
    let of = |key: &IdentityKey| sent.iter().rev().find(|offer| offer.identity == *key);
    network
        .keys
        .iter()
        .map(|key| of(key).unwrap().clone())
        .collect()
}

/// The claimed identities that failed runs named to a member, with the fault.
fn named(network: &Network, member: usize) -> Vec<(Option<FaultKind>, Vec<IdentityKey>)> {
    let failed = network.events[member]
        .iter()
        .filter_map(|event| match event {
            Event::AgreementFailed { fault, claimed } => Some((*fault, claimed.clone())),
            _ => None,
        });
    failed.collect()
}

fn roster(network: &Network, member: usize) -> BTreeSet<IdentityKey> {
    let secure = network.events[member].iter().find_map(|event| match event {
        Event::Secure { roster, .. } => Some(roster.iter().map(|member| member.identity)),
        _ => None,
    });
    secure.into_iter().flatten().collect()
}

#[test]
fn undecodable_cycle_share_blames_its_owner_not_the_silent_neighbours() {
    // The places in the cycle, and so the neighbours, differ with the seed.
    for seed in 1..6 {
        an_undecodable_cycle_share(Network::with(5, seed, |config| {
            // All have heard all, and nobody has proposed.
            config.timers.gather = Duration::from_secs(1);
        }));
    }
}

fn an_undecodable_cycle_share(mut network: Network) {
    network.run_for_millis(30);
    let (mut offer, secrets) = outsider(&mut network);
    offer.share = CycleShare::new(NO_ELEMENT);
    let honest = newest(&network);
    let listed: Vec<_> = honest.iter().chain([&offer]).collect();
    // The insider lists itself: no honest proposer does.
    let proposal = proposal_of(&listed, &offer, secrets.ephemeral());
    let place = usize::from(proposal.proposer);
    let neighbours = [(place + 5) % 6, (place + 1) % 6].map(|index| proposal.offers[index]);
    for (member, own) in honest.iter().enumerate() {
        give(
            &mut network,
            member,
            &Packet::Offer(offer.clone()).to_bytes(),
        )
        .unwrap();
        let packet = Packet::Proposal(proposal.clone()).to_bytes();
        let answer = give(&mut network, member, &packet);
        if neighbours.contains(&own.digest::<Suite>()) {
            assert!(matches!(answer, Err(Rejection::Roster(_))), "{answer:?}");
        } else {
            answer.unwrap();
        }
    }
    // Who took part bars the offer when the run is over: it stands in no other.
    let took_part = |own: &Offer| !neighbours.contains(&own.digest::<Suite>());
    let one = honest.iter().position(took_part).unwrap();
    network.run_until(60, |network| !named(network, one).is_empty());
    let listed = [&newest(&network)[one], &offer];
    let mut again = proposal_of(&listed, &offer, secrets.ephemeral());
    again.view = 2;
    let again = again.sign::<Suite>(secrets.ephemeral());
    let refused = give(&mut network, one, &Packet::Proposal(again).to_bytes());
    assert_eq!(refused, Err(Rejection::UnusableOffer));
    network.run_until(120, |network| network.rooms.iter().all(Room::is_secure));
    // Nobody was left out for having been silent in that run: the first epoch is one of all.
    let everyone: BTreeSet<_> = network.keys.iter().copied().collect();
    for (member, own) in honest.iter().enumerate() {
        assert_eq!(roster(&network, member), everyone);
        let named = named(&network, member);
        assert!(
            named
                .iter()
                .flat_map(|(_, claimed)| claimed)
                .all(|key| *key == offer.identity)
        );
        let owner = (Some(FaultKind::UndecodableKey), vec![offer.identity]);
        assert_eq!(named.contains(&owner), took_part(own));
    }
}

#[test]
fn an_offer_with_a_key_that_is_none_bars_itself_and_nobody_else() {
    let spoilt: [fn(&mut Offer); 3] = [
        |offer| offer.trapdoor = TrapdoorKey::new(NO_ELEMENT),
        |offer| offer.share = CycleShare::new(NO_ELEMENT),
        |offer| offer.commitment = KnowledgeCommitment::new(NO_ELEMENT),
    ];
    for spoil in spoilt {
        let mut network = Network::with(3, 5, |_| {});
        network.run_for_millis(400);
        // Under the name of a member: anyone can publish such a thing.
        let room = RoomId::of_name::<Suite>("test");
        let victim = Forger::<Suite>::new().invent(network.keys[1]);
        let mut offer = OfferSecrets::generate(room, None, &victim, 0, &mut network.rng).0;
        spoil(&mut offer);
        for member in [0, 2] {
            let _heard_or_refused = give(
                &mut network,
                member,
                &Packet::Offer(offer.clone()).to_bytes(),
            );
        }
        let network = network.until_secure();
        let everyone: BTreeSet<_> = network.keys.iter().copied().collect();
        for member in 0..3 {
            assert_eq!(roster(&network, member), everyone);
            assert_eq!(named(&network, member), [], "no run was begun with it");
        }
    }
}

#[test]
fn a_proposal_that_lists_a_key_that_is_none_is_refused_by_who_needs_the_key() {
    let spoilt: [fn(&mut Offer); 2] = [
        |offer| offer.trapdoor = TrapdoorKey::new(NO_ELEMENT),
        |offer| offer.share = CycleShare::new(NO_ELEMENT),
    ];
    for spoil in spoilt {
        let mut network = Network::with(1, 1, |_| {});
        let own = own_offer(&mut network, 0);
        let (mut offer, secrets) = outsider(&mut network);
        // Its sum is right: of that, at least, it keeps the rules.
        let mut proposal = proposal_of(&[&own, &offer], &offer, secrets.ephemeral());
        spoil(&mut offer);
        let mut digests = [own.digest::<Suite>(), offer.digest::<Suite>()];
        digests.sort_unstable();
        let place = digests
            .iter()
            .position(|digest| *digest == offer.digest::<Suite>());
        proposal.proposer = u16::try_from(place.unwrap()).unwrap();
        proposal.offers = digests.to_vec();
        let mut proposal = proposal.sign::<Suite>(secrets.ephemeral());
        // Nothing of it is decoded when it is heard.
        give(&mut network, 0, &Packet::Offer(offer).to_bytes()).unwrap();
        let packet = Packet::Proposal(proposal.clone()).to_bytes();
        let refused = give(&mut network, 0, &packet).unwrap_err();
        let is_refused = matches!(refused, Rejection::UnusableOffer | Rejection::Roster(_));
        assert!(is_refused, "{refused:?}");
        // The offer is barred: it is not even looked at again.
        proposal.view = 1;
        let again = proposal.sign::<Suite>(secrets.ephemeral());
        let packet = Packet::Proposal(again).to_bytes();
        assert_eq!(
            give(&mut network, 0, &packet),
            Err(Rejection::UnusableOffer)
        );
        let contributed = network.wire.iter().any(|(_, packet)| packet[1] == 3);
        assert!(!contributed);
        // Its own offer is as good as before: it was not used.
        network.run_for(3);
        assert_eq!(newest(&network)[0], own);
    }
}

#[test]
fn an_offer_with_an_obviously_bad_key_is_refused_when_it_is_heard() {
    let mut network = Network::with(1, 1, |_| {});
    let (offer, _) = outsider(&mut network);
    let bytes = Packet::Offer(offer).to_bytes();
    // A, E, Y, Z and R stand behind version, kind, the two lists, room and parent. The identity is told by its bytes, and
    // so is an E that is not canonical; the others are decoded when a proposal lists them.
    for (key, bad) in (0..5).map(|key| (key, [0; 32])).chain([(1, NO_ELEMENT)]) {
        let mut changed = bytes.clone();
        let start = 2 + 2 + 3 + 32 + 16 + 32 * key;
        changed[start..start + 32].copy_from_slice(&bad);
        let refused = give(&mut network, 0, &changed);
        assert!(
            matches!(refused, Err(Rejection::Decode(_))),
            "key {key}: {refused:?}"
        );
    }
}
