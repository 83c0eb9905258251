//! What is refused, by which code, and that all else goes on.

use mpotr::Backend;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::host::{Host, identity};
use crate::program::succeed;

/// The code of what is refused, and its number.
#[track_caller]
fn refused(host: &mut Host, method: &str, params: Value) -> (String, i64) {
    let error = host.ask(method, params).unwrap_err();
    assert!(error["message"].is_string());
    let code = error["data"]["code"].as_str().unwrap().to_owned();
    (code, error["code"].as_i64().unwrap())
}

/// Parameters of `open`, with some in place of others; null takes one out.
fn open(other: Value) -> Value {
    let mut params = json!({
        "room": "x", "name": "tea", "admission": "open", "mode": "packets", "nick": "alice",
    });
    for (key, value) in other.as_object().unwrap() {
        params[key] = value.clone();
    }
    params
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    params
}

#[test]
fn lines_that_are_no_requests_are_answered_and_the_next_one_is_read() {
    let home = tempdir().unwrap();
    let mut host = Host::start(home.path(), &[]);
    let deep = "[".repeat(100_000);
    let long = vec![b'x'; 3 << 20];
    let lines: [(&[u8], i64, &str); 8] = [
        (b"", -32_700, "parse"),
        (b"\xff\xfe{}", -32_700, "parse"),
        (br#"{"jsonrpc":"2.0","id":1"#, -32_700, "parse"),
        (b"\x00", -32_700, "parse"),
        (b"[]", -32_600, "request"),
        (b"null", -32_600, "request"),
        (deep.as_bytes(), -32_600, "request"),
        (&long, -32_600, "request"),
    ];
    for (line, number, code) in lines {
        host.write(line);
        let answer = host.answer();
        assert_eq!(answer["id"], Value::Null);
        let error = &answer["error"];
        assert_eq!(
            (&error["code"], &error["data"]["code"]),
            (&json!(number), &json!(code))
        );
    }
    host.hello();
    assert_eq!(host.end(), Some(0));
}

#[test]
fn the_first_request_is_hello_of_a_version_that_both_speak() {
    let home = tempdir().unwrap();
    let mut host = Host::start(home.path(), &[]);
    let first = ("hello_first".to_owned(), -32_001);
    assert_eq!(refused(&mut host, "open", open(json!({}))), first);
    assert_eq!(refused(&mut host, "nothing", json!({})), first);
    let api = ("api".to_owned(), -32_001);
    assert_eq!(refused(&mut host, "hello", json!({ "api": [2] })), api);
    assert_eq!(refused(&mut host, "open", open(json!({}))), first);
    host.ask("hello", json!({ "api": [2, 1] })).unwrap();
    let method = ("method".to_owned(), -32_601);
    assert_eq!(refused(&mut host, "nothing", json!({})), method);
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one line for each thing that is refused"
)]
fn a_room_that_cannot_be_opened_says_why_and_which_parameter_it_was() {
    let home = tempdir().unwrap();
    let file = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    identity(home.path(), "alice");
    std::fs::write(home.path().join("words"), "correct horse").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(home.path().join("words"), private).unwrap();
    }
    let new = ["identity", "new", "--identity"];
    let under = ["--passphrase-file", &file("words")];
    succeed(
        home.path(),
        &[&new[..], &[&file("sealed")], &under].concat(),
    );
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    for (other, field) in [
        (json!({ "room": "X" }), "room"),
        (json!({ "room": "x".repeat(65) }), "room"),
        (json!({ "room": null }), "room"),
        (json!({ "name": 7 }), "name"),
        (json!({ "name": null }), "name"),
        (json!({ "admission": null }), "admission"),
        (json!({ "admission": "anyone" }), "admission"),
        (json!({ "admission": { "only": ["07"] } }), "admission"),
        (json!({ "mode": "mail" }), "mode"),
        (json!({ "mode": "carrier" }), "at"),
        (json!({ "at": "mpotr://a" }), "at"),
        (json!({ "nick": null }), "nick"),
        (json!({ "nick": "you" }), "nick"),
        (json!({ "payload": "html" }), "payload"),
        (json!({ "suite": "rot13" }), "suite"),
        (json!({ "backend": "openssl" }), "backend"),
        (json!({ "profile": "pigeon" }), "profile"),
        (json!({ "policy": { "admit": "nobody" } }), "policy"),
        (json!({ "policy": { "admits": "anyone" } }), "policy"),
        (json!({ "members": -1 }), "members"),
        (json!({ "max_packet": 0 }), "max_packet"),
        (json!({ "max_packet": (1 << 20) + 1 }), "max_packet"),
        (json!({ "leeway": "all" }), "leeway"),
        (json!({ "passphrase_fd": 3 }), "identity_file"),
        (
            json!({ "passphrase_fd": 3, "passphrase_file": "a", "identity_file": "b" }),
            "passphrase_fd",
        ),
        (json!({ "admision": "open" }), "admision"),
    ] {
        let error = host.ask("open", open(other.clone())).unwrap_err();
        assert_eq!(
            (&error["code"], &error["data"]["field"]),
            (&json!(-32_602), &json!(field)),
            "{other}"
        );
        assert_eq!(error["data"]["code"], "params");
    }
    let quorum = json!({ "exclude": { "quorum": 9 } });
    for (other, code, number) in [
        (json!({ "name": "" }), "bad_room_name", -32_000),
        (json!({ "name": "x".repeat(256) }), "bad_room_name", -32_000),
        (json!({ "members": 9_999 }), "too_many_members", -32_000),
        (
            json!({ "members": 2, "policy": quorum }),
            "bad_policy",
            -32_000,
        ),
        (
            json!({ "mode": "carrier", "at": "mpotr:/a" }),
            "bad_address",
            -32_003,
        ),
        (
            json!({ "mode": "carrier", "at": "gopher://a" }),
            "no_such_carrier",
            -32_003,
        ),
        (
            json!({ "mode": "carrier", "at": "mpotr://127.0.0.1:1" }),
            "unreachable",
            -32_003,
        ),
        (
            json!({ "identity_file": file("nobody") }),
            "identity_file",
            -32_004,
        ),
        (
            json!({ "identity_file": file("words") }),
            "identity_file",
            -32_004,
        ),
        (
            json!({ "identity_file": file("sealed") }),
            "passphrase",
            -32_004,
        ),
        (
            json!({ "identity_file": file("sealed"), "passphrase_file": file("alice") }),
            "passphrase",
            -32_004,
        ),
    ] {
        let expected = (code.to_owned(), number);
        assert_eq!(
            refused(&mut host, "open", open(other.clone())),
            expected,
            "{other}"
        );
    }
    for backend in Backend::ALL {
        let other = json!({ "backend": backend.name(), "room": backend.name() });
        match backend.is_available() {
            true => drop(host.ask("open", open(other)).unwrap()),
            false => assert_eq!(refused(&mut host, "open", open(other)).0, "not_built_in"),
        }
    }
    let sealed = json!({ "identity_file": file("sealed"), "passphrase_file": file("words") });
    host.ask("open", open(sealed)).unwrap();
    let exists = ("room_exists".to_owned(), -32_002);
    assert_eq!(refused(&mut host, "open", open(json!({}))), exists);
    assert_eq!(host.end(), Some(0));
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one line for each thing that is refused"
)]
fn what_a_room_does_not_do_is_refused_and_the_room_goes_on() {
    let home = tempdir().unwrap();
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    let key = "07".repeat(32);
    let only = json!({ "only": [key] });
    let opened = host
        .ask("open", open(json!({ "admission": only })))
        .unwrap();
    let me = &opened["identity"];
    let unseen = "09".repeat(32);
    let long = "x".repeat(1 << 20);
    for (method, params, code) in [
        ("state", json!({ "room": "y" }), "no_such_room"),
        ("state", json!({}), "params"),
        ("state", json!({ "room": "x", "more": 1 }), "params"),
        ("send", json!({ "room": "x", "seen": "expected" }), "params"),
        (
            "send",
            json!({ "room": "x", "seen": "later", "text": "a" }),
            "params",
        ),
        (
            "send",
            json!({ "room": "x", "seen": "expected", "text": "a", "body": "" }),
            "params",
        ),
        (
            "send",
            json!({ "room": "x", "seen": "expected", "body": "_w" }),
            "params",
        ),
        (
            "send",
            json!({ "room": "x", "seen": "expected", "text": long }),
            "too_long",
        ),
        (
            "send",
            json!({ "room": "x", "seen": unseen, "text": "a" }),
            "not_secure",
        ),
        (
            "release",
            json!({ "room": "x", "text_id": 5, "seen": "expected" }),
            "no_such_text",
        ),
        (
            "discard",
            json!({ "room": "x", "text_id": 5 }),
            "no_such_text",
        ),
        ("admit", json!({ "room": "x", "identity": me }), "yourself"),
        (
            "admit",
            json!({ "room": "x", "identity": unseen }),
            "no_such_member",
        ),
        (
            "exclude",
            json!({ "room": "x", "identity": key }),
            "no_such_member",
        ),
        (
            "exclude",
            json!({ "room": "x", "identity": "alice" }),
            "params",
        ),
        ("merge", json!({ "room": "x", "epoch": key }), "params"),
        (
            "withdraw",
            json!({ "room": "x", "vote": "refresh" }),
            "no_such_vote",
        ),
        (
            "withdraw",
            json!({ "room": "x", "vote": { "banish": key } }),
            "params",
        ),
        (
            "change_policy",
            json!({ "room": "x", "policy": { "admit": { "founders": [] } } }),
            "bad_policy",
        ),
        ("packet", json!({ "room": "x", "packet": "====" }), "params"),
        ("link", json!({ "room": "x" }), "params"),
        ("mute", json!({ "room": "x", "identity": key }), "params"),
    ] {
        assert_eq!(
            refused(&mut host, method, params.clone()).0,
            code,
            "{method} {params:.200}"
        );
    }
    let rejected = host
        .ask("packet", json!({ "room": "x", "packet": "AAAA" }))
        .unwrap();
    assert_eq!(rejected, json!({ "rejected": "decode" }));
    let link = json!({ "room": "x", "rate": 100, "queued": 0, "latency": 20 });
    assert_eq!(host.ask("link", link).unwrap(), json!({}));
    let sent = host.ask(
        "send",
        json!({ "room": "x", "seen": "expected", "text": "a" }),
    );
    let text_id = sent.unwrap()["text_id"].clone();
    let state = host.ask("state", json!({ "room": "x" })).unwrap();
    assert_eq!(
        state["texts"],
        json!([{ "text_id": text_id, "state": "queued" }])
    );
    host.ask("leave", json!({ "room": "x" })).unwrap();
    let late = json!({ "room": "x", "seen": "expected", "text": "b" });
    assert_eq!(refused(&mut host, "send", late).0, "leaving");
    let discard = json!({ "room": "x", "text_id": text_id });
    assert_eq!(host.ask("discard", discard).unwrap(), json!({}));
    // It was the last that the end waited for, and taken back.
    assert_eq!(host.hears("x", "ended")["acknowledged"], true);
    assert_eq!(host.end(), Some(0));
}

