//! Whose word lets a person in: on a quorum, after an exclusion, before anything was heard of it.

use std::collections::BTreeSet;

use mpotr_core::crypto::IdentityKeyPair;
use mpotr_core::gka::RoomId;
use mpotr_core::{Admission, Event, Policy, Rekey, Room, RoomConfig, Rule, Timers, WaitingReason};

use crate::network::{Network, Suite};

fn config(policy: &Policy, admission: Admission) -> RoomConfig {
    RoomConfig {
        policy: policy.clone(),
        timers: Timers::RELAY,
        ..RoomConfig::new(RoomId::of_name::<Suite>("test"), admission)
    }
}

fn by_two() -> Policy {
    Policy {
        admit: Rule::Quorum(2.try_into().unwrap()),
        ..Policy::default()
    }
}

/// A person who is let in after a while comes in at once, however long that was: what was said meanwhile is no measure of how long an
/// answer takes, and nobody waits until it is said again.
#[test]
fn whom_a_person_lets_in_after_a_while_begins_a_room_with_it_at_once() {
    for seconds in [3, 10, 16, 23, 38, 60, 75, 180, 600] {
        for both_ask in [false, true] {
            let mut network = Network::with(0, seconds, |_| {});
            let asks = Admission::Ask(BTreeSet::new());
            let one = IdentityKeyPair::random::<Suite>(&mut network.rng);
            let knows = Admission::Only([one.public()].into());
            network.enter_as(one, config(&Policy::default(), asks.clone()));
            network.run_for(3);
            let other = IdentityKeyPair::random::<Suite>(&mut network.rng);
            let others = if both_ask { asks } else { knows };
            network.enter_as(other, config(&Policy::default(), others));
            if both_ask {
                network.run_for(seconds / 2);
                admit(&mut network, 1, 0);
            }
            network.run_for(seconds);
            admit(&mut network, 0, 1);
            network.run_until(3, |network| {
                (0..2).all(|member| network.rooms[member].is_secure())
            });
        }
    }
}

/// Members who ask about everyone but each other.
fn asking(members: usize, policy: &Policy) -> Network {
    let mut network = Network::with(0, 1, |_| {});
    for _ in 0..members {
        let identity = IdentityKeyPair::random::<Suite>(&mut network.rng);
        network.enter_as(identity, config(policy, Admission::Ask(BTreeSet::new())));
    }
    for member in 0..members {
        for other in (0..members).filter(|other| *other != member) {
            admit(&mut network, member, other);
        }
    }
    network.until_secure()
}

fn admit(network: &mut Network, by: usize, whom: usize) {
    let (now, whom) = (network.now, network.keys[whom]);
    network.rooms[by].admit(now, whom).unwrap();
    network.collect(by);
}

fn is_in(member: usize) -> impl Fn(&Network) -> bool {
    move |network| network.rooms[member].is_secure()
}

#[test]
fn a_quorum_that_is_willing_lets_a_newcomer_in() {
    for members in [2, 3] {
        let mut network = Network::with(members, 1, |config| {
            config.members = Some(members);
            config.policy = by_two();
        })
        .until_secure();
        network.run_for(5);
        let newcomer = network.enter(|config| config.policy = by_two());
        network.run_until(20, is_in(newcomer));
    }
}

#[test]
fn a_quorum_lets_in_by_name() {
    let mut network = asking(3, &by_two());
    network.run_for(5);
    let newcomer = network.enter(|config| config.policy = by_two());
    let claimed = network.keys[newcomer];
    network.run_for(20);
    assert_eq!(network.count(0, |e| *e == Event::WantsIn { claimed }), 1);
    admit(&mut network, 0, newcomer);
    network.run_for(60);
    assert!(!network.rooms[newcomer].is_secure());
    // It has been let in by one all this time, refreshes or not.
    let now = network.now;
    network.rooms[2].refresh(now);
    network.collect(2);
    network.run_for(20);
    admit(&mut network, 1, newcomer);
    // Nobody is in a roster with one whom it is not willing to talk with.
    network.run_for(10);
    assert!(!network.rooms[newcomer].is_secure());
    admit(&mut network, 2, newcomer);
    // Views have failed meanwhile, and the newcomer may have to wait for its turn.
    network.run_until(90, is_in(newcomer));
}

#[test]
fn who_is_let_in_before_it_is_heard_comes_in_when_it_is() {
    for policy in [Policy::default(), by_two()] {
        let mut network = asking(2, &policy);
        let identity = IdentityKeyPair::random::<Suite>(&mut network.rng);
        let now = network.now;
        for member in 0..2 {
            network.rooms[member].admit(now, identity.public()).unwrap();
            network.collect(member);
        }
        network.run_for(700);
        let newcomer = network.enter_as(identity, config(&policy, Admission::Open));
        network.run_until(30, is_in(newcomer));
    }
}

