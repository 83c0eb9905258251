//! A text is read by those alone whom its author has seen, and by none whom its author has asked to be left out.

use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::gka::{RoomId, Sid};
use mpotr_core::wire::Packet;
use mpotr_core::{
    Admission, DropReason, Event, MAX_BODY, Policy, Rekey, Room, RoomConfig, Rule, Seen, SendError,
    TextId, Vote, WaitingReason,
};

use crate::network::{Network, Suite};

fn is_out(event: &Event) -> bool {
    matches!(event, Event::LeftOut { .. })
}

fn has_failed(event: &Event) -> bool {
    matches!(event, Event::AgreementFailed { .. })
}

/// Asks that a member be left out.
fn exclude(network: &mut Network, by: usize, whom: IdentityKey) {
    let now = network.now;
    network.rooms[by].exclude(now, whom).unwrap();
    network.collect(by);
}

/// A room in which it takes two votes to leave a member out.
fn where_two_leave_one_out(members: usize) -> Network {
    let network = Network::with(members, 1, |config| {
        config.members = Some(members);
        config.policy = Policy {
            exclude: Rule::Quorum(2.try_into().unwrap()),
            ..Policy::default()
        };
    });
    network.until_secure()
}

/// No run gets beyond its first round.
fn fail_views(network: &mut Network) {
    network.tamper = Some(Box::new(|_, _, packet| match Packet::from_bytes(packet) {
        Ok(Packet::Contribution(..)) => None,
        _ => Some(packet.to_vec()),
    }));
}

/// What a member was told of its held texts.
fn held(network: &Network, member: usize) -> Vec<(TextId, Vec<IdentityKey>)> {
    let told = network.events[member]
        .iter()
        .filter_map(|event| match event {
            Event::Held { text_id, added } => Some((*text_id, added.clone())),
            _ => None,
        });
    told.collect()
}

fn waits_for(network: &Network, member: usize, reason: &WaitingReason) -> usize {
    network.count(
        member,
        |event| matches!(event, Event::Waiting { reason: it, .. } if it == reason),
    )
}

/// Alice types to Bob while a stranger is coming in: it is in before the text has left.
fn stranger_comes_in(text: &str) -> (Network, TextId, usize) {
    let mut network = Network::full(2, 3).until_secure();
    let stranger = network.enter(|config| config.policy.rekey = Rekey::Full);
    // Before all have taken part, a text leaves to those who are there.
    network.run_until(100, |network| {
        let own = network
            .wire
            .iter()
            .filter(|(from, packet)| *from == 0 && packet[1] == 4);
        own.count() > 1
    });
    let text_id = network.send(0, text);
    network.run_until(100, |network| network.rooms[stranger].is_secure());
    network.run_for(10);
    (network, text_id, stranger)
}

#[test]
fn text_after_vote_to_exclude_is_not_read_by_the_excluded() {
    let mut network = Network::new(3, 1).until_secure();
    let mallory = network.keys[2];
    exclude(&mut network, 0, mallory);
    network.send(0, "now that Mallory is gone: 1234");
    let excluding = WaitingReason::Excluding { identity: mallory };
    assert_eq!(waits_for(&network, 0, &excluding), 1, "told at once");
    network.run_for(60);
    assert!(network.read(2).is_empty(), "{:?}", network.read(2));
    assert_eq!(network.read(1), ["now that Mallory is gone: 1234"]);
    assert_eq!(network.count(0, is_out), 1);
    let reason = excluding;
    assert_eq!(
        network.count(0, |it| *it
            == Event::WaitingOver {
                reason: reason.clone()
            }),
        1
    );
}

#[test]
fn text_after_vote_to_exclude_is_not_read_by_the_excluded_though_views_fail() {
    let mut network = Network::full(4, 1).until_secure();
    let mallory = network.keys[3];
    exclude(&mut network, 0, mallory);
    fail_views(&mut network);
    for failures in 1..4 {
        network.run_until(200, |network| network.count(0, has_failed) >= failures);
        // Who has voted, and who has heard that the exclusion has its votes.
        network.send(0, "the code is 1234");
        network.send(1, "let us meet at 8");
        network.run_for_millis(300);
        network.send(0, "do not tell Mallory");
        network.run_for(2);
    }
    assert!(network.read(3).is_empty(), "{:?}", network.read(3));
    network.tamper = None;
    network.run_until(200, |network| network.count(0, is_out) == 1);
    network.run_for(10);
    assert!(network.read(3).is_empty(), "{:?}", network.read(3));
    assert_eq!(network.read(2).len(), 9);
}

