//! Where passphrases come from: a person at the terminal, or a file.

use std::fs::File;
use std::io::{ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

use mpotr::crypto::zeroize::Zeroizing;
use mpotr_formats::Escaped;

use crate::stop::Stopped;

use super::store::refuse_open_to_others;
use super::store_error::StoreError;
use crate::steps::{Stepped, Tried};

/// The most bytes of a passphrase file.
const MAX_PASSPHRASE: usize = 1024;

/// What some editors begin every file with.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PromptError {
    /// The passphrase file is open to others.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The passphrase file could not be read.
    #[error("cannot read the passphrase file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's own error.
        source: Stepped,
    },
    /// The passphrase file holds something else than one line of text.
    #[error("the passphrase file {} must hold one line of UTF-8 text of at most {MAX_PASSPHRASE} bytes", path.display())]
    NotOneLine {
        /// The file.
        path: PathBuf,
    },
    /// Nobody can be asked.
    #[error(
        "cannot ask for the passphrase; without a terminal, name a file with --passphrase-file"
    )]
    NoTerminal(#[source] std::io::Error),
    /// The person did not want to be asked.
    #[error("no passphrase was given")]
    Stopped(#[source] Stopped),
    /// The input ended, as by ctrl-d at a terminal.
    #[error("no passphrase was given")]
    NotGiven,
    /// The second entry of a new passphrase was another one.
    #[error("the two passphrases are not the same")]
    Mismatch,
}

/// Asks for the passphrase of a file.
///
/// # Errors
/// [`PromptError::NoTerminal`], [`PromptError::Stopped`], [`PromptError::NotGiven`].
pub(crate) fn ask(path: &Path) -> Result<Zeroizing<String>, PromptError> {
    ask_with(&format!("Passphrase of {}: ", path.display()))
}

/// Asks for a new passphrase, twice.
///
/// # Errors
/// [`PromptError::NoTerminal`], [`PromptError::Stopped`], [`PromptError::NotGiven`], [`PromptError::Mismatch`].
pub(crate) fn ask_new() -> Result<Zeroizing<String>, PromptError> {
    let first = ask_with("New passphrase: ")?;
    let second = ask_with("The same again: ")?;
    if first != second {
        return Err(PromptError::Mismatch);
    }
    // What makes guessing slow takes its time here, too. Nothing can be done if nobody reads this.
    let _unread = writeln!(
        std::io::stderr(),
        "* making the key of the passphrase; this takes some seconds"
    );
    Ok(first)
}

fn ask_with(question: &str) -> Result<Zeroizing<String>, PromptError> {
    // A file may be called as a terminal would obey.
    rpassword::prompt_password(Escaped(question).to_string())
        .map(Zeroizing::new)
        .map_err(|error| {
            if error.kind() == ErrorKind::Interrupted {
                PromptError::Stopped(Stopped::INTERRUPTED)
            } else if error.kind() == ErrorKind::UnexpectedEof {
                PromptError::NotGiven
            } else {
                PromptError::NoTerminal(error)
            }
        })
}

/// The one line of a passphrase file. The line feed at its end, and a byte order mark before it, are
/// no part of it.
///
/// # Errors
/// Every variant of [`PromptError`] but `NoTerminal`, `Stopped`, `NotGiven` and `Mismatch`.
pub(crate) fn from_file(path: &Path) -> Result<Zeroizing<String>, PromptError> {
    let unreadable = |error| PromptError::File {
        path: path.to_owned(),
        source: Stepped::of(Tried::Read(path), error),
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    // A pipe, as shells make for `<(command)`, is read by this process alone.
    if metadata.is_file() {
        refuse_open_to_others(path, &metadata)?;
    }
    let limit = MAX_PASSPHRASE.saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    one_line(&bytes).ok_or_else(|| PromptError::NotOneLine {
        path: path.to_owned(),
    })
}

fn one_line(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = core::str::from_utf8(bytes)
        .ok()
        .filter(|text| text.len() <= MAX_PASSPHRASE)?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    (!line.contains(['\n', '\r'])).then(|| Zeroizing::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{MAX_PASSPHRASE, one_line};

    fn line(bytes: &[u8]) -> Option<String> {
        one_line(bytes).map(|line| line.to_string())
    }

    #[test]
    fn the_line_end_is_no_part_of_the_passphrase_but_spaces_are() {
        for file in [
            &b" correct horse "[..],
            b" correct horse \n",
            b" correct horse \r\n",
        ] {
            assert_eq!(line(file).as_deref(), Some(" correct horse "));
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_passphrase() {
        assert_eq!(line(b"\xef\xbb\xbfcaf\xc3\xa9\n").as_deref(), Some("café"));
    }

    #[test]
    fn more_than_a_line_of_text_is_refused() {
        assert_eq!(line(b"one\ntwo\n"), None);
        assert_eq!(line(b"one\n\n"), None);
        assert_eq!(line(b"\xff\n"), None);
        assert_eq!(line(&[b'a'; MAX_PASSPHRASE + 1]), None);
    }
}
