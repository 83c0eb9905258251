//! From lines to units again. `docs/spec/07-transport.md`, "Text armour".
//!
//! Anyone in the channel may send pieces, in any order, more than once, of units that never end. So the memory grows with the
//! pieces at hand and never with what one announces, each sender hint has a few units, and what no new piece comes for goes.

use core::num::NonZeroU16;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::{InstanceTag, Line, MAX_UNIT, UnitId};
use crate::transport::SenderHint;

/// Unfinished units of one sender hint.
const PER_HINT: usize = 8;
/// Unfinished units of all.
const IN_ALL: usize = 64;
/// Bytes of all pieces at hand.
const BYTES: usize = 4 << 20;
/// What a piece costs besides its bytes: else pieces of three bytes would take many times what is counted.
const PIECE_COST: usize = 64;
/// A unit goes so long after its last new piece,
const PATIENCE: Duration = Duration::from_secs(120);
/// or, on a slow carrier, after so many times as long as its pieces have taken so far.
const TIMES: u32 = 4;
/// Finished units whose pieces are known when they come again.
const FINISHED: usize = 256;

/// Which unit a piece belongs to.
type Key = (SenderHint, InstanceTag, UnitId);

/// Puts units together from lines.
#[derive(Debug, Default)]
pub struct Reassembly {
    units: BTreeMap<Key, Unit>,
    /// What all pieces cost.
    cost: usize,
    /// Counts units, to tell which is oldest.
    begun: u64,
    finished: VecDeque<Key>,
    known: BTreeSet<Key>,
    counts: Counts,
}

/// What became of pieces that no unit came of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Units that went because there was no place for all, or no new piece came.
    pub dropped: u64,
    /// Pieces that came again, or do not fit to those of their unit that came first.
    pub ignored: u64,
}

/// A unit of which some pieces are at hand.
#[derive(Debug)]
struct Unit {
    number: u64,
    n: NonZeroU16,
    pieces: BTreeMap<NonZeroU16, Bytes>,
    /// The bytes of each piece but the last one, once one of them is known.
    length: Option<usize>,
    first: Instant,
    last: Instant,
}

impl Unit {
    fn cost(&self) -> usize {
        self.pieces.values().map(cost).sum()
    }

    /// Whether a piece fits to those that came first.
    fn fits(&self, k: NonZeroU16, n: NonZeroU16, piece: &Bytes) -> bool {
        if n != self.n || self.pieces.contains_key(&k) {
            return false;
        }
        if k == self.n {
            return self.length.is_none_or(|length| piece.len() <= length);
        }
        let last = self.pieces.get(&self.n);
        let least = usize::from(self.n.get().saturating_sub(1)).saturating_mul(piece.len());
        self.length.is_none_or(|length| piece.len() == length)
            && last.is_none_or(|last| last.len() <= piece.len())
            && least < MAX_UNIT
    }

    fn is_over(&self, now: Instant) -> bool {
        let took = self.last.saturating_duration_since(self.first);
        let patience = PATIENCE.max(took.saturating_mul(TIMES));
        now.saturating_duration_since(self.last) > patience
    }

    /// The bytes, once all pieces are there.
    fn whole(&self) -> Option<Bytes> {
        if self.pieces.len() < usize::from(self.n.get()) {
            return None;
        }
        let length = self.pieces.values().map(Bytes::len).sum();
        let mut unit = BytesMut::with_capacity(length);
        for piece in self.pieces.values() {
            unit.extend_from_slice(piece);
        }
        Some(unit.freeze())
    }
}

fn cost(piece: &Bytes) -> usize {
    piece.len().saturating_add(PIECE_COST)
}

