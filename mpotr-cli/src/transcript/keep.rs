//! A transcript file while it is written: mode 0600, never in place of another, whole records at any time.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mpotr::Record;
use mpotr_transcript::Writer;

use crate::steps::{Stepped, Tried};

/// Appends to a transcript file.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    file: File,
    /// Bytes of whole records.
    whole: u64,
    /// Whether nothing is in it but its beginning.
    is_empty: bool,
    writer: Writer,
}

impl Keeper {
    /// Makes the file.
    ///
    /// # Errors
    /// It exists, or cannot be made.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = create(path)?;
        let (writer, start) = Writer::start();
        let mut keeper = Self {
            path: path.to_owned(),
            file,
            whole: 0,
            is_empty: true,
            writer,
        };
        keeper.append(start).inspect_err(|_| {
            // Nothing is in it. What cannot be removed stays, and is told of when the name is used again.
            let _stays = std::fs::remove_file(path);
        })?;
        Ok(keeper)
    }

    /// Appends what a room handed out, with one write: a program that dies leaves whole records.
    ///
    /// # Errors
    /// The file cannot be written to. It ends with the last whole record.
    pub(crate) fn keep(&mut self, record: Record) -> anyhow::Result<()> {
        let records = self.writer.record(record);
        self.append(&records)?;
        self.is_empty = false;
        Ok(())
    }

    /// Removes a file in which nothing is kept. Returns whether it was one.
    pub(crate) fn remove_if_empty(&self) -> bool {
        self.is_empty && std::fs::remove_file(&self.path).is_ok()
    }

    /// Ends the transcript and sees to it that the file is on disk; one in which nothing was kept is removed.
    ///
    /// # Errors
    /// The file cannot be written to.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        if self.remove_if_empty() {
            return Ok(());
        }
        let end = std::mem::take(&mut self.writer).end();
        self.append(&end)?;
        let synced = self.file.sync_all().map_err(|error| self.refused(error));
        synced.with_context(|| format!("cannot write to {}", self.path.display()))
    }

    /// Appends all of it, or nothing.
    fn append(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let written = self.file.write_all(bytes);
        if written.is_ok() {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.whole = self.whole.saturating_add(length);
        } else {
            // A disk that is full, or a limit that is met, takes a part: half a record would be a flaw of the transcript.
            let whole = self.whole;
            let cut = self
                .file
                .set_len(whole)
                .map_err(|error| self.refused(error));
            cut.with_context(|| {
                format!(
                    "{} ends in half a record: only its first {whole} bytes are good",
                    self.path.display()
                )
            })?;
        }
        let written = written.map_err(|error| self.refused(error));
        written.with_context(|| format!("cannot write to {}", self.path.display()))
    }

    fn refused(&self, error: io::Error) -> Stepped {
        Stepped::of(Tried::Write(&self.path), error)
    }
}

/// Makes a file that only its owner can read, with all of this in it.
///
/// # Errors
/// It exists, or cannot be made or written whole: then it is not there.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = create(path)?.write_all(bytes);
    written.map_err(|error| {
        // What cannot be removed stays, and is told of when the name is used again.
        let _stays = std::fs::remove_file(path);
        let error = Stepped::of(Tried::Write(path), error);
        anyhow::Error::new(error).context(format!("cannot write to {}", path.display()))
    })
}

/// Makes a file that only its owner can read, and that does not exist yet.
///
/// # Errors
/// It exists, or cannot be made.
fn create(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    close_to_others(&mut options);
    options.open(path).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            anyhow::anyhow!(
                "{} exists already and is not overwritten: name another file",
                path.display()
            )
        } else {
            let error = Stepped::of(Tried::Write(path), error);
            anyhow::Error::new(error).context(format!("cannot make {}", path.display()))
        }
    })
}

#[cfg(unix)]
fn close_to_others(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

/// Other systems have no mode: their access control lists are the user's own affair.
#[cfg(not(unix))]
fn close_to_others(_options: &mut OpenOptions) {}
