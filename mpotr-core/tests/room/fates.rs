//! What becomes of each text: at every way out of an epoch, one fate.

use std::collections::BTreeMap;

use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::gka::RoomId;
use mpotr_core::{
    Admission, Departure, DropReason, Duration, Event, Room, RoomConfig, SendError, TextId, Timers,
};

use crate::network::{Network, Suite};

fn departure(network: &Network, member: usize) -> Departure {
    let told = network.events[member].iter().find_map(|event| match event {
        Event::Ended(departure) => Some(*departure),
        _ => None,
    });
    told.unwrap()
}

/// What a member was told of the fates of its texts. A text with two fates fails the test.
fn fates(network: &Network, member: usize) -> BTreeMap<TextId, Event> {
    let mut fates = BTreeMap::new();
    for event in &network.events[member] {
        let text_id = match event {
            Event::Acknowledged { text_id }
            | Event::Missed { text_id, .. }
            | Event::Dropped { text_id, .. } => *text_id,
            _ => continue,
        };
        let before = fates.insert(text_id, event.clone());
        assert_eq!(before, None, "a second fate: {event:?}");
    }
    fates
}

fn send(network: &mut Network, from: usize, text: &str) -> TextId {
    network.send(from, text)
}

fn missed_by(text_id: TextId, by: &[IdentityKey]) -> Event {
    let mut by = by.to_vec();
    by.sort_unstable();
    Event::Missed { text_id, by }
}

/// Nothing passes to these members or from them.
fn cut_off(network: &mut Network, members: &'static [usize]) {
    network.tamper = Some(Box::new(move |from, to, packet| {
        (members.contains(&from) == members.contains(&to)).then(|| packet.to_vec())
    }));
}

fn is_behind(network: &Network, member: usize) -> bool {
    network.count(member, |event| *event == Event::Behind) > 0
}

/// Members of whom the last heard nothing while the others went on without it.
fn left_behind(text: &str) -> (Network, TextId) {
    let mut network = Network::new(3, 1).until_secure();
    cut_off(&mut network, &[2]);
    let text_id = send(&mut network, 2, text);
    // The others have a reason for an epoch, in which who is silent is left out.
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_until(120, |n| {
        n.count(0, |event| matches!(event, Event::LeftOut { .. })) == 1
    });
    network.run_for(30);
    (network, text_id)
}

#[test]
fn what_was_sent_before_the_others_went_on_without_its_author_is_told_as_missed() {
    let (mut network, text_id) = left_behind("SALARY is 100");
    network.tamper = None;
    network.run_until(120, |n| is_behind(n, 2));
    let missed = missed_by(text_id, &[network.keys[0], network.keys[1]]);
    assert_eq!(
        fates(&network, 2),
        BTreeMap::from([(text_id, missed.clone())])
    );
    let place = |event: &Event| network.events[2].iter().position(|it| it == event);
    assert!(place(&missed) < place(&Event::Behind));
    // It comes in again, and all that it says then is acknowledged: that changes nothing.
    network.run_until(120, |n| n.rooms.iter().all(Room::is_secure));
    let later = send(&mut network, 2, "hello again");
    network.run_for(30);
    let text_id = later;
    assert_eq!(fates(&network, 2)[&later], Event::Acknowledged { text_id });
    network.leave(2);
    network.run_until(60, |n| n.rooms[2].has_ended());
    assert!(!departure(&network, 2).acknowledged);
    assert_eq!(network.read(0), ["hello again"]);
}

#[test]
fn who_leaves_while_it_is_in_no_room_any_more_is_told_that_a_text_was_missed() {
    let (mut network, text_id) = left_behind("lost");
    network.tamper = None;
    network.run_until(120, |n| is_behind(n, 2));
    network.leave(2);
    assert!(network.rooms[2].has_ended());
    assert!(!departure(&network, 2).acknowledged);
    assert!(matches!(fates(&network, 2)[&text_id], Event::Missed { .. }));
}

#[test]
fn who_has_lost_its_epoch_is_not_told_that_transcripts_are_equal() {
    let (mut network, _) = left_behind("lost");
    network.tamper = None;
    network.run_until(120, |n| is_behind(n, 2));
    let now = network.now;
    let (mut same, mut later) = (network, Network::new(1, 2));
    same.rooms[2].stop(now);
    same.collect(2);
    assert!(!departure(&same, 2).transcripts_equal);
    // Who never was in an epoch has none that another could differ from.
    later.leave(0);
    assert!(departure(&later, 0).transcripts_equal);
}

