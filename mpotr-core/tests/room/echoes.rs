//! What a stranger's packet draws from a room: the same however many are in it.

use std::collections::BTreeSet;

use mpotr_core::crypto::IdentityKeyPair;
use mpotr_core::gka::{EpochName, MemberIndex, Offer, OfferDigest, OfferSecrets, RoomId};
use mpotr_core::wire::{MemberBits, Missing, Packet, Request, VERSION, Wanted};
use mpotr_core::{Event, Room};

use crate::network::{Network, Suite};

/// How many packets the stranger sends, one a second.
const SENT: usize = 40;

/// Gives a packet to all who are in the room.
fn give(network: &mut Network, packet: &[u8]) {
    let now = network.now;
    for member in 0..network.rooms.len() {
        let _any = network.rooms[member].handle_message(now, packet, &mut network.rng);
    }
    for member in 0..network.rooms.len() {
        network.collect(member);
    }
}

/// How many packets `counts` that the room sends while a stranger sends it some.
fn drawn(
    network: &mut Network,
    mut packet: impl FnMut(&mut Network) -> Vec<u8>,
    counts: impl Fn(&Packet) -> bool,
) -> usize {
    let before = network.wire.len();
    for _ in 0..SENT {
        let packet = packet(network);
        give(network, &packet);
        network.run_for(1);
    }
    let sent = network.wire[before..].iter();
    sent.filter(|(_, it)| counts(&Packet::from_bytes(it).unwrap()))
        .count()
}

fn offer(network: &mut Network, parent: Option<EpochName>) -> Offer {
    let identity = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let room = RoomId::of_name::<Suite>("test");
    let made = OfferSecrets::<Suite>::generate(room, parent, &identity, 0, &mut network.rng);
    made.0
}

fn quiet(members: usize) -> Network {
    let mut network = Network::with(members, 5, |config| {
        config.members = Some(members);
        config.timers.heartbeat = mpotr_core::Duration::from_secs(1_000_000);
    })
    .until_secure();
    network.send(0, "hello");
    network.run_for(30);
    network
}

const SIZES: [usize; 3] = [3, 8, 16];

#[test]
fn a_packet_that_comes_again_draws_no_answer() {
    for members in SIZES {
        let mut network = quiet(members);
        let sealed = |(from, packet): &&(usize, Vec<u8>)| {
            *from == 0 && matches!(Packet::from_bytes(packet), Ok(Packet::Sealed(_)))
        };
        let old: Vec<_> = network.wire.iter().filter(sealed).cloned().collect();
        assert!(!old.is_empty());
        for (_, packet) in old {
            assert_eq!(drawn(&mut network, |_| packet.clone(), |_| true), 0);
        }
    }
}

#[test]
fn a_text_whose_acknowledgement_was_lost_is_acknowledged_when_its_author_asks() {
    for members in SIZES {
        let mut network = quiet(members);
        let hears = std::rc::Rc::new(std::cell::Cell::new(false));
        let heard = hears.clone();
        network.tamper = Some(Box::new(move |_, to, packet| {
            (to != 0 || heard.get()).then(|| packet.to_vec())
        }));
        network.send(0, "are you there?");
        network.run_for(2);
        let acknowledged = |e: &Event| matches!(e, Event::Acknowledged { .. });
        assert_eq!(network.count(0, acknowledged), 1);
        hears.set(true);
        // Before the others ask by themselves.
        network.run_until(6, |network| network.count(0, acknowledged) == 2);
    }
}

#[test]
fn offers_of_strangers_draw_one_advert_each() {
    for members in SIZES {
        let mut network = quiet(members);
        let adverts = drawn(
            &mut network,
            |network| Packet::Offer(offer(network, Some(EpochName::new([9; 16])))).to_bytes(),
            |packet| matches!(packet, Packet::Advert(_)),
        );
        assert!((SENT / 2..=SENT).contains(&adverts), "{members}: {adverts}");
    }
}

#[test]
fn packets_of_other_rooms_draw_one_advert_in_a_while() {
    for members in SIZES {
        let mut network = quiet(members);
        let mut n = 0;
        let sealed = |_: &mut Network| {
            n += 1;
            [&[VERSION, 5], [n; 300].as_slice()].concat()
        };
        let adverts = drawn(&mut network, sealed, |it| matches!(it, Packet::Advert(_)));
        assert!((1..=SENT / 4).contains(&adverts), "{members}: {adverts}");
    }
}

#[test]
fn the_next_in_turn_answers_for_one_who_is_gone() {
    let mut network = quiet(8);
    for member in 2..8 {
        network.kill(member);
    }
    let mut answered = 0;
    for _ in 0..10 {
        let before = network.wire.len();
        let stranger = offer(&mut network, Some(EpochName::new([9; 16])));
        let now = network.now;
        for member in 0..2 {
            let packet = Packet::Offer(stranger.clone()).to_bytes();
            let _any = network.rooms[member].handle_message(now, &packet, &mut network.rng);
            network.collect(member);
        }
        network.run_for(3);
        let adverts = network.wire[before..]
            .iter()
            .filter(|(_, it)| matches!(Packet::from_bytes(it), Ok(Packet::Advert(_))));
        answered += adverts.count();
    }
    assert_eq!(answered, 10);
}

