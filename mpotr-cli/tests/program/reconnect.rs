//! `mpotr chat` while its relay is away.

use std::io::Write as _;
use std::net::TcpListener;
use std::thread::{self, sleep};
use std::time::Duration;

use tempfile::tempdir;

use crate::relay::Relay;
use crate::talk::{enter, kill};

#[test]
fn a_room_goes_on_when_its_relay_comes_back_and_nothing_typed_is_lost() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let address = relay.address.clone();
    let [mut alice, mut bob] = ["alice", "bob"].map(|nick| {
        let member = enter(home.path(), &address, nick, &["--members", "2"]);
        member.hears_err("waiting for others");
        member
    });
    alice.type_in("before\n");
    bob.hears_out("alice: before\n");
    drop(relay);
    for member in [&alice, &bob] {
        let said = member.hears_err("lost the relay");
        assert!(said.contains("what is typed waits"), "{said}");
        member.hears_err("cannot reach the relay");
    }
    alice.type_in("meanwhile\n");
    let _again = Relay::start_on(home.path(), &address);
    bob.hears_out("alice: meanwhile\n");
    bob.type_in("after\n");
    alice.hears_out("bob: after\n");
    for member in [&mut alice, &mut bob] {
        member.end_input();
    }
    for member in [alice, bob] {
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(finished.err.contains("is there again"), "{finished:?}");
        // The same room all along.
        assert_eq!(
            finished.err.matches("the room is secure").count(),
            1,
            "{finished:?}"
        );
    }
}

/// A pipe says what it has not delivered, and delivers it when the relay comes back.
#[test]
fn a_pipe_that_ends_while_the_relay_is_away_says_what_is_not_delivered() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let address = relay.address.clone();
    let [mut alice, mut bob] =
        ["alice", "bob"].map(|nick| enter(home.path(), &address, nick, &["--members", "2"]));
    for member in [&alice, &bob] {
        member.hears_err("the room is secure");
    }
    drop(relay);
    alice.hears_err("lost the relay");
    alice.type_in_bytes(b"a\xff\n");
    alice.hears_err("this line was not sent: it is no UTF-8 text");
    alice.type_in("one\ntwo\n");
    alice.end_input();
    alice.hears_err("the input has ended; 2 texts are not delivered, for the way to the room is lost: this member leaves in 60 s");
    let _again = Relay::start_on(home.path(), &address);
    bob.hears_out("alice: one\nalice: two\n");
    bob.end_input();
    assert_eq!(bob.finish().code, Some(0));
    let finished = alice.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished
            .err
            .contains("a line was not sent: it is no UTF-8 text"),
        "{finished:?}"
    );
}

#[test]
fn a_room_that_has_not_begun_begins_when_the_relay_comes_back() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let address = relay.address.clone();
    let mut alice = enter(home.path(), &address, "alice", &["--members", "2"]);
    alice.hears_err("waiting for others");
    drop(relay);
    alice.hears_err("lost the relay");
    let _again = Relay::start_on(home.path(), &address);
    alice.hears_err("is there again");
    let mut bob = enter(home.path(), &address, "bob", &["--members", "2"]);
    bob.type_in("hello\n");
    alice.hears_out("bob: hello\n");
    for member in [&mut alice, &mut bob] {
        member.end_input();
    }
    for member in [alice, bob] {
        assert_eq!(member.finish().code, Some(0));
    }
}

#[cfg(unix)]
#[test]
fn who_does_not_want_to_wait_for_the_relay_can_stop_and_is_told_that_it_is_lost() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let alice = enter(home.path(), &relay.address, "alice", &["--members", "2"]);
    alice.hears_err("waiting for others");
    drop(relay);
    alice.hears_err("cannot reach the relay");
    kill("-INT", alice.id());
    let finished = alice.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.err.contains("mpotr: error: lost the relay"),
        "{finished:?}"
    );
}

#[test]
fn what_is_no_relay_any_more_is_not_asked_again() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let address = relay.address.clone();
    let alice = enter(home.path(), &address, "alice", &["--members", "2"]);
    alice.hears_err("waiting for others");
    drop(relay);
    alice.hears_err("lost the relay");
    // Something else has taken the port.
    let listener = TcpListener::bind(&address).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _gone = stream
                .unwrap()
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let finished = alice.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.err.contains("mpotr: error: lost the relay")
            && finished.err.contains("not a frame of the relay protocol"),
        "{finished:?}"
    );
    // The cause is told once in a line.
    for line in finished.err.lines() {
        assert!(line.matches("not a frame").count() <= 1, "{finished:?}");
        let cause = line.split(": ").last().unwrap();
        assert_eq!(line.matches(cause).count(), 1, "{finished:?}");
    }
}

/// As who has yet to leave does.
#[cfg(unix)]
#[test]
fn who_is_leaving_waits_for_the_relay_too_and_delivers_what_it_said() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let address = relay.address.clone();
    let [mut alice, mut bob] =
        ["alice", "bob"].map(|nick| enter(home.path(), &address, nick, &["--members", "2"]));
    for member in [&alice, &bob] {
        member.hears_err("the room is secure");
    }
    // Nobody says that it has what was sent: so who leaves is on its way out until the relay goes.
    kill("-STOP", bob.id());
    alice.type_in("one\n");
    alice.end_input();
    sleep(Duration::from_secs(2));
    drop(relay);
    alice.hears_err(
        "1 text is not delivered, for the way to the room is lost: this member leaves in 60 s",
    );
    kill("-CONT", bob.id());
    bob.hears_err("lost the relay");
    let _again = Relay::start_on(home.path(), &address);
    bob.hears_out("alice: one\n");
    bob.hears_err(" has left\n");
    bob.end_input();
    for member in [alice, bob] {
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
}

/// A script waits for a relay that stays away for a minute, and says what was not sent.
#[test]
fn a_script_that_has_said_all_waits_for_no_relay_for_long() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let more = ["--members", "3", "--commands"];
    let nicks = ["alice", "bob", "carol"];
    let [mut quits, mut ends, mut ended] =
        nicks.map(|nick| enter(home.path(), &relay.address, nick, &more));
    for member in [&quits, &ends, &ended] {
        member.hears_err("the room is secure");
    }
    drop(relay);
    for member in [&quits, &ends, &ended] {
        member.hears_err("lost the relay");
    }
    quits.type_in("one\n/quit\nfor what comes after\n");
    quits.hears_err(
        "* 1 text is not delivered, for the way to the room is lost: this member leaves in 60 s",
    );
    ends.type_in("one\ntwo\n");
    ends.end_input();
    ends.hears_err("* the input has ended; 2 texts are not delivered");
    ended.end_input();
    ended.hears_err("* the input has ended; the others do not hear that you leave");
    for (member, unsent) in [
        (quits, Some("a line was not sent")),
        (ends, Some("2 lines were not sent")),
        (ended, None),
    ] {
        let finished = member.finish();
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let error = finished.err.lines().last().unwrap();
        assert!(error.starts_with("mpotr: error: lost the relay"), "{error}");
        match unsent {
            Some(told) => assert!(error.contains(told), "{error}"),
            None => assert!(!error.contains("sent"), "{error}"),
        }
    }
}
