//! What a member says that is not so, and what does not come of it. `docs/spec/06-epochs.md`, "Changes" and "Newcomers".

use std::collections::BTreeSet;

use mpotr_core::Event;
use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::{EpochName, OfferDigest};
use mpotr_core::wire::{Next, Presence, Statement, Vote};

use crate::network::Network;

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

/// The name and the roster of the last epoch of a member.
fn epoch_of(network: &Network, member: usize) -> (EpochName, Vec<IdentityKey>) {
    let mut events = network.events[member].iter().rev();
    let last = events.find_map(|event| match event {
        Event::Secure { name, roster, .. } => {
            Some((*name, roster.iter().map(|it| it.identity).collect()))
        }
        _ => None,
    });
    last.unwrap()
}

/// The member of the network whose turn it is in view 0.
fn first_proposer(network: &Network) -> usize {
    let (name, roster) = epoch_of(network, 0);
    let first = u64::from_be_bytes(*name.as_bytes().first_chunk().unwrap());
    let first = usize::try_from(first % u64::try_from(roster.len()).unwrap()).unwrap();
    let is_first = |key: &IdentityKey| *key == roster[first];
    network.keys.iter().position(is_first).unwrap()
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
