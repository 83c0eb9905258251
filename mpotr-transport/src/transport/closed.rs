//! Why a connection is over, or never was.

use core::fmt;

/// What ended a connection, as a code whose name is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CloseCode {
    /// Nothing answers there, or not in time.
    Unreachable,
    /// The carrier does not want this client, or what it asks for.
    Refused,
    /// The connection cannot be encrypted.
    Tls,
    /// What answers does not have the key that its address names.
    Pin,
    /// The carrier does not believe who this client says it is.
    Auth,
    /// Others have the name, and all that were tried in its place.
    NameTaken,
    /// An operator of the channel has put this client out.
    Kicked,
    /// The carrier, or the room, has as many clients as it takes.
    Full,
    /// This client took too little of what others sent.
    TooSlow,
    /// What answers does not follow the protocol of the carrier, or says that this client does not.
    Protocol,
    /// The connection broke.
    Lost,
    /// The carrier is shutting down.
    ShuttingDown,
}

impl CloseCode {
    /// Its name, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Tls => "tls",
            Self::Pin => "pin",
            Self::Auth => "auth",
            Self::NameTaken => "name_taken",
            Self::Kicked => "kicked",
            Self::Full => "full",
            Self::TooSlow => "too_slow",
            Self::Protocol => "protocol",
            Self::Lost => "lost",
            Self::ShuttingDown => "shutting_down",
        }
    }

    /// Whether such a thing most often passes by itself.
    const fn passes(self) -> bool {
        match self {
            Self::Unreachable
            | Self::NameTaken
            | Self::Full
            | Self::TooSlow
            | Self::Lost
            | Self::ShuttingDown => true,
            Self::Refused | Self::Tls | Self::Pin | Self::Auth | Self::Kicked | Self::Protocol => {
                false
            }
        }
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a connection is over, or never was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Closed {
    /// For programs.
    pub code: CloseCode,
    /// For a person.
    pub text: String,
    /// Whether a new connection may mend it. If not, no attempt is made.
    pub retry: bool,
}

impl Closed {
    /// For a reason of which the code says whether it passes by itself.
    #[must_use]
    pub fn new(code: CloseCode, text: impl fmt::Display) -> Self {
        Self {
            code,
            text: text.to_string(),
            retry: code.passes(),
        }
    }

    /// Whether a new connection may mend it, where the code does not say it all.
    #[must_use]
    pub fn retrying(self, retry: bool) -> Self {
        Self { retry, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseCode, Closed};

    #[test]
    fn what_a_person_has_to_mend_is_not_tried_again() {
        for code in [CloseCode::Pin, CloseCode::Auth, CloseCode::Kicked] {
            assert!(!Closed::new(code, "").retry, "{code}");
        }
        let lost = Closed::new(CloseCode::Lost, "the connection is closed");
        assert!(lost.retry);
        assert_eq!(lost.to_string(), "the connection is closed");
        assert!(!lost.retrying(false).retry);
    }
}
