//! What a member tells the application. `docs/spec/11-events.md`, "What the application is told".
//!
//! ```text
//! Event = n, at, sid, and one of seven groups:
//!   Membership   who is there, on which terms, with which keys
//!   Message      texts: those of others as they come, the fates of those of this member
//!   Order        which order the texts have, and how sure that is
//!   Verification who is who, as people find out
//!   Misconduct   who does what no honest member does
//!   Waiting      what the room waits for
//!   Ended        the end
//! ```
//!
//! With the feature `serde`, [`Event`] has one JSON form, which every program that shows or passes on events uses.

#[cfg(feature = "serde")]
mod json;
mod translating;

use mpotr_core::crypto::{Digest32, IdentityKey, SuiteId};
use mpotr_core::gka::{EpochName, FaultKind, Sid};
use mpotr_core::{
    AttemptId, CodeFailure, Departure, DropReason, Evidence, MemberInfo, MessageId, Policy,
    RoomCode, RoundId, SecretOutcome, TextId, Vote, WaitingReason,
};

pub(crate) use translating::Translator;

/// Something that the application should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its number among the events of this member, from 0. There are no gaps.
    pub n: u64,
    /// When it happened: milliseconds of the caller's clock.
    pub at: u64,
    /// The epoch in force when it happened, the new one in [`Membership::Secure`]; none without an epoch.
    pub sid: Option<Sid>,
    /// What happened.
    pub told: Told,
}

/// What happened, by group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Told {
    /// Who is there, on which terms, with which keys.
    Membership(Membership),
    /// Texts.
    Message(Message),
    /// Which order the texts have.
    Order(Order),
    /// Who is who, as people find out.
    Verification(Verification),
    /// Who does what no honest member does.
    Misconduct(Misconduct),
    /// What the room waits for.
    Waiting(Waiting),
    /// The end.
    Ended(Ended),
}

/// Who is there, on which terms, with which keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Membership {
    /// One who claims this identity wants to be in the room. Nothing is proven yet.
    WantsIn {
        /// The claimed identity.
        claimed: IdentityKey,
        /// Whether it was left out by a vote. It stays outside until members that know of that admit it by name, as many as
        /// the policy asks for.
        voted_out: bool,
    },
    /// A key agreement with these claimed identities has begun.
    Agreeing {
        /// In cycle order.
        claimed: Vec<IdentityKey>,
    },
    /// One who claims this identity is in the key agreement for the next epoch: assume that it reads along from here on.
    Joining {
        /// The claimed identity.
        claimed: IdentityKey,
    },
    /// A key agreement ended without an epoch. It is tried again, without the offers at fault.
    AgreementFailed {
        /// Whose offers are at fault or were silent. Claimed: an offer that fails proves nothing about a person.
        claimed: Vec<IdentityKey>,
        /// What was done wrong; none if members were merely silent.
        fault: Option<FaultKind>,
    },
    /// The room is secure: every member of the roster has proven its identity and holds the same key. A text is sealed to
    /// those whom an author has seen: [`Seen::Epoch`](crate::Seen::Epoch) with this `sid`.
    Secure {
        /// The session of the epoch: the `sid` of this event and of those that follow.
        sid: Sid,
        /// The random name of the epoch.
        epoch: EpochName,
        /// The name of the epoch that it follows; none for a first one.
        parent: Option<EpochName>,
        /// The algorithms.
        suite: SuiteId,
        /// The rules.
        policy: Policy,
        /// In cycle order.
        roster: Vec<MemberInfo>,
        /// Who is in this roster and was not in the one before of which this member told: all, the first time.
        added: Vec<IdentityKey>,
        /// Who was in that one and is not in this.
        removed: Vec<IdentityKey>,
    },
    /// A member of this epoch that was not in the one before, and has proven its identity.
    Joined {
        /// Who.
        identity: IdentityKey,
    },
    /// A member has written its last message and is leaving.
    Leaving {
        /// Who.
        identity: IdentityKey,
    },
    /// A member has left. It holds the keys of this epoch: assume that it reads along until the next.
    Left {
        /// Who.
        identity: IdentityKey,
    },
    /// A member of the epoch before is no longer in this one: it can read nothing from here on.
    LeftOut {
        /// Who.
        identity: IdentityKey,
    },
    /// Members ask for a change by as many votes as the rules want for it: it comes with the next epoch, unless one of them
    /// takes it back. Told of exclusions, other rules, becoming one with another room, and of letting in again one that was
    /// voted out.
    Voted {
        /// What they ask for.
        vote: Vote,
        /// Who asks for it.
        by: Vec<IdentityKey>,
    },
    /// From this epoch on the room has other rules.
    PolicyChanged {
        /// The rules.
        policy: Policy,
    },
    /// Others say that they have an epoch of their own in this channel. Nothing of it is proven.
    OtherEpoch {
        /// Its name.
        epoch: EpochName,
        /// How many members it is said to have.
        members: u16,
    },
    /// The others have gone on without this member, which was silent for too long: it asks to be let in again.
    Behind,
    /// The others have left this member out.
    Removed,
}

