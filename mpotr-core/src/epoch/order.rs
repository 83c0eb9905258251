//! The one order of an epoch's messages. `docs/spec/05-wire.md`, "Order".
//!
//! ```text
//! order     = by (depth, id): Kahn's sort with the smallest key among the ready, since a parent is less deep
//! ordered   = up to the greatest message that every member who still writes covers: nothing comes before it from then on
//! lock      = (count, digest) of the ordered prefix; each member signs its own, and never one that it must take back
//! final     = the prefix that is in the lock of every member
//! late      = of an author that says two things, with a place in what is ordered already: nothing more is ordered then,
//!             until the epoch ends and all agree on where it goes
//! ```
//!
//! The theorem behind `ordered`: each member's later messages descend from what it covers, and its earlier ones are here.

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, Digest32};

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
    /// Delivered and not ordered.
    waiting: BTreeSet<Key>,
    /// Delivered after their place was given away.
    late: BTreeSet<Key>,
    /// The ordered messages, each with the digest of the prefix that ends with it.
    ordered: Vec<(Key, Digest32)>,
    lock: Lock,
}

impl Order {
    pub(super) const fn new() -> Self {
        Self {
            waiting: BTreeSet::new(),
            late: BTreeSet::new(),
            ordered: Vec::new(),
            lock: Lock::EMPTY,
        }
    }

    /// Whether a message may still take this place.
    pub(super) fn is_open(&self, key: &Key) -> bool {
        self.ordered.last().is_none_or(|(bound, _)| key > bound)
    }

    /// Adds a delivered message.
    pub(super) fn insert(&mut self, key: Key) {
        if self.is_open(&key) {
            self.waiting.insert(key);
        } else {
            self.late.insert(key);
        }
    }

    /// Orders everything up to a key that is stable. What this member has signed it never takes back: a message that came
    /// late stops its order where it is.
    pub(super) fn extend<S: CryptoSuite>(&mut self, bound: Key) {
        if !self.late.is_empty() {
            return;
        }
        while let Some(next) = self.waiting.first().copied().filter(|next| *next <= bound) {
            self.waiting.pop_first();
            self.lock = self.lock.then::<S>(&next.id);
            self.ordered.push((next, self.lock.digest));
        }
    }

    /// The ids of the ordered messages from a place on.
    pub(super) fn ids_from(&self, place: usize) -> impl Iterator<Item = &MessageId> {
        self.ordered.iter().skip(place).map(|(key, _)| &key.id)
    }

    /// The order of all that is delivered and of these when the epoch ends: the first so many as they are, the rest by key.
    pub(super) fn closed<S: CryptoSuite>(
        &self,
        base: u32,
        held: impl Iterator<Item = Key>,
    ) -> Lock {
        let start = self.prefix(base).unwrap_or(Lock::EMPTY);
        let mut rest = self.rest(start.count);
        rest.extend(held);
        rest.iter().fold(start, |lock, key| lock.then::<S>(&key.id))
    }

    /// Orders all that is delivered in this way.
    pub(super) fn close<S: CryptoSuite>(&mut self, base: u32) {
        let start = self.prefix(base).unwrap_or(Lock::EMPTY);
        let rest = self.rest(start.count);
        self.ordered
            .truncate(usize::try_from(start.count).unwrap_or(usize::MAX));
        self.waiting.clear();
        self.late.clear();
        self.lock = start;
        for key in rest {
            self.lock = self.lock.then::<S>(&key.id);
            self.ordered.push((key, self.lock.digest));
        }
    }

    /// All that is delivered but the first so many of the order, by key.
    fn rest(&self, base: u32) -> BTreeSet<Key> {
        let base = usize::try_from(base).unwrap_or(usize::MAX);
        let beyond = self.ordered.iter().skip(base).map(|(key, _)| *key);
        beyond
            .chain(self.waiting.iter().copied())
            .chain(self.late.iter().copied())
            .collect()
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

    /// The place of a message, if it is ordered.
    pub(super) fn place(&self, key: &Key) -> Option<u32> {
        let found = self
            .ordered
            .binary_search_by(|(ordered, _)| ordered.cmp(key));
        found.ok().and_then(|place| u32::try_from(place).ok())
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
