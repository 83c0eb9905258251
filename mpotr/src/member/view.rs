//! What a screen shows of a room, whatever screen it is. `docs/interfaces.md`, "What a screen shows".

use mpotr_core::crypto::{Fingerprint, IdentityKey, SuiteId};
use mpotr_core::gka::{EpochName, Sid};
use mpotr_core::{MessageId, Policy, TextId, Vote};

use crate::backend::Backend;
use crate::event::Event;

/// How far a room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Nobody else was heard, and there is no epoch.
    Alone,
    /// Others were heard, and there is no epoch.
    Gathering,
    /// The key agreement for a first epoch is under way.
    Agreeing,
    /// There is an epoch.
    Secure,
    /// This member is leaving.
    Leaving,
    /// This member has left, or was closed.
    Ended,
}

impl Phase {
    /// Its name, as its JSON form has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Gathering => "gathering",
            Self::Agreeing => "agreeing",
            Self::Secure => "secure",
            Self::Leaving => "leaving",
            Self::Ended => "ended",
        }
    }
}

/// How far a member is with leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// It has said nothing of leaving.
    Here,
    /// It has written its last message.
    Leaving,
    /// It has left. It holds the keys of this epoch until the next.
    Left,
}

impl Presence {
    /// Its name, as its JSON form has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Leaving => "leaving",
            Self::Left => "left",
        }
    }
}

/// A member of the roster in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Its proven identity.
    pub identity: IdentityKey,
    /// What people compare.
    pub fingerprint: Fingerprint,
    /// Whether it is this member.
    pub me: bool,
    /// Whether this application is not told what it writes.
    pub muted: bool,
    /// How far it is with leaving.
    pub presence: Presence,
}

/// One who wants to be in the room, or says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutsideView {
    /// The identity that it claims.
    pub claimed: IdentityKey,
    /// Whether that was left out by a vote.
    pub voted_out: bool,
}

/// What became of a text so far that has no fate yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextState {
    /// It waits to be sent.
    Queued,
    /// It waits for its author's word, since these came in.
    Held {
        /// Who.
        added: Vec<IdentityKey>,
    },
    /// It is on its way.
    Sent {
        /// Its id.
        id: MessageId,
    },
}

/// A text of this member that has no fate yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextView {
    /// As `send` returned it.
    pub text_id: TextId,
    /// What became of it so far.
    pub state: TextState,
}

/// Something that a person should see, until it is dismissed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The number of the event that told of it.
    pub n: u64,
    /// When it happened.
    pub at: u64,
    /// What, as [`Event::code`] has it.
    pub code: &'static str,
    /// Who did it, where that is known.
    pub identity: Option<IdentityKey>,
}

/// All that a screen shows of a room. Lists have the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomView {
    /// Its name, in the composed form.
    pub name: String,
    /// How far it is.
    pub phase: Phase,
    /// The session id of the epoch in force.
    pub sid: Option<Sid>,
    /// Its random name.
    pub epoch: Option<EpochName>,
    /// The algorithms.
    pub suite: SuiteId,
    /// Who computes them here.
    pub backend: Backend,
    /// The rules in force; without an epoch those that this member is ready for.
    pub policy: Policy,
    /// The roster in force, in cycle order.
    pub members: Vec<MemberView>,
    /// Those who want to be in: the newest 64.
    pub outside: Vec<OutsideView>,
    /// Texts of this member that have no fate yet.
    pub texts: Vec<TextView>,
    /// What the room waits for: the events that told of it and are not over.
    pub waiting: Vec<Event>,
    /// What this member asks of the others, and has not come true.
    pub votes: Vec<Vote>,
    /// What a person should see: the newest 64, until they are dismissed.
    pub alerts: Vec<Alert>,
}
