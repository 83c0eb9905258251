//! A slice of what `mpotr sim` runs, and that the simulator sees what it should.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: what cannot be done is a failure"
)]

use std::num::NonZeroUsize;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
use mpotr_core::Timers;
use mpotr_sim::{Cast, Outcome, Scenario, Simulation, Wanted, bound, run_many};

fn casts() -> [Cast; 1] {
    [Cast::of::<ChaCha20Poly1305Suite>()]
}

fn run(name: &str, wanted: &Wanted, seed: u64) -> Outcome {
    let scenario = Scenario::named(name).unwrap();
    Simulation::new(scenario, wanted, seed)
        .run(&casts())
        .unwrap()
}

#[track_caller]
fn assert_well(name: &str, outcome: &Outcome) {
    let Outcome {
        seed,
        breaches,
        tally,
        ..
    } = outcome;
    assert!(breaches.is_empty(), "{name}, seed {seed}: {breaches:#?}");
    assert_eq!(tally.delivered, tally.expected, "{name}, seed {seed}");
}

#[test]
fn every_scenario_ends_well() {
    for scenario in Scenario::ALL {
        // The two large ones, smaller.
        let wanted = match scenario.name {
            "lossy" => Wanted {
                members: Some(6),
                messages: Some(30),
                ..Wanted::default()
            },
            "joins" => Wanted {
                joins: Some(5),
                messages: Some(5),
                ..Wanted::default()
            },
            _ => Wanted::default(),
        };
        let outcome = run(scenario.name, &wanted, 1);
        assert_well(scenario.name, &outcome);
        assert!(outcome.tally.epochs > 0, "{}", scenario.name);
    }
}

#[test]
fn random_faults_break_nothing() {
    for seed in 0..30 {
        assert_well("random", &run("random", &Wanted::default(), seed));
    }
}

#[test]
fn a_calm_talk_arrives_whole() {
    let wanted = Wanted {
        members: Some(4),
        messages: Some(20),
        ..Wanted::default()
    };
    let tally = run("calm", &wanted, 7).tally;
    assert_eq!((tally.messages, tally.expected), (20, 60));
    assert_eq!(tally.delivered, 60);
}

#[test]
fn one_seed_is_one_run_with_any_number_of_threads() {
    let scenario = Scenario::named("random").unwrap();
    let with = |threads| {
        let mut seen = Vec::new();
        let threads = NonZeroUsize::new(threads).unwrap();
        let each = |outcome: &Outcome| seen.push((outcome.seed, outcome.tally));
        run_many(scenario, &Wanted::default(), 3..9, threads, &casts(), each).unwrap();
        seen
    };
    let alone = with(1);
    let seeds: Vec<_> = alone.iter().map(|(seed, _)| *seed).collect();
    assert_eq!(seeds, [3, 4, 5, 6, 7, 8]);
    assert_eq!(alone, with(3));
}

#[test]
fn a_trace_tells_what_happened_and_changes_nothing() {
    let scenario = Scenario::named("crash").unwrap();
    let wanted = Wanted {
        messages: Some(6),
        ..Wanted::default()
    };
    let of_seed = || Simulation::new(scenario, &wanted, 1);
    let plain = of_seed().run(&casts()).unwrap();
    let traced = of_seed().traced().run(&casts()).unwrap();
    assert_eq!(plain.tally, traced.tally);
    assert!(plain.trace.lines().is_empty());
    for what in ["enters as", "sends a proposal", "is told Secure", "dies"] {
        let mut lines = traced.trace.lines().iter();
        assert!(lines.any(|line| line.contains(what)), "{what}");
    }
}

#[test]
fn the_bound_follows_from_the_timers() {
    // notice 150 + 60, change 15 + 3 (2 + 64), let in 10 + 15 + 16 + 4 + 30
    let seconds = bound(&Timers::RELAY, 3).as_secs();
    assert_eq!(seconds, 210 + 2 * 213 + 2 * 75);
}
