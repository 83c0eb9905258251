//! All leave, and one has much to catch up with.

use std::cell::Cell;
use std::rc::Rc;

use mpotr_core::{Departure, Event};

use crate::network::Network;

/// The one who is behind.
const MALLORY: usize = 2;
/// Packets of texts are longer than that, and what else reaches Mallory is shorter.
const TEXT: usize = 900;

/// A room of three of whom one has written so much, at one time, that has not reached Mallory; and how many texts may do so from
/// now on.
fn room(texts: usize) -> (Network, Rc<Cell<usize>>) {
    let mut network = Network::with(3, 1, |config| {
        config.members = Some(3);
        config.refresh_messages = usize::MAX;
    });
    network = network.until_secure();
    let passing = Rc::new(Cell::new(0_usize));
    let passes = Rc::clone(&passing);
    network.tamper = Some(Box::new(move |_, to, packet| {
        if to == MALLORY && packet.len() > TEXT {
            passes.set(passes.get().checked_sub(1)?);
        }
        Some(packet.to_vec())
    }));
    for _ in 0..texts {
        network.send(0, &"x".repeat(600));
    }
    network.run_for(30);
    assert_eq!(
        [1, MALLORY].map(|member| network.read(member).len()),
        [texts, 0]
    );
    (network, passing)
}

/// All leave, and as many texts as are told reach Mallory in each second, until these have ended; after how many seconds.
fn all_leave(network: &mut Network, passing: &Cell<usize>, a_second: usize, who: &[usize]) -> u32 {
    for member in 0..3 {
        network.leave(member);
    }
    let mut tenths = 0;
    while !who.iter().all(|member| network.rooms[*member].has_ended()) {
        let before = usize::try_from(tenths % 10).unwrap();
        let more = (before + 1) * a_second / 10 - before * a_second / 10;
        passing.set((passing.get() + more).min(a_second));
        network.run_for_millis(100);
        tenths += 1;
        assert!(tenths < 3000, "they never end");
    }
    tenths / 10
}

fn departure(network: &Network, member: usize) -> Departure {
    let mut events = network.events[member].iter();
    let ended = events.find_map(|event| match event {
        Event::Ended(departure) => Some(*departure),
        _ => None,
    });
    ended.unwrap()
}

/// It takes twice as long as those who leave wait for one whom they do not hear of.
#[test]
fn who_catches_up_over_a_slow_line_is_waited_for_while_it_does() {
    let texts = 1000;
    let (mut network, passing) = room(texts);
    let seconds = all_leave(&mut network, &passing, 50, &[0, 1, MALLORY]);
    assert!(seconds >= 20, "after {seconds} s: the line is not slow");
    assert_eq!(network.read(MALLORY).len(), texts);
    for member in 0..3 {
        let departure = departure(&network, member);
        let is_well = departure.acknowledged && departure.transcripts_equal && departure.published;
        assert!(is_well, "{member} after {seconds} s: {departure:?}");
    }
}

/// A word now and then gains no time: who takes in less than those who are on a slow line is waited for as one who takes in nothing.
#[test]
fn who_covers_a_little_now_and_then_holds_up_nobody_for_long() {
    let (mut network, passing) = room(200);
    let seconds = all_leave(&mut network, &passing, 2, &[0, 1]);
    assert!(seconds <= 25, "they were held up for {seconds} s");
    let read = network.read(MALLORY).len();
    assert!(read >= 2, "Mallory took in {read} in {seconds} s");
    assert!(!departure(&network, 0).acknowledged);
}
