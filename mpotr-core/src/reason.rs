//! What a room waits for. `docs/spec/06-epochs.md`, "Waiting".

use mpotr_crypto::IdentityKey;

use crate::policy::Policy;
use crate::time::Duration;
use crate::wire::Vote;

/// What a room waits for, as far as a person would like to know it: why it is not secure yet, why a text does not leave, or
/// why something that was asked for does not come true.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitingReason {
    /// Nobody else is there: nobody was heard in the channel, or all others have left.
    Alone,
    /// There is an epoch in the channel, or so it is said, and its members have not let this one in yet.
    Outside,
    /// One who claims this identity would be in an epoch with this member, and the application has not admitted it
    /// ([`Room::admit`](crate::Room::admit)). Nothing is proven yet.
    AdmitHere {
        /// The claimed identity.
        claimed: IdentityKey,
        /// Members that vote to let it in, by name.
        by: Vec<IdentityKey>,
    },
    /// There is no epoch yet, and not all are heard who are to be in it.
    Gathering {
        /// Members that are there, this one included.
        have: usize,
        /// Members that the first epoch is to have.
        want: usize,
    },
    /// The key agreement for a first epoch is under way.
    Agreeing {
        /// Claimed identities of those whose next step is missing.
        missing: Vec<IdentityKey>,
    },
    /// The next epoch is being made: texts wait while it is.
    Changing {
        /// Those whose next step is missing.
        missing: Vec<IdentityKey>,
    },
    /// Others would be in an epoch with this member under another policy than its own, or so they say: it takes no part. Told
    /// anew with each further one.
    RulesDiffer {
        /// Theirs.
        policy: Policy,
        /// Claimed identities of those that were heard to keep them.
        by: Vec<IdentityKey>,
    },
    /// Others in the channel are there for other suites than this member's, or so they say.
    OtherSuite {
        /// Theirs, by their codes.
        theirs: Vec<u16>,
    },
    /// Others in the channel speak other versions of the protocol, or so it seems.
    OtherVersion {
        /// Theirs.
        theirs: Vec<u8>,
    },
    /// What this member has to say waits for its link to the channel.
    SlowLink {
        /// How long until all of it has left, at the rate that the link reports.
        estimate: Duration,
        /// Bytes that wait.
        queued: usize,
    },
    /// This member's identity is in the epoch already that it waits to be let in to, or another claims so. The one inside is
    /// asked whether it is there: if it says nothing, this one takes its place.
    IdentityInRoom,
    /// Another instance of the identity of a member has shown itself at the door, and that member has said nothing since it
    /// was asked: it gives way if it says nothing for long.
    AnotherInstance {
        /// Whose.
        identity: IdentityKey,
    },
    /// This member or the policy leaves a member out: texts wait for the epoch without it, or for the vote to be
    /// withdrawn.
    Excluding {
        /// Who is to be left out. It may be this member: the others have the votes for that.
        identity: IdentityKey,
    },
    /// Members ask that this one be left out, by fewer votes than it takes. It has none on itself.
    AskedOut {
        /// Who asks for it.
        by: Vec<IdentityKey>,
        /// Votes among them that count.
        have: usize,
        /// Votes that it takes.
        need: usize,
    },
    /// What this member asks for needs the votes of others.
    NeedsVotes {
        /// What it asks for.
        vote: Vote,
        /// Votes that are heard and count, the own one among them if it does: where founders decide, those of founders.
        have: usize,
        /// Votes that it takes.
        need: usize,
    },
    /// Other members ask for what takes this one's vote too, or that of more members, and this one has not asked for it. Of
    /// newcomers [`WaitingReason::AdmitHere`] tells.
    VoteHere {
        /// What they ask for.
        vote: Vote,
        /// Who asks for it.
        by: Vec<IdentityKey>,
        /// Votes that it takes.
        need: usize,
    },
    /// Enough members ask, this one among them, that an identity be let in, which is at the door, and others refuse it: nobody
    /// is in an epoch with one whom it does not let in by itself. Before there is an epoch: of those who are there some do not
    /// let another in, as far as they have said. Told anew with each further member that does not.
    NotAdmitted {
        /// Who is to be let in. Before there is an epoch it is as claimed, and may be this member.
        identity: IdentityKey,
        /// Members that have refused it, or have not let it in. Before there is an epoch this member may be the one.
        missing: Vec<IdentityKey>,
    },
    /// Messages are not final for longer than the leeway. [`Event::Unsettled`](crate::Event::Unsettled) says how many.
    NotFinal {
        /// Members without whose word they cannot be.
        waiting_for: Vec<IdentityKey>,
    },
    /// The keys of the epoch are too old to be written with, and no other has followed.
    Expired,
}

impl WaitingReason {
    /// Its name, which does not change from one version to the next.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Outside => "outside",
            Self::AdmitHere { .. } => "admit_here",
            Self::Gathering { .. } => "gathering",
            Self::Agreeing { .. } => "agreeing",
            Self::Changing { .. } => "changing",
            Self::RulesDiffer { .. } => "rules_differ",
            Self::OtherSuite { .. } => "other_suite",
            Self::OtherVersion { .. } => "other_version",
            Self::SlowLink { .. } => "slow_link",
            Self::IdentityInRoom => "identity_in_room",
            Self::AnotherInstance { .. } => "another_instance",
            Self::Excluding { .. } => "excluding",
            Self::AskedOut { .. } => "asked_out",
            Self::NeedsVotes { .. } => "needs_votes",
            Self::VoteHere { .. } => "vote_here",
            Self::NotAdmitted { .. } => "not_admitted",
            Self::NotFinal { .. } => "not_final",
            Self::Expired => "expired",
        }
    }
}
