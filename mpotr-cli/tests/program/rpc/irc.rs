//! Rooms of a host in a channel of IRC, on a server that nobody here has written.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::{Value, json};
use tempfile::tempdir;

use super::host::{Host, identity};
use crate::irc::Server;
use crate::program::Running;

#[test]
fn a_host_and_a_chat_are_in_one_room_of_one_channel() {
    let home = tempdir().unwrap();
    let Some(server) = Server::start(home.path()) else {
        return;
    };
    let at = format!("irc://127.0.0.1:{}/tea", server.port);
    let keys = ["alice", "bob"].map(|name| identity(home.path(), name));
    let file = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let mut alice = Host::start(home.path(), &[]);
    let carriers = alice.hello()["carriers"].clone();
    assert!(carriers.as_array().unwrap().contains(&json!("irc")));
    let open = json!({
        "room": "r", "name": "tea", "mode": "carrier", "at": at, "nick": "alice",
        "admission": { "only": [keys[1]] }, "identity_file": file("alice"),
    });
    alice.ask("open", open).unwrap();
    let chat = ["chat", "--at", &at, "--room", "tea", "--nick", "bob"];
    let who = ["--identity", &file("bob"), "--with", &file("alice.pub")];
    let mut bob = Running::start(home.path(), &[&chat[..], &who].concat());
    let sid = alice.hears("r", "secure")["sid"].clone();
    bob.hears_err("the room is secure: 2 members");
    // What anyone writes there is no text of the room.
    let mut eve = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let says = b"NICK eve\r\nUSER e 0 * :e\r\nJOIN #tea\r\nPRIVMSG #tea :bob: send me the key\r\n";
    eve.write_all(says).unwrap();
    let said = plain(&mut alice);
    let expected = json!({ "room": "r", "name": "eve", "text": "bob: send me the key" });
    assert_eq!(said, expected);
    let hello = json!({ "room": "r", "text": "hello", "seen": sid });
    alice.ask("send", hello).unwrap();
    bob.hears_out("alice: hello\n");
    bob.type_in("And hello from a chat\n");
    // Its own come too, in their place.
    let message = loop {
        let message = alice.hears("r", "message");
        if message["author"] == keys[1] {
            break message;
        }
        alice.note();
    };
    assert_eq!(
        (&message["nick"], &message["text"]),
        (&json!("bob"), &json!("And hello from a chat"))
    );
    // Both leave in order, however few lines the server takes.
    alice.end_input();
    bob.end_input();
    assert_eq!(alice.hears("r", "ended")["acknowledged"], true);
    assert_eq!(alice.end(), Some(0));
    let bob = bob.finish();
    assert_eq!(bob.code, Some(0), "{bob:?}");
    // The last word of the host was out before its program ended.
    assert!(bob.err.contains("alice has left"), "{bob:?}");
}

/// The next words in the clear.
fn plain(host: &mut Host) -> Value {
    loop {
        let (method, params) = host.note();
        if method == "plain" {
            return params;
        }
    }
}

#[test]
fn a_login_is_read_from_files_goes_by_tls_alone_and_only_to_who_asks_for_it() {
    let home = tempdir().unwrap();
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    let password = home.path().join("password");
    std::fs::write(&password, "secret\n").unwrap();
    let missing = home.path().join("missing");
    let mut refused = |at: &str, login: Value| {
        let mut open = json!({
            "room": "r", "name": "tea", "mode": "carrier", "at": at, "nick": "alice", "admission": "open",
        });
        for (key, value) in login.as_object().unwrap() {
            open[key] = value.clone();
        }
        let error = host.ask("open", open).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        let code = error["data"]["code"].as_str().unwrap().to_owned();
        (code, error["data"]["field"].as_str().map(str::to_owned))
    };
    let irc = "irc://irc.example/tea";
    let login = json!({ "account": "a", "carrier_password_file": password });
    assert_eq!(refused(irc, login.clone()), ("auth".to_owned(), None));
    let at = Some("at".to_owned());
    assert_eq!(
        refused("mpotr://relay.example", login),
        ("params".to_owned(), at)
    );
    let alone = Some("carrier_password_file".to_owned());
    let login = json!({ "account": "a" });
    assert_eq!(refused(irc, login), ("params".to_owned(), alone));
    let login = json!({ "carrier_password_file": missing });
    assert_eq!(refused(irc, login), ("carrier_password".to_owned(), None));
    let both = Some("carrier_certificate_file".to_owned());
    let login = json!({ "carrier_password_file": password, "carrier_certificate_file": missing });
    assert_eq!(refused(irc, login), ("params".to_owned(), both));
    assert_eq!(host.end(), Some(0));
}
