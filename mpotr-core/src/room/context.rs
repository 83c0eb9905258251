//! What a part of a room is given beside its own state: who this member is, the time, and where what it has to say goes.
//!
//! A part never sees the room. It is called with a [`Context`], does its own, and returns what is for others to do.

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{Identity, KnownIdentities};

use super::outbox::Outbox;
use super::pulse::Pulse;
use crate::config::{RoomConfig, Timers};
use crate::time::Timestamp;
use crate::timers::TimerTable;

/// This member: what does not change while it is in the room.
pub(super) struct Me<S: CryptoSuite> {
    /// What the application decided. What may change later is elsewhere from the beginning: the policy and whom this member
    /// admits among its votes, whom the first epoch must have with the offers.
    pub(super) config: RoomConfig,
    pub(super) identity: Box<dyn Identity<S>>,
    /// How long things take at the pace of the room.
    pub(super) times: Timers,
    /// Members of epochs so far, whose keys need not be decoded again.
    pub(super) known: KnownIdentities<S>,
}

impl<S: CryptoSuite> Me<S> {
    /// This member's identity.
    pub(super) fn public(&self) -> IdentityKey {
        self.identity.public()
    }

    /// How long things take.
    pub(super) const fn times(&self) -> &Timers {
        &self.times
    }
}

/// What all parts of a room have in common.
pub(super) struct Common<S: CryptoSuite> {
    pub(super) me: Me<S>,
    pub(super) out: Outbox,
    pub(super) timers: TimerTable,
    pub(super) pulse: Pulse,
}

impl<S: CryptoSuite> Common<S> {
    /// Goes by the pace of the room as it is known by now.
    pub(super) fn keep_pace(&mut self) {
        self.me.times = self.pulse.times(&self.me.config.timers);
    }

    /// For a call to a part, now.
    pub(super) const fn at(&mut self, now: Timestamp) -> Context<'_, S> {
        Context {
            now,
            me: &self.me,
            out: &mut self.out,
            timers: &mut self.timers,
            pulse: &mut self.pulse,
        }
    }
}

/// What a part is called with.
pub(super) struct Context<'a, S: CryptoSuite> {
    pub(super) now: Timestamp,
    pub(super) me: &'a Me<S>,
    pub(super) out: &'a mut Outbox,
    pub(super) timers: &'a mut TimerTable,
    pub(super) pulse: &'a mut Pulse,
}
