//! What the program prints: results on standard output, all else on standard error.
//!
//! Every line is escaped here once more: file names, what a relay or the system says, and whatever else comes from outside
//! reaches a terminal this way alone.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use mpotr_formats::Escaped;

use crate::rows::Rows;

/// Why a result did not reach standard output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OutputError {
    /// The reader is gone, as in `mpotr .. | head -1`. This is nobody's fault.
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
    /// Whether a person types at the terminal while lines are printed.
    typed_at: bool,
}

impl Output {
    /// Those of the process.
    #[must_use]
    pub(crate) fn of_process() -> Self {
        Self {
            results: io::stdout(),
            notices: io::stderr(),
            typed_at: false,
        }
    }

    /// From now on a person types while lines are printed: in a terminal they come above what is typed.
    pub(crate) fn expect_typing(&mut self) {
        let obeys = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        self.typed_at = obeys && io::stdin().is_terminal();
    }

    /// Prints a result in one line, for a program to read. It is out when this returns, so that another process can wait
    /// for it.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), OutputError> {
        let mut results = self.results.lock();
        writeln!(results, "{}", Escaped(&line.to_string()))?;
        Ok(results.flush()?)
    }

    /// Prints a result for a person: a line, or in a terminal as many rows as it needs.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn text(&mut self, line: impl Display) -> Result<(), OutputError> {
        let mut results = self.results.lock();
        results.write_all(shown(&line, rows_of(&results), self.typed_at).as_bytes())?;
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
        let mut notices = self.notices.lock();
        let line = format_args!("{prefix}{line}");
        let shown = shown(&line, rows_of(&notices), self.typed_at);
        // There is nowhere left to tell that standard error is closed, and no result depends on it.
        let _unheard = notices.write_all(shown.as_bytes());
    }
}

/// The rows of a terminal; `None` for a file or a pipe.
#[cfg(unix)]
fn rows_of(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<Rows> {
    let columns = || terminal_size::terminal_size_of(stream).map(|(width, _)| width.0);
    stream.is_terminal().then(|| Rows::new(columns()))
}

/// The rows of a terminal; `None` for a file or a pipe.
#[cfg(windows)]
fn rows_of(stream: &(impl IsTerminal + std::os::windows::io::AsHandle)) -> Option<Rows> {
    let columns = || terminal_size::terminal_size_of(stream).map(|(width, _)| width.0);
    stream.is_terminal().then(|| Rows::new(columns()))
}

/// What is written for a line.
fn shown(line: &impl Display, rows: Option<Rows>, typed_at: bool) -> String {
    let line = Escaped(&line.to_string()).to_string();
    let Some(rows) = rows else {
        return line + "\n";
    };
    let rows = rows.of(&line).into_iter();
    rows.map(|row| match typed_at {
        true => above_typed(&row),
        false => row + "\n",
    })
    .collect()
}

/// Puts a row above the one in which a person types, which the terminal echoes: a row that began after half a typed line
/// would be broken by the terminal, in a place of its own.
///
/// Keep the cursor; go down and up again, so that there is a row below; insert an empty row here, which moves what is typed
/// down; fill it; take the cursor back, one row further down.
fn above_typed(row: &str) -> String {
    format!("\x1b7\n\x1b[A\r\x1b[L{row}\x1b8\x1b[B")
}
