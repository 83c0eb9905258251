//! Files that a person names, read whole: each has a most that it may hold, so that one without an end, as a device has
//! none, fills no memory.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use mpotr::crypto::zeroize::Zeroizing;

use crate::steps::{Stepped, Tried};

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The system's own error.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own error.
        source: Stepped,
    },
    /// It holds more than what it is read for can be.
    #[error("{} is over {most} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most that it may hold.
        most: usize,
    },
    /// A folder, a pipe or a device, where nobody may wait for one.
    #[error("{} is no regular file", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
}

impl FileError {
    /// An error of the system, met while a file or a folder was read.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| {
            let source = Stepped::of(Tried::Read(&path), error);
            Self::Io { path, source }
        }
    }
}

/// Reads a file of at most so many bytes. A pipe may take as long as its writer likes.
///
/// # Errors
/// It cannot be read, or holds more.
pub(crate) fn read(path: &Path, most: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let file = File::open(path).map_err(FileError::io(path))?;
    whole(path, file, most)
}

/// The same of a regular file alone, which nobody has to wait for.
///
/// # Errors
/// It is no regular file, cannot be read, or holds more.
pub(crate) fn read_regular(path: &Path, most: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let refuse_others = |metadata: fs::Metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(FileError::NotAFile {
            path: path.to_owned(),
        }),
    };
    // To open a pipe that nobody writes to would be to wait.
    refuse_others(fs::metadata(path).map_err(FileError::io(path))?)?;
    let file = File::open(path).map_err(FileError::io(path))?;
    // Of the open file, not of the path.
    refuse_others(file.metadata().map_err(FileError::io(path))?)?;
    whole(path, file, most)
}

fn whole(path: &Path, file: File, most: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    // It may hold a secret, if a person takes one file for another.
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(FileError::io(path))?;
    match bytes.len() {
        length if length > most => Err(FileError::TooLong {
            path: path.to_owned(),
            most,
        }),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FileError, read, read_regular};

    #[test]
    fn a_file_at_its_limit_is_read_and_one_byte_more_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for reads in [read, read_regular] {
            fs::write(&path, [1; 8]).unwrap();
            assert_eq!(**reads(&path, 8).unwrap(), [1; 8]);
            fs::write(&path, [1; 9]).unwrap();
            let refused = reads(&path, 8);
            assert!(matches!(refused, Err(FileError::TooLong { most: 8, .. })));
            let missing = reads(&folder.path().join("missing"), 8);
            assert!(matches!(missing, Err(FileError::Io { .. })));
        }
        let refused = read_regular(folder.path(), 8);
        assert!(matches!(refused, Err(FileError::NotAFile { .. })));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_read_to_its_limit_or_not_at_all() {
        let zero = std::path::Path::new("/dev/zero");
        assert!(matches!(read(zero, 8), Err(FileError::TooLong { .. })));
        let refused = read_regular(zero, 8);
        assert!(matches!(refused, Err(FileError::NotAFile { .. })));
    }
}