/// Makes an identity whose passphrase comes by a pipe, and returns what a room is opened with for it. It waits until something
/// is written to the file `words`.
#[cfg(unix)]
fn sealed_by_a_pipe(home: &std::path::Path) -> Value {
    let file = |name: &str| home.join(name).to_str().unwrap().to_owned();
    let made = std::process::Command::new("mkfifo")
        .arg(file("words"))
        .status();
    assert!(made.unwrap().success());
    let writing = writes_the_passphrase(home);
    let new = ["identity", "new", "--identity", &file("sealed")];
    let under = ["--passphrase-file", &file("words")];
    succeed(home, &[&new[..], &under].concat());
    writing.join().unwrap().unwrap();
    json!({ "identity_file": file("sealed"), "passphrase_file": file("words") })
}

#[cfg(unix)]
fn writes_the_passphrase(
    home: &std::path::Path,
) -> std::thread::JoinHandle<Result<(), std::io::Error>> {
    let file = home.join("words");
    std::thread::spawn(move || std::fs::write(file, "correct horse"))
}

/// Who opens a room by a pipe that nobody has written to yet holds up no other room, and comes in when it is written.
#[cfg(unix)]
#[test]
fn a_passphrase_that_does_not_come_holds_up_no_other_room() {
    let home = tempdir().unwrap();
    let mut sealed = sealed_by_a_pipe(home.path());
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    let waits = host.request("open", open(sealed.clone()));
    let state = host.request("state", json!({ "room": "x" }));
    host.ask("open", open(json!({ "room": "other" }))).unwrap();
    host.ask("state", json!({ "room": "other" })).unwrap();
    let again = open(json!({}));
    assert_eq!(refused(&mut host, "open", again).0, "room_exists");
    let writing = writes_the_passphrase(home.path());
    for id in [waits, state] {
        let answer = host.answer();
        assert_eq!(answer["id"], id, "{answer}");
        assert!(answer["result"].is_object(), "{answer}");
    }
    writing.join().unwrap().unwrap();
    // At the end of the input nothing is waited for that does not come.
    sealed["room"] = json!("late");
    let waits = host.request("open", open(sealed));
    host.end_input();
    let answer = host.answer();
    assert_eq!(answer["id"], waits);
    assert_eq!(answer["error"]["data"]["code"], "shutting_down");
    assert_eq!(host.end(), Some(0));
}

