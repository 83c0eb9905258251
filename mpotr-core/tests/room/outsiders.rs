//! What outsiders can do to those who begin an epoch, or want to come into one. `docs/spec/06-epochs.md`, "Proposals" and "Anyone
//! repairs".

use std::collections::BTreeSet;

use mpotr_core::crypto::{EphemeralKeyPair, IdentityKeyPair, SignatureBytes};
use mpotr_core::gka::{
    Contribution, EpochName, MemberIndex, Offer, OfferDigest, OfferSecrets, OwnChallenge, RoomId,
};
use mpotr_core::wire::{MemberBits, Missing, Packet, Proposal, Request, SidHint, Wanted};
use mpotr_core::{Admission, Event, Rejection, Rekey, Room, RoomConfig, Timers};
use mpotr_netem::Weather;

use crate::attacks::{give, offers, outsider, own_offer, proposal_of, proposals, sent, sum_of};
use crate::network::{Network, Suite};

fn room() -> RoomId {
    RoomId::of_name::<Suite>("test")
}

fn give_all(network: &mut Network, packet: &Packet) {
    let packet = packet.to_bytes();
    for member in 0..network.rooms.len() {
        let _any = give(network, member, &packet);
    }
}

/// Digests of nothing.
fn invented(count: u16) -> impl Iterator<Item = OfferDigest> {
    (0..count).map(|n| {
        let mut digest = [0xab; 32];
        digest[..2].copy_from_slice(&n.to_be_bytes());
        OfferDigest::new(digest)
    })
}

/// A proposal that nobody has signed, made by an offer that nobody has.
fn unsigned(network: &mut Network, listed: &[OfferDigest], count: u16, view: u32) -> Proposal {
    let (stranger, secrets) = outsider(network);
    let template = proposal_of(&[&stranger], &stranger, secrets.ephemeral());
    let made_up: BTreeSet<_> = invented(count).collect();
    let all: BTreeSet<_> = listed.iter().chain(&made_up).copied().collect();
    let maker = all.iter().position(|it| made_up.contains(it)).unwrap();
    Proposal {
        view,
        proposer: u16::try_from(maker).unwrap(),
        offers: all.into_iter().collect(),
        signature: SignatureBytes::new([0; 64]),
        ..template
    }
}

/// The offer that a member has published last.
fn last_offer(network: &Network, member: usize) -> Offer {
    let own =
        network
            .wire
            .iter()
            .rev()
            .find_map(|(from, packet)| match Packet::from_bytes(packet) {
                Ok(Packet::Offer(offer)) if *from == member => Some(offer),
                _ => None,
            });
    own.unwrap()
}

#[test]
fn an_unsigned_proposal_of_a_far_view_moves_nobody() {
    let mut network = Network::with(1, 1, |_| {});
    let own = own_offer(&mut network, 0).digest::<Suite>();
    let far = unsigned(&mut network, &[own], 4095, u32::MAX);
    let refused = give(&mut network, 0, &Packet::Proposal(far).to_bytes());
    assert_eq!(refused, Err(Rejection::StaleView));
    network.enter(|_| {});
    network.run_until(10, |n| n.rooms.iter().all(Room::is_secure));
}

#[test]
fn nobody_gives_up_its_offer_for_a_proposal_that_is_not_signed() {
    let mut network = Network::with(1, 1, |_| {});
    let own = own_offer(&mut network, 0);
    // As old as a view.
    network.run_for(60);
    let without = unsigned(&mut network, &[], 3, 0);
    let refused = give(&mut network, 0, &Packet::Proposal(without).to_bytes());
    assert_eq!(refused, Err(Rejection::NotListed));
    network.run_for(30);
    assert_eq!(last_offer(&network, 0), own);
}

/// Friends who wait for one who does not come.
fn friends_who_wait(members: usize) -> Network {
    let mut network = Network::with(0, 3, |_| {});
    let people: Vec<_> = (0..=members)
        .map(|_| IdentityKeyPair::random::<Suite>(&mut network.rng))
        .collect();
    let keys: BTreeSet<_> = people.iter().map(IdentityKeyPair::public).collect();
    for person in people.into_iter().take(members) {
        let mut config = RoomConfig::new(room(), Admission::Only(keys.clone()));
        config.timers = Timers::RELAY;
        network.enter_as(person, config);
    }
    network.run_for(2);
    network
}

