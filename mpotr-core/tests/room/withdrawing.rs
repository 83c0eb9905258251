//! What a member takes back before the others have acted on it.

use std::collections::BTreeSet;

use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::gka::RoomId;
use mpotr_core::wire::Vote;
use mpotr_core::{Admission, Event, Policy, Room, RoomConfig, Rule, VoteError};

use crate::network::{Network, Suite};

/// Two members without whose common word nobody comes in or is left out, and a third person.
struct House {
    network: Network,
    carol: Option<IdentityKeyPair>,
    config: RoomConfig,
}

impl House {
    fn new() -> Self {
        let mut network = Network::with(0, 1, |_| {});
        let [alice, bob, carol] =
            [(); 3].map(|()| IdentityKeyPair::random::<Suite>(&mut network.rng));
        let room = RoomId::of_name::<Suite>("test");
        let known = BTreeSet::from([alice.public(), bob.public()]);
        let config = RoomConfig {
            policy: Policy {
                admit: Rule::Quorum(2.try_into().unwrap()),
                exclude: Rule::Quorum(2.try_into().unwrap()),
                ..Policy::default()
            },
            members: Some(2),
            ..RoomConfig::new(room, Admission::Ask(known))
        };
        network.enter_as(alice, config.clone());
        network.enter_as(bob, config.clone());
        Self {
            network: network.until_secure(),
            carol: Some(carol),
            config,
        }
    }

    fn carol_enters(&mut self) -> usize {
        let config = RoomConfig {
            members: None,
            admission: Admission::Open,
            ..self.config.clone()
        };
        self.network.enter_as(self.carol.take().unwrap(), config)
    }

    fn admit(&mut self, by: usize, whom: usize) {
        let (now, key) = (self.network.now, self.network.keys[whom]);
        self.network.rooms[by].admit(now, key).unwrap();
        self.network.collect(by);
    }

    fn withdraw(&mut self, by: usize, vote: &Vote) -> bool {
        let now = self.network.now;
        let is_withdrawn = self.network.rooms[by].withdraw(now, vote);
        self.network.collect(by);
        is_withdrawn
    }
}

#[test]
fn nobody_comes_in_by_a_word_that_was_taken_back() {
    let mut house = House::new();
    let carol = house.carol_enters();
    house.network.run_for(5);
    house.admit(0, carol);
    house.network.run_for(5);
    let vote = Vote::Admit(house.network.keys[carol]);
    assert!(house.withdraw(0, &vote));
    assert!(!house.withdraw(0, &vote));
    house.network.run_for(5);
    house.admit(1, carol);
    house.network.run_for(60);
    assert!(!house.network.rooms[carol].is_secure());

    house.admit(0, carol);
    house.network.run_until(120, |n| n.rooms[carol].is_secure());
}

#[test]
fn who_is_in_stays_in_when_the_word_is_taken_back() {
    let mut house = House::new();
    let carol = house.carol_enters();
    house.network.run_for(5);
    for member in [0, 1] {
        house.admit(member, carol);
    }
    house.network.run_until(120, |n| n.rooms[carol].is_secure());
    house.network.run_for(20);
    let vote = Vote::Admit(house.network.keys[carol]);
    assert!(!house.withdraw(0, &vote));
    let now = house.network.now;
    house.network.rooms[0].refresh(now);
    house.network.collect(0);
    house.network.run_for(20);
    assert!(house.network.rooms.iter().all(Room::is_secure));
}

#[test]
fn nobody_is_left_out_by_a_word_that_was_taken_back() {
    let mut house = House::new();
    let carol = house.carol_enters();
    house.network.run_for(5);
    for member in [0, 1] {
        house.admit(member, carol);
    }
    house.network.run_until(120, |n| n.rooms[carol].is_secure());
    house.network.run_for(20);
    let key = house.network.keys[carol];
    let now = house.network.now;
    house.network.rooms[0].exclude(now, key).unwrap();
    house.network.collect(0);
    house.network.run_for(5);
    assert!(house.withdraw(0, &Vote::Exclude(key)));
    let now = house.network.now;
    house.network.rooms[1].exclude(now, key).unwrap();
    house.network.collect(1);
    house.network.run_for(60);
    assert_eq!(
        house
            .network
            .count(1, |event| matches!(event, Event::LeftOut { .. })),
        0
    );
}

#[test]
fn where_only_some_may_come_in_nobody_else_is_added() {
    let mut network = Network::with(0, 1, |_| {});
    let [alice, bob] = [(); 2].map(|()| IdentityKeyPair::random::<Suite>(&mut network.rng));
    let only = RoomConfig::new(
        RoomId::of_name::<Suite>("test"),
        Admission::Only([alice.public(), bob.public()].into()),
    );
    network.enter_as(alice, only.clone());
    network.enter_as(bob, only);
    let mut network = network.until_secure();
    let stranger = network.enter(|config| config.follow_policy = true);
    network.run_for(5);
    let (now, key) = (network.now, network.keys[stranger]);
    for member in [0, 1] {
        network.rooms[member].admit(now, key).unwrap();
        network.collect(member);
        // No vote, which would stop the talk for a roster that this member refuses.
        assert!(!network.rooms[member].withdraw(now, &Vote::Admit(key)));
    }
    network.run_for(60);
    assert!(!network.rooms[stranger].is_secure());
}

#[test]
fn what_a_member_cannot_ask_for_any_more_is_refused_and_changes_nothing() {
    let mut network = Network::new(2, 1).until_secure();
    let now = network.now;
    let stranger = |number: u16| {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        IdentityKey::new(key)
    };
    let room = &mut network.rooms[0];
    for number in 0..254 {
        room.admit(now, stranger(number)).unwrap();
    }
    assert_eq!(room.admit(now, stranger(254)), Err(VoteError::TooMany));
    assert_eq!(room.exclude(now, stranger(254)), Err(VoteError::TooMany));
    // What is asked for already, and the opposite of it, take no further place; nor do fresh keys.
    assert_eq!(room.admit(now, stranger(0)), Ok(()));
    assert_eq!(room.exclude(now, stranger(0)), Ok(()));
    assert!(room.withdraw(now, &Vote::Exclude(stranger(0))));
    assert_eq!(room.exclude(now, stranger(254)), Ok(()));
    room.refresh(now);
    network.collect(0);
    network.run_until(60, |n| {
        n.count(0, |event| matches!(event, Event::Secure { .. })) == 2
    });
}
