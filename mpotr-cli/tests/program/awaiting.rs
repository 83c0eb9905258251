//! Who waits for others is told for whom, at once and again, and for no longer than it wants.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use tempfile::tempdir;

use crate::chat::Town;
use crate::program::poll;
use crate::talk::enter;

#[test]
fn a_pipe_says_at_once_and_again_whom_it_waits_for() {
    let town = Town::new();
    let [ci, alice, bob] = ["ci", "alice", "bob"].map(|name| town.person(name));
    let mut build = town.enters(&ci, &["--with", &alice.public, &bob.public]);
    build.type_in("the build is green\n");
    build.end_input();
    let told = build.hears_err("not here: ");
    let (_, named) = told.split_once("not here: ").unwrap();
    assert!(
        named.contains("(alice.pub)") && named.contains("(bob.pub)"),
        "{told}"
    );
    let _reader = town.enters(&alice, &["--with", &ci.public, &bob.public]);
    let told = build.hears_err("the room has not begun for 30 seconds: not here: ");
    let again = told.lines().last().unwrap();
    assert!(
        again.contains("(bob.pub)") && !again.contains("(alice.pub)"),
        "{told}"
    );
}

#[test]
fn a_room_that_does_not_begin_in_time_is_given_up_with_a_code_of_its_own() {
    let town = Town::new();
    let [ci, alice] = ["ci", "alice"].map(|name| town.person(name));
    let mut build = town.enters(&ci, &["--with", &alice.public, "--wait", "2"]);
    build.type_in("the build is green\n");
    build.end_input();
    let alone = town.chat("bob", &["--open", "--wait", "1"]);
    let finished = build.finish();
    assert_eq!(finished.code, Some(124), "{finished:?}");
    let error = finished.err.lines().last().unwrap();
    assert!(
        error.starts_with(
            "mpotr: error: the room has not begun within 2 seconds, and nothing was sent: not here: #"
        ) && error.contains(" (alice.pub); and a line was not sent: "),
        "{finished:?}"
    );
    let finished = alone.finish();
    assert_eq!(finished.code, Some(124), "{finished:?}");
    assert!(finished.err.contains("nothing was sent: "), "{finished:?}");
}

#[test]
fn a_relay_that_is_silent_or_away_is_waited_for_no_longer_either() {
    let home = tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let finished = enter(home.path(), &address, "a", &["--wait", "1"]).finish();
    assert_eq!(finished.code, Some(124), "{finished:?}");
    assert!(finished.err.contains("does not answer"), "{finished:?}");
    let Town { home, relay } = Town::new();
    let alice = enter(home.path(), &relay.address, "a", &["--wait", "4"]);
    alice.hears_err("waiting for others");
    drop(relay);
    let finished = alice.finish();
    assert_eq!(finished.code, Some(124), "{finished:?}");
    assert!(
        finished.err.contains("the way to the room is lost"),
        "{finished:?}"
    );
}

#[test]
fn a_room_that_has_begun_in_time_is_not_given_up_later() {
    let wait = 15;
    let town = Town::new();
    let started = Instant::now();
    let arguments = ["--open", "--members", "2", "--wait", "15"];
    let mut two = ["alice", "bob"].map(|nick| town.chat(nick, &arguments));
    for member in &two {
        member.hears_err("the room is secure");
    }
    let is_over = || started.elapsed() > Duration::from_secs(wait + 1);
    poll(|| is_over().then_some(())).unwrap();
    let [alice, bob] = &mut two;
    alice.type_in("still here\n");
    bob.hears_out("alice: still here\n");
    for mut member in two {
        member.end_input();
        assert_eq!(member.finish().code, Some(0));
    }
}

/// What can never be sent is told before anyone has come, and all else leaves in its order.
#[test]
fn a_line_of_a_pipe_that_is_too_long_is_told_before_the_room_is_secure() {
    let town = Town::new();
    let [ci, alice] = ["ci", "alice"].map(|name| town.person(name));
    let mut build = town.enters(&ci, &["--with", &alice.public]);
    build.type_in("first\n");
    build.type_in_bytes(&[&[b'x'; 1 << 17][..], b"\n"].concat());
    build.type_in_bytes(b"a\xff\n");
    build.type_in("last\n");
    build.end_input();
    build.hears_err("this line was not sent: it is too long: 131072 bytes");
    let told = build.hears_err("this line was not sent: it is no UTF-8 text");
    assert!(!told.contains("secure"), "{told}");
    let mut reader = town.enters(&alice, &["--with", &ci.public]);
    assert_eq!(reader.hears_out("last\n"), "ci: first\nci: last\n");
    reader.end_input();
    assert_eq!(reader.finish().code, Some(0));
    let finished = build.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished
            .err
            .contains("2 lines were not sent, the first for this reason: it is too long"),
        "{finished:?}"
    );
}

#[test]
fn a_list_of_who_is_there_has_those_who_are_awaited() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    // A text makes a list of it where commands are obeyed before the room is secure.
    let mut one = town.enters(&alice, &["--ask", "--commands"]);
    one.type_in("/members\n");
    one.hears_err("the room has not begun: nobody else has come");
    let _other = town.enters(&bob, &["--with", &alice.public, &carol.public]);
    one.hears_err("wants to come in");
    one.type_in("/members\n");
    one.hears_err("(waits for your /admit; nothing is proven)");
    one.type_in(&format!("/admit {}\n/members\n", bob.fingerprint));
    one.hears_err("(waits; nothing is proven)");
}

/// Who keeps other rules is marked in the list, as long as no room begins for that.
#[test]
fn a_list_of_who_is_there_marks_who_keeps_other_rules() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let mut one = town.enters(&alice, &["--ask", "--commands"]);
    one.type_in(&format!("/admit {}\n", bob.fingerprint));
    let _other = town.enters(&bob, &["--with", &alice.public, "--exclude", "2"]);
    one.hears_err("keeps other rules than you");
    one.type_in("/members\n");
    one.hears_err("(keeps other rules than you; nothing is proven)");
}
