//! What a roster must be, and the sizes that follow. `docs/spec/04-key-agreement.md`, "Roster".

/// The most members that a roster may have.
pub const MAX_MEMBERS: usize = 4096;

/// A roster that no honest member takes part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// The roster has no members.
    #[error("the roster is empty")]
    Empty,
    /// More than [`MAX_MEMBERS`]; refused before any work.
    #[error("{members} members are over the limit of {MAX_MEMBERS}")]
    TooMany {
        /// Members listed.
        members: usize,
    },
    /// Two keys of the roster are equal, whether of one kind or of two.
    #[error("a key of member {member} stands twice in the roster")]
    DuplicateKey {
        /// The later of the two members.
        member: usize,
    },
    /// A member cannot compute the suite of the run, or offered for another room or to follow another epoch.
    #[error("member {member} did not offer for this suite, room and epoch")]
    NotOffered {
        /// Its index in the roster.
        member: usize,
    },
    /// This member's own offer, byte for byte, does not stand at its place.
    #[error("this member's own offer is not in the roster")]
    NotAMember,
    /// The identity key pair is not that of this member's offer.
    #[error("the offer was made for another identity")]
    WrongIdentity,
    /// The trapdoor of the roster is the identity, whose logarithm is public.
    #[error("the trapdoor of the roster is degenerate")]
    DegenerateTrapdoor,
    /// The proposer is not a member.
    #[error("the proposer is not in the roster")]
    NoProposer,
    /// The stated sum of knowledge commitments does not decode or is the identity, or is stated where no sum is needed.
    #[error("the sum of knowledge commitments cannot be right")]
    CommitmentSum,
    /// A key in an offer, which this member needs, is no element.
    #[error("a key of member {member} does not decode")]
    UndecodableKey {
        /// Its index in the roster.
        member: usize,
    },
}

impl RosterError {
    /// The first of the members whose keys do not decode.
    pub(crate) fn undecodable(member: Option<usize>) -> Self {
        member.map_or(Self::NotAMember, |member| Self::UndecodableKey { member })
    }
}

/// Refuses a roster by its size alone, before any work on it.
///
/// # Errors
/// [`RosterError::Empty`] or [`RosterError::TooMany`].
pub(crate) fn check_size(members: usize) -> Result<(), RosterError> {
    match members {
        0 => Err(RosterError::Empty),
        1..=MAX_MEMBERS => Ok(()),
        _ => Err(RosterError::TooMany { members }),
    }
}
