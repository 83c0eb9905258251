//! What the caller misused. The codes are stable, the sentences beside them are not.

use mpotr_core::crypto::UnsupportedSuite;
use mpotr_core::gka::{MAX_MEMBERS, RoomNameError};
use mpotr_core::{PolicyError, VoteError as RoomVoteError};

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

/// Why a member does not ask the others for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VoteError {
    /// To leave out: it is not in the roster. To let in: under [`Admission::Only`](crate::Admission::Only) it is not one of
    /// the list, to which nobody is added.
    #[error("no such member")]
    NoSuchMember,
    /// It is this member itself.
    #[error("that is this member itself")]
    Yourself,
    /// There is nothing of this kind to take back.
    #[error("nothing of the kind is asked for")]
    NoSuchVote,
    /// The members of the room could not use the policy.
    #[error(transparent)]
    BadPolicy(#[from] PolicyError),
    /// As much is asked for as one member can: what is taken back makes room.
    #[error("too much is asked for already; what is taken back makes room")]
    TooMany,
    /// This member's part is over.
    #[error("the room has ended")]
    Ended,
}

impl VoteError {
    /// Its name, which does not change from one version to the next.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchMember => "no_such_member",
            Self::Yourself => "yourself",
            Self::NoSuchVote => "no_such_vote",
            Self::BadPolicy(_) => "bad_policy",
            Self::TooMany => "too_many",
            Self::Ended => "ended",
        }
    }
}

impl From<RoomVoteError> for VoteError {
    fn from(error: RoomVoteError) -> Self {
        match error {
            RoomVoteError::TooMany | _ => Self::TooMany,
        }
    }
}
