//! What can be wrong with a file of known people, or with what is to go into one.

use mpotr_crypto::IdentityKey;

use super::MAX_KNOWN_FILE;
use crate::nick::{Nick, NickError};
use crate::public_key::PublicKeyError;

/// Why a file is not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KnownError {
    /// Another kind of file.
    #[error("it is no file of known people: its first line is not `mpotr-known-v1`")]
    OtherKind,
    /// A version that this program does not know.
    #[error("it is a file of known people of a version that this program does not know")]
    OtherVersion,
    /// Over [`MAX_KNOWN_FILE`].
    #[error("it has {length} bytes; a file of known people has {MAX_KNOWN_FILE} at most")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A line is wrong.
    #[error("line {line}: {fault}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// Two lines have one key.
    #[error("lines {} and {} have the same key", lines[0], lines[1])]
    KeyTwice {
        /// Counted from 1.
        lines: [usize; 2],
    },
    /// Two lines have petnames that nobody can tell apart.
    #[error("lines {} and {} have the same petname, or two that look alike", lines[0], lines[1])]
    PetnameTwice {
        /// Counted from 1.
        lines: [usize; 2],
    },
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// The bytes are no text.
    #[error("it is no UTF-8")]
    NotUtf8,
    /// Another system's line end, or worse.
    #[error("it holds a carriage return; lines end with a line feed alone")]
    CarriageReturn,
    /// Too few fields, too many, or an empty one.
    #[error(
        "it has not five fields with one blank between: key, how, first day, last day, petname"
    )]
    Fields,
    /// The first field is no key.
    #[error("its key is wrong: {0}")]
    Key(PublicKeyError),
    /// The second field is no word.
    #[error("how the person is known is no word of lower-case letters")]
    How,
    /// The third or fourth field is no day.
    #[error("a day that does not exist; days are written YYYY-MM-DD")]
    Date,
    /// The last day is before the first.
    #[error("its last day is before its first")]
    Order,
    /// The fifth field is no petname.
    #[error("its petname is wrong: {0}")]
    Petname(PetnameError),
}

/// Why a name cannot be a petname.
#[derive(Clone, Debug, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PetnameError {
    /// It is no nick.
    #[error(transparent)]
    Nick(#[from] NickError),
    /// Another has a name that looks like it.
    #[error("another person is called so, or so that nobody can tell the two apart")]
    Taken {
        /// Whose name it is.
        by: IdentityKey,
    },
    /// The file is full.
    #[error("no more people fit into the file, which has {MAX_KNOWN_FILE} bytes at most")]
    Full,
}

const _: () = assert!(Nick::MAX_LENGTH == 32, "the length of a line rests on it");
