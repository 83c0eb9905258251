//! `mpotr chat`.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use mpotr_transcript::{Ending, ReadErrorKind, Transcript};
use tempfile::{TempDir, tempdir};

use crate::program::{Running, fail, run, succeed};
use crate::relay::Relay;
use crate::talk;
use crate::wiretap::Wiretap;

/// A home folder and a relay.
pub(crate) struct Town {
    pub(crate) home: TempDir,
    pub(crate) relay: Relay,
}

impl Town {
    pub(crate) fn new() -> Self {
        let home = tempdir().unwrap();
        let relay = Relay::start(home.path());
        Self { home, relay }
    }

    /// A member that waits for `members` of any identity.
    fn enter(&self, nick: &str, members: &str) -> Running {
        enter(self.home.path(), &self.relay.address, nick, members, &[])
    }

    /// A member with more options, whom to let in above all.
    pub(crate) fn chat(&self, nick: &str, more: &[&str]) -> Running {
        chat(self.home.path(), &self.relay.address, nick, more)
    }
}

fn enter(home: &Path, relay: &str, nick: &str, members: &str, more: &[&str]) -> Running {
    chat(
        home,
        relay,
        nick,
        &[&["--open", "--members", members], more].concat(),
    )
}

fn chat(home: &Path, relay: &str, nick: &str, more: &[&str]) -> Running {
    Running::start(home, &talk::in_tea(relay, nick, more))
}

const NICKS: [&str; 3] = ["alice", "bob", "carol"];

fn lines(nick: &str) -> [String; 2] {
    ["first", "second"].map(|which| format!("{which} secret of {nick}"))
}

#[test]
fn three_members_read_each_other_and_nobody_on_the_line_does() {
    let town = Town::new();
    let tap = Wiretap::on(&town.relay.address);
    let members = NICKS.map(|nick| {
        let mut member = enter(town.home.path(), &tap.address, nick, "3", &[]);
        member.type_in(&lines(nick).map(|line| line + "\n").concat());
        member.end_input();
        member
    });
    for (member, nick) in members.into_iter().zip(NICKS) {
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let read: Vec<_> = finished.out.lines().collect();
        let others = NICKS.into_iter().filter(|other| *other != nick);
        let expected: Vec<_> = others
            .flat_map(|it| lines(it).map(|line| format!("{it}: {line}")))
            .collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        // Each author's lines in its order, and nothing else.
        assert_eq!(
            read.iter().collect::<BTreeSet<_>>(),
            expected.iter().collect::<BTreeSet<_>>(),
            "{finished:?}",
        );
        assert_eq!(read.len(), expected.len());
        for pair in expected.chunks(2) {
            let at = |line| read.iter().position(|other| *other == line);
            assert!(at(pair[0]) < at(pair[1]), "{finished:?}");
        }
    }
    let heard = tap.heard();
    assert!(heard.len() > 1000);
    for text in ["secret", "alice", "bob", "carol", "tea"] {
        assert!(
            !heard
                .windows(text.len())
                .any(|part| part == text.as_bytes()),
            "{text}"
        );
    }
}

#[test]
fn all_are_told_the_same_roster_by_whole_fingerprints() {
    let town = Town::new();
    let file = |nick: &str| town.home.path().join(nick).to_str().unwrap().to_owned();
    let fingerprints = ["alice", "bob"].map(|nick| {
        let made = succeed(
            town.home.path(),
            &["identity", "new", "--identity", &file(nick)],
        );
        made.lines()
            .nth(1)
            .unwrap()
            .strip_prefix("fingerprint")
            .unwrap()
            .trim()
            .to_owned()
    });
    let mut members = ["alice", "bob"].map(|nick| {
        let identity = ["--identity", &file(nick)];
        enter(town.home.path(), &town.relay.address, nick, "2", &identity)
    });
    for member in &mut members {
        member.end_input();
    }
    for member in members {
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(!finished.err.contains("a new identity"), "{finished:?}");
        let (_, roster) = finished
            .err
            .split_once("the room is secure: 2 members")
            .unwrap();
        for fingerprint in &fingerprints {
            assert!(roster.contains(fingerprint.as_str()), "{finished:?}");
        }
    }
}