fn request(digests: BTreeSet<OfferDigest>) -> Vec<u8> {
    let request = Request {
        room: RoomId::of_name::<Suite>("test"),
        wanted: Wanted::Offers(digests.into_iter().collect()),
    };
    Packet::Request(request).to_bytes()
}

#[test]
fn a_request_for_the_offer_of_one_who_is_gone_is_answered_by_one() {
    for members in SIZES {
        // Without a room, and with the owner gone, who heard the offer has it.
        let mut network = Network::with(members, 1, |config| config.members = Some(members + 1));
        network.run_for(3);
        let digest = offer_of(&network, 1);
        network.kill(1);
        // What it sent last has arrived.
        network.run_for(1);
        let before = network.wire.len();
        for _ in 0..5 {
            let now = network.now;
            for member in (0..members).filter(|member| *member != 1) {
                let packet = request([digest].into());
                let _any = network.rooms[member].handle_message(now, &packet, &mut network.rng);
                network.collect(member);
            }
            network.run_for(5);
        }
        let answers = answers(&network, before, digest).len();
        // Two may have drawn the same place.
        assert!((5..=10).contains(&answers), "{members}: {answers}");
    }
}

/// The offer that a member has sent.
fn offer_of(network: &Network, member: usize) -> OfferDigest {
    let digest = network
        .wire
        .iter()
        .find_map(|(from, it)| match Packet::from_bytes(it) {
            Ok(Packet::Offer(offer)) if *from == member => Some(offer.digest::<Suite>()),
            _ => None,
        });
    digest.unwrap()
}

/// Who has sent an offer since.
fn answers(network: &Network, since: usize, digest: OfferDigest) -> Vec<usize> {
    let sent = network.wire[since..].iter().filter(|(_, it)| {
        matches!(Packet::from_bytes(it), Ok(Packet::Offer(it)) if it.digest::<Suite>() == digest)
    });
    sent.map(|(from, _)| *from).collect()
}

#[test]
fn a_request_before_there_is_a_room_is_answered_by_whose_offer_it_is() {
    for members in SIZES {
        let mut network = Network::with(members, 1, |config| config.members = Some(members + 1));
        network.run_for(3);
        let digest = offer_of(&network, 1);
        let packet = request([digest].into());
        let before = network.wire.len();
        give(&mut network, &packet);
        network.run_for_millis(900);
        let by = answers(&network, before, digest);
        // Which publishes it as well, as long as it waits for others.
        assert!(
            (1..=2).contains(&by.len()) && by.iter().all(|it| *it == 1),
            "{by:?}"
        );
        assert!(!network.rooms.iter().any(Room::is_secure));
    }
}

#[test]
fn a_forged_packet_of_a_run_that_is_over_draws_no_answer() {
    for members in SIZES {
        let mut network = quiet(members);
        let real = network
            .wire
            .iter()
            .find_map(|(_, it)| match Packet::from_bytes(it) {
                Ok(Packet::Contribution(hint, it)) => Some((hint, it)),
                _ => None,
            });
        let (hint, mut forged) = real.unwrap();
        // Of nobody who is in the roster, so that it was never heard in the room.
        forged.sender = MemberIndex::new(4000);
        let packet = Packet::Contribution(hint, forged).to_bytes();
        assert_eq!(drawn(&mut network, |_| packet.clone(), |_| true), 0);
    }
}

/// A request that comes again and again draws what it draws once, and from few, as long as one may be behind.
#[test]
fn replay_draws_one_answer() {
    for members in SIZES {
        let mut network = Network::new(members, 1).until_secure();
        network.run_for(1);
        let contributed = network
            .wire
            .iter()
            .find_map(|(_, it)| match Packet::from_bytes(it) {
                Ok(Packet::Contribution(hint, it)) => Some((hint, it.sender)),
                _ => None,
            });
        let (run, sender) = contributed.unwrap();
        let missing = Missing {
            run,
            number: 0,
            contributions: [sender].into_iter().collect(),
            confirmations: MemberBits::default(),
        };
        let request = Packet::Request(Request {
            room: RoomId::of_name::<Suite>("test"),
            wanted: Wanted::Rounds(missing),
        });
        let before = network.wire.len();
        for _ in 0..20 {
            give(&mut network, &request.to_bytes());
        }
        network.run_for(1);
        let sent = network.wire[before..].iter();
        let again = sent.filter(|(_, it)| {
            matches!(Packet::from_bytes(it), Ok(Packet::Contribution(hint, it)) if hint == run && it.sender == sender)
        });
        let again = again.count();
        assert!((1..=2).contains(&again), "{members}: {again}");
    }
}
