//! Whoever sits on a seat.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::Sid;
use mpotr_core::{Departure, MessageId, Policy, SendHandle};

use super::Fate;

/// Whoever sits on a seat.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) identity: IdentityKey,
    pub(crate) policy: Policy,
    pub(crate) is_honest: bool,
    pub(crate) is_alive: bool,
    pub(crate) is_leaving: bool,
    pub(crate) has_left: bool,
    /// The epoch it is in.
    pub(crate) present: Option<Sid>,
    /// Messages of the present epoch that it has written or read, by author: the next `seq`.
    pub(crate) clock: BTreeMap<IdentityKey, u32>,
    /// Their ids.
    pub(crate) carried: BTreeSet<MessageId>,
    /// Messages of the present epoch that are final, last messages of those who leave among them.
    pub(crate) settled: BTreeSet<MessageId>,
    /// Who, it was told, has said two things in one place in the present epoch.
    pub(crate) accused: BTreeSet<IdentityKey>,
    /// And how often in all.
    pub(crate) exposed: BTreeMap<IdentityKey, u32>,
    /// How it left.
    pub(crate) departure: Option<Departure>,
    pub(crate) fates: BTreeMap<Sid, Fate>,
    /// Texts that were taken and have no id yet.
    pub(crate) unsent: BTreeMap<SendHandle, Vec<u8>>,
    /// Texts that were taken and have no fate yet, and their ids, once they are sent.
    pub(crate) open: BTreeMap<SendHandle, Option<MessageId>>,
    /// How many key agreements it was told of that failed.
    pub(crate) failed_runs: u32,
    /// Texts of which this member was told that somebody missed them, or that they were dropped.
    pub(crate) lost: BTreeSet<SendHandle>,
    /// Members of the present epoch that this one was told are leaving.
    pub(crate) leavers: BTreeSet<IdentityKey>,
    /// Members of the present epoch that this one was told have left.
    pub(crate) gone: BTreeSet<IdentityKey>,
}

impl Person {
    /// Somebody who has just entered, and was told nothing so far.
    pub(crate) const fn enters(identity: IdentityKey, policy: Policy, is_honest: bool) -> Self {
        Self {
            identity,
            policy,
            is_honest,
            is_alive: true,
            is_leaving: false,
            has_left: false,
            present: None,
            clock: BTreeMap::new(),
            carried: BTreeSet::new(),
            settled: BTreeSet::new(),
            accused: BTreeSet::new(),
            exposed: BTreeMap::new(),
            departure: None,
            fates: BTreeMap::new(),
            unsent: BTreeMap::new(),
            open: BTreeMap::new(),
            failed_runs: 0,
            lost: BTreeSet::new(),
            leavers: BTreeSet::new(),
            gone: BTreeSet::new(),
        }
    }
}
