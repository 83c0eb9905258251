//! `mpotr rpc`, as a host in another language meets it: over pipes.

mod carriers;
mod errors;
mod host;
#[cfg(feature = "irc")]
mod irc;
mod people;
mod scripts;

use serde_json::{Value, json};
use tempfile::tempdir;

use host::Host;

/// Carries packets between two rooms of one host until `done` says so.
fn carry(host: &mut Host, rooms: [&str; 2], mut done: impl FnMut(&Host) -> bool) {
    while !done(host) {
        let (method, params) = host.note();
        if method == "packet" {
            let to = match params["room"] == rooms[0] {
                true => rooms[1],
                false => rooms[0],
            };
            let packet = &params["packet"];
            // A room that has ended takes nothing.
            let _answer = host.ask("packet", json!({ "room": to, "packet": packet }));
        }
    }
}

#[test]
fn two_rooms_of_one_host_talk_and_end() {
    let home = tempdir().unwrap();
    let keys = ["alice", "bob"].map(|name| host::identity(home.path(), name));
    let mut host = Host::start(home.path(), &[]);
    let hello = host.hello();
    assert_eq!((&hello["api"], &hello["protocol"]), (&json!(1), &json!(1)));
    assert!(hello["program"].as_str().unwrap().starts_with("mpotr "));
    for (room, name, other) in [("a", "alice", &keys[1]), ("b", "bob", &keys[0])] {
        let params = json!({
            "room": room, "name": "tea", "mode": "packets", "nick": name, "profile": "loopback",
            "admission": { "only": [other] }, "identity_file": home.path().join(name),
        });
        let opened = host.ask("open", params).unwrap();
        assert!(keys.contains(&opened["identity"].as_str().unwrap().to_owned()));
        assert_eq!(
            opened["fingerprint"].as_str().unwrap().split(' ').count(),
            8
        );
    }
    carry(&mut host, ["a", "b"], |host| {
        ["a", "b"]
            .iter()
            .all(|room| host.told(room, "secure").is_some())
    });
    let sid = host.told("a", "secure").unwrap()["sid"].clone();
    let sent = host.ask("send", json!({ "room": "a", "text": "hello", "seen": sid }));
    assert_eq!(sent.unwrap()["text_id"], 0);
    carry(&mut host, ["a", "b"], |host| {
        host.told("a", "acknowledged").is_some() && host.told("b", "final").is_some()
    });
    let message = host.told("b", "message").unwrap();
    assert_eq!(
        (&message["nick"], &message["text"]),
        (&json!("alice"), &json!("hello"))
    );
    assert_eq!(
        (&message["author"], &message["sid"]),
        (&json!(keys[0]), &sid)
    );
    let state = host.ask("state", json!({ "room": "b" })).unwrap();
    assert_eq!((&state["phase"], &state["sid"]), (&json!("secure"), &sid));
    assert_eq!(state["members"].as_array().unwrap().len(), 2);
    for room in ["a", "b"] {
        host.ask("leave", json!({ "room": room })).unwrap();
    }
    carry(&mut host, ["a", "b"], |host| {
        ["a", "b"]
            .iter()
            .all(|room| host.told(room, "ended").is_some())
    });
    for room in ["a", "b"] {
        assert_eq!(host.told(room, "ended").unwrap()["acknowledged"], true);
        assert!(host.told(room, "published").is_some());
        // The handle is free again.
        let gone = host.ask("state", json!({ "room": room })).unwrap_err();
        assert_eq!(gone["data"]["code"], "no_such_room");
    }
    assert_eq!(host.end(), Some(0));
}

#[test]
fn what_nobody_acknowledged_shows_in_the_exit_code() {
    let home = tempdir().unwrap();
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    let nobody = "07".repeat(32);
    let params = json!({
        "room": "a", "name": "tea", "mode": "packets", "payload": "bytes", "admission": { "only": [nobody] },
    });
    host.ask("open", params).unwrap();
    let params = json!({ "room": "a", "body": "_-8", "seen": "expected" });
    host.ask("send", params).unwrap();
    host.end_input();
    // What became of the text is told before the end.
    while host.told("a", "ended").is_none() {
        host.note();
    }
    assert_eq!(host.told("a", "dropped").unwrap()["why"], "left");
    assert_eq!(host.end(), Some(1));
}

#[test]
fn a_host_that_is_gone_ends_the_program() {
    let home = tempdir().unwrap();
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    host.close_output();
    host.write(r#"{"jsonrpc":"2.0","id":7,"method":"hello","params":{"api":[1]}}"#);
    assert_eq!(host.wait(), Some(1));
}

#[test]
fn only_a_manual_clock_is_turned_and_it_does_not_run_back() {
    let home = tempdir().unwrap();
    let mut real = Host::start(home.path(), &[]);
    real.hello();
    let refused = real.ask("tick", json!({ "to": 5 })).unwrap_err();
    assert_eq!(refused["data"]["code"], "method");
    let mut host = Host::start(home.path(), &["--clock", "manual"]);
    host.hello();
    let open = |mode: &str| {
        json!({
            "room": "a", "name": "tea", "mode": mode, "admission": "open", "nick": "alice",
            "at": (mode == "carrier").then_some("mpotr://127.0.0.1:1"),
        })
    };
    let refused = host.ask("open", open("carrier")).unwrap_err();
    assert_eq!(refused["data"]["field"], "mode");
    host.ask("open", open("packets")).unwrap();
    let ticked = host.ask("tick", json!({ "to": 2_500 })).unwrap();
    assert!(
        ticked["timeouts"]["a"].as_u64().unwrap() > 2_500,
        "{ticked}"
    );
    // Nobody else is there, and after two seconds that is told, by the clock of the host.
    while host.told("a", "waiting").is_none() {
        host.note();
    }
    let waiting = host.told("a", "waiting").unwrap();
    let told =
        json!({ "reason": waiting["reason"], "since": waiting["since"], "at": waiting["at"] });
    assert_eq!(told, json!({ "reason": "alone", "since": 0, "at": 2_000 }));
    let again: Value = host.ask("tick", json!({ "to": 1 })).unwrap();
    assert_eq!(again, ticked);
    assert_eq!(host.end(), Some(0));
}