/// However much is asked of a room that waits, others are served: what is too much is refused, and the rest is answered in order
/// once the room is there.
#[cfg(unix)]
#[test]
fn requests_to_a_room_that_waits_are_bounded_and_other_rooms_go_on() {
    const MOST: usize = 64;
    let home = tempdir().unwrap();
    let sealed = sealed_by_a_pipe(home.path());
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    host.ask("open", open(json!({ "room": "other" }))).unwrap();
    let mut ids = vec![host.request("open", open(sealed))];
    ids.extend((0..MOST).map(|_| host.request("state", json!({ "room": "x" }))));
    // The other room answers, while the first waits and all that may wait for it does.
    let state = host.ask("state", json!({ "room": "other" })).unwrap();
    assert_eq!(state["name"], "tea");
    let too_many = ("too_many_waiting".to_owned(), -32_002);
    let state = json!({ "room": "x" });
    assert_eq!(refused(&mut host, "state", state), too_many);
    host.ask("state", json!({ "room": "other" })).unwrap();
    let writing = writes_the_passphrase(home.path());
    for id in ids {
        let answer = host.answer();
        assert_eq!(answer["id"], id, "{answer}");
        assert!(answer["result"].is_object(), "{answer}");
    }
    writing.join().unwrap().unwrap();
    host.ask("state", json!({ "room": "x" })).unwrap();
    assert_eq!(host.end(), Some(0));
}

/// A few great requests are as many as many small ones.
#[cfg(unix)]
#[test]
fn bytes_that_wait_for_a_room_are_bounded_too() {
    let home = tempdir().unwrap();
    let sealed = sealed_by_a_pipe(home.path());
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    let waits = host.request("open", open(sealed));
    let great =
        |room: &str| json!({ "room": room, "text": "x".repeat(2_000_000), "seen": "expected" });
    let taken = [(); 2].map(|()| host.request("send", great("x")));
    let refused = refused(&mut host, "send", great("x"));
    assert_eq!(refused, ("too_many_waiting".to_owned(), -32_002));
    let writing = writes_the_passphrase(home.path());
    assert_eq!(host.answer()["id"], waits);
    for id in taken {
        let answer = host.answer();
        assert_eq!(answer["id"], id);
        // They waited, and nobody is there to be told so much.
        assert_ne!(
            answer["error"]["data"]["code"], "too_many_waiting",
            "{answer}"
        );
    }
    writing.join().unwrap().unwrap();
}
