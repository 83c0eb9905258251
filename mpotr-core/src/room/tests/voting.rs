//! Votes, policy, and proposals by those who have none.

use std::collections::BTreeSet;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::{IdentityKey, IdentityKeyPair};
use mpotr_gka::{FaultKind, Forger, MemberIndex, OfferDigest, OfferSecrets, RoomId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::config::{Admission, RoomConfig};
use crate::error::Rejection;
use crate::event::Event;
use crate::policy::{Policy, PolicyError, Rekey, Rule};
use crate::room::Room;
use crate::room::judging::Verdict;
use crate::time::{Duration, Timestamp};
use crate::wire::{Admitted, EpochName, Presence, Proposal, Vote};

/// Rooms that hear each other at once, on virtual time.
struct Hall {
    rooms: Vec<Room<Suite>>,
    keys: Vec<IdentityKey>,
    events: Vec<Vec<Event>>,
    now: Timestamp,
    rng: ChaCha20Rng,
}

impl Hall {
    /// Members of one epoch.
    fn new(members: usize, configure: impl Fn(&mut RoomConfig)) -> Self {
        let mut hall = Self {
            rooms: Vec::new(),
            keys: Vec::new(),
            events: vec![Vec::new(); members],
            now: Timestamp::default(),
            rng: ChaCha20Rng::seed_from_u64(1),
        };
        for _ in 0..members {
            let mut config = RoomConfig::new(RoomId::of_name::<Suite>("hall"), Admission::Open);
            config.members = Some(members);
            // Proposals are made by hand here.
            config.policy.rekey = Rekey::Full;
            configure(&mut config);
            let identity = IdentityKeyPair::random::<Suite>(&mut hall.rng);
            hall.keys.push(identity.public());
            hall.rooms
                .push(Room::new(config, identity, hall.now, &mut hall.rng).unwrap());
        }
        hall.run_for(10);
        assert!(hall.rooms.iter().all(Room::is_secure));
        hall
    }

    /// Delivers all that is to be sent.
    fn deliver(&mut self) {
        loop {
            let mut sent = Vec::new();
            for (from, room) in self.rooms.iter_mut().enumerate() {
                while let Some(packet) = room.poll_transmit() {
                    sent.push((from, packet));
                }
                while let Some(event) = room.poll_event() {
                    self.events[from].push(event);
                }
            }
            if sent.is_empty() {
                return;
            }
            for (from, packet) in sent {
                for to in (0..self.rooms.len()).filter(|to| *to != from) {
                    let _rejected = self.rooms[to].handle_message(self.now, &packet, &mut self.rng);
                }
            }
        }
    }

    fn run_for(&mut self, seconds: u64) {
        for _ in 0..seconds.saturating_mul(20) {
            self.now = self.now.after(Duration::from_millis(50));
            for room in &mut self.rooms {
                room.handle_timeout(self.now, &mut self.rng);
            }
            self.deliver();
        }
    }

    /// Runs until the members are in a view of which a member is the proposer, and have all stated their offers for it, and
    /// returns these.
    fn turn_of(&mut self, member: usize) -> Vec<OfferDigest> {
        let index = |hall: &Self| hall.rooms[member].phase.epoch().unwrap().me();
        let situation = self.rooms[0].situation(self.now).unwrap();
        let view = (0..).find(|view| situation.proposer_of(*view) == Some(index(self)));
        for room in &mut self.rooms {
            room.enter_view(self.now, view.unwrap(), &mut self.rng);
        }
        self.deliver();
        let room = &self.rooms[member];
        let offers: BTreeSet<_> = MemberIndex::all(self.rooms.len())
            .map(|other| room.situation(self.now).unwrap().offer_of(other).unwrap())
            .collect();
        offers.into_iter().collect()
    }

    /// A member proposes a newcomer besides all of these, in the view under way, with an offer under this identity, and says that
    /// it has answered. Whether another member takes part, by what it has heard.
    fn lists(
        &mut self,
        (proposer, judge): (usize, usize),
        newcomer: IdentityKey,
        mut offers: Vec<OfferDigest>,
    ) -> Result<(), Verdict> {
        let nobody = Forger::<Suite>::new().invent(newcomer);
        let room = RoomId::of_name::<Suite>("hall");
        let parent = self.rooms[proposer].phase.name();
        let (offer, _) = OfferSecrets::generate(room, parent, &nobody, 0, &mut self.rng);
        for room in &mut self.rooms {
            room.lobby.offering.hear(self.now, offer.clone()).unwrap();
        }
        let offer = offer.digest::<Suite>();
        offers.push(offer);
        offers.sort();
        let own = &mut self.rooms[proposer];
        let next = own.phase.epoch_mut().and_then(|it| it.own_next()).unwrap();
        next.admitted = vec![Admitted {
            identity: newcomer,
            offer,
        }];
        own.propose_roster(self.now, offers, &mut self.rng);
        let view = own.phase.change().unwrap().view;
        let proposal = own.succession.changes.of_view(view).remove(0);
        self.deliver();
        self.rooms[judge].judge(self.now, &proposal).map(|_| ())
    }

    fn roster(&self, member: usize) -> BTreeSet<IdentityKey> {
        self.rooms[member].phase.epoch().unwrap().roster().collect()
    }

    fn without(&self, member: usize) -> BTreeSet<IdentityKey> {
        let others = self.keys.iter().filter(|key| **key != self.keys[member]);
        others.copied().collect()
    }
}

fn quorum(votes: u16) -> Rule {
    Rule::Quorum(votes.try_into().unwrap())
}

#[test]
fn who_is_voted_out_does_not_come_in_by_its_own_proposal() {
    let mut hall = Hall::new(4, |_| {});
    let mallory = hall.keys[3];
    let now = hall.now;
    let offers = hall.turn_of(3);
    hall.rooms[0].exclude(now, mallory).unwrap();
    hall.rooms[3].propose_roster(now, offers, &mut hall.rng);
    hall.run_for(60);
    assert_eq!(hall.roster(0), hall.without(3));
    let epochs = hall.events[0]
        .iter()
        .filter(|event| matches!(event, Event::Secure { .. }));
    assert_eq!(epochs.count(), 2, "it was in one more epoch");
}

#[test]
fn who_is_voted_out_does_not_come_in_by_the_change_that_leaves_it_out() {
    let mut hall = Hall::new(4, |_| {});
    let mallory = hall.keys[3];
    let (now, friend) = (hall.now, 2);
    let mut offers = hall.turn_of(friend);
    let hers = hall.rooms[0].situation(now).unwrap();
    let place = hers.member.place_of(&mallory).unwrap();
    let hers = hers.offer_of(place).unwrap();
    offers.retain(|it| *it != hers);
    hall.rooms[0].exclude(now, mallory).unwrap();
    // Outside she is a newcomer like any other, by her friend's word.
    let hers = hall.rooms[3].phase.epoch_mut().unwrap();
    let closed = hers.seal_statement(Presence::Closed).unwrap().packet;
    hall.deliver();
    for room in &mut hall.rooms[..3] {
        room.handle_message(now, &closed, &mut hall.rng).unwrap();
    }
    let judged = hall.lists((friend, 0), mallory, offers);
    assert!(
        matches!(judged, Err(Verdict::Refuse(Rejection::NotAdmitted))),
        "{judged:?}"
    );
}

#[test]
fn no_newcomer_comes_in_a_view_in_which_members_want_something_themselves() {
    for is_wanted in [false, true] {
        let mut hall = Hall::new(4, |_| {});
        let newcomer = IdentityKeyPair::random::<Suite>(&mut hall.rng).public();
        let offers = hall.turn_of(2);
        if is_wanted {
            let now = hall.now;
            hall.rooms[1].refresh(now);
            hall.deliver();
        }
        let judged = hall.lists((2, 0), newcomer, offers);
        let waits = matches!(judged, Err(Verdict::Wait));
        assert!(
            judged.is_ok() != is_wanted && waits == is_wanted,
            "{judged:?}"
        );
    }
}

#[test]
fn two_proposals_for_one_view_are_a_proof_that_all_see() {
    let mut hall = Hall::new(4, |config| config.policy.evidence = true);
    let now = hall.now;
    let offers = hall.turn_of(3);
    let mallory = &mut hall.rooms[3];
    let proposals = [(); 2].map(|()| {
        mallory.propose_roster(now, offers.clone(), &mut hall.rng);
        let view = mallory.phase.change().unwrap().view;
        mallory.succession.changes.of_view(view).remove(0)
    });
    // Each hears of one of them.
    mallory.succession.changes.clear();
    while mallory.poll_transmit().is_some() {}
    for (to, proposal) in [(0, &proposals[0]), (1, &proposals[1]), (2, &proposals[0])] {
        let _any = hall.rooms[to].note_change(now, proposal.clone());
    }
    // One of them comes through to who has the other.
    let _any = hall.rooms[0].note_change(now, proposals[1].clone());
    hall.run_for(60);
    for member in 0..3 {
        let told = Event::Cheated {
            member: hall.keys[3],
            kind: FaultKind::Equivocation,
        };
        assert_eq!(
            hall.events[member]
                .iter()
                .filter(|event| **event == told)
                .count(),
            1
        );
        assert_eq!(hall.roster(member), hall.without(3));
    }
}

#[test]
fn where_evidence_is_asked_for_votes_alone_leave_nobody_out() {
    let mut hall = Hall::new(3, |config| config.policy.evidence = true);
    let (now, member) = (hall.now, hall.keys[2]);
    for voter in 0..2 {
        hall.rooms[voter].exclude(now, member).unwrap();
    }
    hall.rooms[0].refresh(now);
    hall.run_for(60);
    assert_eq!(hall.roster(0).len(), 3);
}

#[test]
fn another_policy_comes_with_the_votes_that_the_present_one_asks_for() {
    let mut hall = Hall::new(3, |config| config.policy.change = quorum(2));
    let wanted = Policy {
        exclude: quorum(3),
        ..hall.rooms[0].policy().clone()
    };
    for (voter, expected) in [(0, false), (1, true)] {
        let now = hall.now;
        hall.rooms[voter]
            .change_policy(now, wanted.clone())
            .unwrap();
        hall.run_for(60);
        for (room, events) in hall.rooms.iter().zip(&hall.events) {
            assert_eq!(*room.policy() == wanted, expected);
            let policy = wanted.clone();
            assert_eq!(events.contains(&Event::PolicyChanged { policy }), expected);
        }
    }
}

#[test]
fn a_policy_that_nobody_would_read_is_not_asked_for() {
    let mut hall = Hall::new(2, |_| {});
    let founders = (0..=u8::MAX).map(|n| IdentityKey::new([n; 32])).collect();
    let wanted = Policy {
        admit: Rule::Founders(founders),
        ..Policy::default()
    };
    let now = hall.now;
    let refused = hall.rooms[0].change_policy(now, wanted);
    let founders = 256;
    assert_eq!(refused, Err(PolicyError::TooManyFounders { founders }));
    assert!(hall.rooms[0].votes.cast.is_empty());
    // It is still understood.
    hall.rooms[0].refresh(now);
    hall.run_for(60);
    assert_eq!(hall.roster(0), hall.roster(1));
}

#[test]
fn nobody_brings_a_policy_along_without_the_votes() {
    let mut hall = Hall::new(3, |config| config.policy.change = quorum(2));
    let now = hall.now;
    let before = hall.rooms[0].policy().clone();
    let offers = hall.turn_of(2);
    let mallory = &mut hall.rooms[2];
    mallory.votes.policy.admit = quorum(3);
    mallory.propose_roster(now, offers, &mut hall.rng);
    hall.run_for(60);
    assert!((0..2).all(|member| *hall.rooms[member].policy() == before));
}

#[test]
fn a_vote_for_more_votes_than_there_are_members_is_refused_and_counts_for_nobody() {
    let mut hall = Hall::new(3, |_| {});
    let before = hall.rooms[0].policy().clone();
    let wanted = Policy {
        exclude: quorum(4),
        ..before.clone()
    };
    let now = hall.now;
    let above = PolicyError::QuorumAboveRoster {
        votes: 4.try_into().unwrap(),
        members: 3,
    };
    let refused = hall.rooms[0].change_policy(now, wanted.clone());
    assert_eq!(refused, Err(above));
    // Who states it all the same is heard by nobody, and has no proposal of its own accepted.
    let offers = hall.turn_of(2);
    let mallory = &mut hall.rooms[2];
    mallory.votes.cast.insert(Vote::Policy(wanted.clone()));
    mallory.say_next();
    mallory.votes.policy = wanted;
    mallory.propose_roster(now, offers, &mut hall.rng);
    hall.run_for(60);
    assert!((0..2).all(|member| *hall.rooms[member].policy() == before));
    assert!(
        hall.events[0]
            .iter()
            .any(|e| matches!(e, Event::Secure { .. }))
    );
}

#[test]
fn who_leaves_does_not_lock_the_rules_of_those_who_stay() {
    let mut hall = Hall::new(4, |config| config.policy.change = quorum(3));
    for member in [3, 2] {
        let now = hall.now;
        hall.rooms[member].leave(now);
        hall.run_for(40);
    }
    assert_eq!(hall.roster(0).len(), 2);
    for voter in 0..2 {
        let now = hall.now;
        hall.rooms[voter]
            .change_policy(now, Policy::default())
            .unwrap();
        assert_ne!(*hall.rooms[0].policy(), Policy::default());
        hall.run_for(60);
    }
    assert!((0..2).all(|member| *hall.rooms[member].policy() == Policy::default()));
}

#[test]
fn what_was_spent_of_offers_is_forgotten_with_the_epoch() {
    let mut hall = Hall::new(3, |_| {});
    for _ in 0..5 {
        let now = hall.now;
        hall.rooms[0].refresh(now);
        hall.run_for(20);
        // A run that fails in each epoch.
        hall.turn_of(1);
        hall.run_for(20);
        assert!(
            hall.rooms
                .iter()
                .all(|room| room.lobby.offering.spent() <= 3)
        );
    }
}

#[test]
fn proposals_of_anybody_do_not_push_out_that_of_the_proposer() {
    let mut hall = Hall::new(4, |_| {});
    let now = hall.now;
    let offers = hall.turn_of(3);
    let proposer = &mut hall.rooms[3];
    proposer.propose_roster(now, offers, &mut hall.rng);
    let view = proposer.phase.change().unwrap().view;
    let real = proposer.succession.changes.of_view(view).remove(0);
    // What the proposer says of it inside the epoch comes late.
    while proposer.poll_transmit().is_some() {}
    let alice = &mut hall.rooms[0];
    alice.note_change(now, real.clone()).unwrap();
    for n in 0..100 {
        // Of this view and the next ones, and of the real maker by its own word.
        let junk = Proposal {
            name: EpochName::new([n; 16]),
            view: view + u32::from(n % 4),
            ..real.clone()
        };
        let taken = alice.note_change(now, junk.clone());
        let expected = if junk.view == view {
            Err(Rejection::NotAuthentic)
        } else {
            Ok(())
        };
        assert_eq!(taken, expected);
    }
    assert_eq!(alice.succession.changes.of_view(view), [real]);
    hall.run_for(60);
    assert!((0..4).all(|member| hall.roster(member).len() == 4));
}
