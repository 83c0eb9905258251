//! When the program is asked to stop.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a shell adds to the number of a signal that ended a program.
const BY_SIGNAL: u8 = 128;

/// The program was asked to stop before it had done what it was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped before it was done")]
pub(crate) struct Stopped {
    /// The number of the signal.
    pub(crate) signal: u8,
}

impl Stopped {
    /// By ctrl-c at a terminal, which is SIGINT.
    pub(crate) const INTERRUPTED: Self = Self { signal: 2 };

    /// The exit code, as a shell reports the signal.
    pub(crate) fn exit_code(self) -> u8 {
        BY_SIGNAL.saturating_add(self.signal)
    }
}

/// The signals that ask a program to stop: SIGINT (ctrl-c at a terminal), SIGQUIT (ctrl-\), SIGTERM, and SIGHUP, which comes
/// when the terminal is closed.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Stop {
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    /// `None` if the program was started with it ignored, as `nohup` does.
    hang_up: Option<Signal>,
}

#[cfg(unix)]
impl Stop {
    /// Takes the signals from now on, in place of what they do otherwise.
    ///
    /// # Errors
    /// The system does not let the program take them.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: match ignores_hang_up() {
                true => None,
                false => Some(signal(SignalKind::hangup())?),
            },
        })
    }

    /// Waits for the next one. Can be dropped at any time and called again.
    pub(crate) async fn asked(&mut self) -> Stopped {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => core::future::pending().await,
            }
        };
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.quit.recv() => SignalKind::quit(),
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = hang_up => SignalKind::hangup(),
        };
        let signal = u8::try_from(kind.as_raw_value()).unwrap_or(Stopped::INTERRUPTED.signal);
        Stopped { signal }
    }
}

/// Whether SIGHUP was ignored when the program began. To take it would undo that.
#[cfg(target_os = "linux")]
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is signal 1, the lowest bit.
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// Only Linux says so without unsafe code.
#[cfg(all(unix, not(target_os = "linux")))]
fn ignores_hang_up() -> bool {
    false
}

/// Ctrl-c at a terminal, which asks a program to stop.
#[cfg(windows)]
#[derive(Debug)]
pub(crate) struct Stop(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Stop {
    /// Takes ctrl-c from now on, in place of what it does otherwise.
    ///
    /// # Errors
    /// The system does not let the program take it.
    pub(crate) fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// Waits for the next one. Can be dropped at any time and called again.
    pub(crate) async fn asked(&mut self) -> Stopped {
        self.0.recv().await;
        Stopped::INTERRUPTED
    }
}
