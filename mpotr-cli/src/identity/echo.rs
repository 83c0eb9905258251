//! The terminal while a passphrase is asked for: what is typed is not shown, and afterwards it is again, whatever ends the
//! program.

use tokio::task::spawn_blocking;

use crate::stop::Stop;

/// Does what may ask a person for a passphrase, in a thread of its own, until it is done or the program is asked to
/// stop. The thread is not waited for then: it may be in a read that never ends.
///
/// # Errors
/// That of the work, or [`Stopped`](crate::stop::Stopped).
pub(crate) async fn unless_stopped<T: Send + 'static>(
    stop: &mut Stop,
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    // Dropped on the way out, after the thread has changed the terminal or while it has.
    let _kept = Terminal::keep();
    tokio::select! {
        biased;
        stopped = stop.asked() => Err(stopped.into()),
        done = spawn_blocking(work) => done?,
    }
}

/// How the terminal treats what is typed, to be restored.
#[cfg(unix)]
struct Terminal(Option<(std::fs::File, rustix::termios::Termios)>);

#[cfg(unix)]
impl Terminal {
    /// Remembers how the terminal is now. Without a terminal there is nothing to remember.
    fn keep() -> Self {
        let terminal = std::fs::File::open("/dev/tty").ok();
        Self(terminal.and_then(|terminal| {
            let modes = rustix::termios::tcgetattr(&terminal).ok()?;
            Some((terminal, modes))
        }))
    }
}

#[cfg(unix)]
impl Drop for Terminal {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};

        if let Some((terminal, modes)) = &self.0 {
            // A terminal that is gone needs nothing.
            let _gone = tcsetattr(terminal, OptionalActions::Now, modes);
        }
    }
}

/// Elsewhere the prompt itself restores the console.
#[cfg(not(unix))]
struct Terminal;

#[cfg(not(unix))]
impl Terminal {
    fn keep() -> Self {
        Self
    }
}