/// Texts: those of others as they come, and what becomes of those of this member.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// A text, after all that its author had read before it. Those of this member come too, in their place.
    Text {
        /// Its id.
        id: MessageId,
        /// Who wrote it.
        author: IdentityKey,
        /// The author's own count of its messages, from 0.
        seq: u32,
        /// What its author gave to `send`.
        body: Vec<u8>,
    },
    /// A text of this member is on its way.
    Sent {
        /// As `send` returned it.
        text_id: TextId,
        /// Its id from now on.
        id: MessageId,
    },
    /// A text of this member was not sent: members came in before it left whom its author had not seen. It never leaves by
    /// itself.
    Held {
        /// As `send` returned it.
        text_id: TextId,
        /// Who came in: one at least.
        added: Vec<IdentityKey>,
    },
    /// All that it was for have a text of this member. This, or [`Message::Missed`], or [`Message::Dropped`] is the fate of
    /// each text that `send` took: one of them, once.
    Acknowledged {
        /// As `send` returned it.
        text_id: TextId,
    },
    /// Members are gone that are not known to have a text of this member.
    Missed {
        /// As `send` returned it.
        text_id: TextId,
        /// Who: one at least.
        by: Vec<IdentityKey>,
    },
    /// A text of this member was never sent.
    Dropped {
        /// As `send` returned it.
        text_id: TextId,
        /// Why.
        why: DropReason,
    },
}

/// Which order the texts have, and how sure that is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// A message has a place, as far as is known here. It keeps that unless a member says two things in one place.
    Provisional {
        /// The message.
        id: MessageId,
        /// Its place, from 0 for the first of the epoch.
        place: u32,
    },
    /// The order up to here is the same at every member and will never change.
    Final {
        /// How many messages, from the first of the epoch.
        count: u32,
        /// The digest of their ids in order.
        digest: Digest32,
        /// Those that are newly final, in order: the places `count - ids.len()` to `count - 1`.
        ids: Vec<MessageId>,
    },
    /// Something is not final for longer than the leeway. Told once, until [`Order::Settled`].
    Unsettled {
        /// Since when at the latest: milliseconds of the caller's clock.
        since: u64,
        /// How many messages are not final.
        count: usize,
        /// Without whose word they cannot be.
        waiting_for: Vec<IdentityKey>,
    },
    /// All messages that [`Order::Unsettled`] told of are final.
    Settled,
    /// A member orders the messages so far in another way: a member has said two things in one place, or the transport is
    /// partitioned.
    Fork {
        /// The member whose signed order differs.
        identity: IdentityKey,
        /// How many messages its order has.
        count: u32,
    },
    /// Where the order of a member that has signed another one begins to differ.
    Difference {
        /// The member whose signed order differs.
        identity: IdentityKey,
        /// The first place that differs, from 0.
        place: u32,
        /// What has that place here.
        here: MessageId,
        /// What has it there.
        there: MessageId,
    },
    /// A member acknowledges so little, so late, that texts of this one no longer wait for it in this epoch.
    Lagging {
        /// Who.
        identity: IdentityKey,
    },
}