#[test]
fn text_waits_for_a_vote_that_others_have_to_join_and_leaves_when_it_is_withdrawn() {
    let mut network = where_two_leave_one_out(3);
    let mallory = network.keys[2];
    exclude(&mut network, 0, mallory);
    let needs = WaitingReason::NeedsVotes {
        vote: Vote::Exclude(mallory),
        have: 1,
        need: 2,
    };
    assert_eq!(waits_for(&network, 0, &needs), 1);
    network.send(0, "held back");
    // One vote of two binds who gave it, and nobody else.
    network.send(1, "hello");
    network.run_for(30);
    assert_eq!(network.read(2), ["hello"]);
    let now = network.now;
    assert!(network.rooms[0].withdraw(now, &Vote::Exclude(mallory)));
    network.collect(0);
    network.run_for(10);
    assert_eq!(network.read(2), ["hello", "held back"]);
}

#[test]
fn text_of_who_has_not_voted_waits_from_when_the_votes_are_enough() {
    let mut network = where_two_leave_one_out(4);
    let mallory = network.keys[3];
    fail_views(&mut network);
    exclude(&mut network, 1, mallory);
    exclude(&mut network, 2, mallory);
    network.run_for(1);
    network.send(0, "what do you think of Mallory?");
    network.run_for(30);
    assert!(network.read(3).is_empty());
    network.tamper = None;
    network.run_until(200, |network| network.count(0, is_out) == 1);
    network.run_for(5);
    assert_eq!(network.read(1), ["what do you think of Mallory?"]);
    assert!(network.read(3).is_empty());
}

/// The others have decided to go on without it, and it knows so: what it types from then on it does not say to them.
#[test]
fn text_of_who_is_being_left_out_is_not_sent_and_dropped_when_it_is_out() {
    let mut network = where_two_leave_one_out(4);
    let mallory = network.keys[3];
    fail_views(&mut network);
    exclude(&mut network, 1, mallory);
    network.run_for(1);
    // One vote of two decides nothing.
    network.send(3, "what have I done?");
    network.run_for(10);
    assert_eq!(network.read(0), ["what have I done?"]);
    exclude(&mut network, 2, mallory);
    network.run_for(1);
    let told = WaitingReason::Excluding { identity: mallory };
    assert_eq!(waits_for(&network, 3, &told), 1);
    let text_id = network.send(3, "you will regret this");
    network.run_for(30);
    let sent = |event: &Event| matches!(event, Event::Sent { text_id: it, .. } if *it == text_id);
    assert_eq!(network.count(3, sent), 0);
    network.tamper = None;
    network.run_until(200, |network| {
        network.count(3, |event| *event == Event::Removed) == 1
    });
    let why = DropReason::Removed;
    let dropped = Event::Dropped { text_id, why };
    assert_eq!(network.count(3, |event| *event == dropped), 1);
    for member in 0..3 {
        assert_eq!(network.read(member), ["what have I done?"]);
    }
}

#[test]
fn text_of_who_was_to_be_left_out_leaves_when_the_votes_are_withdrawn() {
    let mut network = Network::full(4, 1).until_secure();
    let mallory = network.keys[3];
    fail_views(&mut network);
    exclude(&mut network, 1, mallory);
    network.run_for(1);
    network.send(3, "please wait");
    network.run_for(10);
    assert!(network.read(0).is_empty());
    let now = network.now;
    assert!(network.rooms[1].withdraw(now, &Vote::Exclude(mallory)));
    network.collect(1);
    network.run_for(60);
    assert_eq!(network.read(0), ["please wait"]);
}

#[test]
fn text_is_held_when_roster_grows() {
    let (mut network, text_id, stranger) = stranger_comes_in("for Bob alone");
    let added = vec![network.keys[stranger]];
    assert_eq!(held(&network, 0), [(text_id, added)]);
    assert!(network.read(stranger).is_empty());
    // It does not leave by itself, and stops nothing that was written for all three.
    network.send(0, "hello to both");
    network.run_for(700);
    assert_eq!(network.read(stranger), ["hello to both"]);
    assert_eq!(network.read(1), ["hello to both"]);

    let (now, seen) = (network.now, network.seen(0));
    assert_eq!(network.rooms[0].release(now, text_id, seen), Ok(()));
    network.collect(0);
    network.run_for(10);
    assert_eq!(network.read(stranger), ["hello to both", "for Bob alone"]);
    let fate = Event::Acknowledged { text_id };
    assert_eq!(network.count(0, |event| *event == fate), 1);
    let released_again = network.rooms[0].release(now, text_id, seen);
    assert_eq!(released_again, Err(SendError::NoSuchText));
}

