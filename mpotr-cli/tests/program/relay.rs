//! `mpotr relay`, and a relay for the other tests.

use std::path::Path;

use tempfile::tempdir;

#[cfg(feature = "websocket")]
use crate::program::run;
use crate::program::{Running, fail};

/// A relay on a port of its own.
pub(crate) struct Relay {
    running: Running,
    pub(crate) address: String,
}

impl Relay {
    pub(crate) fn start(home: &Path) -> Self {
        Self::start_on(home, "127.0.0.1:0")
    }

    /// One that listens on a given address.
    pub(crate) fn start_on(home: &Path, address: &str) -> Self {
        let running = Running::start(home, &["relay", "--listen", address]);
        let said = running.hears_out("\n");
        let address = said
            .strip_prefix("listening on ")
            .unwrap()
            .trim()
            .to_owned();
        Self { running, address }
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_that_names_it() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let error = fail(home.path(), &["relay", "--listen", &relay.address]);
    assert!(
        error.contains(&format!("cannot listen on {}", relay.address))
            && error.contains("--listen names another port"),
        "{error}"
    );
    assert!(error.contains("another program has that port"), "{error}");
}

/// A relay over TLS, and its address.
#[cfg(feature = "websocket")]
fn over_tls(home: &Path, listen: &str) -> (Running, String) {
    let file = home.join("relay.pem");
    let options = ["--listen", listen, "--tls", file.to_str().unwrap()];
    let running = Running::start(home, &[&["relay"], &options[..]].concat());
    let said = running.hears_out("#sha256=");
    let secure = said
        .lines()
        .find_map(|line| line.strip_prefix("over TLS: "));
    (running, secure.unwrap_or_default().to_owned())
}

/// Members who speak to the relay in different ways are in one room, and know its key again when it has been away.
#[cfg(feature = "websocket")]
#[test]
fn members_reach_a_relay_over_tls_and_websocket_and_know_its_key() {
    let home = tempdir().unwrap();
    let (relay, secure) = over_tls(home.path(), "127.0.0.1:0");
    let (_, place) = secure.split_once("://").unwrap();
    let (host, key) = place.split_once('#').unwrap();
    let chat = |nick: &str, at: &str| {
        let arguments = [
            "chat", "--at", at, "--room", "tea", "--nick", nick, "--open",
        ];
        Running::start(home.path(), &[&arguments[..], &["--members", "3"]].concat())
    };
    let web = format!("wss://{host}/#{key}");
    let mut alice = chat("alice", &secure);
    let (bob, carol) = (chat("bob", &web), chat("carol", &format!("ws://{host}/")));
    for member in [&alice, &bob, &carol] {
        member.hears_err("3 members");
    }
    alice.type_in("hello\n");
    for member in [&bob, &carol] {
        member.hears_out("hello");
    }
    drop(relay);
    // The certificate is kept.
    let (_relay, again) = over_tls(home.path(), host);
    assert_eq!(again, secure);
}

/// A relay of another key than its address names is not spoken to, and the person is told what that means.
#[cfg(feature = "websocket")]
#[test]
fn a_relay_that_has_another_key_is_told_with_what_to_do() {
    let home = tempdir().unwrap();
    let (_relay, secure) = over_tls(home.path(), "127.0.0.1:0");
    let (_, place) = secure.split_once("://").unwrap();
    let (host, _) = place.split_once('#').unwrap();
    let stranger = format!("mpotrs://{host}#sha256={}", "07".repeat(32));
    let refused = run(
        home.path(),
        &[
            "chat", "--at", &stranger, "--room", "tea", "--nick", "eve", "--open",
        ],
    );
    assert_eq!(refused.code, Some(1));
    let error = refused.err;
    assert!(
        error.contains("another key than its address says"),
        "{error}"
    );
    assert!(
        error.contains(&format!("`mpotr doctor --at {stranger}` looks")),
        "{error}"
    );
    let looked = run(home.path(), &["doctor", "--at", &stranger]);
    assert_eq!(looked.code, Some(1), "{looked:?}");
    for told in ["another key than its address says", "#sha256=", "stranger"] {
        assert!(looked.out.contains(told), "{looked:?}");
    }
    assert!(!looked.out.contains("is it running"), "{looked:?}");
    // What a person can do is said, and not what a library calls it.
    let chat = ["--room", "tea", "--nick", "eve", "--open"];
    let unpinned = ["chat", "--at", &format!("mpotrs://{host}")];
    let refused = run(home.path(), &[&unpinned[..], &chat].concat());
    assert!(refused.err.contains("#sha256="), "{refused:?}");
    let plain = Relay::start(home.path());
    let pinned = format!("mpotrs://{}#sha256={}", plain.address, "07".repeat(32));
    let refused = run(
        home.path(),
        &[&["chat", "--at", &pinned][..], &chat].concat(),
    );
    assert!(refused.err.contains("does not speak TLS"), "{refused:?}");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_relay_with_exit_code_0() {
    for signal in ["-INT", "-TERM"] {
        let home = tempdir().unwrap();
        let relay = Relay::start(home.path());
        let kill = std::process::Command::new("kill")
            .args([signal, &relay.running.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
        let finished = relay.running.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(finished.err, "");
    }
}

/// What a person is told of the page, and what it is asked for by a browser.
#[cfg(feature = "websocket")]
#[test]
fn a_relay_serves_the_page_of_a_folder() {
    use std::io::{Read as _, Write as _};

    let home = tempdir().unwrap();
    let page = home.path().join("page");
    let folder = page.to_str().unwrap();
    let options = ["relay", "--listen", "127.0.0.1:0", "--web", folder];
    let error = fail(home.path(), &options);
    assert!(error.contains("cannot serve "), "{error}");
    assert!(error.contains("cannot read "), "{error}");
    assert!(error.contains("`ls "), "{error}");
    std::fs::create_dir(&page).unwrap();
    let error = fail(home.path(), &options);
    assert!(error.contains("there is no index.html in it"), "{error}");
    std::fs::write(page.join("index.html"), "<p>hello").unwrap();
    let relay = Running::start(
        home.path(),
        &[&options[..], &["--origin", "https://chat.example"]].concat(),
    );
    let said = relay.hears_out("\n");
    let said = said.lines().next().unwrap();
    let address = said.strip_prefix("listening on ").unwrap();
    relay.hears_out(&format!("for browsers: http://{address}\n"));
    for host in [address, "chat.example"] {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("<p>hello"), "{answer}");
    }
}

#[cfg(feature = "websocket")]
#[test]
fn what_is_no_origin_of_a_page_is_a_usage_error() {
    let home = tempdir().unwrap();
    for origin in [
        "chat.example",
        "https://chat.example/path",
        "ws://chat.example",
        "null",
    ] {
        let finished = run(home.path(), &["relay", "--origin", origin]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.err.contains("an origin is like"), "{finished:?}");
    }
}