/// Members, the last of whom was left out by a vote of the others, and has come back.
fn excluded(members: usize, policy: &Policy) -> (Network, usize) {
    let mut network = Network::with(members - 1, 1, |config| {
        config.members = Some(members);
        config.policy = policy.clone();
    });
    let person = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let again = IdentityKeyPair::from_secret::<Suite>(person.secret()).unwrap();
    let identity = person.public();
    let last = network.enter_as(
        person,
        RoomConfig {
            members: Some(members),
            ..config(policy, Admission::Open)
        },
    );
    network = network.until_secure();
    let now = network.now;
    for member in 0..last {
        network.rooms[member].exclude(now, identity).unwrap();
        network.collect(member);
    }
    network.run_until(60, |n| {
        (0..last).all(|member| n.count(member, |e| *e == Event::LeftOut { member: identity }) == 1)
    });
    network.kill(last);
    let back = network.enter_as(again, config(policy, Admission::Open));
    (network, back)
}

#[test]
fn who_was_voted_out_is_let_in_by_the_word_of_one_where_one_is_enough() {
    let (mut network, back) = excluded(4, &Policy::default());
    let claimed = network.keys[back];
    network.run_for(60);
    assert!(!network.rooms[back].is_secure());
    for member in 0..3 {
        let told = network.count(member, |e| *e == Event::ExcludedWaiting { claimed });
        assert_eq!(told, 1);
    }
    admit(&mut network, 1, back);
    network.run_until(30, is_in(back));
    assert!(network.rooms[..3].iter().all(Room::is_secure));
}

#[test]
fn who_was_voted_out_is_let_in_by_as_many_as_the_policy_asks_for() {
    let (mut network, back) = excluded(4, &by_two());
    admit(&mut network, 1, back);
    network.run_for(60);
    assert!(!network.rooms[back].is_secure());
    admit(&mut network, 2, back);
    network.run_until(30, is_in(back));
}

#[test]
fn who_came_later_does_not_lift_an_exclusion_by_letting_in_anybody() {
    let (mut network, back) = excluded(4, &Policy::default());
    network.kill(back);
    let newcomer = network.enter(|_| {});
    network.run_until(30, is_in(newcomer));
    network.revive(back);
    network.run_for(100);
    assert!(!network.rooms[back].is_secure());
    admit(&mut network, 0, back);
    network.run_until(60, is_in(back));
}

#[test]
fn who_was_voted_out_makes_a_room_with_one_who_came_later_change_its_keys_once_at_most() {
    for rekey in [Rekey::Light, Rekey::Full] {
        let policy = Policy {
            rekey,
            ..Policy::default()
        };
        let (mut network, back) = excluded(4, &policy);
        network.kill(back);
        let newcomer = network.enter(|config| config.policy = policy.clone());
        network.run_until(30, is_in(newcomer));
        network.run_for(30);
        network.revive(back);
        let secure = |n: &Network| n.count(0, |e| matches!(e, Event::Secure { .. }));
        let failed = |n: &Network| {
            let of_one = |e: &Event| matches!(e, Event::AgreementFailed { .. });
            n.count(0, of_one) + n.count(newcomer, of_one)
        };
        let before = (secure(&network), failed(&network));
        // Not as long as until keys are made anew by themselves.
        network.run_for(560);
        assert!(!network.rooms[back].is_secure());
        let changes = secure(&network) - before.0;
        let failed = failed(&network) - before.1;
        assert!(
            changes <= 1 && failed == 0,
            "{rekey:?}: {changes} changes, {failed} that failed"
        );
    }
}

#[test]
fn a_member_that_lets_in_whom_it_wanted_out_wants_it_in() {
    let policy = Policy {
        exclude: Rule::Quorum(2.try_into().unwrap()),
        ..Policy::default()
    };
    let mut network = Network::with(4, 1, |config| {
        config.members = Some(4);
        config.policy = policy.clone();
    })
    .until_secure();
    let (now, member) = (network.now, network.keys[3]);
    network.rooms[0].exclude(now, member).unwrap();
    network.collect(0);
    network.run_for(5);
    admit(&mut network, 0, 3);
    network.run_for(5);
    let now = network.now;
    network.rooms[1].exclude(now, member).unwrap();
    network.collect(1);
    network.run_for(90);
    assert_eq!(network.count(1, |e| *e == Event::LeftOut { member }), 0);
}

/// A room of two who let everyone in, and one who asks about everyone and comes after them.
fn with_one_who_asks() -> (Network, usize) {
    let mut network = Network::with(2, 1, |config| config.members = Some(2)).until_secure();
    network.run_for(5);
    let identity = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let newcomer = network.enter_as(
        identity,
        config(&Policy::default(), Admission::Ask(BTreeSet::new())),
    );
    (network, newcomer)
}

fn is_asked_about(newcomer: usize, other: usize) -> impl Fn(&Network) -> bool {
    move |network| {
        let claimed = network.keys[other];
        network.count(newcomer, |e| *e == Event::WantsIn { claimed }) == 1
    }
}

