//! Members that write very much at one instant, in the middle of which the epoch changes.

use mpotr_core::{Event, Timers};

use crate::network::{FAIR, Network};

/// These write so many texts together at one instant, of so many bytes each; then all have read all, and no run has failed.
fn all_arrives_and_no_run_fails(timers: Timers, writers: &[usize], (texts, bytes): (usize, usize)) {
    let mut network = Network::with(4, 7, |config| {
        config.members = Some(4);
        config.timers = timers;
    });
    network = network.until_secure();
    network.set_weather(FAIR.jitter(20));
    let text = "x".repeat(bytes);
    for n in 0..texts {
        network.send(writers[n % writers.len()], &text);
    }
    // A change is due after 100 texts, and so again and again.
    network.run_until(60, |n| (0..4).all(|member| n.read(member).len() == texts));
    let count = |member, is: fn(&Event) -> bool| network.count(member, is);
    for member in 0..4 {
        assert!(count(member, |it| matches!(it, Event::Secure { .. })) > 1);
        assert_eq!(
            count(member, |it| matches!(it, Event::AgreementFailed { .. })),
            0
        );
    }
    network.run_until(60, |n| {
        let told = |member| n.count(member, |it| matches!(it, Event::Acknowledged { .. }));
        (0..4).map(told).sum::<usize>() == texts
    });
}

#[test]
fn a_change_in_the_middle_of_a_thousand_texts_of_one_completes_on_its_first_view() {
    for timers in [Timers::RELAY, Timers::LOOPBACK] {
        all_arrives_and_no_run_fails(timers, &[0], (1000, 10));
    }
}

#[test]
fn a_change_in_the_middle_of_a_thousand_texts_of_all_completes_on_its_first_view() {
    all_arrives_and_no_run_fails(Timers::RELAY, &[0, 1, 2, 3], (1000, 10));
}

#[test]
fn a_change_in_the_middle_of_long_texts_completes_on_its_first_view() {
    all_arrives_and_no_run_fails(Timers::RELAY, &[0, 2], (250, 4000));
}