/// Who is who, as people find out: `docs/spec/13-trust.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verification {
    /// The code of this room, which its people read to one another: another code elsewhere is another room, with another
    /// between the two.
    Code {
        /// The round.
        round: RoundId,
        /// The code.
        code: RoomCode,
        /// Whose code it is, in cycle order.
        roster: Vec<IdentityKey>,
    },
    /// A member asks for a code, and this one has taken part by itself once in this epoch: it does again when its person asks.
    CodeAsked {
        /// The round.
        round: RoundId,
        /// Who asks.
        identity: IdentityKey,
    },
    /// A round came to nothing. It counts as a try of one who may be between the people, unless the epoch was over before this
    /// member had revealed its part.
    CodeFailed {
        /// The round.
        round: RoundId,
        /// Why.
        why: CodeFailure,
        /// Whose doing it is, where that is known.
        who: Vec<IdentityKey>,
        /// Rounds that have failed so far.
        tries: u32,
    },
    /// The person of a member asks whether this one's knows the same secret.
    SecretAsked {
        /// The attempt.
        attempt: AttemptId,
        /// Who asks.
        identity: IdentityKey,
        /// What is asked. Anything that a member may write: not safe for a terminal.
        question: String,
        /// How often an attempt with this identity has failed.
        failures: u32,
    },
    /// What came of an attempt.
    SecretResult {
        /// The attempt.
        attempt: AttemptId,
        /// With whom.
        identity: IdentityKey,
        /// How it ended.
        result: SecretOutcome,
        /// How often an attempt with this identity has failed.
        failures: u32,
    },
    /// A member calls itself as one is called whom the person knows, and is another.
    OtherKey {
        /// What it calls itself.
        name: String,
        /// Who does.
        identity: IdentityKey,
        /// Whom the person knows by such a name.
        known: IdentityKey,
    },
}

/// Who does what no honest member does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misconduct {
    /// A member is proven to have cheated in a key agreement, to all who saw the same.
    Cheated {
        /// Who.
        identity: IdentityKey,
        /// What it has done.
        fault: FaultKind,
    },
    /// A member has said two things in one place, one to some and another to others.
    Equivocation {
        /// Who.
        identity: IdentityKey,
        /// Its own count of its messages.
        seq: u32,
        /// The ids of the two.
        ids: [MessageId; 2],
        /// What anyone can check. It has texts in clear: it is not for posting, and no part of the JSON form.
        evidence: Box<Evidence>,
    },
    /// A member has signed something that contradicts something else it signed.
    Contradicted {
        /// Who.
        identity: IdentityKey,
    },
    /// A text by a member that has said two things in one place. Another may stand beside it: it is not one to be shown as
    /// what its author said.
    Disputed {
        /// Its id.
        id: MessageId,
        /// Who wrote it.
        author: IdentityKey,
        /// The author's own count of its messages, from 0.
        seq: u32,
        /// What its author gave to `send`.
        body: Vec<u8>,
    },
    /// What signs for a member was published before everyone had closed: anyone can speak in its name.
    Leaked {
        /// Who.
        identity: IdentityKey,
    },
    /// Another instance of an identity, which has proven to be it, took the place of the one that was in the room. If it is
    /// this member's own, this member is out and does not come back by itself.
    Replaced {
        /// Whose.
        identity: IdentityKey,
    },
    /// Another makes offers under this member's own identity: a copy of its key, another program with it, or one who merely
    /// claims it.
    IdentityInUse,
}

/// What the room waits for. Each reason is told once, until it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// The room waits for something, and has for a while or will for long.
    For {
        /// For what.
        reason: WaitingReason,
        /// Since when: milliseconds of the caller's clock.
        since: u64,
        /// When it is over at the latest, or something else is tried, where that is known.
        until: Option<u64>,
    },
    /// The room no longer waits for this.
    Over {
        /// As it was told.
        reason: WaitingReason,
    },
    /// The carrier is lost, and another is asked for: [`Member::handle_carrier`](crate::Member::handle_carrier).
    Reconnecting {
        /// Why, as a code of the carrier.
        code: String,
        /// Which attempt is next, from 1.
        attempt: u32,
        /// When: milliseconds of the caller's clock.
        next: u64,
    },
    /// The carrier is there again.
    Reconnected,
}

