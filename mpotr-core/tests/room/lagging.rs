//! Members that acknowledge little and late, so that nobody has a silence to complain of.

use std::cell::Cell;
use std::rc::Rc;

use mpotr_core::wire::Packet;
use mpotr_core::{Event, Room, TextId};
use mpotr_netem::Weather;

use crate::network::Network;

/// The one who lags.
const MALLORY: usize = 2;
const LARGE: usize = 10_000;

/// A room in which large texts reach Mallory while it is told to be so: to her own account, she has not seen the others.
fn room() -> (Network, Rc<Cell<bool>>) {
    let mut network = Network::new(3, 1).until_secure();
    let listens = Rc::new(Cell::new(false));
    let hears = Rc::clone(&listens);
    network.tamper = Some(Box::new(move |_, to, packet| {
        let is_heard = to != MALLORY || packet.len() < LARGE || hears.get();
        is_heard.then(|| packet.to_vec())
    }));
    (network, listens)
}

fn send(network: &mut Network, texts: usize) -> Vec<TextId> {
    let now = network.now;
    let large = || vec![b'x'; 60_000];
    let seen = network.seen(0);
    let text_ids = (0..texts).map(|_| network.rooms[0].send(now, large(), seen).unwrap());
    let text_ids = text_ids.collect();
    network.collect(0);
    text_ids
}

fn lagging(network: &Network) -> usize {
    let mallory = network.keys[MALLORY];
    network.count(0, |event| *event == Event::Lagging { member: mallory })
}

fn acknowledged(network: &Network) -> usize {
    network.count(0, |event| matches!(event, Event::Acknowledged { .. }))
}

#[test]
fn who_acknowledges_nothing_holds_up_what_others_read_for_a_while_and_no_longer() {
    let (mut network, listens) = room();
    send(&mut network, 16);
    network.run_for(20);
    assert_eq!(network.read(1).len(), 16);
    assert_eq!(lagging(&network), 1);
    // It has fallen behind in texts alone, and catches up.
    assert_eq!(acknowledged(&network), 0);
    listens.set(true);
    network.run_for(40);
    assert_eq!(acknowledged(&network), 16);
    assert_eq!(network.read(MALLORY).len(), 16);
    assert!(network.rooms.iter().all(Room::is_secure));
    let out = |event: &Event| matches!(event, Event::LeftOut { .. });
    assert_eq!(network.count(0, out), 0);
}

#[test]
fn who_acknowledges_a_little_once_in_a_while_gains_no_time_by_that() {
    let (mut network, listens) = room();
    send(&mut network, 16);
    for _ in 0..5 {
        network.run_for_millis(3600);
        listens.set(true);
        network.run_for_millis(400);
        listens.set(false);
    }
    network.run_for(4);
    assert_eq!(network.read(1).len(), 16);
    assert_eq!(lagging(&network), 1);
}

#[test]
fn who_is_not_waited_for_is_sent_nothing_again_unasked() {
    let (mut network, _) = room();
    send(&mut network, 16);
    network.run_for(20);
    let before = network.wire.len();
    // It asks for nothing, as if it knew of nothing.
    network.tamper = Some(Box::new(|from, _, packet| {
        (from != MALLORY).then(|| packet.to_vec())
    }));
    network.run_for(20);
    let sent = network.wire.iter().skip(before);
    let again = sent.filter(|(_, packet)| packet.len() > LARGE).count();
    assert_eq!(again, 0);
}

#[test]
fn who_is_as_quick_as_an_answer_takes_is_waited_for() {
    let mut network = Network::new(3, 1).until_secure();
    network.set_weather(Weather::fair(700));
    let text_ids = send(&mut network, 40);
    network.run_for(200);
    assert_eq!(acknowledged(&network), text_ids.len());
    let told = |event: &Event| matches!(event, Event::Lagging { .. });
    assert_eq!(network.count(0, told), 0);
}

#[test]
fn where_nobody_has_a_text_nobody_lags() {
    let mut network = Network::new(3, 1).until_secure();
    network.tamper = Some(Box::new(|from, _, packet| {
        (from != 0).then(|| packet.to_vec())
    }));
    send(&mut network, 16);
    network.run_for(14);
    let told = |event: &Event| matches!(event, Event::Lagging { .. });
    assert_eq!(network.count(0, told), 0);
}

#[test]
fn who_leaves_is_not_kept_from_saying_what_waits() {
    let (mut network, _) = room();
    send(&mut network, 16);
    network.leave(0);
    network.run_until(60, |n| n.rooms[0].has_ended());
    network.run_for(5);
    assert_eq!(network.read(1).len(), 16);
    // What Mallory has not acknowledged is told.
    let by = vec![network.keys[MALLORY]];
    let missed = |event: &Event| matches!(event, Event::Missed { by: them, .. } if *them == by);
    assert_eq!(network.count(0, missed), 16);
}

