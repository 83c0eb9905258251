//! What a room tells the application.

use mpotr_crypto::{Digest32, IdentityKey};
use mpotr_gka::{FaultKind, Sid};

use crate::epoch::Evidence;
use crate::policy::Policy;
use crate::reason::WaitingReason;
use crate::room::trust::code::RoomCode;
use crate::time::Timestamp;
use crate::wire::{AttemptId, EpochName, MessageId, RoundId, Vote};

/// A member of the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberInfo {
    /// Its proven identity.
    pub identity: IdentityKey,
    /// Whether it is this member.
    pub is_me: bool,
}

/// Names a text from [`Room::send`](crate::Room::send) on, before it has an id. Later texts have greater ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(pub(crate) u64);

impl TextId {
    /// From its number, for programs that keep it as such.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Why a text was never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// Its author took it back: [`Room::discard`](crate::Room::discard).
    Discarded,
    /// This member left, or gave up waiting for the others, before it could be sent.
    Left,
    /// The others left this member out before it could be sent.
    Removed,
    /// The epoch was too old to be written in, and none had followed.
    Expired,
    /// Every other member had left.
    NobodyLeft,
}

impl DropReason {
    /// Its name, which does not change from one version to the next.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Discarded => "discarded",
            Self::Left => "left",
            Self::Removed => "removed",
            Self::Expired => "expired",
            Self::NobodyLeft => "nobody_left",
        }
    }
}

/// Why a round of the code came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CodeFailure {
    /// Members did not say their part in time.
    Missing,
    /// A member said two parts, or another than it had committed to.
    WrongReveal,
    /// The epoch was over.
    EpochChanged,
}

impl CodeFailure {
    /// Its name, which does not change from one version to the next.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::WrongReveal => "wrong_reveal",
            Self::EpochChanged => "epoch_changed",
        }
    }
}

/// How an attempt with a secret ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SecretOutcome {
    /// Both know the same: the member of that identity knows the secret.
    Same,
    /// They do not.
    Different,
    /// One of them gave it up, or time ran out, or the epoch was over when this side had answered.
    Aborted,
    /// The epoch was over before this side had said anything that shows what its person knows. That is no failure: it is asked
    /// again.
    EpochChanged,
}

impl SecretOutcome {
    /// Its name, which does not change from one version to the next.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Aborted => "aborted",
            Self::EpochChanged => "epoch_changed",
        }
    }
}