#[test]
fn who_is_let_in_again_is_told_of_the_epoch_that_it_leaves() {
    let (mut network, _) = left_behind("lost");
    network.tamper = None;
    network.run_until(120, |n| is_behind(n, 2));
    network.run_until(120, |n| n.rooms.iter().all(Room::is_secure));
    network.run_for(30);
    network.leave(2);
    network.run_until(60, |n| n.rooms[2].has_ended());
    assert!(departure(&network, 2).transcripts_equal);
}

#[test]
fn what_waits_when_an_epoch_is_lost_is_sent_in_the_next() {
    let (mut network, _) = left_behind("lost");
    // More than may be on its way.
    let large = "x".repeat(60_000);
    let text_ids: Vec<_> = (0..4).map(|_| send(&mut network, 2, &large)).collect();
    network.tamper = None;
    network.run_until(120, |n| is_behind(n, 2));
    let told = fates(&network, 2);
    assert!(matches!(told[&text_ids[0]], Event::Missed { .. }));
    let waits = text_ids[3];
    assert!(!told.contains_key(&waits));
    network.run_until(120, |n| n.rooms.iter().all(Room::is_secure));
    network.run_for(30);
    let acknowledged = Event::Acknowledged { text_id: waits };
    assert_eq!(fates(&network, 2)[&waits], acknowledged);
    network.leave(2);
    network.run_until(60, |n| n.rooms[2].has_ended());
    assert_eq!(fates(&network, 2).len(), 5);
    assert!(!departure(&network, 2).acknowledged);
}

#[test]
fn a_warning_about_an_epoch_that_is_lost_says_nothing_of_the_next() {
    let (mut network, _) = left_behind("not final");
    let unsettled = |event: &Event| matches!(event, Event::Unsettled { .. });
    assert_eq!(network.count(2, unsettled), 1);
    network.tamper = None;
    network.run_until(120, |n| is_behind(n, 2));
    network.run_until(120, |n| n.rooms.iter().all(Room::is_secure));
    for text in ["one", "two", "three"] {
        network.send(0, text);
    }
    network.run_for(30);
    assert_eq!(network.count(2, |event| *event == Event::Settled), 0);
    // And the next warning is not taken for one that was told already.
    network.kill(1);
    network.send(0, "four");
    network.run_for(15);
    assert_eq!(network.count(2, unsettled), 2);
}

#[test]
fn a_text_is_missed_by_a_member_that_was_left_out_without_having_acknowledged_it() {
    let mut network = Network::new(3, 1).until_secure();
    let before = send(&mut network, 0, "to all");
    network.run_for(10);
    network.kill(2);
    let text_id = send(&mut network, 0, "never reached the third");
    network.run_until(180, |n| {
        n.count(0, |event| matches!(event, Event::LeftOut { .. })) == 1
    });
    let expected = BTreeMap::from([
        (before, Event::Acknowledged { text_id: before }),
        (text_id, missed_by(text_id, &[network.keys[2]])),
    ]);
    assert_eq!(fates(&network, 0), expected);
    let after = send(&mut network, 0, "to those who are here");
    network.run_for(10);
    let acknowledged = Event::Acknowledged { text_id: after };
    assert_eq!(fates(&network, 0)[&after], acknowledged);
    network.leave(0);
    network.run_until(60, |n| n.rooms[0].has_ended());
    assert!(!departure(&network, 0).acknowledged);
}

#[test]
fn what_all_who_go_on_have_is_acknowledged_by_the_change_though_they_have_not_said_so() {
    let mut network = Network::with(3, 1, |config| {
        config.members = Some(3);
        config.policy.rekey = mpotr_core::Rekey::Full;
        // Nobody states what it has seen but in the change.
        config.timers.acknowledge = Duration::from_secs(1000);
        config.timers.lock = Duration::from_secs(1000);
        config.timers.query = Duration::from_secs(1000);
    });
    network = network.until_secure();
    let text_id = send(&mut network, 0, "taken along");
    network.run_for_millis(20);
    assert!(fates(&network, 0).is_empty());
    let now = network.now;
    network.rooms[1].refresh(now);
    network.collect(1);
    network.run_for(10);
    let acknowledged = Event::Acknowledged { text_id };
    assert_eq!(
        fates(&network, 0),
        BTreeMap::from([(text_id, acknowledged)])
    );
}