#[test]
fn nothing_is_sent_before_as_many_are_in_as_were_asked_for() {
    let town = Town::new();
    let mut alice = town.enter("alice", "3");
    let mut bob = town.enter("bob", "3");
    alice.type_in("early\n");
    alice.end_input();
    bob.hears_err("wants to come in");
    bob.end_input();
    let mut carol = town.enter("carol", "3");
    carol.hears_out("alice: early\n");
    carol.end_input();
    for member in [alice, bob, carol] {
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(
            finished.err.contains("the room is secure: 3 members"),
            "{finished:?}"
        );
        assert!(
            !finished.err.contains("the room is secure: 2 members"),
            "{finished:?}"
        );
    }
}

#[test]
fn what_a_terminal_would_obey_is_printed_as_text() {
    let town = Town::new();
    let mut alice = town.enter("alice", "2");
    let mut bob = town.enter("bob", "2");
    bob.type_in("a\u{1b}[2Jb\rc\u{202e}d\n");
    bob.end_input();
    assert_eq!(alice.hears_out("\n"), "bob: a\\u{1b}[2Jb\\rc\\u{202e}d\n");
    alice.end_input();
    assert_eq!(alice.finish().code, Some(0));
    assert_eq!(bob.finish().code, Some(0));
}

#[test]
fn two_members_with_one_nick_are_told_apart() {
    let town = Town::new();
    let mut alice = town.enter("alice", "2");
    let mut other = town.enter("alice", "2");
    other.type_in("it is me\n");
    other.end_input();
    let read = alice.hears_out("it is me\n");
    assert!(read.starts_with("alice#"), "{read}");
    alice.end_input();
    assert_eq!(alice.finish().code, Some(0));
    assert_eq!(other.finish().code, Some(0));
}

#[test]
fn a_member_that_dies_makes_the_others_fail_and_say_so() {
    let town = Town::new();
    let mut alice = town.enter("alice", "2");
    let bob = town.enter("bob", "2");
    alice.hears_err("the room is secure");
    bob.hears_err("the room is secure");
    drop(bob);
    alice.type_in("is anyone there?\n");
    alice.end_input();
    let finished = alice.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let (_, error) = finished.err.rsplit_once("mpotr: error: ").unwrap();
    assert!(
        error.starts_with("not everyone acknowledged what was sent; not known to have it: #"),
        "{finished:?}"
    );
}

#[test]
fn a_line_that_nobody_is_left_to_read_is_a_failure() {
    let town = Town::new();
    let mut alice = town.enter("alice", "2");
    let mut bob = town.enter("bob", "2");
    bob.end_input();
    assert_eq!(bob.finish().code, Some(0));
    alice.hears_err("has left");
    alice.type_in("too late\n");
    let finished = alice.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished
            .err
            .contains("a line was not sent: everyone else has left"),
        "{finished:?}"
    );
}

#[test]
fn a_line_that_is_no_text_or_too_long_is_told_at_once_and_the_others_go_through() {
    let town = Town::new();
    let mut alice = town.enter("alice", "2");
    let mut bob = town.enter("bob", "2");
    alice.type_in_bytes(b"a\xff\n");
    alice.hears_err("this line was not sent: it is no UTF-8 text");
    alice.type_in_bytes(&[&[b'x'; 1 << 20][..], b"\n"].concat());
    alice.hears_err("this line was not sent: it is too long: 1048576 bytes");
    alice.type_in("\ngood\n");
    alice.end_input();
    // Nor does an empty line come.
    assert_eq!(bob.hears_out("good\n"), "alice: good\n");
    bob.end_input();
    assert_eq!(bob.finish().code, Some(0));
    let finished = alice.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.err.ends_with(
            "mpotr: error: 2 lines were not sent, the first for this reason: it is no UTF-8 text\n"
        ),
        "{finished:?}"
    );
}

