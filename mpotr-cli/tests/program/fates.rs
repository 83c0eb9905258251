//! What the program says of texts that not everyone got.

use std::net::TcpListener;
use std::thread::sleep;
use std::time::Duration;

use crate::chat::Town;
use crate::program::Running;
use crate::talk::{enter, kill};

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
    kill("-STOP", bob.id());
    alice.type_in("SALARY is 100\n");
    alice.end_input();
    carol.hears_out("alice: SALARY is 100");
    let finished = alice.finish();
    kill("-CONT", bob.id());
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
    kill("-STOP", carol.id());
    [alice, bob, carol]
}

/// The only other member dies, and may come back: what the input has yet to say waits, and that is told, with what ends it.
#[test]
fn a_pipe_whose_only_reader_has_died_says_that_it_waits_and_how_to_end_that() {
    let town = Town::new();
    let options = ["--open", "--members", "2"];
    let [mut alice, bob] = ["alice", "bob"].map(|nick| town.chat(nick, &options));
    for member in [&alice, &bob] {
        member.hears_err("the room is secure");
    }
    kill("-KILL", bob.id());
    alice.type_in(&(many_lines().join("\n") + "\n"));
    let told = alice.hears_err("until then the input waits");
    assert!(told.contains("nobody else is in the room now"), "{told}");
    kill("-TERM", alice.id());
    let finished = alice.finish();
    assert_ne!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.err.contains(" lines were not sent"),
        "{finished:?}"
    );
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
    kill("-CONT", carol.id());
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
    kill("-INT", alice.id());
    kill("-TERM", alice.id());
    let finished = alice.finish();
    kill("-CONT", carol.id());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for told in ["not sent", "have reached carol"] {
        assert!(finished.err.contains(told), "{finished:?}");
    }
    // Nobody was left out for that.
    assert!(!finished.err.contains("2 members"), "{finished:?}");
}

/// Who reads on and acknowledges has a word, though nothing is final for want of another's.
#[test]
fn of_whom_nothing_is_heard_is_told_and_not_of_who_acknowledges() {
    let town = Town::new();
    let [mut alice, bob, carol] = with_one_stopped(&town);
    alice.type_in("first\n");
    sleep(Duration::from_secs(9));
    // When it is told that the first is not final, Bob is waited for, too: he has yet to acknowledge the last of these.
    for number in 0..80 {
        alice.type_in(&format!("{number}\n"));
        sleep(Duration::from_millis(25));
    }
    bob.hears_out("alice: 79\n");
    let told = alice.hears_err("carol no longer answered");
    kill("-CONT", carol.id());
    let names: Vec<_> = told
        .lines()
        .filter_map(|line| line.strip_prefix("* no word from "))
        .collect();
    assert!(names.len() == 2, "{told}");
    assert!(names.iter().all(|it| it.starts_with("carol ")), "{told}");
}

/// The number in front of a text in what a program says.
fn number_before(said: &str, text: &str) -> usize {
    let before = said.split_once(text).map(|(before, _)| before);
    let word = before.and_then(|it| it.rsplit([' ', '(', '\n']).next());
    word.map_or(0, |word| word.parse().unwrap())
}

#[test]
fn each_line_of_a_pipe_whose_only_reader_leaves_has_one_fate_that_is_told() {
    const LINES: usize = 2000;
    let town = Town::new();
    let options = ["--open", "--members", "2"];
    let mut bob = town.chat("bob", &options);
    let mut alice = town.chat("alice", &options);
    let lines: String = (0..LINES).map(|number| format!("{number}\n")).collect();
    alice.type_in(&lines);
    alice.end_input();
    bob.hears_out("alice: 300\n");
    bob.end_input();
    let (alice, bob) = (alice.finish(), bob.finish());
    assert_eq!((alice.code, bob.code), (Some(1), Some(0)), "{alice:?}");
    let read = bob.out.lines().count();
    let error = alice.err.lines().last().unwrap();
    let unsent = number_before(error, " lines were not sent");
    let missed = number_before(error, " texts)");
    // What has arrived, what may not have, and what was never sent are all there were.
    assert!(unsent > 0, "{error}");
    let arrived = LINES - unsent - missed;
    assert!(
        (arrived..=arrived + missed).contains(&read),
        "{read}: {error}"
    );
    assert!(!error.contains("at least"), "{error}");
    // The one that left in order is told so.
    assert!(alice.err.contains(" has left\n"), "{alice:?}");
    assert!(!alice.err.contains("no longer answered"), "{alice:?}");
}

