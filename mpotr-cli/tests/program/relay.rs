//! `mpotr relay`, and a relay for the other tests.

use std::path::Path;

use tempfile::tempdir;

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
        error.contains(&format!("cannot listen on {}", relay.address)),
        "{error}"
    );
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
