//! One identity, one instance: a second one replaces the first if that is dead, and not if it lives. `docs/spec/06-epochs.md`,
//! "One identity, one member".

use mpotr_core::crypto::IdentityKeyPair;
use mpotr_core::{Event, WaitingReason};

use crate::network::{Network, Suite};

/// Members of one room, the last of whom has a copy of its identity.
fn with_a_copy(members: usize, seed: u64) -> (Network, IdentityKeyPair) {
    let mut network = Network::with(members - 1, seed, |config| config.members = Some(members));
    let person = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let copy = IdentityKeyPair::from_secret::<Suite>(person.secret()).unwrap();
    network.enter_with(person);
    let mut network = network.until_secure();
    network.run_for(5);
    (network, copy)
}

fn again(copy: &IdentityKeyPair) -> IdentityKeyPair {
    IdentityKeyPair::from_secret::<Suite>(copy.secret()).unwrap()
}

fn replaced(network: &Network, member: usize, copy: &IdentityKeyPair) -> usize {
    let told = Event::Replaced {
        member: copy.public(),
    };
    network.count(member, |event| *event == told)
}

fn epochs(network: &Network, member: usize) -> usize {
    network.count(member, |event| matches!(event, Event::Secure { .. }))
}

/// How often a member is told that its identity is in the room that it waits for, and how often that this is over.
fn told_to_wait(network: &Network, member: usize) -> [usize; 2] {
    let it = WaitingReason::IdentityInRoom;
    [
        network.count(
            member,
            |event| matches!(event, Event::Waiting { reason, .. } if *reason == it),
        ),
        network.count(
            member,
            |event| matches!(event, Event::WaitingOver { reason } if *reason == it),
        ),
    ]
}

#[test]
fn second_instance_replaces_the_dead_first() {
    for members in [2, 3, 5] {
        for seed in 1..4 {
            let (mut network, copy) = with_a_copy(members, seed);
            let first = members - 1;
            network.kill(first);
            let second = network.enter_with(again(&copy));
            // Within the time that silence is given, and that of a change.
            network.run_until(20, |network| network.rooms[second].is_secure());
            network.run_for(5);
            for member in 0..first {
                assert_eq!(epochs(&network, member), 2, "one change");
                assert_eq!(replaced(&network, member, &copy), 1);
                let comes_or_goes = |event: &Event| {
                    matches!(
                        event,
                        Event::Joined { .. }
                            | Event::LeftOut { .. }
                            | Event::WantsIn { claimed: _ }
                    )
                };
                let before = network.events[member]
                    .iter()
                    .position(|event| matches!(event, Event::Secure { .. }))
                    .unwrap();
                assert!(!network.events[member][before..].iter().any(comes_or_goes));
            }
            assert_eq!(replaced(&network, second, &copy), 0);
            network.send(second, "back");
            network.run_for(5);
            assert_eq!(network.read(0), ["back"]);
        }
    }
}

#[test]
fn twin_objects() {
    let (mut network, copy) = with_a_copy(3, 1);
    let second = network.enter_with(again(&copy));
    network.run_for(100);
    // The first lives: nothing changes, and both persons are told, once.
    assert!(!network.rooms[second].is_secure());
    for member in 0..3 {
        assert_eq!(epochs(&network, member), 1);
        assert_eq!(replaced(&network, member, &copy), 0);
        let failed = |event: &Event| matches!(event, Event::AgreementFailed { .. });
        assert_eq!(network.count(member, failed), 0);
    }
    assert_eq!(network.count(2, |it| *it == Event::IdentityInUse), 1);
    assert_eq!(told_to_wait(&network, second), [1, 0]);
    // It dies, and the second takes its place: it knocks within eight seconds, and the first is asked anew, by a fresh offer.
    network.kill(2);
    network.run_until(30, |network| network.rooms[second].is_secure());
    network.run_for(1);
    assert_eq!(told_to_wait(&network, second), [1, 1]);
    assert_eq!(replaced(&network, 0, &copy), 1);
}

#[test]
fn stolen_key_pushes_nobody_out_in_silence() {
    // The thief begins when the first is cut off, for less than it takes to count as dead: it is back in time to object.
    let (mut network, copy) = with_a_copy(3, 2);
    network.kill(2);
    let thief = network.enter_with(again(&copy));
    network.run_for(8);
    network.revive(2);
    network.send(0, "here?");
    network.run_for(100);
    assert!(!network.rooms[thief].is_secure());
    assert!(network.rooms[2].is_secure());
    assert_eq!(network.count(2, |it| *it == Event::IdentityInUse), 1);
    assert_eq!(told_to_wait(&network, thief), [1, 0]);
    // Others are let in all the same.
    let other = network.enter(|_| {});
    network.run_until(60, |network| network.rooms[other].is_secure());
    assert!(network.rooms[2].is_secure() && !network.rooms[thief].is_secure());
}

