//! What an attacker on the wire can do with packets, its own or recorded.

use std::collections::BTreeSet;

use mpotr_core::crypto::{EphemeralKeyPair, IdentityKeyPair, Secret, SignatureBytes, SuiteId};
use mpotr_core::gka::{
    AgreementId, AuthenticationId, CommitmentSum, EpochName, KnownIdentities, Offer, OfferSecrets,
    RoomId, RunMember,
};
use mpotr_core::wire::{Knock, KnockNonce, Packet, Proposal, VERSION};
use mpotr_core::{Admission, Event, Policy, Rejection, Room, RoomConfig};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::network::{Network, Suite};

/// Gives a packet to a member as if it came from the channel.
pub(crate) fn give(network: &mut Network, to: usize, packet: &[u8]) -> Result<(), Rejection> {
    let now = network.now;
    let result = network.rooms[to].handle_message(now, packet, &mut network.rng);
    network.collect(to);
    result
}

/// The packets that were sent and that decode to what is asked for.
pub(crate) fn sent<T>(network: &Network, pick: impl Fn(Packet) -> Option<T>) -> Vec<T> {
    network
        .wire
        .iter()
        .filter_map(|(_, packet)| pick(Packet::from_bytes(packet).ok()?))
        .collect()
}

pub(crate) fn proposals(network: &Network) -> Vec<Proposal> {
    sent(network, |packet| match packet {
        Packet::Proposal(proposal) => Some(proposal),
        _ => None,
    })
}

pub(crate) fn offers(network: &Network) -> Vec<Offer> {
    sent(network, |packet| match packet {
        Packet::Offer(offer) => Some(offer),
        _ => None,
    })
}

/// What a member that gathers publishes when another knocks.
pub(crate) fn own_offer(network: &mut Network, member: usize) -> Offer {
    let knock = Knock {
        room: RoomId::of_name::<Suite>("test"),
        nonce: KnockNonce::new([1; 16]),
    };
    give(network, member, &Packet::Knock(knock).to_bytes()).unwrap();
    network.run_for_millis(0);
    offers(network).remove(0)
}

/// An outsider with an offer of its own in the hands of all.
pub(crate) fn outsider(network: &mut Network) -> (Offer, OfferSecrets<Suite>) {
    let identity = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let room = RoomId::of_name::<Suite>("test");
    OfferSecrets::generate(room, None, &identity, 0, &mut network.rng)
}

/// The sum of the commitments of these offers.
pub(crate) fn sum_of(offers: &[&Offer]) -> Option<CommitmentSum> {
    let strangers = KnownIdentities::new();
    let members: Vec<_> = offers
        .iter()
        .map(|offer| RunMember::<Suite>::decode((*offer).clone(), &strangers).unwrap())
        .collect();
    CommitmentSum::of(AuthenticationId::GroupProof, &members).unwrap()
}

pub(crate) fn proposal_of(
    offers: &[&Offer],
    proposer: &Offer,
    key: &EphemeralKeyPair<Suite>,
) -> Proposal {
    let mut digests: Vec<_> = offers.iter().map(|offer| offer.digest::<Suite>()).collect();
    digests.sort();
    let own = proposer.digest::<Suite>();
    Proposal {
        suite: SuiteId::ChaCha20Poly1305,
        room: RoomId::of_name::<Suite>("test"),
        parent: None,
        name: EpochName::new([1; 16]),
        view: 0,
        host: None,
        policy: Policy::default(),
        proposer: u16::try_from(digests.iter().position(|digest| *digest == own).unwrap()).unwrap(),
        commitments: sum_of(offers),
        offers: digests,
        signature: SignatureBytes::new([0; 64]),
    }
    .sign::<Suite>(key)
}

