//! What the application decides about a room.

use std::collections::BTreeSet;

use mpotr_crypto::IdentityKey;
use mpotr_gka::RoomId;

use crate::policy::{Policy, PolicyError};
use crate::time::Duration;

/// Whom this member is willing to be in a roster with. Checked before any proof of identity leaves. There is no default:
/// an application that says nothing must not let everybody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// These identities and no others, besides this member. The first epoch that this member enters has all of them, so
    /// that no text leaves before they are all in. [`Room::admit`](crate::Room::admit) adds none.
    Only(BTreeSet<IdentityKey>),
    /// These identities; an event tells of every other one that is heard of, and [`Room::admit`](crate::Room::admit)
    /// adds it. With nobody listed, the application is asked about everyone.
    Ask(BTreeSet<IdentityKey>),
    /// Anybody. Who is who is then for people to compare, by fingerprint.
    Open,
}

impl Admission {
    pub(crate) fn admits(&self, identity: &IdentityKey) -> bool {
        match self {
            Self::Only(identities) | Self::Ask(identities) => identities.contains(identity),
            Self::Open => true,
        }
    }

    /// Whether somebody whom it does not admit yet may be admitted later.
    pub(crate) const fn asks(&self) -> bool {
        matches!(self, Self::Ask(_))
    }
}

/// How long things take (`docs/spec/06-epochs.md`, "Timers").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Quiet after the last new offer before a proposal; at most four times as long in all.
    pub gather: Duration,
    /// Between two publications of an offer that has not been used.
    pub advertise: Duration,
    /// Between one candidate for proposer and the next.
    pub propose: Duration,
    /// A whole view, from proposal to epoch.
    pub view: Duration,
    /// First repetition of an unanswered packet; doubles each time, up to eight times as long.
    pub retry: Duration,
    /// Before a quiet acknowledgement.
    pub acknowledge: Duration,
    /// Before a statement that only reports a longer order.
    pub lock: Duration,
    /// Before the others are asked to state again what they have seen; doubles each time, up to eight times as long.
    pub query: Duration,
    /// How long a delivered message may be not final before [`Event::Unsettled`](crate::Event::Unsettled).
    pub leeway: Duration,
    /// In a change: how long a member may say nothing before it is left out.
    pub suspect: Duration,
    /// Between signs of life in a quiet room. Who gives none for two and a half is left out in a change.
    pub heartbeat: Duration,
    /// How long a text may go unacknowledged before a change is asked for, in which who is silent is left out.
    pub silent: Duration,
    /// How long a member that others have gone on without waits before it asks to be let in again.
    pub adopt: Duration,
    /// Age at which an epoch is replaced by one with fresh keys.
    pub refresh: Duration,
    /// Age from which on nothing more is written in an epoch.
    pub expire: Duration,
    /// How long what is left of an epoch answers those who are behind.
    pub drain: Duration,
    /// How long a member that leaves waits for the others.
    pub finish: Duration,
    /// How long a member that could leave waits for the others to leave too, so that all end together and may publish what
    /// signed for them.
    pub linger: Duration,
}

/// An offer that was not heard for as many times `advertise` is not there.
const MOST_ADVERTISES: u32 = 3;

impl Timers {
    /// How long an offer counts after it was heard.
    pub(crate) const fn fresh(&self) -> Duration {
        self.advertise.saturating_mul(MOST_ADVERTISES)
    }

    /// How long an answer takes: a repetition, and a quiet acknowledgement.
    pub(crate) fn patience(&self) -> Duration {
        self.retry
            .saturating_add(self.acknowledge.saturating_mul(2))
    }

    /// For a relay across the internet.
    pub const RELAY: Self = Self {
        gather: Duration::from_millis(1_000),
        advertise: Duration::from_secs(10),
        propose: Duration::from_secs(2),
        view: Duration::from_secs(8),
        retry: Duration::from_secs(1),
        acknowledge: Duration::from_secs(1),
        lock: Duration::from_secs(2),
        query: Duration::from_secs(10),
        leeway: Duration::from_secs(10),
        suspect: Duration::from_secs(15),
        heartbeat: Duration::from_secs(60),
        silent: Duration::from_secs(60),
        adopt: Duration::from_secs(10),
        refresh: Duration::from_secs(600),
        expire: Duration::from_secs(1800),
        drain: Duration::from_secs(60),
        finish: Duration::from_secs(10),
        linger: Duration::from_secs(1),
    };

    /// For members in one machine or one rack.
    pub const LOOPBACK: Self = Self {
        gather: Duration::from_millis(60),
        advertise: Duration::from_secs(1),
        propose: Duration::from_millis(500),
        view: Duration::from_secs(20),
        retry: Duration::from_secs(2),
        acknowledge: Duration::from_millis(30),
        lock: Duration::from_millis(30),
        query: Duration::from_secs(2),
        leeway: Duration::from_secs(5),
        suspect: Duration::from_secs(20),
        heartbeat: Duration::from_secs(60),
        silent: Duration::from_secs(60),
        adopt: Duration::from_secs(20),
        refresh: Duration::from_secs(600),
        expire: Duration::from_secs(1800),
        drain: Duration::from_secs(10),
        finish: Duration::from_secs(20),
        linger: Duration::from_millis(100),
    };
}

/// What the application decides about a room.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// The channel.
    pub room: RoomId,
    /// What all members must hold in common.
    pub policy: Policy,
    /// Whether this member, as a newcomer to an epoch that exists, takes part under whatever policy it has.
    pub follow_policy: bool,
    /// Whom this member is willing to talk with.
    pub admission: Admission,
    /// Members that the first epoch must have, this one included; without it, all of [`Admission::Only`], else whoever
    /// has gathered, two or more.
    pub members: Option<usize>,
    /// Messages after which an epoch is replaced by one with fresh keys.
    pub refresh_messages: usize,
    /// How many delivered messages may be not final before [`Event::Unsettled`](crate::Event::Unsettled).
    pub leeway: usize,
    /// Whether this member votes to leave out whoever is proven to have cheated, as soon as it has the proof.
    pub exclude_cheats: bool,
    /// Whether [`Room::poll_record`](crate::Room::poll_record) hands out what a transcript is made of.
    pub record: bool,
    /// How long things take.
    pub timers: Timers,
}

impl RoomConfig {
    /// A room with the defaults, for those whom `admission` lets in.
    #[must_use]
    pub fn new(room: RoomId, admission: Admission) -> Self {
        Self {
            room,
            policy: Policy::default(),
            follow_policy: false,
            admission,
            members: None,
            refresh_messages: 100,
            leeway: 512,
            exclude_cheats: true,
            record: false,
            timers: Timers::RELAY,
        }
    }

    /// Whether a room with this configuration can come about, as far as it says by itself.
    ///
    /// # Errors
    /// Nobody would read its policy, or a rule asks for the votes of more members than the first epoch is to have.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.policy.check()?;
        let members = self.members.unwrap_or(usize::MAX);
        self.policy.check_size(members)
    }
}
