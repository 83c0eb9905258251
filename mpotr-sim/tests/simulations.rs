//! A slice of what `mpotr sim` runs, and that the simulator sees what it should.
#![expect(
    clippy::unwrap_used,
    reason = "tests and their helpers: a step that fails is a failed test"
)]

use std::num::NonZeroUsize;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
use mpotr_core::{Duration, Timers};
use mpotr_sim::{Cast, Outcome, Profile, Scenario, Simulation, Wanted, bound, run_many};

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
    for scenario in Scenario::RECORDED {
        // The large ones, smaller.
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
            "backlog" => Wanted {
                members: Some(3),
                messages: Some(300),
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
fn after_much_loss_the_network_heals_and_all_arrives() {
    let wanted = |loss| Wanted {
        members: Some(4),
        messages: Some(3),
        loss_permille: Some(loss),
        ..Wanted::default()
    };
    // A little more than what rooms talk under, and half of all.
    let runs = [200, 201].map(|loss| (loss, 1)).into_iter();
    for (loss, seed) in runs.chain((1..=10).map(|seed| (500, seed))) {
        let outcome = Simulation::new(Scenario::CUSTOM, &wanted(loss), seed)
            .run(&casts())
            .unwrap();
        assert_well("custom", &outcome);
        assert_eq!(outcome.weather_at_last.loss_permille, 0);
        assert_eq!((outcome.tally.messages, outcome.tally.expected), (3, 9));
    }
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
    // notice 150 + 60, change 15 + 3 (0.5 + 32), let in 10 + 15 + 8 + 0.4 + 30
    let millis = bound(&Timers::RELAY, 3).as_millis();
    assert_eq!(millis, 210_000 + 2 * 112_500 + 2 * 63_400);
}

/// What a scenario claims is there, and held.
#[track_caller]
fn assert_claims(name: &str, wanted: &Wanted, seed: u64, claims: &[&str]) -> Outcome {
    let outcome = run(name, wanted, seed);
    assert_well(name, &outcome);
    let held: Vec<_> = outcome
        .awaited
        .iter()
        .map(|awaited| awaited.claim)
        .collect();
    assert_eq!(held, claims, "{name}, seed {seed}");
    outcome
}

/// Members vote one another out at one moment. Who goes is told what it has heard before it is told that it is out.
#[test]
fn votes_that_contradict_each_other_end_in_rooms_that_talk() {
    for seed in [1, 52, 56] {
        let wanted = Wanted {
            members: Some(5),
            ..Wanted::default()
        };
        let outcome = run("votes", &wanted, seed);
        assert_well("votes", &outcome);
    }
}

#[test]
fn a_fork_by_the_transport_ends_in_one_order_in_one_epoch() {
    for seed in 0..4 {
        let claims = ["all-read", "one-final-order", "one-epoch"];
        let outcome = assert_claims("forked", &Wanted::default(), seed, &claims);
        assert_eq!((outcome.tally.messages, outcome.tally.delivered), (80, 400));
    }
}

#[test]
fn who_writes_two_texts_in_one_place_is_exposed_and_left_out() {
    for seed in 0..4 {
        let claims = ["exposed", "all-read", "one-final-order"];
        let outcome = assert_claims("equivocating", &Wanted::default(), seed, &claims);
        assert_eq!(outcome.tally.epochs, 2);
        // The epoch in which the insider cheated, and from which it was left out.
        assert_eq!(outcome.published, 0);
    }
}

#[test]
fn who_forks_behind_unsigned_messages_is_exposed_and_left_out() {
    for seed in 0..4 {
        let claims = ["accepted", "all-read", "exposed", "one-final-order"];
        assert_claims("unsigned-line", &Wanted::default(), seed, &claims);
    }
}

#[test]
fn what_some_are_meant_never_to_accept_splits_no_room() {
    for scenario in ["long-line", "beside"] {
        for seed in 0..4 {
            assert_claims(
                scenario,
                &Wanted::default(),
                seed,
                &["accepted", "all-read"],
            );
        }
    }
}

#[test]
fn who_names_in_every_cut_what_it_does_not_serve_is_left_behind() {
    for seed in 0..4 {
        assert_claims("hoarding", &Wanted::default(), seed, &["next-epoch"]);
    }
}

#[test]
fn six_hundred_texts_at_one_instant_arrive_and_no_run_fails() {
    for seed in 1..3 {
        let wanted = Wanted {
            messages: Some(600),
            ..Wanted::default()
        };
        let claims = ["all-read", "no-run-failed"];
        let outcome = assert_claims("burst", &wanted, seed, &claims);
        assert_eq!(outcome.tally.messages, 603);
        // One after the other, so that every change comes in the middle of it.
        assert!(outcome.tally.epochs > 2, "{}", outcome.tally.epochs);
    }
}

#[test]
fn who_dies_and_comes_back_is_in_again_within_twenty_seconds() {
    for seed in 0..20 {
        assert_claims("restart", &Wanted::default(), seed, &["together"]);
    }
}

#[test]
fn members_on_slow_lines_are_waited_for() {
    for name in ["slow-line", "slow-lines"] {
        for seed in 0..4 {
            let claims = ["all-read", "one-final-order", "no-run-failed"];
            assert_claims(name, &Wanted::default(), seed, &claims);
        }
        // Otherwise the lines would not be slow.
        let scenario = Scenario::named(name).unwrap();
        let run = Simulation::new(scenario, &Wanted::default(), 1).traced();
        let trace = run.run(&casts()).unwrap().trace;
        let waits = trace.lines().iter().filter(|it| it.contains("on its line"));
        assert!(waits.count() > 10, "{name}");
    }
}

#[test]
fn who_missed_a_long_talk_catches_up() {
    let wanted = Wanted {
        members: Some(4),
        messages: Some(1500),
        ..Wanted::default()
    };
    let claims = ["all-read", "one-final-order", "one-epoch"];
    let outcome = assert_claims("backlog", &wanted, 1, &claims);
    let took = outcome.awaited.first().unwrap().took;
    assert!(
        took > Duration::ZERO && took < Duration::from_secs(10),
        "{took:?}"
    );
}

#[test]
fn with_one_member_silent_at_the_end_all_end_and_nothing_is_published() {
    for seed in 0..8 {
        let outcome = assert_claims("silent-end", &Wanted::default(), seed, &["ended"]);
        assert_eq!(outcome.published, 0);
    }
}

#[test]
fn what_signed_is_published_when_nothing_is_in_flight() {
    let mut published = 0;
    for seed in 0..8 {
        let outcome = assert_claims("unpublished", &Wanted::default(), seed, &["ended"]);
        published += outcome.published;
    }
    // Otherwise there would be nothing to check.
    assert!(published > 0);
}

fn small(members: usize, messages: usize) -> Wanted {
    Wanted {
        members: Some(members),
        messages: Some(messages),
        ..Wanted::default()
    }
}

#[test]
fn a_quiet_room_is_measured() {
    let outcome = run("quiet", &small(4, 5), 1);
    assert_well("quiet", &outcome);
    let measures = outcome.measures;
    assert_eq!((measures.texts, measures.not_final), (5, 0));
    assert_eq!((measures.first.count(), measures.finals_ms.count()), (1, 5));
    // Each text is padded to more than its 64 bytes, and all of it is sent while members talk.
    assert!(measures.bytes_talking > 5 * 4 * 64 && measures.bytes_talking < measures.bytes);
    assert!(measures.packets > 5 && measures.bytes_leaving == 0);
    // No outsider.
    assert_eq!(measures.amplification, None);
}

#[test]
fn an_outsider_is_measured_against_the_same_seed_without_it() {
    let outcome = run("replayer", &small(3, 0), 1);
    let measures = outcome.measures;
    assert!(measures.amplification.is_some());
    // Fresh keys twice, one who comes and one who leaves.
    assert_eq!(measures.changes_without.count(), 4);
    assert_eq!(measures.changes.count(), 4);
}

#[test]
fn a_line_is_polled_only_while_it_is_free() {
    let wanted = Wanted {
        profile: Some(Profile::Line),
        members: Some(3),
        messages: Some(2),
        ..Wanted::default()
    };
    let run = Simulation::new(Scenario::CUSTOM, &wanted, 1).traced();
    let trace = run.run(&casts()).unwrap().trace;
    // A packet waits at most for as long as itself takes: none waits behind another.
    let waits = trace.lines().iter().filter_map(|line| {
        let (_, waits) = line.split_once("has it on its line for ")?;
        waits.strip_suffix(" ms")?.parse::<u64>().ok()
    });
    let longest = waits.max().unwrap();
    // Four lines and a fraction: the longest packet of a room of three.
    assert!(longest > 1000 && longest < 9000, "{longest}");
}
