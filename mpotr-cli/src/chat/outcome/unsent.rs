//! Why a line was not sent.

use mpotr::{DropReason, SendError};

use crate::chat::input::Line;
use crate::chat::wording;
use crate::chat::{MOST_WAIT, TEXT_LIMIT};

/// Why a line was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Unsent {
    /// It is longer than a message can be.
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The terminal may have cut it.
    Cut {
        /// What the terminal passes on of a line at most, in bytes.
        limit: usize,
    },
    /// It is no UTF-8.
    NotUtf8,
    /// Nobody knows yet who would read it.
    NotSecure,
    /// These would read it, whom its author has not seen.
    Unseen {
        /// What they are called.
        names: Vec<String>,
    },
    /// As many lines as may wait for the carrier were typed before it.
    TooManyWait,
    /// The room did not take it.
    Refused(SendError),
    /// The room took it and never sent it.
    Dropped(DropReason),
    /// It waited to be read when the room, or the way to it, was gone.
    Unread,
    /// The program was stopped before the line had ended.
    Half,
    /// It waited to be read when this member had come into no room.
    NoRoom,
    /// The input could not be read to its end.
    Unreadable(String),
}

impl core::fmt::Display for Unsent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLong { length } => {
                write!(
                    f,
                    "it is too long: {length} bytes, where {TEXT_LIMIT} are the most"
                )
            }
            Self::Cut { limit } => write!(
                f,
                "a terminal passes on {limit} bytes of a line, so its end may be lost; send it in parts, or from a file \
                 through a pipe"
            ),
            Self::NotUtf8 => f.write_str("it is no UTF-8 text"),
            Self::NotSecure => f.write_str(
                "the room is not secure yet, and nobody knows who would read it; send it when you see who is in",
            ),
            Self::Unseen { names } => write!(
                f,
                "{} came in who would read it, too; send it again if you mean that",
                names.join(", ")
            ),
            Self::TooManyWait => write!(
                f,
                "{MOST_WAIT} lines wait already until the way to the room is there again; type it again then"
            ),
            Self::Refused(error) => error.fmt(f),
            Self::Dropped(why) => f.write_str(wording::why_dropped(*why)),
            Self::Unread => f.write_str("you were out of the room before the program read it"),
            Self::Half => f.write_str("its end had not come when the program was stopped"),
            Self::NoRoom => f.write_str("you have come into no room"),
            Self::Unreadable(error) => write!(f, "the input cannot be read: {error}"),
        }
    }
}

impl Unsent {
    /// Why, when the program ends: there is nothing more to do about it.
    pub(super) fn at_end(&self) -> String {
        match *self == Self::NotSecure {
            true => "the room was not secure yet when it was typed".to_owned(),
            false => self.to_string(),
        }
    }
}

impl From<Line> for Unsent {
    fn from(line: Line) -> Self {
        match line {
            Line::Text(text) => Self::TooLong { length: text.len() },
            Line::TooLong { length } => Self::TooLong { length },
            Line::Cut { limit } => Self::Cut { limit },
            Line::NotUtf8 => Self::NotUtf8,
        }
    }
}