/// Who acknowledges nothing holds up what others read for a while and no longer, however much there is to say.
#[test]
fn who_lags_and_keeps_changes_from_ending_holds_up_nobody_for_ever() {
    let mut network = Network::new(4, 1).until_secure();
    network.run_for(5);
    network.tamper = Some(Box::new(|from, to, packet| {
        let is_contribution = matches!(Packet::from_bytes(packet), Ok(Packet::Contribution(..)));
        let is_lost = from == MALLORY && is_contribution || to == MALLORY && packet.len() > 10_000;
        (!is_lost).then(|| packet.to_vec())
    }));
    let now = network.now;
    for _ in 0..60 {
        let seen = network.seen(0);
        network.rooms[0]
            .send(now, vec![b'x'; 60_000], seen)
            .unwrap();
    }
    network.collect(0);
    let mut read = Vec::new();
    for _ in 0..10 {
        network.run_for(60);
        read.push(network.read(1).len());
    }
    let lagging = network.count(0, |event| matches!(event, Event::Lagging { .. }));
    assert_eq!(
        network.read(1).len(),
        60,
        "told to lag {lagging} times; read by the minute: {read:?}"
    );
}

/// The way out that a person has: a vote.
#[test]
fn who_contributes_nothing_can_be_voted_out() {
    let mut network = Network::new(4, 1).until_secure();
    network.run_for(5);
    network.tamper = Some(Box::new(|from, _, packet| {
        let is_contribution = matches!(Packet::from_bytes(packet), Ok(Packet::Contribution(..)));
        (from != MALLORY || !is_contribution).then(|| packet.to_vec())
    }));
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_for(120);
    let (now, mallory) = (network.now, network.keys[MALLORY]);
    network.rooms[0].exclude(now, mallory).unwrap();
    network.collect(0);
    network.run_for(120);
    let told = Event::LeftOut { member: mallory };
    assert_eq!(network.count(1, |event| *event == told), 1);
}

/// Fresh keys wipe out no delays: who asks for them in time, and takes part in the change, gains nothing by that.
#[test]
fn who_asks_for_fresh_keys_before_it_lags_holds_up_nobody_for_longer() {
    let (mut network, listens) = room();
    send(&mut network, 40);
    let secure = |n: &Network| n.count(0, |event| matches!(event, Event::Secure { .. }));
    for _ in 0..3 {
        listens.set(false);
        network.run_for_millis(8_500);
        let (now, before) = (network.now, secure(&network));
        network.rooms[MALLORY].refresh(now);
        network.collect(MALLORY);
        network.run_for_millis(2_500);
        listens.set(true);
        network.run_until(30, |n| secure(n) > before);
    }
    listens.set(false);
    network.run_for(10);
    assert!(lagging(&network) > 0);
    assert_eq!(network.read(1).len(), 40);
}

/// Who is late once pays for itself alone, no matter who was late before.
#[test]
fn a_delay_is_charged_to_who_causes_it() {
    let mut network = Network::new(4, 1).until_secure();
    let late = Rc::new(Cell::new(MALLORY));
    let now_late = Rc::clone(&late);
    network.tamper = Some(Box::new(move |_, to, packet| {
        let is_heard = to != now_late.get() || packet.len() < LARGE;
        is_heard.then(|| packet.to_vec())
    }));
    send(&mut network, 30);
    // Three delays are one's, the fourth is another's.
    network.run_for(10);
    late.set(3);
    network.run_for(5);
    let told = |event: &Event| matches!(event, Event::Lagging { .. });
    assert_eq!(network.count(0, told), 0);
}

/// A member that was cut off through all of a change hears of it by its next sign of life, and asks to be let in again when the time
/// to adopt the new epoch is over.
#[test]
fn a_quiet_member_that_the_others_have_left_says_so_when_it_hears_of_it() {
    let mut network = Network::with(3, 1, |config| config.members = Some(3));
    network = network.until_secure();
    network.run_for(20);
    network.kill(2);
    network.rooms[0].refresh(network.now);
    network.collect(0);
    let epochs = |n: &Network, member| n.count(member, |it| matches!(it, Event::Secure { .. }));
    network.run_until(60, |n| (0..2).all(|member| epochs(n, member) == 2));
    network.revive(2);
    network.run_until(75, |n| n.count(2, |it| *it == Event::Behind) == 1);
}