#[test]
fn a_recorded_session_replayed_into_a_later_one_changes_nothing() {
    let mut first = Network::new(3, 1).until_secure();
    first.send(0, "of the first session");
    first.run_for(20);
    // The same people, in the same room, later.
    let mut second = Network::new(3, 1);
    second.rng.next_u64();
    let recorded: Vec<_> = first
        .wire
        .iter()
        .map(|(_, packet)| packet.clone())
        .collect();
    // Entering anew draws other offers: the generator is not where it was.
    let mut second = {
        let mut later = Network::with(0, 1, |_| {});
        std::mem::swap(&mut later.rng, &mut second.rng);
        for _ in 0..3 {
            later.enter(|config| config.members = Some(3));
        }
        later
    };
    second = second.until_secure();
    second.run_for(20);
    let events = second.events.clone();
    for packet in &recorded {
        for member in 0..3 {
            let _any = give(&mut second, member, packet);
        }
    }
    second.run_for(60);
    for (before, after) in events.iter().zip(&second.events) {
        let new: Vec<_> = after[before.len()..].iter().collect();
        // Offers of the recorded session are offers like any other: one waits outside.
        assert!(
            new.iter()
                .all(|event| matches!(event, Event::WantsIn { .. })),
            "{new:?}"
        );
    }
    second.send(0, "go on");
    second.run_until(10, |n| n.read(1) == ["go on"]);
}

#[test]
fn a_whole_session_replayed_to_the_same_people_in_a_later_one_changes_nothing() {
    let people = || {
        let mut rng = ChaCha20Rng::seed_from_u64(77);
        [(); 3].map(|()| IdentityKeyPair::random::<Suite>(&mut rng))
    };
    let meet = |seed: u64| {
        let mut network = Network::with(0, seed, |_| {});
        for identity in people() {
            let mut config = RoomConfig::new(RoomId::of_name::<Suite>("test"), Admission::Open);
            config.members = Some(3);
            network.enter_as(identity, config);
        }
        network.until_secure()
    };
    // A session with everything in it: texts, statements, a loss, fresh keys, a departure.
    let mut first = meet(1);
    for round in 0..5 {
        for member in 0..3 {
            first.send(member, &format!("{member} {round}"));
        }
        first.run_for(1);
    }
    let now = first.now;
    first.rooms[1].refresh(now);
    first.collect(1);
    first.run_for(30);
    first.send(0, "in the second epoch");
    first.run_for(10);
    first.leave(2);
    first.run_for(30);
    let recorded: Vec<_> = first
        .wire
        .iter()
        .map(|(_, packet)| packet.clone())
        .collect();
    let kinds: BTreeSet<_> = recorded.iter().map(|packet| packet[1]).collect();
    assert!(
        kinds.is_superset(&BTreeSet::from([1, 2, 3, 4, 5])),
        "{kinds:?}"
    );

    let mut second = meet(2);
    assert_eq!(second.keys, first.keys);
    second.send(1, "of the second session");
    second.run_for(20);
    let events = second.events.clone();
    // One by one and together, in the order in which it was sent and in the other.
    for packet in recorded.iter().chain(recorded.iter().rev()) {
        for member in 0..3 {
            let _any = give(&mut second, member, packet);
        }
    }
    let now = second.now;
    for member in 0..3 {
        let _any = second.rooms[member].handle_messages(now, &recorded, &mut second.rng);
        second.collect(member);
    }
    second.run_for(60);
    for (before, after) in events.iter().zip(&second.events) {
        let new = &after[before.len()..];
        assert!(new.is_empty(), "{new:?}");
    }
    second.send(0, "go on");
    second.run_until(10, |n| n.read(1).last().unwrap() == "go on");
}

