//! `mpotr sim`.

use serde_json::Value;
use tempfile::tempdir;

use crate::program::{run, succeed};

fn last(out: &str) -> Value {
    serde_json::from_str(out.lines().last().unwrap()).unwrap()
}

#[test]
fn members_and_faults_are_as_asked_for_and_the_last_line_is_an_object() {
    let home = tempdir().unwrap();
    let out = succeed(
        home.path(),
        &[
            "sim",
            "--members",
            "4",
            "--messages",
            "12",
            "--loss",
            "0.1",
            "--duplicate",
            "0.05",
            "--reorder",
            "--latency-ms",
            "40",
            "--joins",
            "1",
            "--leaves",
            "1",
            "--runs",
            "2",
        ],
    );
    let object = last(&out);
    assert_eq!(object["runs"], 2, "{object}");
    assert_eq!(object["messages"], 24, "{object}");
    assert_eq!(object["delivered"], object["expected"], "{object}");
    assert_eq!(object["invariants_broken"], 0, "{object}");
    for key in ["epochs", "expected", "virtual_ms"] {
        assert!(object[key].as_u64().unwrap() > 0, "{object}");
    }
    for key in [
        "round_trips_first_p50",
        "round_trips_first_p95",
        "round_trips_change_p50",
        "round_trips_change_p95",
        "final_p95_ms",
        "views_p50",
        "views_max",
        "packets",
        "bytes",
        "bytes_per_text",
        "bytes_leaving",
        "amplification",
        "honest_lost",
    ] {
        assert!(object.get(key).is_some(), "{key} of {object}");
    }
    assert!(out.contains("no invariant broke"), "{out}");
}

#[test]
fn with_json_the_object_is_all_of_standard_output_and_the_same_for_one_seed() {
    let home = tempdir().unwrap();
    let command = ["sim", "--scenario", "random", "--seed", "5", "--json"];
    let out = succeed(home.path(), &command);
    assert_eq!(out.lines().count(), 1, "{out}");
    assert_eq!(out, succeed(home.path(), &command));
}

#[test]
fn scenarios_are_listed_and_a_trace_is_shown() {
    let home = tempdir().unwrap();
    let listed = succeed(home.path(), &["sim", "--list"]);
    for name in ["calm", "lossy", "partition", "random", "twins"] {
        assert!(
            listed.lines().any(|line| line.starts_with(name)),
            "{listed}"
        );
    }
    let shown = succeed(
        home.path(),
        &["sim", "--scenario", "calm", "--messages", "1", "--trace"],
    );
    assert!(shown.contains("#0 enters as"), "{shown}");
    assert!(shown.contains("is told Secure"), "{shown}");
}

#[test]
fn a_scenario_that_does_not_exist_is_a_usage_error_that_lists_those_that_do() {
    let home = tempdir().unwrap();
    let finished = run(home.path(), &["sim", "--scenario", "storm"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.err.contains("partition"), "{finished:?}");
    let finished = run(home.path(), &["sim", "--loss", "1.5"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
}
