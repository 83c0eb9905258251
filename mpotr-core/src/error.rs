//! Errors by fault: what the caller misused, and why a packet counted for nothing.

use mpotr_crypto::{DecodeError, IdentityKey};
use mpotr_gka::RosterError;

use crate::policy::PolicyError;

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
    /// As much is asked for as one member can, 254 identities to be let in or left out: what is taken back makes room.
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

/// Why a packet changed nothing. A packet on a hostile transport is nobody's fault, so this is for logs and counters;
/// what a *member* did wrong is an [`Event`](crate::Event) that names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// Not a packet of this protocol, or not canonical.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// For another room.
    #[error("for another room")]
    OtherRoom,
    /// Of a run or an epoch that this member is not in, or no longer.
    #[error("of no run or epoch at hand")]
    UnknownEpoch,
    /// Seen before; it counted then.
    #[error("seen before")]
    Replayed,
    /// No valid signature or tag.
    #[error("not authentic")]
    NotAuthentic,
    /// A sender that the roster does not have.
    #[error("from no member of the roster")]
    UnknownSender,
    /// Too far ahead of what its sender has sent so far.
    #[error("too far ahead of its sender's last message")]
    TooFarAhead,
    /// Its sender, or all senders together, have used up the room for packets that wait.
    #[error("no room for more packets of its kind")]
    Quota,
    /// An offer that this member has used, or will not use.
    #[error("the proposal lists an offer that cannot be used")]
    UnusableOffer,
    /// The proposal leaves this member out.
    #[error("the proposal does not list this member's present offer")]
    NotListed,
    /// A roster that no honest member takes part in.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// Another policy or suite than this member's.
    #[error("the proposal has another policy or suite than this member's")]
    OtherPolicy,
    /// An identity in the roster is not admitted, one that is expected is not in it, or the number of members is not the one
    /// asked for.
    #[error("the proposed roster is not one that this member admits")]
    NotAdmitted,
    /// An offer under this member's own identity that it did not make.
    #[error("an offer of another under this member's own identity")]
    OwnIdentity,
    /// A view that is not above the views that this member took part in, or one run is under way.
    #[error("another view is under way or has been")]
    StaleView,
    /// Of a member that said two things in one place, and nobody else builds upon it.
    #[error("of a member that said two things in one place")]
    Disputed,
    /// Something that its sender cannot say: after its last message, or against what it said before.
    #[error("against what its sender said before")]
    Inconsistent,
}

impl Rejection {
    /// Its name, which does not change from one version to the next; the sentence may.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Decode(_) => "decode",
            Self::OtherRoom => "other_room",
            Self::UnknownEpoch => "unknown_epoch",
            Self::Replayed => "replayed",
            Self::NotAuthentic => "not_authentic",
            Self::UnknownSender => "unknown_sender",
            Self::TooFarAhead => "too_far_ahead",
            Self::Quota => "quota",
            Self::UnusableOffer => "unusable_offer",
            Self::NotListed => "not_listed",
            Self::Roster(_) => "roster",
            Self::OtherPolicy => "other_policy",
            Self::NotAdmitted => "not_admitted",
            Self::OwnIdentity => "own_identity",
            Self::StaleView => "stale_view",
            Self::Disputed => "disputed",
            Self::Inconsistent => "inconsistent",
        }
    }
}

/// Why nothing is found out about who is who.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The identity is in no roster with this one.
    #[error("no such member is in the room")]
    NoSuchMember,
    /// It is this member's own.
    #[error("that is this member itself")]
    Yourself,
    /// A question is over [`MAX_QUESTION`](crate::wire::MAX_QUESTION) bytes.
    #[error("a question has at most {} bytes", crate::wire::MAX_QUESTION)]
    LongQuestion,
    /// An attempt with this member is open already, or nothing can be written now: a change is under way, or the room is
    /// being left.
    #[error("an attempt with that member is open already, or nothing can be written now")]
    Busy,
    /// No attempt of this name waits for an answer.
    #[error("no such attempt waits for an answer")]
    NoSuchAttempt,
    /// There is no epoch.
    #[error("the room is not secure yet")]
    NotSecure,
}

impl VerifyError {
    /// Its name, which does not change from one version to the next; the sentence may.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchMember => "no_such_member",
            Self::Yourself => "yourself",
            Self::LongQuestion => "long_question",
            Self::Busy => "busy",
            Self::NoSuchAttempt => "no_such_attempt",
            Self::NotSecure => "not_secure",
        }
    }
}

/// Why a text was not taken, or not released.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Longer than [`MAX_BODY`](crate::MAX_BODY), or than the carrier takes: [`Room::longest_text`](crate::Room::longest_text).
    #[error("{length} bytes are over the limit of {limit}")]
    TooLong {
        /// Length of the text in bytes.
        length: usize,
        /// The most that a text has.
        limit: usize,
    },
    /// There is no epoch, and no list that names all who may be in one: nobody knows who would read the text.
    #[error("the room is not secure yet: nobody can know who would read this")]
    NotSecure,
    /// Members would read the text whom its author has not seen.
    #[error("{} whom its author has not seen would read this", members(added.len()))]
    StaleRoster {
        /// Who would.
        added: Vec<IdentityKey>,
    },
    /// Too many texts wait to be sent, or too many bytes. [`Room::takes_texts`](crate::Room::takes_texts) tells when that
    /// is over.
    #[error("too much waits to be sent already")]
    QueueFull,
    /// No text of this member has this name and is held.
    #[error("no such text is held")]
    NoSuchText,
    /// Every other member has left.
    #[error("everyone else has left the room")]
    NobodyLeft,
    /// This member has asked to leave.
    #[error("this member is leaving the room")]
    Leaving,
    /// This member's part is over.
    #[error("the room has ended")]
    Ended,
}

fn members(count: usize) -> String {
    match count {
        1 => "a member".to_owned(),
        _ => format!("{count} members"),
    }
}

impl SendError {
    /// Its name, which does not change from one version to the next; the sentence may.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::NotSecure => "not_secure",
            Self::StaleRoster { .. } => "stale_roster",
            Self::QueueFull => "queue_full",
            Self::NoSuchText => "no_such_text",
            Self::NobodyLeft => "nobody_left",
            Self::Leaving => "leaving",
            Self::Ended => "ended",
        }
    }
}
