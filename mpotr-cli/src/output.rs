//! What the program prints: results on standard output, all else on standard error.

use std::fmt::Display;
use std::io::{self, Write};

/// Why a result did not reach standard output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OutputError {
    /// Whoever read it is gone, as `mpotr .. | head -1` does. No fault of anybody.
    #[error("standard output is closed")]
    Closed,
    /// The system's own error, a full disk for example.
    #[error("cannot write to standard output")]
    Io(#[source] io::Error),
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Io(error)
        }
    }
}

/// Standard output and standard error, by lines.
#[derive(Debug)]
pub(crate) struct Output {
    results: io::Stdout,
    notices: io::Stderr,
}

impl Output {
    /// Those of the process.
    #[must_use]
    pub(crate) fn of_process() -> Self {
        Self {
            results: io::stdout(),
            notices: io::stderr(),
        }
    }

    /// Prints a result. It is out when this returns, so that another process can wait for it.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), OutputError> {
        let mut results = self.results.lock();
        writeln!(results, "{line}")?;
        Ok(results.flush()?)
    }

    /// Tells a person what goes on: `* ` and a line on standard error.
    pub(crate) fn notice(&mut self, line: impl Display) {
        self.say("* ", line);
    }

    /// Tells a person what went wrong: one line on standard error.
    pub(crate) fn error(&mut self, line: impl Display) {
        self.say("mpotr: error: ", line);
    }

    fn say(&mut self, prefix: &str, line: impl Display) {
        // There is nowhere left to tell that standard error is closed, and no result depends on it.
        let _unheard = writeln!(self.notices.lock(), "{prefix}{line}");
    }
}
