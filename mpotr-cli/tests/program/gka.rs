//! `mpotr gka`.

use std::fs;

use mpotr::Backend;
use serde_json::Value;
use tempfile::tempdir;

use crate::program::{each_backend, fail, run, succeed};

/// The objects that `gka --json` prints.
#[track_caller]
fn gka(arguments: &[&str]) -> Vec<Value> {
    let home = tempdir().unwrap();
    let out = succeed(home.path(), &[&["gka", "--json"], arguments].concat());
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_combination_is_measured_at_every_size() {
    let objects = gka(&["--sizes", "4,2", "--gka", "all", "--auth", "all"]);
    let measured: Vec<_> = objects
        .iter()
        .map(|object| {
            let method = |field: &str| object[field].as_str().unwrap().to_owned();
            (object["n"].as_u64().unwrap(), method("gka"), method("auth"))
        })
        .collect();
    let expected: Vec<_> = [2, 4]
        .into_iter()
        .flat_map(|n| [(n, "bd"), (n, "pairwise")])
        .flat_map(|(n, gka)| ["proof", "3dh"].map(|auth| (n, gka.to_owned(), auth.to_owned())))
        .collect();
    assert_eq!(measured, expected);
    for object in &objects {
        let number = |field: &str| {
            object[field]
                .as_u64()
                .unwrap_or_else(|| panic!("{field}: {object}"))
        };
        let n = number("n");
        // Without an option, the first that is built in.
        let first = Backend::available().next().unwrap();
        assert_eq!(object["backend"], first.name(), "{object}");
        assert_eq!(object["suite"], "chacha20poly1305", "{object}");
        assert_eq!(
            number("cpu_us_total") / n,
            number("cpu_us_per_member"),
            "{object}"
        );
        assert!(number("cpu_us_per_member") > 0, "{object}");
        assert_eq!(
            number("bytes_sent_per_member") * n,
            number("bytes_sent_total"),
            "{object}"
        );
        // At least the keys of an offer.
        assert!(number("bytes_sent_per_member") > 5 * 32, "{object}");
        assert!(number("scalar_mults_per_member") > 0, "{object}");
        assert!(object["point_adds_per_member"].is_u64(), "{object}");
        assert_eq!(object.as_object().unwrap().len(), 11, "{object}");
    }
}

#[test]
fn two_runs_count_the_same_operations_and_bytes() {
    let arguments = ["--sizes", "2,..,8", "--gka", "all", "--auth", "all"];
    let counts = || -> Vec<Value> {
        let mut objects = gka(&arguments);
        for object in &mut objects {
            let fields = object.as_object_mut().unwrap();
            // Time is all that may differ.
            fields.remove("cpu_us_total").unwrap();
            fields.remove("cpu_us_per_member").unwrap();
        }
        objects
    };
    let (one, other) = (counts(), counts());
    assert_eq!(one.len(), 3 * 4);
    assert_eq!(one, other);
}

#[test]
fn all_backends_of_the_build_do_the_same_work_in_both_suites() {
    for suite in ["chacha20poly1305", "aes256gcm"] {
        let objects = gka(&["--sizes", "3", "--backend", "all", "--suite", suite]);
        assert!(!objects.is_empty());
        for object in &objects {
            assert_eq!(object["suite"], suite, "{object}");
            for field in [
                "bytes_sent_total",
                "scalar_mults_per_member",
                "point_adds_per_member",
            ] {
                assert_eq!(object[field], objects[0][field], "{field}: {object}");
            }
        }
    }
}

#[test]
fn a_list_of_sizes_that_makes_no_sense_is_a_usage_error_before_any_work() {
    let home = tempdir().unwrap();
    for (sizes, hint) in [
        (
            "2,4097",
            "\"4097\" is no size: a group has 1 to 4096 members",
        ),
        ("0", "\"0\" is no size"),
        ("2,,8", "\"\" is no size"),
        ("two", "\"two\" is no size"),
        ("8,..,4", "\"..\" stands between a size and a larger one"),
    ] {
        let finished = run(home.path(), &["gka", "--sizes", sizes]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert_eq!(finished.out, "", "{finished:?}");
        assert!(finished.err.contains(hint), "{finished:?}");
    }
}

#[test]
fn a_size_that_would_take_over_a_minute_is_left_out_and_said_so() {
    // The largest group that there may be, with the dearest methods: far over a minute on any machine.
    let arguments = ["--sizes", "2,4096", "--gka", "pairwise", "--auth", "3dh"];
    let objects = gka(&arguments);
    assert_eq!(objects.len(), 2);
    assert!(objects[0].get("left_out").is_none(), "{}", objects[0]);
    assert_eq!(objects[1]["n"], 4096);
    assert_eq!(objects[1]["left_out"], true);
    assert!(objects[1]["cpu_us_total_estimate"].as_u64().unwrap() > 60_000_000);

    let home = tempdir().unwrap();
    let shown = succeed(home.path(), &[&["gka"][..], &arguments].concat());
    let last = shown.lines().last().unwrap();
    assert!(
        last.trim_start().starts_with("4096  pairwise  3dh"),
        "{shown}"
    );
    assert!(last.contains("left out: it would take about"), "{shown}");
}

#[test]
fn the_curves_are_drawn_into_a_file() {
    let home = tempdir().unwrap();
    let file = home.path().join("curves.svg");
    let finished = run(
        home.path(),
        &[
            "gka",
            "--sizes",
            "2,4",
            "--auth",
            "all",
            "--plot",
            file.to_str().unwrap(),
        ],
    );
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let picture = fs::read_to_string(file).unwrap();
    assert!(
        picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"),
        "{picture}"
    );
    for text in [
        "bd + proof",
        "bd + 3dh",
        "members",
        "bytes sent by each member",
    ] {
        assert!(picture.contains(text), "{text} is not in {picture}");
    }
}

#[test]
fn a_plot_that_cannot_be_written_is_told_before_any_work() {
    let home = tempdir().unwrap();
    let file = home.path().join("no").join("curves.svg");
    let error = fail(
        home.path(),
        &["gka", "--sizes", "2", "--plot", file.to_str().unwrap()],
    );
    assert!(
        error.contains("cannot write") && error.contains("curves.svg"),
        "{error}"
    );
}

#[test]
fn a_backend_that_is_not_built_in_is_told_by_its_feature() {
    each_backend(&["gka", "--sizes", "2"], |backend| {
        let objects = gka(&["--sizes", "2", "--backend", backend]);
        assert_eq!(objects[0]["backend"], backend);
    });
}
