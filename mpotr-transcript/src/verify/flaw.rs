//! What can be wrong with a transcript, each by its name.

use mpotr_core::MessageId;
use mpotr_crypto::{DecodeError, SuiteId};
use mpotr_gka::light::LightAuditError;
use mpotr_gka::{AuditError, RosterError};

use crate::reader::{Place, ReadErrorKind};

/// Something that no honest member leaves or signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The record in which it shows.
    pub place: Place,
    /// What it is.
    pub kind: FlawKind,
}

impl core::fmt::Display for Flaw {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

/// What is wrong. Members are named by their place in the roster, from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlawKind {
    /// The file is not a whole transcript.
    #[error("{0}")]
    File(ReadErrorKind),
    /// There is no epoch in it.
    #[error("there is no epoch in it")]
    Empty,
    /// An epoch is of another suite than the first one.
    #[error("its suite is {}, not that of the transcript", suite.name())]
    OtherSuite {
        /// Its suite.
        suite: SuiteId,
    },
    /// An offer is not the one that the proposal names.
    #[error("the offer of member {member} is not the one that the proposal names")]
    ForeignOffer {
        /// Its place in the roster.
        member: usize,
    },
    /// An offer was made for another room or to follow another epoch than the proposal says.
    #[error("the offer of member {member} is for another room or another epoch")]
    OfferElsewhere {
        /// Its place in the roster.
        member: usize,
    },
    /// A key of an offer does not decode.
    #[error("the offer of member {member}: {error}")]
    Offer {
        /// Its place in the roster.
        member: usize,
        /// Which key, and why it does not decode.
        error: DecodeError,
    },
    /// The roster breaks the rules for rosters, so no honest member takes part.
    #[error("{0}")]
    Roster(RosterError),
    /// The proposal does not carry the proposer's signature.
    #[error("the proposal does not carry the signature of member {proposer}")]
    ProposalSignature {
        /// Its place in the roster.
        proposer: u16,
    },
    /// Something is wrong with the run.
    #[error("{0}")]
    Run(AuditError),
    /// Something is wrong with a light run.
    #[error("{0}")]
    LightRun(LightAuditError),
    /// The policy in the SEED of a light run does not decode.
    #[error("the policy in the seed does not decode")]
    UnreadablePolicy,
    /// The CUT of a light run closes the epoch before with other messages than are here.
    #[error("the cut closes the epoch before with other messages")]
    OtherClosing,
    /// The author is no member.
    #[error("there is no member {author}")]
    UnknownAuthor {
        /// Its place in the roster.
        author: u16,
    },
    /// A message does not carry its author's signature.
    #[error("message {seq} of member {author} does not carry its signature")]
    MessageSignature {
        /// Its place in the roster.
        author: u16,
        /// The author's count.
        seq: u32,
    },
    /// A statement does not carry its author's signature.
    #[error("statement {number} of member {author} does not carry its signature")]
    StatementSignature {
        /// Its place in the roster.
        author: u16,
        /// Its place in the author's stream.
        number: u32,
    },
    /// A message names one that does not come before it.
    #[error("message {seq} of member {author} names {parent} as before it, which is not there")]
    MissingParent {
        /// Its place in the roster.
        author: u16,
        /// The author's count.
        seq: u32,
        /// What it names.
        parent: MessageId,
    },
    /// An author's messages are not numbered one after the other.
    #[error("message {seq} of member {author} stands where {expected} belongs")]
    OutOfSequence {
        /// Its place in the roster.
        author: u16,
        /// The author's count.
        seq: u32,
        /// The next one of this author.
        expected: u32,
    },
    /// A member said two things in one place. Members show each other both, so both may be here.
    #[error("member {author} said two things in the place of its message {seq}")]
    Equivocation {
        /// Its place in the roster.
        author: u16,
        /// The author's count.
        seq: u32,
    },
    /// A message names as its author's previous one a message that is not.
    #[error("message {seq} of member {author} names another message as the one before it")]
    OtherPrevious {
        /// Its place in the roster.
        author: u16,
        /// The author's count.
        seq: u32,
    },
    /// A member said something after its last word.
    #[error("member {author} had said its last word before")]
    AfterLastWord {
        /// Its place in the roster.
        author: u16,
    },
    /// A member's statements are not numbered upwards.
    #[error("statement {number} of member {author} comes after a later one")]
    StatementOrder {
        /// Its place in the roster.
        author: u16,
        /// Its place in the author's stream.
        number: u32,
    },
    /// A message comes beside one that its author had signed to have seen.
    #[error(
        "message {seq} of member {author} does not come after all that it had signed to have seen"
    )]
    MessageTakesBack {
        /// Its place in the roster.
        author: u16,
        /// The author's count.
        seq: u32,
    },
    /// A statement names less than its author had signed to have seen.
    #[error("statement {number} of member {author} takes back what it had signed to have seen")]
    StatementTakesBack {
        /// Its place in the roster.
        author: u16,
        /// Its place in the author's stream.
        number: u32,
    },
    /// A lock is not a prefix of the order of these messages.
    #[error("member {author} vouches for another order of the first {count} messages")]
    WrongLock {
        /// Its place in the roster.
        author: u16,
        /// Messages in the lock.
        count: u32,
    },
    /// A message vouches for less than the one before it of the same author.
    #[error("message {seq} of member {author} vouches for less than the one before it")]
    ShorterLock {
        /// Its place in the roster.
        author: u16,
        /// The author's count.
        seq: u32,
    },
    /// A member took other messages along into the next epoch.
    #[error("member {author} took other messages along into the next epoch")]
    OtherCut {
        /// Its place in the roster.
        author: u16,
    },
}