/// The end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// What signed for this member in an epoch is public from now on, and with it the secret behind its proof.
    Published,
    /// This member has left. Nothing more is sent or received.
    Ended(Departure),
    /// The carrier is lost for good: [`Member::handle_carrier`](crate::Member::handle_carrier).
    Closed {
        /// Why, as a code of the carrier.
        code: String,
        /// The same for a person.
        message: String,
        /// Whether a later attempt may succeed.
        retry: bool,
    },
}

impl Event {
    /// What happened, as its JSON form names it: `joined`, `message`. It does not change from one version to the next.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match &self.told {
            Told::Membership(told) => told.code(),
            Told::Message(told) => told.code(),
            Told::Order(told) => told.code(),
            Told::Verification(told) => told.code(),
            Told::Misconduct(told) => told.code(),
            Told::Waiting(told) => told.code(),
            Told::Ended(told) => told.code(),
        }
    }

    /// Its group, as its JSON form names it: `membership`, `message`, `order`, `verification`, `misconduct`, `waiting`, `ended`.
    #[must_use]
    pub const fn group(&self) -> &'static str {
        match self.told {
            Told::Membership(_) => "membership",
            Told::Message(_) => "message",
            Told::Order(_) => "order",
            Told::Verification(_) => "verification",
            Told::Misconduct(_) => "misconduct",
            Told::Waiting(_) => "waiting",
            Told::Ended(_) => "ended",
        }
    }
}

impl Membership {
    const fn code(&self) -> &'static str {
        match self {
            Self::WantsIn { .. } => "wants_in",
            Self::Agreeing { .. } => "agreeing",
            Self::Joining { .. } => "joining",
            Self::AgreementFailed { .. } => "agreement_failed",
            Self::Secure { .. } => "secure",
            Self::Joined { .. } => "joined",
            Self::Leaving { .. } => "leaving",
            Self::Left { .. } => "left",
            Self::LeftOut { .. } => "left_out",
            Self::Voted { .. } => "voted",
            Self::PolicyChanged { .. } => "policy_changed",
            Self::OtherEpoch { .. } => "other_epoch",
            Self::Behind => "behind",
            Self::Removed => "removed",
        }
    }
}

impl Message {
    const fn code(&self) -> &'static str {
        match self {
            Self::Text { .. } => "message",
            Self::Sent { .. } => "sent",
            Self::Held { .. } => "held",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Missed { .. } => "missed",
            Self::Dropped { .. } => "dropped",
        }
    }
}

impl Order {
    const fn code(&self) -> &'static str {
        match self {
            Self::Provisional { .. } => "provisional",
            Self::Final { .. } => "final",
            Self::Unsettled { .. } => "unsettled",
            Self::Settled => "settled",
            Self::Fork { .. } => "fork",
            Self::Difference { .. } => "difference",
            Self::Lagging { .. } => "lagging",
        }
    }
}

impl Verification {
    const fn code(&self) -> &'static str {
        match self {
            Self::Code { .. } => "code",
            Self::CodeAsked { .. } => "code_asked",
            Self::CodeFailed { .. } => "code_failed",
            Self::SecretAsked { .. } => "secret_asked",
            Self::SecretResult { .. } => "secret_result",
            Self::OtherKey { .. } => "other_key",
        }
    }
}

impl Misconduct {
    const fn code(&self) -> &'static str {
        match self {
            Self::Cheated { .. } => "cheated",
            Self::Equivocation { .. } => "equivocation",
            Self::Contradicted { .. } => "contradicted",
            Self::Disputed { .. } => "disputed",
            Self::Leaked { .. } => "leaked",
            Self::Replaced { .. } => "replaced",
            Self::IdentityInUse => "identity_in_use",
        }
    }
}

impl Waiting {
    const fn code(&self) -> &'static str {
        match self {
            Self::For { .. } | Self::Reconnecting { .. } => "waiting",
            Self::Over { .. } | Self::Reconnected => "waiting_over",
        }
    }

    /// What is, or was, waited for, as its JSON form names it: `gathering`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::For { reason, .. } | Self::Over { reason } => reason.code(),
            Self::Reconnecting { .. } | Self::Reconnected => "reconnecting",
        }
    }
}

impl Ended {
    const fn code(&self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Ended(_) => "ended",
            Self::Closed { .. } => "closed",
        }
    }
}