#[test]
fn one_name_is_one_room_in_whatever_form_a_system_writes_it() {
    let town = Town::new();
    let rooms = [("alice", "caf\u{e9}"), ("bob", "cafe\u{301}")];
    let mut members = rooms.map(|(nick, room)| {
        let relay = &*town.relay.address;
        let arguments = ["chat", "--relay", relay, "--room", room, "--nick", nick];
        Running::start(town.home.path(), &[&arguments[..], &["--open"]].concat())
    });
    for member in &mut members {
        member.hears_err("the room is secure: 2 members");
        member.end_input();
    }
    for member in members {
        assert_eq!(member.finish().code, Some(0));
    }
}

#[cfg(unix)]
#[test]
fn a_transcript_that_may_grow_no_further_ends_and_the_talk_goes_on() {
    let town = Town::new();
    let file = town.home.path().join("transcript");
    let file = file.to_str().unwrap();
    let arguments = talk::arguments(
        &town.relay.address,
        "alice",
        &["--members", "2", "--save-transcript", file],
    );
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "ulimit -f 1 && exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_mpotr"))
        .args(arguments)
        .env("HOME", town.home.path());
    let mut alice = Running::start_command(limited);
    let mut bob = town.enter("bob", "2");
    for _ in 0..10 {
        alice.type_in(&format!("{}\n", "x".repeat(100)));
    }
    alice.hears_err("the transcript ends here");
    alice.type_in("and on\n");
    bob.hears_out("alice: and on\n");
    bob.end_input();
    alice.end_input();
    assert_eq!(bob.finish().code, Some(0));
    let finished = alice.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished
            .err
            .lines()
            .last()
            .unwrap()
            .contains("cannot write to"),
        "{finished:?}"
    );
    // What is kept is whole: it lacks its end and nothing else.
    let kept = std::fs::read(file).unwrap();
    let Ending::Broken(error) = Transcript::read(&kept).ending else {
        panic!("it has an end");
    };
    assert_eq!(error.kind, ReadErrorKind::NoEnd);
}

#[test]
fn what_a_relay_says_is_escaped() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let text = "full \u{202e}\u{3164}\u{200b}";
        let length = u32::try_from(text.len() + 2).unwrap();
        let frame = [&length.to_be_bytes()[..], &[1, 6], text.as_bytes()].concat();
        stream.write_all(&frame).unwrap();
        // Until the other side has read it.
        let _ended = stream.read_to_end(&mut Vec::new());
    });
    let home = tempdir().unwrap();
    let finished = run(home.path(), &talk::arguments(&address, "alice", &[]));
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let unsafe_ = ['\u{202e}', '\u{3164}', '\u{200b}'];
    assert!(!finished.err.contains(unsafe_), "{finished:?}");
    assert!(
        finished.err.contains("cannot enter by the relay"),
        "{finished:?}"
    );
}

#[test]
fn a_relay_that_is_not_there_is_an_error_that_names_it() {
    let home = tempdir().unwrap();
    let identity = home.path().join("id").to_str().unwrap().to_owned();
    succeed(home.path(), &["identity", "new", "--identity", &identity]);
    // Port 1 of this machine: nothing listens there.
    let finished = run(
        home.path(),
        &talk::in_tea("127.0.0.1:1", "a", &["--open", "--identity", &identity]),
    );
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished
            .err
            .contains("cannot enter by the relay 127.0.0.1:1"),
        "{finished:?}"
    );
    assert_eq!(finished.out, "");
}

#[test]
fn an_identity_that_cannot_be_read_is_an_error_before_anything_is_sent() {
    let town = Town::new();
    let missing = town
        .home
        .path()
        .join("missing")
        .to_str()
        .unwrap()
        .to_owned();
    let relay = &town.relay.address;
    let error = fail(
        town.home.path(),
        &talk::in_tea(relay, "a", &["--open", "--identity", &missing]),
    );
    assert!(error.contains("there is no identity"), "{error}");
}

#[test]
fn a_nick_that_could_forge_a_line_is_a_usage_error() {
    let home = tempdir().unwrap();
    for nick in ["bob: hi", "a#12345", "a\u{1b}[2J", ""] {
        let finished = run(home.path(), &talk::in_tea("127.0.0.1:1", nick, &[]));
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(!finished.err.contains("\u{1b}[2J"), "{finished:?}");
    }
}