#[test]
fn a_newcomer_that_asks_about_everyone_is_asked_about_those_inside() {
    let (mut network, newcomer) = with_one_who_asks();
    for other in 0..2 {
        network.run_until(10, is_asked_about(newcomer, other));
        admit(&mut network, newcomer, other);
    }
    // The run that has listed it is still there.
    network.run_until(5, is_in(newcomer));
}

#[test]
fn a_newcomer_whose_person_takes_its_time_comes_in_when_it_has_decided() {
    let (mut network, newcomer) = with_one_who_asks();
    network.run_for(60);
    for other in 0..2 {
        let claimed = network.keys[other];
        let reason = WaitingReason::AdmitHere {
            claimed,
            by: vec![],
        };
        let told = |e: &Event| matches!(e, Event::Waiting { reason: it, .. } if *it == reason);
        assert_eq!(network.count(newcomer, told), 1);
        assert!(is_asked_about(newcomer, other)(&network));
        admit(&mut network, newcomer, other);
        assert_eq!(
            network.count(newcomer, |e| *e
                == Event::WaitingOver {
                    reason: reason.clone()
                }),
            1
        );
    }
    // After failed views newcomers wait: 16 views at most.
    network.run_until(70, is_in(newcomer));
}

#[test]
fn a_member_that_has_to_admit_one_whom_others_let_in_is_told_so() {
    let mut network = asking(2, &Policy::default());
    network.run_for(5);
    let newcomer = network.enter(|_| {});
    let claimed = network.keys[newcomer];
    admit(&mut network, 0, newcomer);
    network.run_for(10);
    let reason = WaitingReason::AdmitHere {
        claimed,
        by: vec![network.keys[0]],
    };
    let told = |e: &Event| matches!(e, Event::Waiting { reason: it, .. } if *it == reason);
    assert_eq!(network.count(0, told), 0);
    // And once more in the next epoch, where one was made with it in vain.
    let times = network.count(1, told);
    assert!((1..=2).contains(&times), "{times}");
}

/// What a member was told of who does not let whom in.
fn not_admitted(network: &Network, member: usize) -> Vec<WaitingReason> {
    let told = network.events[member]
        .iter()
        .filter_map(|event| match event {
            Event::Waiting { reason, .. } if reason.code() == "not_admitted" => {
                Some(reason.clone())
            }
            _ => None,
        });
    told.collect()
}

/// Two who ask about everyone, of whom one has decided: each is told whose word is missing, before there is a room.
#[test]
fn before_there_is_a_room_each_is_told_whose_word_is_missing() {
    let mut network = Network::with(0, 1, |_| {});
    for _ in 0..2 {
        let identity = IdentityKeyPair::random::<Suite>(&mut network.rng);
        let ask = Admission::Ask(BTreeSet::new());
        network.enter_as(identity, config(&Policy::default(), ask));
    }
    network.run_for(5);
    assert_eq!(not_admitted(&network, 0), []);
    admit(&mut network, 0, 1);
    network.run_for(60);
    let [alice, bob] = [0, 1].map(|member| network.keys[member]);
    let missing = WaitingReason::NotAdmitted {
        identity: alice,
        missing: vec![bob],
    };
    for member in 0..2 {
        assert_eq!(
            not_admitted(&network, member),
            std::slice::from_ref(&missing),
            "{member}"
        );
    }
    admit(&mut network, 1, 0);
    network = network.until_secure();
    for member in 0..2 {
        let over = Event::WaitingOver {
            reason: missing.clone(),
        };
        assert_eq!(network.count(member, |e| *e == over), 1, "{member}");
    }
}

/// Of three, two let in all others, and the third one of them: both are told.
#[test]
fn who_does_not_let_in_another_is_named_to_both() {
    let mut network = Network::with(0, 1, |_| {});
    for _ in 0..3 {
        let identity = IdentityKeyPair::random::<Suite>(&mut network.rng);
        let ask = Admission::Ask(BTreeSet::new());
        network.enter_as(
            identity,
            RoomConfig {
                members: Some(3),
                ..config(&Policy::default(), ask)
            },
        );
    }
    for (by, whom) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0)] {
        admit(&mut network, by, whom);
    }
    network.run_for(60);
    let [bob, carol] = [1, 2].map(|member| network.keys[member]);
    let missing = WaitingReason::NotAdmitted {
        identity: bob,
        missing: vec![carol],
    };
    for member in 0..3 {
        assert_eq!(
            not_admitted(&network, member),
            std::slice::from_ref(&missing),
            "{member}"
        );
    }
    admit(&mut network, 2, 1);
    network.until_secure();
}

/// Where all let in all, nobody is said to be missing, however much of what they say is lost.
#[test]
fn where_all_let_in_all_nobody_is_missed() {
    for seed in 1..6 {
        let mut network = Network::with(3, seed, |config| config.members = Some(3));
        network.set_weather(crate::network::FOUL);
        network = network.until_secure();
        for member in 0..3 {
            assert_eq!(not_admitted(&network, member), [], "{seed} {member}");
        }
    }
}
