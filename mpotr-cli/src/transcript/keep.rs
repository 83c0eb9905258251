//! A transcript file while it is written: mode 0600, never in place of another, whole records at any time.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mpotr::Record;
use mpotr_transcript::Writer;

/// Appends to a transcript file.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    file: File,
    writer: Writer,
}

impl Keeper {
    /// Makes the file.
    ///
    /// # Errors
    /// It exists, or cannot be made.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let mut file = create(path)?;
        let (writer, start) = Writer::start();
        file.write_all(start)
            .with_context(|| format!("cannot write to {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            writer,
        })
    }

    /// Appends what a room handed out, with one write: a program that dies leaves whole records.
    ///
    /// # Errors
    /// The file cannot be written to.
    pub(crate) fn keep(&mut self, record: Record) -> anyhow::Result<()> {
        self.file
            .write_all(&self.writer.record(record))
            .with_context(|| format!("cannot write to {}", self.path.display()))
    }

    /// Ends the transcript and sees to it that the file is on disk.
    ///
    /// # Errors
    /// The file cannot be written to.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        self.file
            .write_all(&self.writer.end())
            .and_then(|()| self.file.sync_all())
            .with_context(|| format!("cannot write to {}", self.path.display()))
    }
}

/// Makes a file that only its owner can read, and that does not exist yet.
///
/// # Errors
/// It exists, or cannot be made.
pub(super) fn create(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    close_to_others(&mut options);
    options.open(path).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            anyhow::anyhow!("{} exists already and is not overwritten", path.display())
        } else {
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
