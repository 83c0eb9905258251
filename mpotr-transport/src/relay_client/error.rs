//! Why a connection to a relay is over, or never was.

use std::io;

use mpotr_crypto::{DecodeError, DecodeErrorKind};

use crate::frame::{FrameError, Refusal, RefusalCode};
use crate::transport::{CloseCode, Closed};

/// Why a connection to a relay is over, or never was.
#[derive(Debug, thiserror::Error)]
pub(super) enum RelayError {
    /// The connection failed.
    #[error(transparent)]
    Io(io::Error),
    /// The relay, or whatever listens there, does not follow the protocol.
    #[error("not a frame of the relay protocol: {0}")]
    Decode(#[from] DecodeError),
    /// The relay ended the connection and said why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The relay closed the connection without a word, or this side has.
    #[error("the connection is closed")]
    Closed,
    /// The relay took too long to answer, or to read.
    #[error("the relay does not answer")]
    Timeout,
    /// A packet that is empty or over the limit, and was not sent.
    #[error("a packet of {length} bytes cannot be sent")]
    PacketLength {
        /// Its length in bytes.
        length: usize,
    },
}

impl RelayError {
    /// A frame of a kind that the relay sends at another time.
    pub(super) const fn out_of_place(kind: u64) -> Self {
        Self::Decode(DecodeError::new(
            0,
            "kind",
            DecodeErrorKind::UnknownValue(kind),
        ))
    }

    /// Of a connection that never was.
    pub(super) fn at_start(self) -> Closed {
        self.closed(CloseCode::Unreachable)
    }

    /// `broken` is what a connection that fails without a word comes to.
    fn closed(self, broken: CloseCode) -> Closed {
        let code = match &self {
            Self::Io(_) | Self::Closed | Self::Timeout => broken,
            Self::Decode(_) | Self::PacketLength { .. } => CloseCode::Protocol,
            Self::Refused(refusal) => match refusal.code() {
                // A version or frame that the relay refuses now it refuses later too; all else passes.
                RefusalCode::Malformed | RefusalCode::Version | RefusalCode::TooLong => {
                    CloseCode::Protocol
                }
                // Of programs alone.
                RefusalCode::Tls
                | RefusalCode::Pin
                | RefusalCode::Auth
                | RefusalCode::NameTaken
                | RefusalCode::Kicked => CloseCode::Protocol,
                RefusalCode::Flooding => {
                    return Closed::new(CloseCode::Refused, self).retrying(true);
                }
                RefusalCode::Full | RefusalCode::RoomFull | RefusalCode::AddressFull => {
                    CloseCode::Full
                }
                RefusalCode::TooSlow => CloseCode::TooSlow,
                RefusalCode::ShuttingDown => CloseCode::ShuttingDown,
                RefusalCode::Silent | RefusalCode::Idle => CloseCode::Lost,
            },
        };
        Closed::new(code, self)
    }
}

impl From<RelayError> for Closed {
    fn from(error: RelayError) -> Self {
        error.closed(CloseCode::Lost)
    }
}

impl From<io::Error> for RelayError {
    fn from(error: io::Error) -> Self {
        // TLS and WebSocket ask for a word at the end. One who is killed says none.
        match error.kind() == io::ErrorKind::UnexpectedEof {
            true => Self::Closed,
            false => Self::Io(error),
        }
    }
}

impl From<FrameError> for RelayError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(error) => error.into(),
            FrameError::Decode(error) => Self::Decode(error),
        }
    }
}
