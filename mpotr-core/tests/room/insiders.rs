//! What a member says that is not so, and what does not come of it. `docs/spec/06-epochs.md`, "Changes" and "Newcomers".

use std::collections::BTreeSet;

use mpotr_core::Event;
use mpotr_core::crypto::rand_core::Rng as _;
use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::gka::{EpochName, Forger, Offer, OfferDigest, OfferSecrets, RoomId, Sid};
use mpotr_core::wire::{Admitted, Lock, Next, Packet, Presence, Statement, Vote};

use crate::attacks::give;
use crate::network::{Network, Suite, epoch_of, first_proposer};

/// A member whose own room is silent: what it states is made up.
struct Insider {
    member: usize,
    number: u32,
}

impl Insider {
    fn new(network: &mut Network, member: usize) -> Self {
        network.stuck.insert(member);
        Self {
            member,
            number: 600,
        }
    }

    fn state(&mut self, network: &mut Network, statement: Statement) {
        let room = &mut network.rooms[self.member];
        let packet = room.forge_statement(self.number, statement).unwrap();
        self.number += 1;
        network.broadcast(self.member, &packet);
    }

    fn say(&mut self, network: &mut Network, next: Next) {
        let next = Some(next);
        let statement = Statement {
            next,
            ..Statement::empty(Presence::Present)
        };
        self.state(network, statement);
    }
}

fn others(network: &Network, member: usize) -> Vec<usize> {
    (0..network.rooms.len())
        .filter(|it| *it != member)
        .collect()
}

/// Whether all of these are in one epoch of just these.
fn are_together(network: &Network, members: &[usize]) -> bool {
    let keys: BTreeSet<_> = members.iter().map(|it| network.keys[*it]).collect();
    let epochs: Vec<_> = members.iter().map(|it| epoch_of(network, *it)).collect();
    epochs.windows(2).all(|pair| pair[0] == pair[1])
        && epochs[0].1.iter().copied().collect::<BTreeSet<_>>() == keys
        && members.iter().all(|it| network.rooms[*it].is_secure())
}

fn digest(n: u8) -> OfferDigest {
    OfferDigest::new([n; 32])
}

/// An offer to an epoch in any name.
fn offer_as(network: &mut Network, claimed: IdentityKey, parent: EpochName) -> Offer {
    let nobody = Forger::<Suite>::new().invent(claimed);
    let count = network.rng.next_u64();
    let room = RoomId::of_name::<Suite>("test");
    OfferSecrets::generate(room, Some(parent), &nobody, count, &mut network.rng).0
}

#[test]
fn a_view_that_one_member_states_is_nobodys_last() {
    // With three, "half of the others" is one; with four, it is her turn in the first view.
    for members in [3, 4] {
        let mut network = Network::new(members, 1).until_secure();
        network.run_for(20);
        let mallory = first_proposer(&network);
        let others = others(&network, mallory);
        let mut insider = Insider::new(&mut network, mallory);
        let now = network.now;
        let key = network.keys[mallory];
        for round in 0..300_u32 {
            insider.say(
                &mut network,
                Next {
                    view: u32::MAX,
                    offer: Some(digest(1)),
                    // A change for nothing.
                    votes: vec![Vote::Refresh],
                    ..Next::default()
                },
            );
            network.run_for_millis(200);
            if round == 2 {
                network.rooms[others[0]].exclude(now, key).unwrap();
                network.collect(others[0]);
            }
            if are_together(&network, &others) {
                break;
            }
            let views = others.iter().map(|it| network.rooms[*it].views());
            assert!(views.flatten().all(|views| views < 20), "{members}");
        }
        assert!(are_together(&network, &others), "{members}");
    }
}

#[test]
fn who_hops_from_view_to_view_slows_nobody_down() {
    let mut network = Network::new(4, 1).until_secure();
    network.run_for(20);
    let mallory = first_proposer(&network);
    let others = others(&network, mallory);
    let mut insider = Insider::new(&mut network, mallory);
    for hop in 0..14 {
        insider.say(
            &mut network,
            Next {
                view: 4 * hop,
                offer: Some(digest(1)),
                votes: vec![Vote::Refresh],
                ..Next::default()
            },
        );
        network.run_for_millis(20);
    }
    // Each view costs an offer and a statement of all: the one that she gives up, and that in which the others go on.
    let views = others.iter().map(|it| network.rooms[*it].views());
    assert!(views.flatten().all(|views| views <= 2));
    // She is silent from here on, which is late in this view, and left out for that in the next.
    network.run_until(40, |network| are_together(network, &others));
}