#[test]
fn what_is_held_goes_nowhere_when_it_is_taken_back_or_its_author_leaves() {
    let (mut network, text_id, stranger) = stranger_comes_in("for Bob alone");
    let now = network.now;
    let body = network.rooms[0].discard(now, text_id);
    assert_eq!(body.as_deref(), Some(&b"for Bob alone"[..]));
    assert_eq!(network.rooms[0].discard(now, text_id), None);
    network.collect(0);
    let why = DropReason::Discarded;
    let fate = Event::Dropped { text_id, why };
    assert_eq!(network.count(0, |event| *event == fate), 1);
    network.leave(0);
    network.run_until(60, |n| n.rooms[0].has_ended());
    // What its author took back is no loss.
    let ended = |event: &Event| matches!(event, Event::Ended(end) if end.acknowledged);
    assert_eq!(network.count(0, ended), 1);
    assert!(network.read(stranger).is_empty() && network.read(1).is_empty());

    let (mut network, text_id, stranger) = stranger_comes_in("for Bob alone");
    network.leave(0);
    let why = DropReason::Left;
    let fate = Event::Dropped { text_id, why };
    assert_eq!(network.count(0, |event| *event == fate), 1, "at once");
    network.run_until(60, |n| n.rooms[0].has_ended());
    assert_eq!(network.count(0, ended), 0);
    assert!(network.read(stranger).is_empty() && network.read(1).is_empty());
}

#[test]
fn what_is_taken_back_before_it_has_left_is_not_sent() {
    let mut network = Network::new(3, 1).until_secure();
    let mallory = network.keys[2];
    exclude(&mut network, 0, mallory);
    let text_id = network.send(0, "on second thoughts");
    let now = network.now;
    assert!(network.rooms[0].discard(now, text_id).is_some());
    network.collect(0);
    network.run_for(60);
    assert!(network.read(1).is_empty());
    let sent = network.send(0, "hello");
    assert_eq!(
        network.rooms[0].discard(now, sent),
        None,
        "it is on its way"
    );
}

#[test]
fn text_for_a_roster_that_others_have_come_into_is_not_taken() {
    let mut network = Network::new(2, 1).until_secure();
    let before = network.seen(0);
    let stranger = network.enter(|_| {});
    network.run_until(100, |network| {
        network.count(0, |e| matches!(e, Event::Secure { .. })) == 2
    });
    let now = network.now;
    let added = vec![network.keys[stranger]];
    let refused = network.rooms[0].send(now, b"for Bob alone".to_vec(), before);
    assert_eq!(refused, Err(SendError::StaleRoster { added }));
    // An epoch that nobody was told of is one that nobody has seen.
    let unknown = Seen::Epoch(Sid::new([0; 32]));
    let refused = network.rooms[0].send(now, b"for Bob alone".to_vec(), unknown);
    let mut added = vec![network.keys[1], network.keys[stranger]];
    added.sort_unstable();
    let Err(SendError::StaleRoster { added: mut told }) = refused else {
        panic!("{refused:?}")
    };
    told.sort_unstable();
    assert_eq!(told, added);
    network.run_for(60);
    assert!(network.read(1).is_empty());
    // A smaller roster than the one that was seen is no reason.
    let before = network.seen(0);
    network.leave(stranger);
    network.run_until(60, |network| network.count(0, is_out) == 1);
    network.rooms[0]
        .send(network.now, b"hello".to_vec(), before)
        .unwrap();
    network.collect(0);
    network.run_for(5);
    assert_eq!(network.read(1), ["hello"]);
}

#[test]
fn each_text_that_is_not_taken_has_its_reason() {
    let refused = |room: &mut Room<Suite>, now, body: Vec<u8>, seen| {
        let error = room.send(now, body, seen).unwrap_err();
        error.code()
    };
    let mut network = Network::new(2, 1);
    let now = network.now;
    let room = &mut network.rooms[0];
    // Nobody knows who may be in it.
    assert_eq!(refused(room, now, vec![], Seen::Expected), "not_secure");
    let unknown = Seen::Epoch(Sid::new([0; 32]));
    assert_eq!(refused(room, now, vec![], unknown), "not_secure");
    let mut network = network.until_secure();
    let (now, seen) = (network.now, network.seen(0));
    let room = &mut network.rooms[0];
    assert_eq!(refused(room, now, vec![], Seen::Expected), "not_secure");
    assert_eq!(refused(room, now, vec![], unknown), "stale_roster");
    assert_eq!(refused(room, now, vec![0; MAX_BODY + 1], seen), "too_long");
    while room.takes_texts() {
        room.send(now, vec![], seen).unwrap();
    }
    assert_eq!(refused(room, now, vec![], seen), "queue_full");
    let text_id = Network::new(2, 2).until_secure().send(0, "sent");
    let none = room.release(now, text_id, seen);
    assert_eq!(none, Err(SendError::NoSuchText));
    network.collect(0);
    network.run_for(60);
    network.leave(1);
    network.run_until(60, |network| network.rooms[1].has_ended());
    network.run_for(1);
    let now = network.now;
    let room = &mut network.rooms[0];
    assert_eq!(refused(room, now, vec![], seen), "nobody_left");
    room.leave(now);
    assert!(room.has_ended());
    assert_eq!(refused(room, now, vec![], seen), "ended");

    let mut network = Network::new(2, 1).until_secure();
    network.leave(0);
    let (now, seen) = (network.now, network.seen(0));
    let room = &mut network.rooms[0];
    assert!(!room.has_ended());
    assert_eq!(refused(room, now, vec![], seen), "leaving");
}