fn bytes_of_requests(network: &Network, since: usize) -> usize {
    let sent = network.wire[since..].iter();
    let requests = sent.filter(|(_, it)| matches!(Packet::from_bytes(it), Ok(Packet::Request(_))));
    requests.map(|(_, packet)| packet.len()).sum()
}

#[test]
fn a_proposal_of_invented_offers_draws_three_times_its_bytes_at_most() {
    for members in [3, 8] {
        let mut network = friends_who_wait(members);
        let all: Vec<_> = (0..members)
            .map(|it| last_offer(&network, it).digest::<Suite>())
            .collect();
        for count in [4000, 16] {
            let before = network.wire.len();
            let mut theirs = 0;
            for n in 0..10 {
                let mut made_up = unsigned(&mut network, &all, count, 0);
                made_up.name = EpochName::new([n + 1; 16]);
                let packet = Packet::Proposal(made_up);
                theirs += packet.to_bytes().len();
                give_all(&mut network, &packet);
                network.run_for_millis(100);
            }
            network.run_for(6);
            let drawn = bytes_of_requests(&network, before);
            assert!(drawn <= 3 * theirs, "{members}: {theirs} drew {drawn}");
            // And not for ever.
            let before = network.wire.len();
            network.run_for(6);
            assert_eq!(bytes_of_requests(&network, before), 0);
        }
    }
}

/// A run of some, in which the contribution of the second reaches the first by others alone; and that contribution.
fn with_a_loss(members: usize) -> (Network, SidHint, Contribution) {
    let mut network = Network::new(members, 5);
    network.set_weather(Weather::fair(100));
    network.tamper = Some(Box::new(|from, to, packet| {
        let is_it = from == 1
            && to == 0
            && matches!(Packet::from_bytes(packet), Ok(Packet::Contribution(..)));
        (!is_it).then(|| packet.to_vec())
    }));
    let made = |network: &Network| {
        network
            .wire
            .iter()
            .find_map(|(from, it)| match Packet::from_bytes(it) {
                Ok(Packet::Contribution(hint, it)) if *from == 1 => Some((hint, it)),
                _ => None,
            })
    };
    network.run_until(30, |network| made(network).is_some());
    let (hint, contribution) = made(&network).unwrap();
    (network, hint, contribution)
}

#[test]
fn what_is_forged_does_not_stop_what_was_asked_for() {
    for members in [3, 8] {
        let (mut network, hint, contribution) = with_a_loss(members);
        let mut is_asked = false;
        let mut seen = network.wire.len();
        for n in 0..2000_u16 {
            network.run_for_millis(1);
            let mut wire = network.wire[seen..].iter();
            is_asked |=
                wire.any(|(_, it)| matches!(Packet::from_bytes(it), Ok(Packet::Request(_))));
            seen = network.wire.len();
            if is_asked {
                let mut forged = contribution.clone();
                forged.body.knowledge_share = n.to_be_bytes().to_vec();
                let packet = Packet::Contribution(hint, forged).to_bytes();
                for member in 1..members {
                    let _refused = give(&mut network, member, &packet);
                }
            }
        }
        assert!(is_asked, "nothing was asked for");
        assert!(network.rooms.iter().all(Room::is_secure), "{members}");
    }
}

