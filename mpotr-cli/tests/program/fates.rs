//! What the program says of texts that not everyone got.

use std::process::Command;

use crate::chat::Town;
use crate::program::Running;

fn signal(name: &str, member: &Running) {
    let sent = Command::new("kill")
        .args([name, &member.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn who_leaves_without_the_word_of_a_member_that_is_stopped_is_told_so_and_fails() {
    let town = Town::new();
    let options = ["--open", "--members", "3"];
    let mut alice = town.chat("alice", &options);
    let mut bob = town.chat("bob", &options);
    let carol = town.chat("carol", &options);
    for member in [&alice, &bob, &carol] {
        member.hears_err("the room is secure");
    }
    bob.type_in("here I am\n");
    alice.hears_out("bob: here I am");
    signal("-STOP", &bob);
    alice.type_in("SALARY is 100\n");
    alice.end_input();
    carol.hears_out("alice: SALARY is 100");
    let finished = alice.finish();
    signal("-CONT", &bob);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for told in [
        "a text of yours is not known to have reached bob\n",
        "not everyone acknowledged what was sent; not known to have it: bob (1 text)\n",
    ] {
        assert!(finished.err.contains(told), "{finished:?}");
    }
    assert!(
        !finished.err.contains("all of them are final"),
        "{finished:?}"
    );
}

/// Three in a room, of whom the last is stopped as soon as the first knows its name.
fn with_one_stopped(town: &Town) -> [Running; 3] {
    let options = ["--open", "--members", "3"];
    let [alice, bob, mut carol] = ["alice", "bob", "carol"].map(|nick| town.chat(nick, &options));
    for member in [&alice, &bob, &carol] {
        member.hears_err("the room is secure");
    }
    carol.type_in("here I am\n");
    alice.hears_out("carol: here I am");
    signal("-STOP", &carol);
    [alice, bob, carol]
}

/// As many lines as no room takes at one time.
fn many_lines() -> Vec<String> {
    (0..1000).map(|number| number.to_string()).collect()
}

#[test]
fn a_stopped_member_keeps_no_line_of_a_pipe_from_the_others() {
    let town = Town::new();
    let [mut alice, bob, carol] = with_one_stopped(&town);
    let lines = many_lines();
    alice.type_in(&(lines.join("\n") + "\n"));
    alice.end_input();
    let heard = bob.hears_out("alice: 999\n");
    let read: Vec<_> = heard
        .lines()
        .filter_map(|line| line.strip_prefix("alice: "))
        .collect();
    assert_eq!(read, lines);
    let finished = alice.finish();
    signal("-CONT", &carol);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let last = "not everyone acknowledged what was sent; not known to have it: carol (";
    let (_, texts) = finished.err.rsplit_once(last).unwrap();
    assert!(texts.ends_with(" texts)\n"), "{finished:?}");
    assert!(!finished.err.contains("not sent"), "{finished:?}");
}

#[test]
fn a_second_signal_ends_the_wait_for_a_stopped_member_and_what_waits_is_told_as_not_sent() {
    let town = Town::new();
    let [mut alice, bob, carol] = with_one_stopped(&town);
    alice.type_in(&(many_lines().join("\n") + "\n"));
    // As many as may be on their way: the rest waits for the word of the one that is stopped.
    bob.hears_out("alice: 127\n");
    signal("-INT", &alice);
    signal("-TERM", &alice);
    let finished = alice.finish();
    signal("-CONT", &carol);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for told in ["not sent", "have reached carol"] {
        assert!(finished.err.contains(told), "{finished:?}");
    }
    // Nobody was left out for that.
    assert!(!finished.err.contains("2 members"), "{finished:?}");
}
