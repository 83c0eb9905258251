//! What the caller misused. The codes are stable, the sentences beside them are not.

use mpotr_core::PolicyError;
use mpotr_core::crypto::UnsupportedSuite;
use mpotr_core::gka::{MAX_MEMBERS, RoomNameError};

use crate::backend::{Backend, SuiteError};

/// Why a room cannot be opened so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// The name of the room is empty or too long.
    #[error(transparent)]
    BadRoomName(#[from] RoomNameError),
    /// This build does not have the backend.
    #[error("the {0} backend is not built in: build with the feature `backend-{0}`")]
    NotBuiltIn(Backend),
    /// The backend cannot compute the suite on this machine.
    #[error(transparent)]
    UnsupportedSuite(#[from] UnsupportedSuite),
    /// Nobody would read the policy, or it asks for more votes than the room is to have members.
    #[error(transparent)]
    BadPolicy(#[from] PolicyError),
    /// More members than a roster can have.
    #[error("{members} members are over the limit of {MAX_MEMBERS}")]
    TooManyMembers {
        /// Members asked for, this one among them.
        members: usize,
    },
}

impl OptionError {
    /// Its name, which does not change from one version to the next.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadRoomName(_) => "bad_room_name",
            Self::NotBuiltIn(_) => "not_built_in",
            Self::UnsupportedSuite(_) => "unsupported_suite",
            Self::BadPolicy(_) => "bad_policy",
            Self::TooManyMembers { .. } => "too_many_members",
        }
    }
}

impl From<SuiteError> for OptionError {
    fn from(error: SuiteError) -> Self {
        match error {
            SuiteError::NotBuiltIn(backend) => Self::NotBuiltIn(backend),
            SuiteError::Unsupported(error) => Self::UnsupportedSuite(error),
        }
    }
}