#[test]
fn every_packet_with_a_flipped_bit_changes_nothing() {
    let mut network = Network::new(3, 1);
    network.tamper = Some(Box::new(|_, _, packet| Some(packet.to_vec())));
    network = network.until_secure();
    network.send(1, "hello");
    network.run_for(30);
    let events = network.events.clone();
    let packets: Vec<_> = network
        .wire
        .iter()
        .map(|(_, packet)| packet.clone())
        .collect();
    for packet in packets {
        for position in 0..packet.len() {
            let mut changed = packet.clone();
            changed[position] ^= 1 << (position % 8);
            let _any = give(&mut network, 0, &changed);
        }
    }
    let new: Vec<_> = network.events[0][events[0].len()..].to_vec();
    assert!(
        new.iter()
            .all(|event| matches!(event, Event::WantsIn { .. })),
        "{new:?}"
    );
    network.send(0, "still here");
    network.run_until(10, |n| n.read(2).len() == 2);
}

#[test]
fn no_text_and_no_name_is_on_the_wire() {
    let mut network = Network::new(3, 1).until_secure();
    network.send(0, "a secret that nobody else may read");
    network.run_for(10);
    for (_, packet) in &network.wire {
        for needle in [&b"secret"[..], b"nobody", b"test"] {
            assert!(!packet.windows(needle.len()).any(|window| window == needle));
        }
    }
}

#[test]
fn terms_that_were_changed_on_the_way_are_refused() {
    let network = Network::new(3, 1).until_secure();
    let original = proposals(&network).remove(0);
    let change = |change: fn(&mut Proposal)| {
        let mut changed = original.clone();
        change(&mut changed);
        changed
    };
    let cases = [
        (
            change(|p| p.suite = SuiteId::Aes256Gcm),
            Rejection::OtherPolicy,
        ),
        (
            change(|p| p.policy.agreement = AgreementId::Pairwise),
            Rejection::OtherPolicy,
        ),
        (
            change(|p| p.policy.authentication = AuthenticationId::TripleDh),
            Rejection::OtherPolicy,
        ),
        (
            change(|p| p.room = RoomId::new([0; 32])),
            Rejection::OtherRoom,
        ),
        (
            change(|p| p.parent = Some(EpochName::new([1; 16]))),
            Rejection::UnknownEpoch,
        ),
        (change(|p| p.view = 9), Rejection::StaleView),
        (
            change(|p| p.name = EpochName::new([2; 16])),
            Rejection::NotAuthentic,
        ),
        (change(|p| p.view = 1), Rejection::NotAuthentic),
        (
            change(|p| p.proposer = (p.proposer + 1) % 3),
            Rejection::NotAuthentic,
        ),
        (
            change(|p| p.signature = SignatureBytes::new([0; 64])),
            Rejection::NotAuthentic,
        ),
    ];
    let given = offers(&network);
    for (changed, expected) in cases {
        // A member that holds all offers and has not seen the original: the same run, cut off before the proposal.
        let mut fresh = Network::new(3, 1);
        fresh.tamper = Some(Box::new(|_, _, packet| {
            matches!(packet[1], 1 | 11).then(|| packet.to_vec())
        }));
        fresh.run_for_millis(12);
        for offer in &given[..3] {
            for member in 0..3 {
                give(&mut fresh, member, &Packet::Offer(offer.clone()).to_bytes()).unwrap();
            }
        }
        let packet = Packet::Proposal(changed).to_bytes();
        assert_eq!(give(&mut fresh, 0, &packet), Err(expected));
        let contributes = |packet| matches!(packet, Packet::Contribution(..)).then_some(());
        assert!(sent(&fresh, contributes).is_empty());
    }
}

#[test]
fn nothing_leaves_for_a_roster_that_is_not_admitted() {
    let mut network = Network::with(0, 1, |_| {});
    let alice = network.enter(|config| config.admission = Admission::Ask(BTreeSet::new()));
    let (offer, secrets) = outsider(&mut network);
    let refused = give(
        &mut network,
        alice,
        &Packet::Offer(offer.clone()).to_bytes(),
    );
    assert_eq!(refused, Err(Rejection::NotAdmitted));
    let own = own_offer(&mut network, alice);
    let proposal = proposal_of(&[&own, &offer], &offer, secrets.ephemeral());
    give(&mut network, alice, &Packet::Proposal(proposal).to_bytes()).unwrap();
    network.run_for(60);
    // It knocked, asked for the offer that it will not accept, and contributed nothing.
    let kinds: BTreeSet<_> = network.wire.iter().map(|(_, packet)| packet[1]).collect();
    assert_eq!(kinds, BTreeSet::from([1, 6, 11]));
}