#[test]
fn a_text_that_two_members_left_without_has_one_fate_that_names_both() {
    let mut network = Network::new(4, 1).until_secure();
    network.tamper = Some(Box::new(|from, _, packet| {
        // What the first one writes comes late.
        (from != 0).then(|| packet.to_vec())
    }));
    let text_id = send(&mut network, 0, "late");
    for member in [2, 3] {
        network.leave(member);
    }
    network.run_until(60, |n| n.rooms[2].has_ended() && n.rooms[3].has_ended());
    network.run_for(2);
    network.tamper = None;
    network.run_for(60);
    let missed = missed_by(text_id, &[network.keys[2], network.keys[3]]);
    assert_eq!(fates(&network, 0), BTreeMap::from([(text_id, missed)]));
    assert_eq!(network.read(1), ["late"]);
}

#[test]
fn what_a_room_takes_before_it_is_secure_and_never_sends_is_dropped() {
    let mut network = Network::of_friends(3, 1);
    let text_id = send(&mut network, 0, "early");
    cut_off(&mut network, &[1, 2]);
    network.run_for(5);
    network.leave(0);
    assert!(fates(&network, 0).is_empty(), "it waits for a room");
    network.tamper = None;
    network.run_until(120, |n| n.rooms[0].has_ended());
    let fate = Event::Acknowledged { text_id };
    assert_eq!(fates(&network, 0), BTreeMap::from([(text_id, fate)]));
}

#[test]
fn who_leaves_in_a_run_that_does_not_end_is_told_that_its_last_texts_were_dropped() {
    let mut network = Network::new(3, 1).until_secure();
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_until(5, |n| {
        (0..3).all(|m| n.count(m, |event| matches!(event, Event::Agreeing { .. })) == 2)
    });
    // All have frozen, and from here on nobody hears another.
    network.tamper = Some(Box::new(|_, _, _| None));
    let text_id = send(&mut network, 0, "in the ice");
    network.leave(0);
    network.run_until(300, |n| n.rooms[0].has_ended());
    let fate = fates(&network, 0).remove(&text_id).unwrap();
    // Thawed and sent, or not: nobody has it, and that is what is told.
    let others = [network.keys[1], network.keys[2]];
    let dropped =
        [DropReason::Left, DropReason::NobodyLeft].map(|why| Event::Dropped { text_id, why });
    assert!(
        fate == missed_by(text_id, &others) || dropped.contains(&fate),
        "{fate:?}"
    );
    assert!(!departure(&network, 0).acknowledged);
}

#[test]
fn who_leaves_in_a_run_waits_for_its_end_and_sends_what_waits() {
    let mut network = Network::new(3, 1).until_secure();
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_until(5, |n| {
        n.count(0, |event| matches!(event, Event::Agreeing { .. })) == 2
    });
    // The others are heard two seconds later: longer than a member that is done lingers.
    network.tamper = Some(Box::new(|_, _, _| None));
    let text_id = send(&mut network, 0, "typed in a change");
    network.leave(0);
    network.run_for(2);
    network.tamper = None;
    network.run_until(60, |n| n.rooms[0].has_ended());
    network.run_for(5);
    let acknowledged = Event::Acknowledged { text_id };
    assert_eq!(
        fates(&network, 0),
        BTreeMap::from([(text_id, acknowledged)])
    );
    assert!(departure(&network, 0).acknowledged);
    assert_eq!(network.read(1), ["typed in a change"]);
}

#[test]
fn what_was_on_its_way_when_a_member_is_voted_out_is_missed_and_the_rest_dropped() {
    let mut network = Network::full(3, 1).until_secure();
    let now = network.now;
    let mallory = network.keys[2];
    network.tamper = Some(Box::new(|from, _, packet| {
        (from != 2).then(|| packet.to_vec())
    }));
    let sent = send(&mut network, 2, "unheard");
    network.rooms[0].exclude(now, mallory).unwrap();
    network.collect(0);
    network.run_until(120, |n| n.rooms[2].has_ended());
    assert_eq!(network.count(2, |event| *event == Event::Removed), 1);
    let missed = missed_by(sent, &[network.keys[0], network.keys[1]]);
    assert_eq!(fates(&network, 2), BTreeMap::from([(sent, missed)]));
    assert!(!departure(&network, 2).acknowledged);
}

