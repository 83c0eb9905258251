//! A signal ends the program whatever it waits for: a reader of its output, a file, a relay that says nothing.

use std::fs::File;
use std::io::{PipeWriter, Read as _, Write as _, pipe};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::io::{ioctl_fionbio, ioctl_fionread};
use tempfile::tempdir;

use crate::chat::Town;
use crate::program::{Heard, Running, mpotr, poll};
use crate::talk::{arguments, in_tea, kill};

/// What a pipe holds at least before a writer waits, on the systems that these tests run on.
const FULL: u64 = 60_000;

/// A program whose standard output is a pipe of the test's. Ended when dropped.
struct Unread {
    child: Child,
    err: Heard,
}

impl Unread {
    fn start(mut command: Command, output: PipeWriter) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let err = Heard::listen(child.stderr.take().unwrap());
        Self { child, err }
    }

    /// Waits for the end and returns the exit code.
    #[track_caller]
    fn finish(&mut self) -> Option<i32> {
        poll(|| self.child.try_wait().unwrap())
            .unwrap_or_else(|| panic!("still running; it said {:?}", self.err.text()))
            .code()
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn one_signal_ends_a_chat_whose_output_nobody_reads() {
    let town = Town::new();
    let (reader, output) = pipe().unwrap();
    let mut command = mpotr(town.home.path());
    command.args(arguments(&town.relay.address, "alice", &["--members", "2"]));
    let mut alice = Unread::start(command, output);
    let mut bob = town.chat("bob", &["--open", "--members", "2"]);
    alice.err.wait_for("the room is secure");
    // More than the pipe and the program hold, and no more texts than may be on their way.
    for number in 0..12 {
        bob.type_in(&format!("{number} {}\n", "x".repeat(50_000)));
    }
    poll(|| (ioctl_fionread(&reader).unwrap() >= FULL).then_some(())).unwrap();
    kill("-TERM", alice.child.id());
    assert_eq!(alice.finish(), Some(1));
    // It left in order, and says what became of the rest.
    bob.hears_err("has left");
    alice
        .err
        .wait_for("mpotr: error: nobody reads standard output: ");
    drop(reader);
}

#[test]
fn three_signals_end_a_program_that_waits_in_whatever_way() {
    let home = tempdir().unwrap();
    let (reader, mut output) = pipe().unwrap();
    // No byte more has a place in it.
    ioctl_fionbio(&output, true).unwrap();
    while output.write(&[b'x'; 1024]).is_ok() {}
    while output.write(b"x").is_ok() {}
    ioctl_fionbio(&output, false).unwrap();
    let listens = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listens.local_addr().unwrap().to_string();
    drop(listens);
    let mut command = mpotr(home.path());
    command.args(["relay", "--listen", &address]);
    let mut relay = Unread::start(command, output);
    // It takes signals before it listens.
    poll(|| std::net::TcpStream::connect(&address).ok()).unwrap();
    for signal in ["-TERM", "-INT", "-TERM"] {
        kill(signal, relay.child.id());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(relay.finish(), Some(143));
    drop(reader);
}

fn fifo(home: &Path, name: &str) -> String {
    let path = home.join(name).to_str().unwrap().to_owned();
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    path
}

#[test]
fn a_signal_ends_the_wait_for_a_file() {
    let home = tempdir().unwrap();
    let file = fifo(home.path(), "bob.pub");
    for options in [&["--with", &file][..], &["--open", "--admit", &file]] {
        let chat = [
            "chat",
            "--relay",
            "127.0.0.1:1",
            "--room",
            "tea",
            "--nick",
            "alice",
        ];
        let alice = Running::start(home.path(), &[&chat, options].concat());
        // Open when the program has opened it, too.
        let writer = File::options().write(true).open(&file).unwrap();
        kill("-TERM", alice.id());
        let finished = alice.finish();
        assert_eq!(finished.code, Some(143), "{finished:?}");
        drop(writer);
    }
}

#[test]
fn a_person_who_names_a_pipe_as_a_file_is_told_and_the_talk_goes_on() {
    let town = Town::new();
    let file = fifo(town.home.path(), "bob.pub");
    let mut alice = town.chat("alice", &["--ask", "--commands"]);
    alice.hears_err("nobody comes in before you say so");
    alice.type_in(&format!(
        "/admit {file}\n/kick {file}\n/policy admit {file}\n"
    ));
    poll(|| (alice.hears_err("").matches("is no regular file").count() == 3).then_some(()))
        .unwrap();
    alice.end_input();
    // None of them was done.
    assert_eq!(alice.finish().code, Some(3));
}

#[test]
fn a_signal_ends_the_wait_for_a_relay_that_says_nothing() {
    let home = tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let alice = Running::start(home.path(), &arguments(&address, "alice", &[]));
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0; 1]).unwrap();
    kill("-INT", alice.id());
    let finished = alice.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.err.contains("stopped before the room was secure"),
        "{finished:?}"
    );
}

/// A text that is held leaves when its author has seen who would read it: what `/release` is for is not who came in while nobody
/// could look, and stays held.
#[test]
fn what_is_released_while_nobody_reads_the_output_is_not_for_who_comes_in_meanwhile() {
    let town = Town::new();
    let [bob, carol] = ["bob", "carol"].map(|name| town.person(name));
    let (mut reader, output) = pipe().unwrap();
    let mut command = mpotr(town.home.path());
    let asks = ["--ask", "--commands"];
    command.args(in_tea(&town.relay.address, "alice", &asks));
    let mut alice = Unread::start(command, output);
    let say = |alice: &mut Unread, text: &str| {
        let input = alice.child.stdin.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
    };
    say(
        &mut alice,
        &format!("for whom?\n/admit {}\n", bob.fingerprint),
    );
    let open = ["--open"];
    let mut bob = town.enters(&bob, &open);
    alice
        .err
        .wait_for("came in who would read it: 1: for whom?");
    // More than the pipe holds, and less than the program does.
    for number in 0..3 {
        bob.type_in(&format!("{number} {}\n", "x".repeat(50_000)));
    }
    poll(|| (ioctl_fionread(&reader).unwrap() >= FULL).then_some(())).unwrap();
    say(&mut alice, &format!("/admit {}\n", carol.fingerprint));
    let carol = town.enters(&carol, &open);
    for member in [&bob, &carol] {
        member.hears_err("the room is secure: 3 members");
    }
    say(&mut alice, "/release\n");
    // It has read that.
    let input = alice.child.stdin.as_ref().unwrap();
    poll(|| (ioctl_fionread(input).unwrap() == 0).then_some(())).unwrap();
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    alice
        .err
        .wait_for("came in meanwhile, too; look, and say it again");
    alice.err.wait_for("the room is secure: 3 members");
    say(&mut alice, "/release 1\n");
    for member in [&bob, &carol] {
        member.hears_out("alice: for whom?\n");
    }
    drop(alice.child.stdin.take());
    // The first command was not done.
    assert_eq!(alice.finish(), Some(3));
}
