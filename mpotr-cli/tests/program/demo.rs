//! `mpotr demo`.

use mpotr::Backend;
use serde_json::Value;
use tempfile::tempdir;

use crate::program::{each_backend, fail, run, succeed};

/// The object that `demo --json` prints, which must be all of standard output.
#[track_caller]
fn demo(arguments: &[&str]) -> Value {
    let home = tempdir().unwrap();
    let out = succeed(home.path(), &[&["demo", "--json"], arguments].concat());
    assert_eq!(out.lines().count(), 1, "{out}");
    serde_json::from_str(&out).unwrap()
}

#[track_caller]
fn check(object: &Value, members: u64, messages: u64) {
    assert_eq!(object["members"], members, "{object}");
    assert_eq!(object["messages"], messages, "{object}");
    assert_eq!(object["delivered"], members * messages, "{object}");
    assert_eq!(object["transcripts_equal"], true, "{object}");
    for digest in ["transcript_digest", "sid"] {
        let text = object[digest].as_str().unwrap();
        assert!(
            text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{object}"
        );
    }
    // Every text is sent by one member and received by the others, and is longer than a byte.
    assert!(
        object["wire_bytes"].as_u64().unwrap() > members * messages,
        "{object}"
    );
    // To leave costs something, and not everything.
    let leaving = object["leaving_bytes"].as_u64().unwrap();
    assert!(
        leaving > members && leaving < object["wire_bytes"].as_u64().unwrap(),
        "{object}"
    );
    assert!(object["elapsed_ms"].as_u64().unwrap() < 60_000, "{object}");
    assert_eq!(object.as_object().unwrap().len(), 10, "{object}");
}

#[test]
fn three_members_and_ten_messages_are_the_default() {
    let object = demo(&[]);
    check(&object, 3, 10);
    assert_eq!(object["changes"], serde_json::json!([]));
}

#[test]
fn what_each_change_of_keys_costs_is_told() {
    for rekey in ["light", "full"] {
        let object = demo(&["--messages", "3", "--changes", "2", "--rekey", rekey]);
        check(&object, 3, 3);
        let changes = object["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 2, "{object}");
        for change in changes {
            let cost = |of: &str| change[of].as_u64().unwrap();
            assert!(cost("micros") > 0 && cost("bytes") > 0, "{object}");
        }
    }
}

#[test]
fn two_members_and_one_message_are_enough() {
    check(&demo(&["--members", "2", "--messages", "1"]), 2, 1);
}

#[test]
fn both_suites_run() {
    for suite in ["chacha20poly1305", "aes256gcm"] {
        check(&demo(&["--suite", suite, "--messages", "4"]), 3, 4);
    }
}

#[test]
fn two_runs_share_neither_session_nor_transcript() {
    let [one, two] = [demo(&["--messages", "2"]), demo(&["--messages", "2"])];
    assert_ne!(one["sid"], two["sid"]);
    assert_ne!(one["transcript_digest"], two["transcript_digest"]);
}

#[test]
fn a_person_is_shown_the_members_and_who_read_what() {
    let home = tempdir().unwrap();
    let shown = succeed(home.path(), &["demo", "--messages", "4"]);
    let line = |text: &str| shown.lines().find(|line| line.contains(text)).unwrap();
    for nick in ["alice", "bob", "carol"] {
        let words: Vec<_> = line(&format!("  {nick} ")).split_whitespace().collect();
        assert_eq!(words.len(), 1 + 8 + 1, "{shown}");
    }
    for (author, number) in [("alice", 1), ("bob", 2), ("carol", 3), ("alice", 4)] {
        let line = line(&format!("{author}: message {number} of 4"));
        assert!(line.ends_with("read by alice, bob, carol"), "{shown}");
    }
    assert!(
        shown.contains("transcripts equal at all members"),
        "{shown}"
    );
}

#[test]
fn a_backend_runs_or_is_told_by_the_feature_that_brings_it() {
    each_backend(&["demo"], |backend| {
        check(&demo(&["--backend", backend, "--messages", "3"]), 3, 3);
    });
}

#[test]
fn mixed_gives_the_members_different_backends() {
    let home = tempdir().unwrap();
    let built_in: Vec<_> = Backend::available().map(Backend::name).collect();
    if built_in.len() < 2 {
        let error = fail(home.path(), &["demo", "--backend", "mixed"]);
        assert!(error.contains("--features"), "{error}");
        return;
    }
    let shown = succeed(
        home.path(),
        &["demo", "--backend", "mixed", "--messages", "6"],
    );
    for backend in built_in {
        assert!(shown.lines().any(|line| line.ends_with(backend)), "{shown}");
    }
    check(&demo(&["--backend", "mixed", "--members", "6"]), 6, 10);
}

#[test]
fn a_suite_or_backend_that_does_not_exist_is_a_usage_error_that_lists_those_that_do() {
    let home = tempdir().unwrap();
    for (option, value, hint) in [
        ("--suite", "aes128", "aes256gcm"),
        ("--backend", "openssl", "rustcrypto"),
    ] {
        let finished = run(home.path(), &["demo", option, value]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.err.contains(hint), "{finished:?}");
    }
}
