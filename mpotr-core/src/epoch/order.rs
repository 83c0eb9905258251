//! The one order of an epoch's messages. `docs/spec/05-wire.md`, "Order".
//!
//! ```text
//! order     = by (depth, id): Kahn's sort with the smallest key among the ready, since a parent is less deep
//! ordered   = up to the greatest message that every member who still writes covers: nothing comes before it any more
//! lock      = (count, digest) of the ordered prefix; each member signs its own, and never one that it must take back
//! final     = the prefix that is in the lock of every member
//! ```
//!
//! The theorem behind `ordered`: each member's later messages descend from what it covers, and its earlier ones are here.

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, Digest32};
use mpotr_gka::Sid;

use crate::wire::{Lock, MessageId};

/// A message's place in the order. It never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) depth: u32,
    pub(super) id: MessageId,
}

/// The ordered prefix, and what waits behind it.
#[derive(Debug)]
pub(super) struct Order {
    sid: Sid,
    /// Delivered and not ordered.
    waiting: BTreeSet<Key>,
    /// The ordered messages, each with the digest of the prefix that ends with it.
    ordered: Vec<(Key, Digest32)>,
    lock: Lock,
}

impl Order {
    pub(super) const fn new(sid: Sid) -> Self {
        Self {
            sid,
            waiting: BTreeSet::new(),
            ordered: Vec::new(),
            lock: Lock::EMPTY,
        }
    }

    /// Whether a message may still take this place.
    pub(super) fn is_open(&self, key: &Key) -> bool {
        self.ordered.last().is_none_or(|(bound, _)| key > bound)
    }

    /// Adds a delivered message at an open place.
    pub(super) fn insert(&mut self, key: Key) {
        self.waiting.insert(key);
    }

    /// Orders everything up to a key that is stable.
    pub(super) fn extend<S: CryptoSuite>(&mut self, bound: Key) {
        while let Some(next) = self.waiting.first().copied().filter(|next| *next <= bound) {
            self.waiting.pop_first();
            self.lock = self.lock.then::<S>(&self.sid, &next.id);
            self.ordered.push((next, self.lock.digest));
        }
    }

    /// The ids of the ordered messages from a place on.
    pub(super) fn ids_from(&self, place: usize) -> impl Iterator<Item = &MessageId> {
        self.ordered.iter().skip(place).map(|(key, _)| &key.id)
    }

    /// The greatest key of all that is delivered.
    pub(super) fn greatest(&self) -> Option<Key> {
        self.waiting.last().copied()
    }

    /// The ordered prefix.
    pub(super) const fn lock(&self) -> Lock {
        self.lock
    }

    /// The prefix of so many messages, if as many are ordered.
    pub(super) fn prefix(&self, count: u32) -> Option<Lock> {
        let Some(last) = count.checked_sub(1) else {
            return Some(Lock::EMPTY);
        };
        let (_, digest) = self.ordered.get(usize::try_from(last).ok()?)?;
        Some(Lock {
            count,
            digest: *digest,
        })
    }

    /// Whether a prefix of this order holds the message of this key.
    pub(super) fn is_within(&self, prefix: &Lock, key: &Key) -> bool {
        let last = prefix
            .count
            .checked_sub(1)
            .and_then(|last| usize::try_from(last).ok());
        last.and_then(|last| self.ordered.get(last))
            .is_some_and(|(last, _)| key <= last)
    }
}