#[test]
fn who_says_that_another_has_the_place_of_one_that_is_left_behind_sends_it_nowhere() {
    let mut network = Network::new(4, 3).until_secure();
    network.run_for(5);
    let (liar, behind) = (0, 3);
    network.kill(behind);
    network.stuck.insert(liar);
    let admitted = vec![Admitted {
        identity: network.keys[behind],
        offer: digest(9),
    }];
    let statement = Statement {
        next: Some(Next {
            installed: Some(Sid::new([9; 32])),
            admitted,
            ..Next::default()
        }),
        ..Statement::empty(Presence::Present)
    };
    let lies: Vec<_> = (600..640)
        .map(|number| network.rooms[liar].forge_statement(number, statement.clone()))
        .collect();
    network.rooms[1].refresh(network.now);
    network.collect(1);
    network.run_until(120, |network| are_together(network, &[1, 2]));
    // It hears of that from both, and from the one that lies.
    network.revive(behind);
    network.rooms[behind].refresh(network.now);
    network.collect(behind);
    for lie in lies.into_iter().flatten() {
        network.broadcast(liar, &lie);
        network.run_for(1);
    }
    let is_replaced = |event: &Event| matches!(event, Event::Replaced { .. });
    assert_eq!(network.count(behind, is_replaced), 0);
    assert_eq!(network.count(behind, |it| *it == Event::Behind), 1);
    network.run_until(120, |network| are_together(network, &[1, 2, 3]));
}

/// The offer with which a newcomer answered last.
fn last_answer(network: &Network, newcomer: usize) -> Option<OfferDigest> {
    let mut sent = network.wire.iter().rev();
    sent.find_map(|(from, packet)| match Packet::from_bytes(packet) {
        Ok(Packet::Answer(answer)) if *from == newcomer => Some(answer.offer.digest::<Suite>()),
        _ => None,
    })
}

/// A member states answers that nobody gave, with offers that are in all hands.
fn invent(network: &mut Network, mallory: usize, offers: Vec<Offer>) {
    let mut invented = Vec::new();
    for offer in offers {
        let identity = offer.identity;
        let digest = offer.digest::<Suite>();
        invented.push(Admitted {
            identity,
            offer: digest,
        });
        let packet = Packet::Offer(offer).to_bytes();
        for member in 0..network.rooms.len() {
            let _any = give(network, member, &packet);
        }
    }
    network.rooms[mallory].invent(invented);
}

#[test]
fn an_offer_that_was_invented_is_not_listed_in_place_of_the_proven_one() {
    let mut network = Network::new(4, 1).until_secure();
    network.run_for(5);
    let mallory = 3;
    let newcomer = network.enter(|_| {});
    let claimed = network.keys[newcomer];
    let mut known = None;
    for _ in 0..120_000 / 5 {
        network.run_for_millis(5);
        if network.rooms[newcomer].is_secure() {
            return;
        }
        let answered = last_answer(&network, newcomer);
        if answered == known {
            continue;
        }
        known = answered;
        // One in the same name that comes before and one that comes after the proven one.
        let parent = epoch_of(&network, 0).0;
        let mut offers = Vec::new();
        for is_less in [true, false] {
            offers.push(loop {
                let offer = offer_as(&mut network, claimed, parent);
                if (Some(offer.digest::<Suite>()) < known) == is_less {
                    break offer;
                }
            });
        }
        invent(&mut network, mallory, offers);
    }
    panic!("the newcomer is kept out");
}

#[test]
fn who_states_what_was_not_proven_keeps_nobody_out() {
    let mut network = Network::new(4, 1).until_secure();
    network.run_for(5);
    let mallory = 3;
    let newcomer = network.enter(|_| {});
    for _ in 0..120 {
        let parent = epoch_of(&network, 0).0;
        let mut ghosts = Vec::new();
        for _ in 0..15 {
            let nobody = IdentityKeyPair::random::<Suite>(&mut network.rng);
            ghosts.push(offer_as(&mut network, nobody.public(), parent));
        }
        invent(&mut network, mallory, ghosts);
        network.run_for(1);
        if network.rooms[newcomer].is_secure() {
            return;
        }
    }
    panic!("the newcomer is kept out");
}

#[test]
fn a_member_that_says_to_have_frozen_is_served_by_two() {
    let mut network = Network::new(8, 1).until_secure();
    network.run_for(20);
    let mut insider = Insider::new(&mut network, 7);
    network.send(0, "hello");
    let (_, text) = network.wire.last().cloned().unwrap();
    network.run_for_millis(20);
    let wanted = network.rooms[0].heads();
    let said = Statement {
        wanted,
        next: Some(Next {
            frozen: Some((Sid::new([9; 32]), Lock::EMPTY)),
            ..Next::default()
        }),
        ..Statement::empty(Presence::Present)
    };
    let before = network.wire.len();
    insider.state(&mut network, said);
    network.run_for_millis(100);
    let again = network.wire[before..].iter().filter(|(_, it)| *it == text);
    assert_eq!(again.count(), 2);
}
