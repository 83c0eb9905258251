//! Votes of members that are to be left out themselves.

use std::collections::BTreeSet;

use mpotr_core::{DropReason, Event, Rekey};

use crate::network::{Network, epoch_of};

/// No more packets of a member in a minute of quiet.
const QUIET: usize = 90;

/// Members of a room whose keys are made anew by such runs, who have heard one another.
fn room(members: usize, seed: u64, rekey: Rekey) -> Network {
    let network = Network::with(members, seed, |config| {
        config.members = Some(members);
        config.policy.rekey = rekey;
    });
    let mut network = network.until_secure();
    network.send(0, "hello");
    network.run_for(20);
    network
}

/// Each of these asks for the exclusion of the other, at one moment.
fn vote(network: &mut Network, votes: &[(usize, usize)]) {
    for (by, of) in votes {
        let (now, target) = (network.now, network.keys[*of]);
        network.rooms[*by].exclude(now, target).unwrap();
        network.collect(*by);
    }
}

fn is_removed(network: &Network, member: usize) -> bool {
    network.count(member, |it| *it == Event::Removed) == 1 && network.rooms[member].has_ended()
}

/// Everyone is in an epoch of those who are there, and of nobody else, or was told that it is out; and then all are quiet. Returns
/// who stays.
fn settle(network: &mut Network, members: usize) -> BTreeSet<usize> {
    network.run_for(120);
    let staying = || (0..members).filter(|it| !network.rooms[*it].has_ended());
    let keys: BTreeSet<_> = staying().map(|it| network.keys[it]).collect();
    for member in 0..members {
        if network.rooms[member].has_ended() {
            assert!(is_removed(network, member), "{member}");
        } else {
            let roster: BTreeSet<_> = epoch_of(network, member).1.into_iter().collect();
            assert_eq!(roster, keys, "{member}: {}", network.history());
        }
    }
    let staying = staying().collect();
    let since = network.wire.len();
    network.run_for(60);
    for member in 0..members {
        let said = network.wire[since..].iter().filter(|it| it.0 == member);
        assert!(said.count() <= QUIET, "{member} does not come to rest");
    }
    staying
}

#[test]
fn votes_in_a_ring_leave_one_at_least_and_tell_the_others() {
    for rekey in [Rekey::Light, Rekey::Full] {
        for (members, seed) in [(3, 1), (3, 2), (4, 3), (5, 4)] {
            let mut network = room(members, seed, rekey);
            let ring: Vec<_> = (0..members).map(|by| (by, (by + 1) % members)).collect();
            vote(&mut network, &ring);
            let texts: Vec<_> = (0..members).map(|it| network.send(it, "well?")).collect();
            let staying = settle(&mut network, members);
            assert!(!staying.is_empty() && staying.len() < members);
            for member in (0..members).filter(|it| !staying.contains(it)) {
                let dropped = Event::Dropped {
                    text_id: texts[member],
                    why: DropReason::Removed,
                };
                assert_eq!(network.count(member, |it| *it == dropped), 1);
            }
        }
    }
}

/// It votes all but one out as that one votes it out, and takes nobody along.
#[test]
fn who_would_leave_out_many_goes_alone() {
    for rekey in [Rekey::Light, Rekey::Full] {
        for seed in 1..4 {
            let mut network = room(4, seed, rekey);
            vote(&mut network, &[(0, 3), (3, 1), (3, 2)]);
            network.run_for(1);
            let text_id = network.send(1, "still here");
            let staying = settle(&mut network, 4);
            assert_eq!(staying, [0, 1, 2].into());
            let acknowledged = Event::Acknowledged { text_id };
            assert_eq!(network.count(1, |it| *it == acknowledged), 1);
        }
    }
}

#[test]
fn of_two_who_vote_each_other_out_one_stays_with_the_third() {
    for rekey in [Rekey::Light, Rekey::Full] {
        for seed in 1..6 {
            let mut network = room(3, seed, rekey);
            vote(&mut network, &[(0, 1), (1, 0)]);
            let staying = settle(&mut network, 3);
            assert!(staying == [0, 2].into() || staying == [1, 2].into());
        }
    }
}

/// Two insiders vote for one another's safety; what three say holds.
#[test]
fn the_votes_of_most_hold_whatever_those_say_whom_they_leave_out() {
    for rekey in [Rekey::Light, Rekey::Full] {
        let mut network = room(5, 7, rekey);
        let few = [(3, 0), (3, 1), (3, 2), (4, 0), (4, 1), (4, 2)];
        let most = [(0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4)];
        vote(&mut network, &[few, most].concat());
        assert_eq!(settle(&mut network, 5), [0, 1, 2].into());
    }
}

/// It knows of the votes, and nothing of those who have gone on by them reaches it.
#[test]
fn who_is_voted_out_and_hears_nobody_is_told_so() {
    for rekey in [Rekey::Light, Rekey::Full] {
        let mut network = room(4, 5, rekey);
        vote(&mut network, &[(0, 3)]);
        network.run_until(10, |network| {
            let is_waiting = |it: &Event| matches!(it, Event::Waiting { .. });
            network.count(3, is_waiting) > 0
        });
        let text_id = network.send(3, "are you there?");
        network.tamper = Some(Box::new(|from, to, packet| {
            (from != 3 && to != 3).then(|| packet.to_vec())
        }));
        let since = network.wire.len();
        network.run_for(100);
        assert!(is_removed(&network, 3));
        let dropped = Event::Dropped {
            text_id,
            why: DropReason::Removed,
        };
        assert_eq!(network.count(3, |it| *it == dropped), 1);
        let said = network.wire[since..].iter().filter(|it| it.0 == 3).count();
        assert!(said < 100, "{said} packets while nobody answered");
        network.tamper = None;
        network.run_for(30);
        let roster: BTreeSet<_> = epoch_of(&network, 0).1.into_iter().collect();
        assert_eq!(roster, network.keys[..3].iter().copied().collect());
    }
}
