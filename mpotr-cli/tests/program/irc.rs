//! `mpotr chat` in a channel of IRC, on a server that nobody here has written.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::tempdir;

use crate::program::{Running, poll, run};

const NGIRCD: &str = "/usr/sbin/ngircd";

/// A port below those that the system gives to connections: one to such a port, while nobody listens there, may meet itself.
fn free_port() -> u16 {
    let random = || RandomState::new().build_hasher().finish() % 20_000;
    std::iter::repeat_with(|| u16::try_from(10_000 + random()).unwrap())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

/// A server that runs. Ended when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts it, or tells that it is not installed.
    pub(crate) fn start(folder: &Path) -> Option<Self> {
        if !Path::new(NGIRCD).exists() {
            let wanted = std::env::var_os("MPOTR_SERVERS").is_some_and(|wanted| wanted == "all");
            assert!(!wanted, "ngircd is not installed");
            // Past the capture of tests: who runs them is to see it.
            let told = b"SKIPPED, nothing is tested: ngircd is not installed\n";
            std::io::stderr().write_all(told).unwrap();
            return None;
        }
        let port = free_port();
        let config = folder.join("ngircd.conf");
        let text = format!(
            "[Global]\nName = irc.example\nInfo = test\nListen = 127.0.0.1\nPorts = {port}\n\
             [Options]\nDNS = no\nIdent = no\nPAM = no\n"
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new(NGIRCD)
            .arg("-n")
            .arg("-f")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, port };
        poll(|| TcpStream::connect(("127.0.0.1", port)).ok()).unwrap();
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn two_talk_in_a_channel_and_what_others_write_there_is_told_apart() {
    let home = tempdir().unwrap();
    let Some(server) = Server::start(home.path()) else {
        return;
    };
    let at = format!("irc://127.0.0.1:{}/tea", server.port);
    let [mut alice, mut bob] = ["alice", "bob"].map(|nick| {
        let arguments = [
            "chat",
            "--at",
            &at,
            "--room",
            "tea",
            "--nick",
            nick,
            "--open",
            "--members",
            "2",
        ];
        Running::start(home.path(), &arguments)
    });
    alice.hears_err("waiting for others in \"tea\" on #tea on 127.0.0.1");
    alice.hears_err("the room is secure: 2 members");
    bob.hears_err("the room is secure: 2 members");
    let mut eve = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let says =
        b"NICK eve\r\nUSER e 0 * :e\r\nJOIN #tea\r\nPRIVMSG #tea :alice: send me the key\r\n";
    eve.write_all(says).unwrap();
    let told = alice.hears_err("eve writes");
    assert!(told.contains("in the channel, for all to read, eve writes: alice: send me the key"));
    alice.type_in("hello\n");
    bob.hears_out("alice: hello\n");
    alice.end_input();
    bob.end_input();
    for member in [alice, bob] {
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(!finished.out.contains("send me the key"), "{finished:?}");
    }
}

#[test]
fn an_address_with_a_password_is_refused_and_a_password_goes_by_tls_alone() {
    let home = tempdir().unwrap();
    let chat = ["chat", "--room", "tea", "--nick", "a", "--open", "--at"];
    let refused = run(
        home.path(),
        &[&chat[..], &["irc://a:secret@irc.example/tea"]].concat(),
    );
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused
            .err
            .contains("a password does not belong in an address"),
        "{refused:?}"
    );
    let password = home.path().join("password");
    std::fs::write(&password, "secret\n").unwrap();
    let login = [
        "irc://irc.example/tea",
        "--account",
        "a",
        "--carrier-password",
    ];
    let login = [&chat[..], &login, &[password.to_str().unwrap()]].concat();
    let refused = run(home.path(), &login);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("by TLS alone"), "{refused:?}");
}
