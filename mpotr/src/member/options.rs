//! What a room is opened with.

use mpotr_core::crypto::{CryptoSuite, IdentityKey, SuiteId};
use mpotr_core::gka::{MAX_MEMBERS, RoomId, RoomName};
use mpotr_core::{Admission, Carrier, Policy, RoomConfig, Timers};

use super::error::OptionError;
use crate::backend::Backend;
use crate::{DefaultSuite, SuiteVisitor};

/// On what kind of network a room is, and so how patient it is to begin with: it measures the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// Members in one machine or one rack.
    Loopback,
    /// A relay, or another server, across the internet.
    #[default]
    Relay,
    /// A chat network of short lines.
    Line,
    /// Mail: all that waits at a time goes in one.
    Mail,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Loopback, Self::Relay, Self::Line, Self::Mail];

    /// The name, as options have it: `loopback`, `relay`, `line`, `mail`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Relay => "relay",
            Self::Line => "line",
            Self::Mail => "mail",
        }
    }

    const fn timers(self) -> Timers {
        match self {
            Self::Loopback => Timers::LOOPBACK,
            Self::Relay | Self::Line | Self::Mail => Timers::RELAY,
        }
    }

    const fn carrier(self) -> Carrier {
        match self {
            Self::Loopback | Self::Relay => Carrier::RELAY,
            Self::Line => Carrier::LINE,
            Self::Mail => Carrier::MAIL,
        }
    }
}

/// Nothing but that the suite is computed here.
struct Computes;

impl SuiteVisitor for Computes {
    type Output = ();

    fn visit<S: CryptoSuite>(self) {}
}

/// What a room is opened with: its name, whom this member is willing to be in it with, and what else differs from the
/// defaults.
///
/// ```
/// use mpotr::{Admission, Profile, RoomOptions};
///
/// let options = RoomOptions::new("tea", Admission::Ask([].into()))?.profile(Profile::Loopback).record(true);
/// assert_eq!(RoomOptions::new("", Admission::Open).unwrap_err().code(), "bad_room_name");
/// # Ok::<(), mpotr::OptionError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RoomOptions {
    pub(super) name: RoomName,
    pub(super) suite: SuiteId,
    pub(super) backend: Backend,
    admission: Admission,
    policy: Option<Policy>,
    members: Option<usize>,
    profile: Profile,
    carrier: Option<Carrier>,
    record: bool,
    refresh_messages: usize,
    leeway: usize,
    exclude_cheats: bool,
}

impl RoomOptions {
    /// The room of this name, 1 to 255 bytes in the composed form of Unicode (NFC), with those whom `admission` lets
    /// in.
    ///
    /// # Errors
    /// [`OptionError::BadRoomName`].
    pub fn new(room: &str, admission: Admission) -> Result<Self, OptionError> {
        let name = RoomName::new(room)?;
        let defaults = RoomConfig::new(name.id::<DefaultSuite>(), Admission::Open);
        Ok(Self {
            name,
            suite: SuiteId::ChaCha20Poly1305,
            backend: Backend::default(),
            admission,
            policy: None,
            members: None,
            profile: Profile::default(),
            carrier: None,
            record: defaults.record,
            refresh_messages: defaults.refresh_messages,
            leeway: defaults.leeway,
            exclude_cheats: defaults.exclude_cheats,
        })
    }

    /// The algorithms, the same for all members [ChaCha20-Poly1305].
    pub const fn suite(mut self, suite: SuiteId) -> Self {
        self.suite = suite;
        self
    }

    /// Who computes them; members on different backends share a room (default: the first that is built in).
    pub const fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// The rules that this member is ready for, and no others (default: those of the room that it finds; any one
    /// member's word for everything where it finds none).
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// How many members the first epoch has, this one included (default: all of [`Admission::Only`]; else those who
    /// have gathered, two or more).
    pub const fn members(mut self, members: usize) -> Self {
        self.members = Some(members);
        self
    }

    /// The kind of network (default: a relay).
    pub const fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// What is fixed about the carrier (default: that of the profile).
    pub const fn carrier(mut self, carrier: Carrier) -> Self {
        self.carrier = Some(carrier);
        self
    }

    /// Whether [`Member::poll_record`](crate::Member::poll_record) hands out what a transcript is made of (default:
    /// it does not).
    pub const fn record(mut self, record: bool) -> Self {
        self.record = record;
        self
    }

    /// Messages after which an epoch is replaced by one with fresh keys (default: 100).
    pub const fn refresh_messages(mut self, messages: usize) -> Self {
        self.refresh_messages = messages;
        self
    }

    /// How many delivered messages may be not final before [`Order::Unsettled`](crate::Order::Unsettled) (default:
    /// 512).
    pub const fn leeway(mut self, messages: usize) -> Self {
        self.leeway = messages;
        self
    }

    /// Whether this member votes to leave out who is proven to have cheated, as soon as it has the proof (default: it
    /// does).
    pub const fn exclude_cheats(mut self, exclude: bool) -> Self {
        self.exclude_cheats = exclude;
        self
    }

    /// What the relay, or another channel, is to be joined by: a hash, and not the name.
    #[must_use]
    pub fn room_id(&self) -> RoomId {
        self.name.id::<DefaultSuite>()
    }

    /// Whether a member of this identity could enter so: what [`Member::new`](crate::Member::new) would refuse, before
    /// anything is connected for it.
    ///
    /// # Errors
    /// The options cannot be met here or by anyone.
    pub fn check(&self, me: &IdentityKey) -> Result<(), OptionError> {
        self.config(me)?;
        self.backend.visit(self.suite, Computes)?;
        Ok(())
    }

    /// The configuration of a room of `me`.
    pub(super) fn config(&self, me: &IdentityKey) -> Result<RoomConfig, OptionError> {
        let named = match &self.admission {
            Admission::Only(identities) => {
                let others = identities.iter().filter(|identity| *identity != me);
                others.count().saturating_add(1)
            }
            Admission::Ask(_) | Admission::Open => 0,
        };
        let members = named.max(self.members.unwrap_or(0));
        if members > MAX_MEMBERS {
            return Err(OptionError::TooManyMembers { members });
        }
        let config = RoomConfig {
            policy: self.policy.clone().unwrap_or_default(),
            follow_policy: self.policy.is_none(),
            members: self.members,
            refresh_messages: self.refresh_messages,
            leeway: self.leeway,
            exclude_cheats: self.exclude_cheats,
            record: self.record,
            timers: self.profile.timers(),
            carrier: self.carrier.unwrap_or(self.profile.carrier()),
            ..RoomConfig::new(self.room_id(), self.admission.clone())
        };
        // Of a list that names all, it is known how many votes there can be.
        let counted = config.members.or((named > 1).then_some(named));
        let expected = RoomConfig {
            members: counted,
            ..config.clone()
        };
        expected.check()?;
        Ok(config)
    }
}