#[test]
fn replaced_instance_does_not_rejoin() {
    // The first is cut off for so long that it counts as dead, and comes back.
    let (mut network, copy) = with_a_copy(3, 3);
    network.kill(2);
    let second = network.enter_with(again(&copy));
    network.run_until(20, |network| network.rooms[second].is_secure());
    network.run_for(1);
    network.revive(2);
    network.rooms[2].refresh(network.now);
    network.collect(2);
    network.run_until(60, |network| network.rooms[2].has_ended());
    // It is told, and so is everyone else.
    for member in 0..3 {
        assert_eq!(replaced(&network, member, &copy), 1);
    }
    assert_eq!(network.count(2, |it| *it == Event::Behind), 0);
    network.run_for(120);
    assert!(
        [0, 1, second]
            .iter()
            .all(|it| network.rooms[*it].is_secure())
    );
    assert_eq!(epochs(&network, 0), 2);
}

/// How often a member is told that another instance of this identity waits for its place, and how often that this is over.
fn told_of_instance(network: &Network, member: usize, copy: &IdentityKeyPair) -> [usize; 2] {
    let it = WaitingReason::AnotherInstance {
        identity: copy.public(),
    };
    [
        network.count(
            member,
            |event| matches!(event, Event::Waiting { reason, .. } if *reason == it),
        ),
        network.count(
            member,
            |event| matches!(event, Event::WaitingOver { reason } if *reason == it),
        ),
    ]
}

#[test]
fn members_are_told_that_another_instance_waits_for_a_place() {
    let (mut network, copy) = with_a_copy(3, 6);
    network.kill(2);
    let second = network.enter_with(again(&copy));
    network.run_for(5);
    for member in 0..2 {
        assert_eq!(told_of_instance(&network, member, &copy), [1, 0]);
    }
    network.run_until(20, |network| network.rooms[second].is_secure());
    network.run_for(1);
    for member in 0..2 {
        assert_eq!(told_of_instance(&network, member, &copy), [1, 1]);
    }
    // One that lives says so at once, and nobody is told.
    let third = network.enter_with(again(&copy));
    network.run_for(60);
    assert!(!network.rooms[third].is_secure());
    for member in 0..2 {
        assert_eq!(told_of_instance(&network, member, &copy), [1, 1]);
    }
}

#[test]
fn an_identity_is_replaced_once_in_four_changes_and_who_dies_again_is_left_out_for_silence() {
    for members in [2, 3, 5] {
        for seed in 1..4 {
            let (mut network, copy) = with_a_copy(members, seed);
            let first = members - 1;
            network.kill(first);
            let second = network.enter_with(again(&copy));
            network.run_until(20, |network| network.rooms[second].is_secure());
            network.run_for(5);
            network.kill(second);
            // Nobody talks: the other instance is what asks for the dead one.
            let third = network.enter_with(again(&copy));
            network.run_until(30, |network| network.rooms[third].is_secure());
            network.run_for(5);
            let gone = Event::LeftOut {
                member: copy.public(),
            };
            for member in 0..first {
                assert!(network.rooms[member].is_secure());
                assert_eq!(replaced(&network, member, &copy), 1);
                assert_eq!(network.count(member, |event| *event == gone), 1);
                assert_eq!(epochs(&network, member), 4, "one more change each time");
                assert_eq!(told_of_instance(&network, member, &copy), [2, 2]);
            }
            network.send(third, "back");
            network.run_for(5);
            assert_eq!(network.read(0), ["back"]);
        }
    }
}

#[test]
fn an_instance_that_lives_is_not_left_out_for_one_that_may_not_replace_it() {
    let (mut network, copy) = with_a_copy(3, 5);
    network.kill(2);
    let second = network.enter_with(again(&copy));
    network.run_until(20, |network| network.rooms[second].is_secure());
    network.run_for(5);
    let third = network.enter_with(again(&copy));
    network.run_for(100);
    assert!(network.rooms[second].is_secure() && !network.rooms[third].is_secure());
    for member in [0, 1, second] {
        assert_eq!(
            epochs(&network, member),
            if member == second { 1 } else { 2 }
        );
    }
}

#[test]
fn who_is_asked_for_by_its_other_instance_takes_its_turn_to_propose() {
    for seed in 1..4 {
        let (mut network, copy) = with_a_copy(2, seed);
        let second = network.enter_with(again(&copy));
        network.run_for(40);
        assert!(!network.rooms[second].is_secure());
        network.kill(second);
        // The other is gone for good: who is left goes on, whosever turn it is.
        network.kill(0);
        network.rooms[1].refresh(network.now);
        network.collect(1);
        let third = network.enter(|_| {});
        network.run_until(120, |network| network.rooms[third].is_secure());
        assert!(network.rooms[1].is_secure());
    }
}
