//! Members of a room for the other tests.

use std::path::Path;
use std::process::Command;

use crate::program::{Running, poll};

/// The arguments of a member in the room `tea`, which says in `more` whom it lets in.
pub(crate) fn in_tea<'a>(relay: &'a str, nick: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let arguments = ["chat", "--relay", relay, "--room", "tea", "--nick", nick];
    [&arguments, more].concat()
}

/// The arguments of one that lets anyone in.
pub(crate) fn arguments<'a>(relay: &'a str, nick: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    in_tea(relay, nick, &[&["--open"], more].concat())
}

/// A member whose standard input and output are pipes.
pub(crate) fn enter(home: &Path, relay: &str, nick: &str, more: &[&str]) -> Running {
    Running::start(home, &arguments(relay, nick, more))
}

/// Sends a signal to a process.
pub(crate) fn kill(signal: &str, id: u32) {
    let mut kill = Command::new("kill");
    let status = kill.args([signal, &id.to_string()]).status().unwrap();
    assert!(status.success());
}

/// Waits until a program is stopped: what lets it go on before that has no effect, and it stops for good.
#[cfg(unix)]
pub(crate) fn is_stopped(id: u32) {
    let mut ps = Command::new("ps");
    ps.args(["-o", "stat=", "-p", &id.to_string()]);
    let stopped = poll(|| ps.output().unwrap().stdout.starts_with(b"T").then_some(()));
    assert!(stopped.is_some(), "{id} is not stopped");
}
