//! What the application decides about a room.

use std::collections::BTreeSet;

use mpotr_crypto::{DecodeError, Decoder, Encoder, IdentityKey};
use mpotr_gka::{AgreementId, AuthenticationId, RoomId};

use crate::time::Duration;

/// What all members of a room hold in common: part of `sid`, so members with different policies share no epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The group key agreement.
    pub agreement: AgreementId,
    /// The group authentication.
    pub authentication: AuthenticationId,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            agreement: AgreementId::BurmesterDesmedt,
            authentication: AuthenticationId::GroupProof,
        }
    }
}

impl Policy {
    /// `struct { uint8 agreement; uint8 authentication; } Policy;`
    pub fn encode(&self, out: &mut Encoder) {
        out.u8(self.agreement.to_u8());
        out.u8(self.authentication.to_u8());
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// A method that does not exist.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            agreement: AgreementId::decode(input, "agreement")?,
            authentication: AuthenticationId::decode(input, "authentication")?,
        })
    }
}

/// Whom this member is willing to be in a roster with. Checked before any proof of identity leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Anybody. Who is who is then for people to compare, by fingerprint.
    #[default]
    Anyone,
    /// These identities alone, and this member.
    Listed(BTreeSet<IdentityKey>),
}

impl Admission {
    pub(crate) fn admits(&self, identity: &IdentityKey) -> bool {
        match self {
            Self::Anyone => true,
            Self::Listed(identities) => identities.contains(identity),
        }
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
    /// How long a member that leaves waits for the others.
    pub finish: Duration,
}

impl Timers {
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
        finish: Duration::from_secs(10),
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
        finish: Duration::from_secs(20),
    };
}

/// What the application decides about a room.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// The channel.
    pub room: RoomId,
    /// What all members must hold in common.
    pub policy: Policy,
    /// Whom this member is willing to talk with.
    pub admission: Admission,
    /// Members that the first epoch must have, this one included; without it, whoever has gathered, two or more.
    pub members: Option<usize>,
    /// How long things take.
    pub timers: Timers,
}

impl RoomConfig {
    /// A room with the defaults.
    #[must_use]
    pub fn new(room: RoomId) -> Self {
        Self {
            room,
            policy: Policy::default(),
            admission: Admission::default(),
            members: None,
            timers: Timers::RELAY,
        }
    }
}
