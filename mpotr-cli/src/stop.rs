//! When somebody asks the program to stop.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask a program to stop: SIGINT (ctrl-c at a terminal) and SIGTERM.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
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
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one. Can be dropped at any time and called again.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
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
    pub(crate) async fn asked(&mut self) {
        self.0.recv().await;
    }
}