/// What a room tells the application, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// One who claims this identity wants to be in the room. Nothing is proven yet.
    WantsIn {
        /// The claimed identity.
        claimed: IdentityKey,
    },
    /// One who claims an identity that was left out by a vote asks to be let in again. Nothing is proven yet. It stays
    /// outside until members that know of the exclusion admit it by name, as many as the policy asks for. Told once in an
    /// epoch.
    ExcludedWaiting {
        /// The claimed identity.
        claimed: IdentityKey,
    },
    /// Another makes offers under this member's own identity: a copy of its key, another program with it, or one who
    /// merely claims it, since an offer proves nothing. It is not let in while this member is here. Told once.
    IdentityInUse,
    /// Another instance of an identity, which has proven to be it, took the place of the one that was in the room: that one had
    /// said nothing for too long when it was asked. If it is this member's own identity, this member is out, and does not
    /// come back by itself.
    Replaced {
        /// Whose.
        member: IdentityKey,
    },
    /// A key agreement with these claimed identities has begun.
    Agreeing {
        /// The claimed identities in cycle order.
        claimed: Vec<IdentityKey>,
    },
    /// One who claims this identity is in the key agreement for the next epoch: assume from here on that it reads along.
    /// [`Event::Joined`] tells that it is in, [`Event::AgreementFailed`] that it is not.
    Joining {
        /// The claimed identity.
        claimed: IdentityKey,
    },
    /// A key agreement ended without an epoch. It is tried again, without the offers at fault.
    AgreementFailed {
        /// What was done wrong; `None` if members were merely silent.
        fault: Option<FaultKind>,
        /// Whose offers are at fault or were silent. The identities are as claimed: an offer that fails proves nothing
        /// about the person whose key it carries.
        claimed: Vec<IdentityKey>,
    },
    /// The room is secure: every member of the roster has proven its identity and holds the same key.
    Secure {
        /// The session id.
        sid: Sid,
        /// The random name of the epoch.
        name: EpochName,
        /// The name of the epoch that it follows; none for a first one. A newcomer was never in that epoch.
        parent: Option<EpochName>,
        /// The roster in cycle order.
        roster: Vec<MemberInfo>,
    },
    /// A member of this epoch that was not in the one before, and has proven its identity.
    Joined {
        /// Who.
        member: IdentityKey,
    },
    /// Others say that they have an epoch of their own in this channel. Nothing is proven, neither the name nor the number of
    /// members, and nothing follows from it by itself. Told once of each name, and of few at a time; to who comes in from outside
    /// once more, if an advert names it again.
    OtherEpoch {
        /// The name of the epoch.
        name: EpochName,
        /// How many members it is said to have.
        members: u16,
    },
    /// Members ask for a change by as many votes as the policy wants for it: it comes with the next epoch, unless one of them
    /// takes it back. Told once, of exclusions, another policy, becoming one with another room, and of letting in again one
    /// that was left out by a vote.
    Voted {
        /// What they ask for.
        vote: Vote,
        /// Who asks for it.
        by: Vec<IdentityKey>,
    },
    /// From this epoch on the room has another policy.
    PolicyChanged {
        /// The policy.
        policy: Policy,
    },
    /// A member is proven to have cheated, to all who saw the same. This member votes to leave it out.
    Cheated {
        /// Who.
        member: IdentityKey,
        /// What it has done.
        kind: FaultKind,
    },
    /// A text, after all that its author had read before it.
    Message {
        /// Its id.
        id: MessageId,
        /// Who wrote it.
        author: IdentityKey,
        /// The author's own count of its messages, from 0.
        seq: u32,
        /// The text as the author's application gave it.
        body: Vec<u8>,
    },
    /// A text by a member that has said two things in one place, which others have read or built upon. Another may stand
    /// beside it, so it is not one to be shown as what its author said.
    Disputed {
        /// Its id.
        id: MessageId,
        /// Who wrote it.
        author: IdentityKey,
        /// The author's own count of its messages, from 0.
        seq: u32,
        /// The text as the author's application gave it.
        body: Vec<u8>,
    },
    /// A member has said two things in one place, one to some and another to others. It is told once of each member. Unless
    /// the configuration says otherwise, this member then asks for its exclusion.
    Equivocation {
        /// Who.
        author: IdentityKey,
        /// The author's own count of its messages.
        seq: u32,
        /// The ids of the two.
        ids: [MessageId; 2],
        /// What anyone can check.
        evidence: Box<Evidence>,
    },
    /// A member has signed something that contradicts something else it signed: it wrote beside what it said it had seen, or
    /// after it said that it writes nothing more. Told once of each member, to those who have heard both, and nothing for
    /// others to check. Unless the configuration says otherwise, this member then asks for its exclusion.
    Contradicted {
        /// Who.
        member: IdentityKey,
    },
    /// A text of this member is on its way.
    Sent {
        /// As `send` returned it.
        text_id: TextId,
        /// Its id from now on.
        id: MessageId,
    },
    /// A text of this member was not sent, for members came in before it left whom its author had not seen. It never leaves
    /// by itself: [`Room::release`](crate::Room::release) lets it, [`Room::discard`](crate::Room::discard) takes it back,
    /// and to leave drops it.
    Held {
        /// As `send` returned it.
        text_id: TextId,
        /// Who came in: one at least.
        added: Vec<IdentityKey>,
    },
    /// A text of this member was received by every member that had not sent its last message when it was sent. This, or
    /// [`Event::Missed`], or [`Event::Dropped`] is the fate of each text that `send` took: one of them, once.
    Acknowledged {
        /// As `send` returned it.
        text_id: TextId,
    },
    /// A text of this member was sent, and members are gone that have not acknowledged it: they left, or the room went on
    /// without them, or without this member. All others that it was for have it.
    Missed {
        /// As `send` returned it.
        text_id: TextId,
        /// Who is not known to have it: one at least.
        by: Vec<IdentityKey>,
    },
    /// A text of this member was never sent.
    Dropped {
        /// As `send` returned it.
        text_id: TextId,
        /// Why.
        why: DropReason,
    },
    /// A message has a place in the order, as far as is known here: every member has signed to have seen it. It keeps that
    /// place unless a member equivocates; [`Event::Final`] has the last word.
    Provisional {
        /// The message.
        id: MessageId,
        /// Its place, from 0 for the first of the epoch. Places come one after the other.
        place: u32,
    },
    /// The order up to here is the same at every member and will never change.
    Final {
        /// How many messages, from the first of the epoch.
        count: u32,
        /// The digest of their ids in order.
        digest: Digest32,
        /// The messages that are newly final, in order: the places `count - ids.len()` to `count - 1`.
        ids: Vec<MessageId>,
    },
    /// Something is not final for longer than the leeway: more messages than
    /// [`RoomConfig::leeway`](crate::RoomConfig::leeway), or a longer time than
    /// [`Timers::leeway`](crate::Timers::leeway). Told once, until [`Event::Settled`].
    Unsettled {
        /// Since when; the first message of them was delivered then at the latest.
        since: Timestamp,
        /// How many messages are not final.
        count: usize,
        /// Without whose word they cannot be: who has not said to have seen them, or to order them so.
        waiting_for: Vec<IdentityKey>,
    },
    /// A member acknowledges so little, so late, that texts of this one waited for it time and again: they no longer do in
    /// this epoch, whatever it acknowledges. What it misses it asks for, and what becomes of each text is told as ever.
    Lagging {
        /// Who.
        member: IdentityKey,
    },
    /// All messages that [`Event::Unsettled`] told of are final.
    Settled,
    /// A member orders the messages so far in another way: a member equivocated, or the transport is partitioned.
    Fork {
        /// The member whose signed order differs.
        member: IdentityKey,
        /// How many messages its order has.
        count: u32,
    },
    /// Where the order of a member that has signed another one begins to differ: told once, after [`Event::Fork`], as soon
    /// as the member has said so.
    Difference {
        /// The member whose signed order differs.
        member: IdentityKey,
        /// The first place that differs, from 0.
        place: u32,
        /// What has that place here.
        here: MessageId,
        /// What has it there.
        there: MessageId,
    },
    /// A member has written its last message and is leaving.
    Leaving {
        /// Who.
        member: IdentityKey,
    },
    /// A member has left. It holds the keys of this epoch: assume that it reads along until the next.
    Left {
        /// Who.
        member: IdentityKey,
    },
    /// A member of the epoch before is no longer in this one, since it left, fell silent or was left out: it can read
    /// nothing from here on.
    LeftOut {
        /// Who.
        member: IdentityKey,
    },
    /// The others have gone on without this member, which was silent for too long: it asks to be let in again. What it had
    /// sent and was not acknowledged has been told as [`Event::Missed`] before; of what [`Event::Unsettled`] told, nothing
    /// more will be.
    Behind,
    /// The others have left this member out.
    Removed,
    /// What signed for this member in an epoch is public from now on, and with it the secret behind its proof: everyone has
    /// stated that nothing new is accepted under it.
    Published {
        /// The epoch.
        sid: Sid,
    },
    /// What signs for a member was published before everyone had closed: anyone can speak in its name. This member votes to
    /// leave it out.
    Leaked {
        /// Who.
        member: IdentityKey,
    },
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
    /// A member asks for a code, and this one has taken part by itself once in this epoch: it does again when its person asks
    /// ([`Room::room_code`](crate::Room::room_code)).
    CodeAsked {
        /// The round.
        round: RoundId,
        /// Who asks.
        by: IdentityKey,
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
    /// The person of a member asks whether this one's knows the same secret: [`Room::verify_answer`](crate::Room::verify_answer).
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
    /// The room waits for something, and has for a while or will for long. Told once, until [`Event::WaitingOver`].
    Waiting {
        /// For what.
        reason: WaitingReason,
        /// Since when.
        since: Timestamp,
        /// When it is over at the latest, or something else is tried, where that is known.
        until: Option<Timestamp>,
    },
    /// The room no longer waits for this.
    WaitingOver {
        /// As it was told.
        reason: WaitingReason,
    },
    /// This member has left, and nothing more will be sent or received.
    Ended(Departure),
}

/// What is known of a message of the present epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageState {
    /// Who wrote it.
    pub author: IdentityKey,
    /// Who has signed to have seen it, its author and this member among them, in the order of the roster.
    pub seen_by: Vec<IdentityKey>,
    /// Its place in the order so far, from 0.
    pub place: Option<u32>,
    /// Whether that place is final.
    pub is_final: bool,
}

/// How this member's part in a room ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Whether everything that this member was given to send, and did not take back, was acknowledged: no text was ever
    /// missed or dropped, and every other member that had not left has its last message.
    pub acknowledged: bool,
    /// Whether every member that had not left has signed one order of all messages up to this member's last, and nobody
    /// another. Not so where this member is no longer in an epoch, the others having gone on without it.
    pub transcripts_equal: bool,
    /// Whether what signed for this member was published, since all ended together; else it was destroyed.
    pub published: bool,
    /// How many messages of the epoch, last messages of who leaves among them, all members have signed one order of.
    pub count: u32,
    /// The digest of their ids in that order.
    pub digest: Digest32,
}
