//! How often a room tries to become one with another. `docs/spec/06-epochs.md`, "Two rooms become one".
//!
//! Each try costs a room epochs, and whether there is another room at all nobody can tell: so each takes twice as long as the
//! one before, and as long again goes by before the next.

use std::collections::BTreeMap;

use crate::time::{Duration, Timestamp, part};
use crate::wire::EpochName;

/// The time of a try doubles so many times.
const MAX_DOUBLINGS: u32 = 6;
/// Of so many lots the last makes the wait before a try twice as long.
const LOTS: u32 = 256;
/// The most names of which tries are remembered.
const MAX_NAMES: usize = 64;

/// Tries, by the name of the other epoch.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    of: BTreeMap<EpochName, Tried>,
    /// How often this room has gone over.
    moves: usize,
}

/// What was tried with the room that has, or had, an epoch of some name.
#[derive(Clone, Copy, Debug)]
struct Tried {
    times: u32,
    /// When the next try may begin.
    until: Timestamp,
}

impl Tries {
    /// This room goes over into another one, which is known by these names: it counts for all of them. The first time takes
    /// so long. Returns when it goes back.
    ///
    /// As long again goes by before the next one, and up to that much more, as `lot` says: two rooms that each go over into
    /// the other at one moment do not do so again and again.
    pub(crate) fn note_move(
        &mut self,
        now: Timestamp,
        names: impl IntoIterator<Item = EpochName>,
        first: Duration,
        lot: u8,
    ) -> Timestamp {
        let names: Vec<_> = names.into_iter().collect();
        let length = self.note(now, &names, first, lot);
        self.moves = self.moves.wrapping_add(1);
        now.after(length)
    }

    /// A try with another room has come to nothing before this one went over: there is no other for twice as long.
    pub(crate) fn note_failed(&mut self, now: Timestamp, name: EpochName, first: Duration) {
        self.note(now, &[name], first, 0);
    }

    fn note(&mut self, now: Timestamp, names: &[EpochName], first: Duration, lot: u8) -> Duration {
        let before = names.iter().filter_map(|name| self.of.get(name));
        let times = before.map(|it| it.times).max().unwrap_or(0);
        let length = first.saturating_mul(2_u32.saturating_pow(times));
        let more = part(length, LOTS).saturating_mul(lot.into());
        let tried = Tried {
            times: times.saturating_add(1).min(MAX_DOUBLINGS),
            until: now.after(length.saturating_mul(2)).after(more),
        };
        for name in names {
            if self.of.len() >= MAX_NAMES && !self.of.contains_key(name) {
                let soonest = self.of.iter().min_by_key(|(_, it)| it.until);
                if let Some(soonest) = soonest.map(|(name, _)| *name) {
                    self.of.remove(&soonest);
                }
            }
            self.of.insert(*name, tried);
        }
        length
    }

    /// How often this room has gone over.
    pub(crate) const fn moves(&self) -> usize {
        self.moves
    }

    /// Whether another try has to wait.
    pub(crate) fn waits(&self, now: Timestamp, name: EpochName) -> bool {
        self.of.get(&name).is_some_and(|it| now < it.until)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAMES, Tries};
    use crate::time::{Duration, Timestamp};
    use crate::wire::EpochName;

    const FIRST: Duration = Duration::from_secs(4);

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    #[test]
    fn each_try_takes_twice_as_long_and_as_long_again_goes_by() {
        let name = EpochName::new([1; 16]);
        let mut tries = Tries::default();
        assert!(!tries.waits(at(0), name));
        assert_eq!(tries.note_move(at(0), [name], FIRST, 0), at(4));
        assert!(tries.waits(at(7), name) && !tries.waits(at(8), name));
        assert_eq!(tries.note_move(at(8), [name], FIRST, 0), at(16));
        assert!(tries.waits(at(23), name) && !tries.waits(at(24), name));
        assert!(!tries.waits(at(8), EpochName::new([2; 16])));
    }

    #[test]
    fn a_try_counts_for_all_names_of_a_room() {
        let [one, two, three] = [1, 2, 3].map(|n| EpochName::new([n; 16]));
        let mut tries = Tries::default();
        assert_eq!(tries.note_move(at(0), [one, two], FIRST, 0), at(4));
        // Its next epoch is no other room.
        assert_eq!(tries.note_move(at(8), [two, three], FIRST, 0), at(16));
        assert!(tries.waits(at(23), three) && tries.waits(at(7), one));
        assert_eq!(tries.note_move(at(24), [three], FIRST, 0), at(40));
        assert_eq!(tries.moves(), 3);
    }

    #[test]
    fn the_lot_makes_the_wait_longer_and_not_the_move() {
        let name = EpochName::new([1; 16]);
        let mut tries = Tries::default();
        assert_eq!(tries.note_move(at(0), [name], FIRST, 128), at(4));
        assert!(tries.waits(at(9), name) && !tries.waits(at(10), name));
    }

    #[test]
    fn a_room_whose_members_were_not_let_in_is_no_move() {
        let name = EpochName::new([1; 16]);
        let mut tries = Tries::default();
        tries.note_failed(at(0), name, FIRST);
        assert!(tries.waits(at(7), name) && !tries.waits(at(8), name));
        assert_eq!(tries.moves(), 0);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut tries = Tries::default();
        for n in 0..=u8::MAX {
            tries.note_failed(at(n.into()), EpochName::new([n; 16]), FIRST);
        }
        assert_eq!(tries.of.len(), MAX_NAMES);
        assert!(tries.waits(at(256), EpochName::new([u8::MAX; 16])));
    }
}
