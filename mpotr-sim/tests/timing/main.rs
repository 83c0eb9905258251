//! How many round trips and packets a room takes, on fast and slow carriers, with and without loss.
//! `docs/spec/06-epochs.md`, "The pace of a room".
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "tests and their helpers: a step that fails is a failed test"
)]

mod measure;

use mpotr_core::Timers;

use measure::{measure, percentile};

/// In round trips.
fn trips(millis: u64, latency_ms: u64) -> f64 {
    millis as f64 / (2 * latency_ms) as f64
}

/// At every latency, since all is measured in round trips.
#[test]
fn form_8rtt() {
    for (members, latency) in [(3, 100), (8, 2000), (3, 60_000), (25, 2000)] {
        for seed in 0..2 {
            let it = measure(members, latency, 0, Timers::RELAY, seed).unwrap();
            let (first, change) = (trips(it.first, latency), trips(it.change, latency));
            assert!(
                first <= 8.0 && change <= 8.0,
                "{members} at {latency} ms: {first}, {change}"
            );
        }
    }
}

/// Prints what a room takes: `SWEEP="members:latency:loss:seeds .."`.
#[test]
#[ignore = "it measures, and does not test"]
fn sweep() {
    let wanted = std::env::var("SWEEP").unwrap_or_else(|_| "8:100:0:3".to_owned());
    for cell in wanted.split(' ') {
        let numbers: Vec<u64> = cell.split(':').map(|it| it.parse().unwrap()).collect();
        let &[members, latency, loss, seeds] = numbers.as_slice() else {
            panic!("{cell}");
        };
        let (mut first, mut change, mut sent) = (Vec::new(), Vec::new(), Vec::new());
        let mut failed = Vec::new();
        for seed in 0..seeds {
            let members = usize::try_from(members).unwrap();
            match measure(members, latency, loss, Timers::RELAY, seed) {
                None => failed.push(seed),
                Some(it) => {
                    first.push(trips(it.first, latency));
                    change.push(trips(it.change, latency));
                    let each = |packets: usize| packets as f64 / members as f64;
                    sent.push((each(it.first_packets), each(it.change_packets)));
                }
            }
        }
        if first.is_empty() {
            println!("{cell}: none");
            continue;
        }
        let of = |it: &Vec<f64>| (percentile(it.clone(), 50), percentile(it.clone(), 95));
        let (f, c) = (of(&first), of(&change));
        let packets = |n: fn(&(f64, f64)) -> f64| percentile(sent.iter().map(n).collect(), 50);
        println!(
            "{cell}: form {:.1}/{:.1}/{:.1} change {:.1}/{:.1}/{:.1} failed {failed:?}",
            f.0,
            f.1,
            packets(|it| it.0),
            c.0,
            c.1,
            packets(|it| it.1)
        );
    }
}