/// Whatever ends the wait for a room.
#[test]
fn each_line_of_a_pipe_that_comes_into_no_room_is_counted() {
    const LINES: usize = 1000;
    let town = Town::new();
    let lines = "one\n".repeat(LINES);
    let told = format!("and {LINES} lines were not sent");
    let starts = |more: &[&str]| {
        let mut alice = town.chat("alice", &[&["--open"], more].concat());
        alice.type_in(&lines);
        alice.end_input();
        alice
    };
    let by_wait = starts(&["--wait", "2"]);
    let by_signal = starts(&[]);
    by_signal.hears_err("waiting for others");
    kill("-TERM", by_signal.id());
    for (member, code, why) in [
        (by_wait, 124, "the room has not begun within 2 seconds"),
        (by_signal, 1, "stopped before the room was secure"),
    ] {
        let finished = member.finish();
        assert_eq!(finished.code, Some(code), "{finished:?}");
        let last = finished.err.lines().last().unwrap();
        assert!(last.contains(why) && last.contains(&told), "{last}");
    }
    // A relay that is not there.
    let place = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = place.local_addr().unwrap().to_string();
    drop(place);
    let mut outside = enter(town.home.path(), &address, "alice", &[]);
    outside.type_in(&lines);
    outside.end_input();
    let finished = outside.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let last = finished.err.lines().last().unwrap();
    assert!(
        last.starts_with(&format!("mpotr: error: {LINES} lines were not sent"))
            && last.contains("cannot enter by the relay"),
        "{last}"
    );
}

#[test]
fn of_a_pipe_that_stays_open_it_is_told_that_more_may_follow() {
    let town = Town::new();
    let options = ["--open", "--members", "2"];
    let mut bob = town.chat("bob", &options);
    let mut alice = town.chat("alice", &options);
    alice.hears_err("the room is secure");
    bob.end_input();
    alice.hears_err("nobody else is in the room");
    alice.type_in("one\ntwo\n");
    let finished = alice.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.err.contains("at least 2 lines were not sent")
            && finished
                .err
                .ends_with("the input has not ended, and what follows in it is not sent either\n"),
        "{finished:?}"
    );
}

#[test]
fn a_script_whose_commands_were_not_done_ends_with_a_code_of_its_own() {
    let town = Town::new();
    let options = ["--open", "--members", "2"];
    for (script, code, told) in [
        ("/members\nhello\n", 0, ""),
        (
            "/kick nobody\nhello\n",
            3,
            "mpotr: error: 1 command of the input was not done: /kick\n",
        ),
        (
            "/answer is a secret\n/hlep\nhello\n",
            3,
            "mpotr: error: 2 commands of the input were not done, the first of them: /answer\n",
        ),
    ] {
        let mut bob = town.chat("bob", &options);
        let mut alice = town.chat("alice", &[&options[..], &["--commands"]].concat());
        alice.type_in(script);
        alice.end_input();
        bob.hears_out("alice: hello\n");
        bob.end_input();
        assert_eq!(bob.finish().code, Some(0));
        let finished = alice.finish();
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert!(finished.err.ends_with(told), "{finished:?}");
    }
}

/// What was asked of a member comes to nothing when it gives another answer: a script that goes on by the code is not told that it
/// knows.
#[test]
fn a_script_whose_question_was_answered_otherwise_ends_with_that_code() {
    let town = Town::new();
    let options = ["--open", "--members", "2"];
    for (answer, code) in [("mill", 0), ("pub", 3)] {
        let mut bob = town.chat("bob", &[&options[..], &["--commands"]].concat());
        let mut alice = town.chat("alice", &[&options[..], &["--commands"]].concat());
        bob.type_in("hello\n");
        alice.hears_out("bob: hello");
        alice.type_in("/verify bob where? mill\n");
        alice.hears_err("asked, with the question \"where?\"");
        bob.hears_err("where?");
        bob.type_in(&format!("/answer {answer}\n"));
        alice.hears_err(match code {
            0 => "knows the secret",
            _ => "gave other answers",
        });
        alice.end_input();
        bob.end_input();
        let finished = alice.finish();
        assert_eq!(finished.code, Some(code), "{finished:?}");
        bob.finish();
    }
}

#[test]
fn a_line_whose_end_has_not_come_when_a_pipe_is_stopped_is_told() {
    let town = Town::new();
    let options = ["--open", "--members", "2"];
    let mut bob = town.chat("bob", &options);
    let mut alice = town.chat("alice", &options);
    alice.type_in("whole\nand a half");
    bob.hears_out("alice: whole");
    kill("-TERM", alice.id());
    let finished = alice.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let told = "a line was not sent";
    let why = "its end had not come when the program was stopped";
    assert!(
        finished.err.contains(told) && finished.err.contains(why),
        "{finished:?}"
    );
    bob.end_input();
    assert_eq!(bob.finish().code, Some(0));
}
