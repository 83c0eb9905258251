//! Two rooms have voted to become one, and an outsider makes up what adverts and lists of guests say: it can make that take longer.

use std::collections::BTreeSet;

use mpotr_core::gka::{EpochName, OfferDigest, RoomId};
use mpotr_core::wire::{Advert, Guests, Packet};
use mpotr_core::{Duration, Event};

use crate::merging::{are_together, told_first, two_rooms, two_rooms_that_heard, vote};
use crate::network::{Network, Suite, epoch_of};

fn room() -> RoomId {
    RoomId::of_name::<Suite>("test")
}

/// An outsider says something to all.
fn say(network: &mut Network, packet: &Packet) {
    for member in 0..network.rooms.len() {
        let (now, bytes) = (network.now, packet.to_bytes());
        let _any = network.rooms[member].handle_message(now, &bytes, &mut network.rng);
        network.collect(member);
    }
}

/// The names of the epochs in which the first and the last member are.
fn names(network: &Network) -> [EpochName; 2] {
    [0, network.rooms.len() - 1].map(|member| epoch_of(network, member).0)
}

fn epochs(network: &Network, member: usize) -> usize {
    network.count(member, |it| matches!(it, Event::Secure { .. }))
}

/// How long it takes two rooms, of two and of three, from when they have voted, with an outsider that acts each `every`
/// milliseconds.
fn until_one(seed: u64, every: u64, mut outsider: impl FnMut(&mut Network, u64)) -> Duration {
    let mut network = two_rooms_that_heard(seed);
    let (of_larger, of_smaller) = (told_first(&network, 0), told_first(&network, 4));
    vote(&mut network, 0..2, of_larger);
    vote(&mut network, 2..5, of_smaller);
    let began = network.now;
    for n in 0.. {
        if are_together(&network, 0..5) {
            break;
        }
        assert!(
            network.now.since(began) < Duration::from_secs(3_600),
            "{seed}"
        );
        outsider(&mut network, n);
        network.run_for_millis(every);
    }
    network.now.since(began)
}

/// Each room hears, at once in each of its epochs and every ten seconds, that the other has come over into it.
#[test]
fn lists_of_guests_who_are_not_there_keep_no_room_from_going() {
    for seed in 0..4 {
        let (mut last, mut made_up) = (None, 0_u32);
        let took = until_one(seed, 50, |network, n| {
            let names = names(network);
            if n % 200 != 0 && last == Some(names) {
                return;
            }
            last = Some(names);
            for (host, other) in [(0, 1), (1, 0)] {
                let offers = [0, 1].map(|it| {
                    let mut digest = [it; 32];
                    digest[..4].copy_from_slice(&made_up.to_be_bytes());
                    OfferDigest::new(digest)
                });
                made_up += 1;
                let list = Guests {
                    room: room(),
                    host: names[host],
                    names: vec![names[other]],
                    offers: offers.to_vec(),
                };
                say(network, &Packet::Guests(list));
            }
        });
        assert!(took <= Duration::from_secs(10), "{seed}: {took:?}");
    }
}

/// Of those who come over it is said at once, and more than once, that fewer belong together.
#[test]
fn lists_of_some_of_the_guests_keep_the_others_out_for_a_while_only() {
    for seed in 0..4 {
        let (mut first, mut looked) = (None, 0);
        let mut offers: Vec<(EpochName, OfferDigest)> = Vec::new();
        let took = until_one(seed, 20, |network, _| {
            let names = names(network);
            let first = *first.get_or_insert(names);
            for (_, packet) in &network.wire[looked.min(network.wire.len())..] {
                if let Ok(Packet::Offer(offer)) = Packet::from_bytes(packet)
                    && let Some(parent) = offer.parent
                {
                    offers.push((parent, offer.digest::<Suite>()));
                }
            }
            looked = network.wire.len();
            for (host, come) in [(0, 3), (1, 2)] {
                let guests = names[host].of_guests::<Suite>();
                let theirs = offers.iter().filter(|it| it.0 == guests);
                let some: BTreeSet<_> = theirs.map(|it| it.1).take(come - 1).collect();
                if some.len() < come - 1 {
                    continue;
                }
                offers.clear();
                for name in first {
                    let list = Guests {
                        room: room(),
                        host: names[host],
                        names: vec![name],
                        offers: some.iter().copied().collect(),
                    };
                    say(network, &Packet::Guests(list));
                }
            }
        });
        assert!(took <= Duration::from_secs(900), "{seed}: {took:?}");
    }
}

/// One false epoch for each room, made so that it would be the next in any order that is known, is said to follow the one that
/// people vote on.
#[test]
fn who_claims_to_follow_the_other_room_is_tried_in_its_turn_by_lot() {
    for seed in 0..3 {
        let (mut first, mut before) = (None, None);
        let took = until_one(seed, 1_000, |network, _| {
            let now = names(network);
            let first = *first.get_or_insert(now);
            let before = *before.get_or_insert([0, 4].map(|member| epochs(network, member)));
            for side in 0..2 {
                let moves = (epochs(network, [0, 4][side]) - before[side]).div_ceil(2);
                let mut name = [u8::from(side == 1) + 1; 16];
                if moves % 2 == 1 {
                    name = *now[1 - side].as_bytes();
                    name[15] = name[15].wrapping_add(1);
                }
                let advert = Advert {
                    room: room(),
                    name: EpochName::new(name),
                    members: 3,
                    earlier: vec![first[1 - side]],
                };
                say(network, &Packet::Advert(advert));
            }
        });
        assert!(took <= Duration::from_secs(1_000), "{seed}: {took:?}");
    }
}

/// As many epochs as a member keeps names of others are made up for each room before it hears of the other, and all the time after.
#[test]
fn four_rooms_that_are_made_up_hide_no_other_from_people() {
    for seed in 0..3 {
        let mut network = two_rooms(5, seed, |_| {});
        let is_told = |network: &Network, member: usize, side: usize| {
            let name = names(network)[1 - side];
            network.count(
                member,
                |it| matches!(it, Event::OtherEpoch { name: told, .. } if *told == name),
            ) > 0
        };
        let (mut secs, mut has_voted) = (0, false);
        while !are_together(&network, 0..5) {
            assert!(secs < 900, "{seed}, votes: {has_voted}");
            let first = names(&network);
            for which in 1..5 {
                let advert = Advert {
                    room: room(),
                    name: EpochName::new([which; 16]),
                    members: 9,
                    earlier: Vec::new(),
                };
                say(&mut network, &Packet::Advert(advert));
            }
            let all_told = (0..5).all(|it| is_told(&network, it, usize::from(it > 1)));
            if all_told && !has_voted {
                has_voted = true;
                vote(&mut network, 0..2, first[1]);
                vote(&mut network, 2..5, first[0]);
            }
            secs += 1;
            network.run_for(1);
        }
    }
}
