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

/// So much of what follows the order here is compared with what others name by a lock. Each input costs as many hashes at most,
/// about what a signature costs. Who names messages by a lock sees to it that this is enough.
pub(super) const MAX_FORESEEN: usize = 64;

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

    /// The ids of all that is delivered, in order: what is not ordered yet as it would be.
    pub(super) fn ids(&self) -> impl Iterator<Item = &MessageId> {
        let waiting = self.waiting.iter().map(|key| &key.id);
        self.ids_from(0).chain(waiting)
    }

    /// The prefixes that follow what is ordered, if nothing else comes before them. Another member's order may be as long
    /// already, since it knows of more coverage than this one.
    pub(super) fn foreseen<S: CryptoSuite>(&self) -> Vec<Lock> {
        let mut lock = self.lock;
        let waiting = self.waiting.iter().take(MAX_FORESEEN);
        let prefixes = waiting.map(|key| {
            lock = lock.then::<S>(&key.id);
            lock
        });
        // Nothing more is ordered where something came late.
        prefixes.filter(|_| self.late.is_empty()).collect()
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

    /// The prefix of so many messages of the order as it goes on with these; `None` if there are not as many, or something came
    /// late for its place.
    pub(super) fn prefix_with<S: CryptoSuite>(
        &self,
        count: u32,
        held: impl Iterator<Item = Key>,
    ) -> Option<Lock> {
        let Some(more) = count.checked_sub(self.lock.count).filter(|more| *more > 0) else {
            return self.prefix(count);
        };
        let mut rest = self.waiting.clone();
        rest.extend(held);
        let more = usize::try_from(more).ok()?;
        let is_in_time =
            self.late.is_empty() && rest.first().is_some_and(|first| self.is_open(first));
        let rest = rest.iter().take(more);
        (is_in_time && rest.len() == more)
            .then(|| rest.fold(self.lock, |lock, key| lock.then::<S>(&key.id)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;

    fn key(depth: u8) -> Key {
        Key {
            depth: depth.into(),
            id: MessageId::new([depth; 32]),
        }
    }

    #[test]
    fn what_is_foreseen_is_what_is_ordered_next_and_no_more_than_is_worth_it() {
        let mut order = Order::new();
        (1..=100).for_each(|depth| order.insert(key(depth)));
        order.extend::<Suite>(key(10));
        let foreseen = order.foreseen::<Suite>();
        assert_eq!(foreseen.len(), MAX_FORESEEN);
        assert_eq!(order.ids().count(), 100);
        order.extend::<Suite>(key(10 + 64));
        let counts: Vec<_> = foreseen.iter().map(|lock| lock.count).collect();
        assert_eq!(counts, (11..=74).collect::<Vec<_>>());
        assert_eq!(foreseen.last(), Some(&order.lock()));
        // A place in what is ordered is taken: nothing more is.
        order.insert(key(5));
        assert!(order.foreseen::<Suite>().is_empty());
    }
}
