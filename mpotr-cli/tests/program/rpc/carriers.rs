//! Rooms over a relay.

use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::tempdir;

use super::host::{Host, identity};
use crate::program::{Running, mind_signals};
use crate::relay::Relay;

fn open(home: &Path, at: &str, me: &str, other: &str) -> Value {
    json!({
        "room": "r", "name": "tea", "mode": "carrier", "at": format!("mpotr://{at}"), "nick": me,
        "admission": { "only": [other] }, "identity_file": home.join(me),
    })
}

/// Two hosts in a room on a relay, of those who have these keys.
fn two_on(home: &Path, relay: &Relay, keys: &[String; 2]) -> [Host; 2] {
    [("alice", &keys[1]), ("bob", &keys[0])].map(|(me, other)| {
        let mut host = Host::start(home, &[]);
        host.hello();
        host.ask("open", open(home, &relay.address, me, other))
            .unwrap();
        host
    })
}

/// Waits until a host is told that its relay is lost.
fn hears_of_loss(host: &mut Host) -> Value {
    loop {
        let event = host.hears("r", "waiting");
        if event["reason"] == "reconnecting" {
            return event;
        }
        host.note();
    }
}

#[test]
fn two_hosts_talk_over_a_relay_and_leave_at_the_end_of_their_input() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let keys = ["alice", "bob"].map(|name| identity(home.path(), name));
    let mut hosts = two_on(home.path(), &relay, &keys);
    let [alice, bob] = &mut hosts;
    let sid = alice.hears("r", "secure")["sid"].clone();
    let packet = json!({ "room": "r", "packet": "AAAA" });
    let refused = alice.ask("packet", packet).unwrap_err();
    assert_eq!(refused["data"]["field"], "room");
    alice
        .ask("send", json!({ "room": "r", "text": "hello", "seen": sid }))
        .unwrap();
    alice.hears("r", "acknowledged");
    let message = bob.hears("r", "message");
    assert_eq!(
        (&message["author"], &message["text"]),
        (&json!(keys[0]), &json!("hello"))
    );
    // One is at the end of its input, and leaves in order; the other hears of it.
    alice.end_input();
    bob.hears("r", "leaving");
    bob.end_input();
    assert_eq!(alice.hears("r", "ended")["acknowledged"], true);
    assert_eq!(bob.hears("r", "ended")["acknowledged"], true);
    assert_eq!(hosts.map(Host::end), [Some(0), Some(0)]);
}

#[test]
fn what_is_asked_of_a_room_that_waits_for_its_carrier_waits_too() {
    let home = tempdir().unwrap();
    let key = identity(home.path(), "alice");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    let first = host.request("open", open(home.path(), &at, "alice", &key));
    let (mut relay, _) = listener.accept().unwrap();
    relay.read_exact(&mut [0; 4]).unwrap();
    let asked = [(); 3].map(|()| host.request("state", json!({ "room": "r" })));
    // Other rooms do not wait.
    host.hello();
    drop(relay);
    let answer = host.answer();
    assert_eq!(answer["id"], first, "{answer}");
    let error = &answer["error"];
    assert_eq!(
        (&error["code"], &error["data"]["code"]),
        (&json!(-32_003), &json!("unreachable"))
    );
    for id in asked {
        let answer = host.answer();
        assert_eq!(
            (&answer["id"], &answer["error"]["data"]["code"]),
            (&json!(id), &json!("no_such_room"))
        );
    }
    assert_eq!(host.end(), Some(0));
}

#[test]
fn a_relay_that_goes_away_is_told_and_when_it_is_back_the_room_goes_on() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let keys = ["alice", "bob"].map(|name| identity(home.path(), name));
    let mut hosts = two_on(home.path(), &relay, &keys);
    let [alice, bob] = &mut hosts;
    let sid = alice.hears("r", "secure")["sid"].clone();
    bob.hears("r", "secure");
    let address = relay.address.clone();
    drop(relay);
    let lost = hears_of_loss(alice);
    assert!(
        ["lost", "shutting_down"].contains(&lost["code"].as_str().unwrap()),
        "{lost}"
    );
    alice
        .ask("send", json!({ "room": "r", "text": "wait", "seen": sid }))
        .unwrap();
    let relay = Relay::start_on(home.path(), &address);
    assert_eq!(bob.hears("r", "message")["text"], "wait");
    alice.hears("r", "acknowledged");
    alice.end_input();
    bob.end_input();
    assert_eq!(hosts.map(Host::end), [Some(0), Some(0)]);
    drop(relay);
}

#[test]
fn a_room_that_is_to_stop_waits_for_no_other_relay() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let keys = ["alice", "bob"].map(|name| identity(home.path(), name));
    let mut hosts = two_on(home.path(), &relay, &keys);
    for host in &mut hosts {
        host.hears("r", "secure");
    }
    drop(relay);
    for host in &mut hosts {
        hears_of_loss(host);
        host.ask("stop", json!({ "room": "r" })).unwrap();
        host.hears("r", "closed");
    }
}

/// The example for hosts, in Python; it has to be there where these tests are to show anything of it.
#[test]
fn the_client_in_python_talks_with_another() {
    let python = Command::new("python3").arg("--version").output();
    if !python.is_ok_and(|it| it.status.success()) {
        #[expect(clippy::print_stderr, reason = "what is left out is said aloud")]
        {
            eprintln!("SKIPPED: there is no python3, so examples/rpc/talk.py is not run");
        }
        return;
    }
    mind_signals();
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let keys = ["alice", "bob"].map(|name| identity(home.path(), name));
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/rpc/talk.py");
    let talk = |me: &str, other: &str| {
        let mut command = Command::new("python3");
        command.env("HOME", home.path()).arg(&script);
        command.args([
            env!("CARGO_BIN_EXE_mpotr"),
            &format!("mpotr://{}", relay.address),
            "tea",
            me,
        ]);
        command
            .arg(home.path().join(me))
            .arg(other)
            .stdin(Stdio::piped());
        Running::start_command(command)
    };
    let (mut alice, mut bob) = (talk("alice", &keys[1]), talk("bob", &keys[0]));
    alice.type_in("Did you get home all right?\n");
    bob.hears_out("alice: Did you get home all right?\n");
    bob.type_in("Yes \u{7} and the tea is on\n");
    // What a terminal would obey is not shown.
    alice.hears_out("bob: Yes ? and the tea is on\n");
    alice.end_input();
    bob.end_input();
    for finished in [alice.finish(), bob.finish()] {
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
}