#[test]
fn a_request_draws_nothing_of_the_run_of_a_room_that_nobody_is_behind_in() {
    let run_of = |network: &Network| {
        let mut wire = network.wire.iter();
        wire.find_map(|(_, packet)| match Packet::from_bytes(packet) {
            Ok(Packet::Contribution(run, _)) => Some(run),
            _ => None,
        })
    };
    // All were heard in the epoch; or one was not, and it is as old as one that is behind waits.
    for (is_talking, quiet) in [(true, 5), (false, 61)] {
        let mut network = Network::new(5, 7).until_secure();
        let run = run_of(&network).unwrap();
        if is_talking {
            network.send(0, "hello");
        }
        network.run_for(quiet);
        let before = network.wire.len();
        for number in 0..50 {
            let all: MemberBits = MemberIndex::all(5).collect();
            let missing = Missing {
                run,
                number,
                contributions: all.clone(),
                confirmations: all,
            };
            let wanted = Wanted::Rounds(missing);
            let request = Request {
                room: room(),
                wanted,
            };
            give_all(&mut network, &Packet::Request(request));
            network.run_for_millis(200);
        }
        let drawn = network.wire[before..].iter().filter(|(_, packet)| {
            matches!(
                Packet::from_bytes(packet),
                Ok(Packet::Contribution(..) | Packet::Confirmation(..))
            )
        });
        assert_eq!(drawn.count(), 0, "talking: {is_talking}");
    }
}

#[test]
fn who_asks_for_everything_keeps_nobody_from_asking() {
    let (mut network, run, _) = with_a_loss(8);
    for _ in 0..200 {
        network.run_for_millis(10);
        let all: MemberBits = MemberIndex::all(8).collect();
        let missing = Missing {
            run,
            number: 0,
            contributions: all.clone(),
            confirmations: all,
        };
        let request = Request {
            room: room(),
            wanted: Wanted::Rounds(missing),
        };
        // So that nobody answers.
        let _any = give(&mut network, 0, &Packet::Request(request).to_bytes());
    }
    assert!(network.rooms.iter().all(Room::is_secure));
}

/// What was answered to the challenge of an epoch.
fn answered(network: &Network, member: usize) -> Option<Offer> {
    network
        .wire
        .iter()
        .rev()
        .find_map(|(from, it)| match Packet::from_bytes(it) {
            Ok(Packet::Answer(answer)) if *from == member => Some(answer.offer),
            _ => None,
        })
}

#[test]
fn a_forged_contribution_of_a_newcomer_freezes_nobody() {
    let mut network = Network::full(3, 1).until_secure();
    network.run_for(5);
    let newcomer = network.enter(|config| config.policy.rekey = Rekey::Full);
    network.run_until(10, |n| answered(n, newcomer).is_some());
    network.kill(newcomer);
    let before = network.wire.len();
    let contribution = |n: &Network| {
        n.wire[before..]
            .iter()
            .find_map(|(_, it)| match Packet::from_bytes(it) {
                Ok(Packet::Contribution(hint, it)) => Some((hint, it)),
                _ => None,
            })
    };
    network.run_until(10, |n| contribution(n).is_some());
    network.run_for_millis(100);
    let (hint, mut forged) = contribution(&network).unwrap();
    let proposal = proposals(&network).pop().unwrap();
    let theirs = answered(&network, newcomer).unwrap().digest::<Suite>();
    let place = proposal.offers.iter().position(|it| *it == theirs).unwrap();
    forged.sender = MemberIndex::of(place);
    give_all(&mut network, &Packet::Contribution(hint, forged));
    network.send(0, "nobody waits");
    network.run_for_millis(500);
    assert_eq!(network.read(1), ["nobody waits"]);
}

