//! When the program is asked to stop.
//!
//! A thread of its own takes the signals and passes them on. What the program does with the first two is its own affair;
//! from the third on nobody waits for it, whatever it is in: a write that nobody reads, a file that never ends.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::typed;

/// So many signals end the program, unless it ends by itself.
const INSISTED: usize = 3;

/// How long the program may take from the last of them on to end in its own words.
const LAST_WORDS: Duration = Duration::from_secs(2);

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

/// Signals that ask the program to stop.
#[derive(Debug)]
pub(crate) struct Stop(mpsc::UnboundedReceiver<Stopped>);

impl Stop {
    /// Takes the signals from now on, in place of what they do otherwise.
    ///
    /// # Errors
    /// The system does not let the program take them, or gives no thread.
    pub(crate) fn listen() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let signals = Signals::take()?;
        drop(entered);
        let (sender, receiver) = mpsc::unbounded_channel();
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(pass_on(signals, &sender)))?;
        Ok(Self(receiver))
    }

    /// One that is asked by who has the other end.
    pub(crate) fn passed_on() -> (mpsc::UnboundedSender<Stopped>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self(receiver))
    }

    /// Waits for the next one. Can be dropped at any time and called again.
    pub(crate) async fn asked(&mut self) -> Stopped {
        match self.0.recv().await {
            Some(stopped) => stopped,
            // The thread lives as long as the program.
            None => core::future::pending().await,
        }
    }
}

/// Passes signals on, and ends the program at the last.
#[expect(
    clippy::exit,
    reason = "the program was asked often enough, and its own way out is blocked"
)]
async fn pass_on(mut signals: Signals, sender: &mpsc::UnboundedSender<Stopped>) {
    let mut stopped = Stopped::INTERRUPTED;
    for _ in 0..INSISTED {
        stopped = signals.next().await;
        // A program that no longer asks is on its way out.
        let _unasked = sender.send(stopped);
    }
    sleep(LAST_WORDS).await;
    typed::give_back_at_once();
    std::process::exit(stopped.exit_code().into());
}

/// The signals that ask a program to stop: SIGINT (ctrl-c at a terminal), SIGQUIT (ctrl-\), SIGTERM, and SIGHUP, which comes
/// when the terminal is closed.
#[cfg(unix)]
#[derive(Debug)]
struct Signals {
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    /// `None` if the program was started with it ignored, as `nohup` does.
    hang_up: Option<Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Takes the signals from now on, in place of what they do otherwise.
    ///
    /// # Errors
    /// The system does not let the program take them.
    fn take() -> io::Result<Self> {
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

    /// Waits for the next one.
    async fn next(&mut self) -> Stopped {
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
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    /// Takes ctrl-c from now on, in place of what it does otherwise.
    ///
    /// # Errors
    /// The system does not let the program take it.
    fn take() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// Waits for the next one.
    async fn next(&mut self) -> Stopped {
        self.0.recv().await;
        Stopped::INTERRUPTED
    }
}