impl Reassembly {
    /// Takes a line that came from `hint`, and gives the unit that is whole by it.
    pub fn take(&mut self, now: Instant, hint: SenderHint, line: Line) -> Option<Bytes> {
        self.forget(now);
        let (from, id, k, n, piece) = match line {
            Line::Whole { unit, .. } => return Some(unit),
            Line::Piece {
                from,
                id,
                k,
                n,
                piece,
            } => (from, id, k, n, piece),
        };
        let key = (hint, from, id);
        if self.known.contains(&key) {
            self.counts.ignored = self.counts.ignored.saturating_add(1);
            return None;
        }
        if !self.units.contains_key(&key) {
            self.begin(now, key, n);
        }
        let unit = self.units.get_mut(&key)?;
        if !unit.fits(k, n, &piece) {
            self.counts.ignored = self.counts.ignored.saturating_add(1);
            if unit.pieces.is_empty() {
                self.units.remove(&key);
            }
            return None;
        }
        if k < n {
            unit.length = Some(piece.len());
        }
        unit.last = now;
        self.cost = self.cost.saturating_add(cost(&piece));
        unit.pieces.insert(k, piece);
        let whole = unit.whole().filter(|whole| whole.len() <= MAX_UNIT);
        if whole.is_some() {
            self.remove(&key);
            self.finish(key);
        } else {
            self.make_room(&key);
        }
        whole
    }

    /// Bytes at hand, with what each piece costs besides.
    #[must_use]
    pub const fn cost(&self) -> usize {
        self.cost
    }

    /// What became of pieces that no unit came of.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    fn begin(&mut self, now: Instant, key: Key, n: NonZeroU16) {
        let of_hint = self.units.keys().filter(|(hint, ..)| *hint == key.0);
        if of_hint.count() >= PER_HINT || self.units.len() >= IN_ALL {
            self.drop_one(&key);
        }
        self.begun = self.begun.saturating_add(1);
        let unit = Unit {
            number: self.begun,
            n,
            pieces: BTreeMap::new(),
            length: None,
            first: now,
            last: now,
        };
        self.units.insert(key, unit);
    }

    /// Drops units until what is at hand is within the bound. The one that grows is the last to go.
    fn make_room(&mut self, growing: &Key) {
        while self.cost > BYTES && self.drop_one(growing) {}
    }

    /// Drops the oldest other unit of the same hint; if it has none, the oldest of the hint that holds most.
    fn drop_one(&mut self, growing: &Key) -> bool {
        let oldest = |hint: SenderHint| {
            let of_hint = self.units.iter();
            let of_hint = of_hint.filter(|(key, _)| key.0 == hint && *key != growing);
            of_hint.min_by_key(|(_, unit)| unit.number)
        };
        let victim = oldest(growing.0).or_else(|| {
            let mut held: BTreeMap<SenderHint, usize> = BTreeMap::new();
            for ((hint, ..), unit) in &self.units {
                let of_hint = held.entry(*hint).or_default();
                *of_hint = of_hint.saturating_add(unit.cost());
            }
            held.remove(&growing.0);
            let most = held.into_iter().max_by_key(|(_, cost)| *cost);
            most.and_then(|(hint, _)| oldest(hint))
        });
        let victim = victim.map(|(key, _)| *key);
        if let Some(key) = victim {
            self.remove(&key);
            self.counts.dropped = self.counts.dropped.saturating_add(1);
        }
        victim.is_some()
    }

    fn remove(&mut self, key: &Key) {
        if let Some(unit) = self.units.remove(key) {
            self.cost = self.cost.saturating_sub(unit.cost());
        }
    }

    fn finish(&mut self, key: Key) {
        if self.finished.len() >= FINISHED
            && let Some(oldest) = self.finished.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.finished.push_back(key);
        self.known.insert(key);
    }

    /// Drops what has waited too long.
    fn forget(&mut self, now: Instant) {
        let over = self.units.iter().filter(|(_, unit)| unit.is_over(now));
        let over: Vec<Key> = over.map(|(key, _)| *key).collect();
        for key in over {
            self.remove(&key);
            self.counts.dropped = self.counts.dropped.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