#[test]
fn an_offer_serves_one_contribution() {
    let mut network = Network::with(0, 1, |_| {});
    let alice = network.enter(|_| {});
    let own = own_offer(&mut network, alice);
    let (offer, secrets) = outsider(&mut network);
    give(
        &mut network,
        alice,
        &Packet::Offer(offer.clone()).to_bytes(),
    )
    .unwrap();
    let first = proposal_of(&[&own, &offer], &offer, secrets.ephemeral());
    give(
        &mut network,
        alice,
        &Packet::Proposal(first.clone()).to_bytes(),
    )
    .unwrap();
    let contributions = |network: &Network| {
        sent(network, |packet| match packet {
            Packet::Contribution(hint, _) => Some(hint),
            _ => None,
        })
    };
    assert_eq!(contributions(&network).len(), 1);
    // A second run with the same offer of Alice's: another view, another roster.
    let (third, _) = outsider(&mut network);
    give(
        &mut network,
        alice,
        &Packet::Offer(third.clone()).to_bytes(),
    )
    .unwrap();
    let mut second = proposal_of(&[&own, &offer, &third], &offer, secrets.ephemeral());
    second.view = 1;
    let second = second.sign::<Suite>(secrets.ephemeral());
    let refused = give(&mut network, alice, &Packet::Proposal(second).to_bytes());
    assert_eq!(refused, Err(Rejection::NotListed));
    assert_eq!(contributions(&network).len(), 1);
}

#[test]
fn offers_of_strangers_are_bounded() {
    let mut network = Network::with(1, 1, |_| {});
    let identity = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let room = RoomId::of_name::<Suite>("test");
    for count in 0..20 {
        let offer =
            OfferSecrets::<Suite>::generate(room, None, &identity, count, &mut network.rng).0;
        give(&mut network, 0, &Packet::Offer(offer).to_bytes()).unwrap();
    }
    // One person, told once.
    assert_eq!(
        network.count(0, |event| matches!(event, Event::WantsIn { .. })),
        1
    );
}

#[test]
fn a_copied_ephemeral_key_speaks_for_nobody() {
    // Mallory lists an E that it copied from another room. It cannot sign under it: its proposal is refused, and
    // nothing that it sends in the owner's name verifies.
    let mut network = Network::with(1, 1, |_| {});
    let own = own_offer(&mut network, 0);
    let (copied, _) = outsider(&mut network);
    let mut rng = network.rng.clone();
    let mallory = EphemeralKeyPair::<Suite>::from_seed(&Secret::random(&mut rng));
    give(&mut network, 0, &Packet::Offer(copied.clone()).to_bytes()).unwrap();
    let proposal = proposal_of(&[&own, &copied], &copied, &mallory);
    let refused = give(&mut network, 0, &Packet::Proposal(proposal).to_bytes());
    assert_eq!(refused, Err(Rejection::NotAuthentic));
}

#[test]
fn garbage_before_the_room_is_secure_keeps_nobody_out() {
    let mut network = Network::new(3, 1);
    for seed in 0..2000_u32 {
        let mut garbage = vec![VERSION, u8::try_from(1 + seed % 6).unwrap()];
        let length = usize::try_from(seed % 400).unwrap();
        garbage.resize(2 + length, 0);
        network.rng.fill_bytes(&mut garbage[2..]);
        for member in 0..3 {
            let _any = give(&mut network, member, &garbage);
        }
    }
    let network = network.until_secure();
    assert!(network.rooms.iter().all(Room::is_secure));
}