#[test]
fn a_forged_contribution_to_a_proposal_that_is_held_changes_nothing() {
    let elsewhere = Network::new(2, 9).until_secure();
    let contribution = sent(&elsewhere, |packet| match packet {
        Packet::Contribution(_, contribution) => Some(contribution),
        _ => None,
    });
    let mut network = Network::with(2, 1, |_| {});
    // Nobody hears a proposal, and so that of the second is held.
    network.tamper = Some(Box::new(|_, _, packet| {
        (!matches!(Packet::from_bytes(packet), Ok(Packet::Proposal(_)))).then(|| packet.to_vec())
    }));
    let held = |network: &Network| {
        let mut wire = network.wire.iter();
        wire.find_map(|(from, it)| match Packet::from_bytes(it) {
            Ok(Packet::Proposal(proposal)) if proposal.proposer != 0 => Some((*from, proposal)),
            _ => None,
        })
    };
    network.run_until(10, |network| held(network).is_some());
    let (holder, proposal) = held(&network).unwrap();
    let all = offers(&network);
    let listed = proposal.offers.iter().map(|digest| {
        let mut all = all.iter();
        all.find(|offer| offer.digest::<Suite>() == *digest)
            .unwrap()
    });
    let listed: Vec<_> = listed.collect();
    let hint = SidHint::of(&proposal.sid::<Suite>(listed.into_iter()));
    let before = network.wire.len();
    let mut forged = contribution[0].clone();
    forged.sender = MemberIndex::new(0);
    let packet = Packet::Contribution(hint, forged).to_bytes();
    assert_eq!(give(&mut network, holder, &packet), Ok(()));
    let since = network.wire[before..].iter();
    let contributed = since.filter(|(from, it)| {
        *from == holder && matches!(Packet::from_bytes(it), Ok(Packet::Contribution(..)))
    });
    assert_eq!(contributed.count(), 0);
}

/// A proposal in the name of an epoch, of one who is not in it.
fn of_host(
    network: &mut Network,
    parent: EpochName,
    view: u32,
    listed: &Offer,
) -> (Offer, Proposal) {
    let identity = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let (own, secrets) =
        OfferSecrets::<Suite>::generate(room(), Some(parent), &identity, 0, &mut network.rng);
    let key: &EphemeralKeyPair<Suite> = secrets.ephemeral();
    let made = Proposal {
        parent: Some(parent),
        view,
        commitments: sum_of(&if listed.digest::<Suite>() < own.digest::<Suite>() {
            [listed, &own]
        } else {
            [&own, listed]
        }),
        ..proposal_of(&[listed, &own], &own, key)
    };
    (own, made.sign::<Suite>(key))
}

fn name_of(network: &Network, member: usize) -> EpochName {
    let mut events = network.events[member].iter().rev();
    let name = events.find_map(|event| match event {
        Event::Secure { name, .. } => Some(*name),
        _ => None,
    });
    name.unwrap()
}

#[test]
fn who_names_an_epoch_that_is_not_its_own_keeps_no_newcomer_out() {
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(5);
    let host = name_of(&network, 0);
    let newcomer = network.enter(|_| {});
    // Mallory is the first to ask who is there, and to propose.
    let mallory = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let asked = OwnChallenge::<Suite>::draw(room(), host, 9, &mallory, &mut network.rng);
    let hello = Packet::Hello(*asked.challenge()).to_bytes();
    give(&mut network, newcomer, &hello).unwrap();
    let offer = answered(&network, newcomer).unwrap();
    let (own, made) = of_host(&mut network, host, u32::MAX, &offer);
    give(&mut network, newcomer, &Packet::Offer(own).to_bytes()).unwrap();
    give(&mut network, newcomer, &Packet::Proposal(made).to_bytes()).unwrap();
    let contributes = |(from, it): &(usize, Vec<u8>)| {
        *from == newcomer && matches!(Packet::from_bytes(it), Ok(Packet::Contribution(..)))
    };
    assert!(network.wire.iter().any(contributes));
    network.run_until(3, |n| {
        n.rooms.iter().all(Room::is_secure) && name_of(n, newcomer) == name_of(n, 0)
    });
}

#[test]
fn who_is_asked_by_strangers_all_the_time_answers_the_room_too() {
    for seed in 2..=4 {
        let mut network = Network::new(3, seed).until_secure();
        network.run_for(5);
        let host = name_of(&network, 0);
        let newcomer = network.enter(|_| {});
        let mallory = IdentityKeyPair::random::<Suite>(&mut network.rng);
        let began = network.now;
        while !network.rooms[newcomer].is_secure() {
            let took = network.now.since(began).as_secs();
            assert!(took < 30, "the newcomer is not in");
            let own = OwnChallenge::<Suite>::draw(room(), host, 0, &mallory, &mut network.rng);
            let packet = Packet::Hello(*own.challenge());
            give_all(&mut network, &packet);
            network.run_for_millis(5);
        }
    }
}