#[test]
fn text_for_those_who_are_expected_waits_for_them_and_for_nobody_else() {
    let mut network = Network::with(0, 1, |_| {});
    let people: Vec<_> = (0..2)
        .map(|_| IdentityKeyPair::random::<Suite>(&mut network.rng))
        .collect();
    let keys: Vec<_> = people.iter().map(IdentityKeyPair::public).collect();
    for (person, friend) in people.into_iter().zip(keys.into_iter().rev()) {
        let only = Admission::Only([friend].into());
        let config = RoomConfig::new(RoomId::of_name::<Suite>("test"), only);
        network.enter_as(person, config);
    }
    let now = network.now;
    let early = network.rooms[0].send(now, b"early".to_vec(), Seen::Expected);
    let mut network = network.until_secure();
    network.collect(0);
    network.run_until(10, |n| n.read(1) == ["early"]);
    let text_id = early.unwrap();
    network.run_for(10);
    let fate = Event::Acknowledged { text_id };
    assert_eq!(network.count(0, |event| *event == fate), 1);
    // As good in the epoch as before it: nobody else comes in.
    let later = network.rooms[0].send(network.now, b"later".to_vec(), Seen::Expected);
    assert!(later.is_ok());
}

#[test]
fn what_a_change_waits_for_is_told_if_it_takes_long_and_when_it_is_over() {
    let mut network = Network::full(3, 1).until_secure();
    fail_views(&mut network);
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    let changing = |event: &Event| {
        matches!(
            event,
            Event::Waiting {
                reason: WaitingReason::Changing { .. },
                ..
            }
        )
    };
    let over = |event: &Event| {
        matches!(
            event,
            Event::WaitingOver {
                reason: WaitingReason::Changing { .. }
            }
        )
    };
    network.run_for(1);
    assert_eq!(network.count(0, changing), 0);
    network.run_for(10);
    // Once in each view that waits for others than the one before.
    let (told, ended) = (network.count(0, changing), network.count(0, over));
    assert!(
        (1..=2).contains(&told) && ended + 1 == told,
        "{told}, {ended}"
    );
    network.tamper = None;
    network.run_for(60);
    let (told, ended) = (network.count(0, changing), network.count(0, over));
    assert!((1..=3).contains(&told) && ended == told, "{told}, {ended}");
}

#[test]
fn who_is_not_there_yet_is_told_as_a_reason_to_wait() {
    let mut network = Network::with(1, 1, |config| config.members = Some(3));
    network.run_for(5);
    assert_eq!(waits_for(&network, 0, &WaitingReason::Alone), 1);
    network.enter(|config| config.members = Some(3));
    network.run_for(5);
    let over = Event::WaitingOver {
        reason: WaitingReason::Alone,
    };
    assert_eq!(network.count(0, |event| *event == over), 1);
    let gathering = WaitingReason::Gathering { have: 2, want: 3 };
    assert_eq!(waits_for(&network, 1, &gathering), 1);
}

/// Who is left out by a vote hears of it, however soon the room changes again: what was said in its epoch is all that it hears.
#[test]
fn who_was_voted_out_is_told_though_the_room_changes_again_at_once() {
    for (again, rekey) in (0..6).zip([Rekey::Full, Rekey::Light].into_iter().cycle()) {
        for millis in [0, 300, 1000, 2500] {
            let mut network = Network::with(4, 1, |config| {
                config.members = Some(4);
                config.policy.rekey = rekey;
            })
            .until_secure();
            let [_, _, carol, mallory] = network.keys[..] else {
                panic!("four members");
            };
            exclude(&mut network, 0, mallory);
            network.run_for_millis(millis);
            match again % 3 {
                0 => exclude(&mut network, 0, carol),
                1 => network.leave(0),
                _ => {
                    network.rooms[1].refresh(network.now);
                    network.collect(1);
                }
            }
            network.run_until(30, |n| n.count(3, |event| *event == Event::Removed) == 1);
        }
    }
}