#[test]
fn a_text_to_those_who_are_leaving_is_for_them_still() {
    let mut network = Network::new(2, 1).until_secure();
    network.leave(1);
    network.run_for_millis(20);
    // The other has said its last word and is not gone.
    let text_id = send(&mut network, 0, "good night");
    assert!(fates(&network, 0).is_empty());
    network.run_until(60, |n| n.rooms[1].has_ended());
    network.run_for(5);
    let acknowledged = Event::Acknowledged { text_id };
    assert_eq!(
        fates(&network, 0),
        BTreeMap::from([(text_id, acknowledged)])
    );
    assert_eq!(network.read(1), ["good night"]);
}

#[test]
fn a_text_that_those_who_left_did_not_get_is_missed_by_the_last_of_them() {
    let mut network = Network::new(2, 1).until_secure();
    network.leave(1);
    network.run_for_millis(20);
    network.tamper = Some(Box::new(|from, _, packet| {
        (from != 0).then(|| packet.to_vec())
    }));
    let text_id = send(&mut network, 0, "are you there?");
    network.run_until(60, |n| n.rooms[1].has_ended());
    network.run_for(1);
    let missed = missed_by(text_id, &[network.keys[1]]);
    assert_eq!(fates(&network, 0), BTreeMap::from([(text_id, missed)]));
}

/// One of three has said its last word, and the others cannot go on yet: it is in the room, and a text is for it, too.
#[test]
fn a_text_that_one_who_is_leaving_did_not_get_is_missed_by_it_though_others_stay() {
    for dies in [false, true] {
        let mut network = Network::new(3, 1).until_secure();
        // What the second says comes late, so the one that leaves waits for it.
        network.tamper = Some(Box::new(|from, _, packet| {
            (from != 1).then(|| packet.to_vec())
        }));
        network.leave(2);
        network.run_for_millis(20);
        if dies {
            network.kill(2);
        }
        let text_id = send(&mut network, 0, "good night");
        assert!(fates(&network, 0).is_empty());
        network.tamper = None;
        network.run_until(300, |n| {
            n.count(0, |it| matches!(it, Event::Left { .. })) == 1
        });
        network.run_for(5);
        let (fate, read) = if dies {
            (missed_by(text_id, &[network.keys[2]]), vec![])
        } else {
            (Event::Acknowledged { text_id }, vec!["good night"])
        };
        assert_eq!(fates(&network, 0), BTreeMap::from([(text_id, fate)]));
        assert_eq!(network.read(2), read);
        assert_eq!(network.read(1), ["good night"]);
    }
}

#[test]
fn who_was_heard_by_all_is_told_so_though_a_reader_dies_before_the_end() {
    let mut network = Network::new(3, 1).until_secure();
    let text_id = send(&mut network, 0, "dinner at eight");
    network.run_for(5);
    let acknowledged = Event::Acknowledged { text_id };
    assert_eq!(fates(&network, 0).get(&text_id), Some(&acknowledged));
    cut_off(&mut network, &[2]);
    let now = network.now;
    for member in [0, 1] {
        network.rooms[member].leave(now);
        network.collect(member);
    }
    network.run_until(240, |n| n.rooms[0].has_ended() && n.rooms[1].has_ended());
    // The second one never wrote.
    for member in [0, 1] {
        let departure = departure(&network, member);
        assert!(departure.acknowledged, "{member}: {departure:?}");
        assert!(!departure.published, "{member}: {departure:?}");
    }
}

#[test]
fn every_text_of_a_member_with_much_to_say_is_acknowledged_in_its_order() {
    let mut network = Network::new(3, 1).until_secure();
    let mut text_ids = Vec::new();
    let (now, seen) = (network.now, network.seen(0));
    while network.rooms[0].takes_texts() {
        let text_id = network.rooms[0].send(now, b"much".to_vec(), seen);
        text_ids.push(text_id.unwrap());
    }
    let refused = network.rooms[0].send(now, b"too much".to_vec(), seen);
    assert_eq!(refused, Err(SendError::QueueFull));
    network.collect(0);
    network.leave(0);
    network.run_until(60, |n| n.rooms[0].has_ended());
    assert!(departure(&network, 0).acknowledged);
    let told: Vec<_> = fates(&network, 0).into_values().collect();
    let all = text_ids
        .iter()
        .map(|text_id| Event::Acknowledged { text_id: *text_id });
    assert!(told.iter().cloned().eq(all));
    assert_eq!(network.read(1).len(), text_ids.len());
}

