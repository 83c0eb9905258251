//! What is wrong with the place of an identity file.

use std::io;
use std::path::{Path, PathBuf};

use crate::steps::{Stepped, Tried};

/// No identity file is longer, under a passphrase or not: 4 KiB.
pub(crate) const MAX_FILE: usize = 4096;

/// Why an identity file was not read or not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StoreError {
    /// There is one already, and it may be the only copy of an identity.
    #[error("{} exists already and is not overwritten; name another with --identity", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is no such file.
    #[error("there is no identity in {path}; make one with `mpotr identity new --identity {path}`", path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Others can read or write it.
    #[error(
        "{path} is open to others (mode {mode:04o}); close it with `chmod 600 {path}`",
        path = path.display()
    )]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its mode, the permission bits alone.
        mode: u32,
    },
    /// Others can write to a folder that the file is in.
    #[error(
        "anyone can write to the folder {path} (mode {mode:04o}), and so put another file in the place of one there; \
         close it with `chmod o-w {path}`",
        path = path.display()
    )]
    OpenFolder {
        /// The folder.
        path: PathBuf,
        /// Its mode, the permission bits alone.
        mode: u32,
    },
    /// A folder, a pipe or a device.
    #[error("{} is no regular file", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Longer than any file of its kind: an identity has at most [`MAX_FILE`].
    #[error("{} is over {limit} bytes: it is no file of its kind", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most bytes of one.
        limit: usize,
    },
    /// Neither `XDG_DATA_HOME` nor `HOME` says where the default file is.
    #[error(
        "neither XDG_DATA_HOME nor HOME says where the program's files are; name a file on the command line"
    )]
    NoHome,
    /// The system's own error.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own error.
        source: Stepped,
    },
}

impl StoreError {
    /// An error of the system, met while `what` was tried on `path`.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| {
            let tried = match what {
                "look at" | "open" | "read" => Tried::Read(&path),
                "make the folder" => Tried::Folder,
                _ => Tried::Write(&path),
            };
            let source = Stepped::of(tried, error);
            Self::Io { what, path, source }
        }
    }
}
