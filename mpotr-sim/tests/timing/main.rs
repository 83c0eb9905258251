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

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
use mpotr_core::{Rekey, Timers};
use mpotr_sim::{Cast, Scenario, Simulation, Wanted};

use measure::{Channel, measure, percentile, weather};

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

/// In these runs a member misses the proposal, and hears the fresh offers of those who take part in it: if it proposed with those,
/// both proposals would come to nothing, after a whole view.
#[test]
fn who_has_missed_a_proposal_makes_no_other() {
    let wanted = Wanted {
        members: Some(8),
        messages: Some(0),
        loss_permille: Some(300),
        latency_ms: Some(50),
        ..Wanted::default()
    };
    for seed in [1, 2, 25, 27, 49, 55, 59] {
        let simulation = Simulation::new(Scenario::CUSTOM, &wanted, seed);
        let outcome = simulation.run(&[Cast::of::<ChaCha20Poly1305Suite>()]);
        let first = outcome.unwrap().measures.first.max();
        // Thousandths of a round trip; a view takes 40 round trips here.
        assert!(first.is_some_and(|it| it <= 30_000), "{seed}: {first:?}");
    }
}

/// Few can answer those who miss something where few are there.
#[test]
fn three_form_within_30_rtt() {
    let wanted = Wanted {
        members: Some(3),
        messages: Some(0),
        loss_permille: Some(300),
        latency_ms: Some(50),
        ..Wanted::default()
    };
    let mut took = Vec::new();
    for seed in 0..200 {
        let simulation = Simulation::new(Scenario::CUSTOM, &wanted, seed);
        let outcome = simulation.run(&[Cast::of::<ChaCha20Poly1305Suite>()]);
        took.extend(outcome.unwrap().measures.first.max());
    }
    took.sort_unstable();
    // Thousandths of a round trip.
    assert!(took.len() == 200 && took[189] <= 30_000, "{took:?}");
}

/// Members share a machine that becomes slow when their run begins: clocks come late, behind packets that have come and wait.
#[test]
fn whose_clock_comes_late_asks_for_nothing_that_waits_to_be_read() {
    const MEMBERS: usize = 24;
    let mut channel = Channel::new(MEMBERS, weather(10, 0), Timers::LOOPBACK, 1);
    let proposed = channel.until(60_000, |it| it.sent.contains_key("proposal"));
    proposed.unwrap();
    channel.takes = 4;
    let before = channel.packets();
    channel.until(600_000, |it| it.is_together(1)).unwrap();
    let until = channel.now + 10_000;
    channel.until(until, |_| false);
    let each = (channel.packets() - before) / MEMBERS;
    assert!(each <= 6, "{each}");
}

/// Bad weather: most rooms need no more, and all come to an end.
#[test]
fn change_20rtt_30_percent() {
    let mut changes = Vec::new();
    for seed in 0..8 {
        let it = measure(8, 500, 300, Timers::RELAY, seed).unwrap();
        changes.push(trips(it.change, 500));
    }
    assert!(percentile(changes.clone(), 50) <= 20.0, "{changes:?}");
}

/// Where three of ten copies are lost nobody is left out who is there, and every change comes about: the fresh keys, the newcomer and
/// the leave, in rooms where few can answer and where one in three is a third.
#[test]
fn strikes_at_30_percent() {
    let changing = Scenario::named("changing").unwrap();
    // Of 400 these were the ones in which it was not so once.
    let threes = [48, 49, 81, 127, 131];
    let eights = 0..6;
    for (members, seed) in threes
        .map(|it| (3, it))
        .into_iter()
        .chain(eights.map(|it| (8, it)))
    {
        let wanted = Wanted {
            members: Some(members),
            loss_permille: Some(300),
            ..Wanted::default()
        };
        let simulation = Simulation::new(changing, &wanted, seed);
        let outcome = simulation.run(&[Cast::of::<ChaCha20Poly1305Suite>()]);
        let breaches = outcome.unwrap().breaches;
        assert!(breaches.is_empty(), "{members}, {seed}: {breaches:?}");
    }
}

/// No matter who of them is dead, and so also where it is the one whose turn it is to propose: the others have an epoch without it within
/// 10 R, as they have measured it.
#[test]
fn dead_proposer_10rtt() {
    const MEMBERS: usize = 5;
    for (dead, rekey) in (0..MEMBERS).flat_map(|it| [(it, Rekey::Light), (it, Rekey::Full)]) {
        let mut channel = Channel::with(MEMBERS, weather(2000, 0), rekey);
        channel.until(60_000, |it| it.is_together(1)).unwrap();
        let calm = channel.now + 60_000;
        channel.until(calm, |_| false);
        let measured = channel.rooms.iter().filter_map(|room| room.round_trip());
        let round_trip = measured.max().unwrap().as_millis();
        channel.dead.push(dead);
        let began = channel.now;
        channel.act((dead + 1) % MEMBERS, |room, now| room.refresh(now));
        let took = channel.until(began + 400_000, |it| it.is_together(2));
        let took = (took.unwrap() - began) as f64 / round_trip as f64;
        assert!(took <= 10.0, "{dead}, {rekey:?}: {took}");
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
        let from: u64 = std::env::var("FROM").map_or(0, |it| it.parse().unwrap());
        for seed in from..from + seeds {
            let members = usize::try_from(members).unwrap();
            match measure(members, latency, loss, Timers::RELAY, seed) {
                None => failed.push(seed),
                Some(it) => {
                    if std::env::var("EACH").is_ok() {
                        println!(
                            "{seed}: {:.1} {:.1}",
                            trips(it.first, latency),
                            trips(it.change, latency)
                        );
                    }
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