#[test]
fn a_text_that_waits_when_keys_have_expired_is_dropped_for_that_reason() {
    let mut network = Network::with(3, 1, |config| {
        config.members = Some(3);
        config.timers = Timers {
            refresh: Duration::from_secs(10_000),
            expire: Duration::from_secs(30),
            ..Timers::RELAY
        };
    });
    network = network.until_secure();
    network.tamper = Some(Box::new(|_, _, _| None));
    network.run_for(40);
    let text_id = send(&mut network, 0, "too late");
    network.leave(0);
    network.run_until(60, |n| n.rooms[0].has_ended());
    let why = DropReason::Expired;
    assert_eq!(
        fates(&network, 0),
        BTreeMap::from([(text_id, Event::Dropped { text_id, why })])
    );
    assert!(!departure(&network, 0).acknowledged);
}

#[test]
fn the_same_person_in_another_instance_has_not_what_the_first_one_missed() {
    let mut network = Network::new(2, 1).until_secure();
    let person = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let again = IdentityKeyPair::from_secret::<Suite>(person.secret()).unwrap();
    let key = person.public();
    let config = || RoomConfig::new(RoomId::of_name::<Suite>("test"), Admission::Open);
    let first = network.enter_as(person, config());
    network.run_until(60, |n| n.rooms[first].is_secure());
    network.run_for(10);
    network.kill(first);
    let text_id = send(&mut network, 0, "for the one who died");
    let second = network.enter_as(again, config());
    network.run_until(400, |n| n.rooms[second].is_secure());
    network.run_for(20);
    assert_eq!(
        fates(&network, 0),
        BTreeMap::from([(text_id, missed_by(text_id, &[key]))])
    );
    assert!(network.read(second).is_empty());
}

#[test]
fn who_stalls_keeps_nothing_from_the_others_of_one_who_leaves_with_much_to_say() {
    const TEXTS: usize = 300;
    let mut network = Network::new(3, 1).until_secure();
    network.kill(2);
    let text_ids: Vec<_> = (0..TEXTS)
        .map(|number| send(&mut network, 0, &number.to_string()))
        .collect();
    network.leave(0);
    network.run_until(90, |n| n.rooms[0].has_ended());
    network.run_for(5);
    let sent: Vec<_> = (0..TEXTS).map(|number| number.to_string()).collect();
    assert_eq!(network.read(1), sent);
    // The dead one is named for what was on its way to it, and nothing is dropped.
    let fates = fates(&network, 0);
    let missed = |text_id: &TextId| fates[text_id] == missed_by(*text_id, &[network.keys[2]]);
    let acknowledged =
        |text_id: &TextId| fates[text_id] == Event::Acknowledged { text_id: *text_id };
    assert!(text_ids.iter().all(|it| missed(it) || acknowledged(it)));
    assert!(text_ids.iter().any(missed) && text_ids.iter().any(acknowledged));
    assert!(!departure(&network, 0).acknowledged);
}

#[test]
fn who_does_not_want_to_wait_any_more_is_told_what_nobody_got() {
    let mut network = Network::new(2, 1).until_secure();
    network.kill(1);
    let text_ids: Vec<_> = (0..200)
        .map(|number| send(&mut network, 0, &number.to_string()))
        .collect();
    network.leave(0);
    assert!(!network.rooms[0].has_ended());
    let now = network.now;
    network.rooms[0].stop(now);
    network.collect(0);
    assert!(network.rooms[0].has_ended());
    let fates = fates(&network, 0);
    assert_eq!(fates.len(), text_ids.len());
    let why = DropReason::Left;
    let dropped = |text_id: &TextId| {
        fates[text_id]
            == Event::Dropped {
                text_id: *text_id,
                why,
            }
    };
    let missed = |text_id: &TextId| fates[text_id] == missed_by(*text_id, &[network.keys[1]]);
    assert!(text_ids.iter().all(|it| missed(it) || dropped(it)));
    assert!(text_ids.iter().any(missed) && text_ids.iter().any(dropped));
}
