//! How often a room tries to become one with another. `docs/spec/06-epochs.md`, "Two rooms become one".
//!
//! Each try costs a room epochs, and whether there is another room at all nobody can tell: so after each one twice as long goes
//! by before the next.

use std::collections::BTreeMap;

use crate::room::lobby::neighbours::Called;
use crate::time::{Duration, Timestamp, part};
use crate::wire::EpochName;

/// The pause after a try is at most so many times as long as after the first.
const MAX_TIMES: u32 = 64;
/// Of so many lots the last makes the wait before a try twice as long.
const LOTS: u32 = 256;
/// The most names of which tries are remembered.
const MAX_NAMES: usize = 64;

/// Tries, by the name of the other epoch.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    /// To go over into it.
    going: Times,
    /// To let its members in.
    hosting: Times,
    /// How often this room has gone over.
    moves: usize,
}

/// How often something was tried, and when the next time may be.
#[derive(Debug, Default)]
struct Times(BTreeMap<EpochName, Tried>);

/// What was tried with the room that has, or had, an epoch of some name.
#[derive(Clone, Copy, Debug)]
struct Tried {
    /// Half of how long there is no other try.
    pause: Duration,
    /// When the next one may begin.
    until: Timestamp,
}

impl Times {
    /// A try with a room: it counts for all names by which that is asked for, and so does what was tried by any name that is known
    /// of it. There is no other for twice as long as the first time takes, after each further one for twice as long as after
    /// the one before, and `lot` makes that up to half as much more.
    fn note(&mut self, now: Timestamp, room: &Called, first: Duration, lot: u8) {
        let before = room.known.iter().filter_map(|name| self.0.get(name));
        let before = before.map(|it| it.pause).max().unwrap_or_default();
        let longest = first.saturating_mul(MAX_TIMES);
        let pause = before.saturating_mul(2).min(longest).max(first);
        let more = part(pause, LOTS).saturating_mul(lot.into());
        let until = now.after(pause.saturating_mul(2)).after(more);
        for name in &room.asked {
            if self.0.len() >= MAX_NAMES && !self.0.contains_key(name) {
                let soonest = self.0.iter().min_by_key(|(_, it)| it.until);
                if let Some(soonest) = soonest.map(|(name, _)| *name) {
                    self.0.remove(&soonest);
                }
            }
            self.0.insert(*name, Tried { pause, until });
        }
    }

    fn waits(&self, now: Timestamp, room: &Called) -> bool {
        let mut tried = room.known.iter().filter_map(|name| self.0.get(name));
        tried.any(|it| now < it.until)
    }
}

impl Tries {
    /// This room goes over into another one for so long, and as long again goes by before the next time, the first time.
    ///
    /// By `lot` it is up to that much more: two rooms that each go over into the other at one moment do not do so again and
    /// again.
    pub(crate) fn note_move(&mut self, now: Timestamp, room: &Called, length: Duration, lot: u8) {
        self.going.note(now, room, length, lot);
        self.moves = self.moves.wrapping_add(1);
    }

    /// There was a change to go over into another room, and this one has not: there is no other for twice as long, the first
    /// time.
    pub(crate) fn note_not_gone(&mut self, now: Timestamp, room: &Called, first: Duration) {
        self.going.note(now, room, first, 0);
    }

    /// The members of another room were to come in, and have not: they are not let in for twice as long, the first
    /// time.
    pub(crate) fn note_not_come(&mut self, now: Timestamp, room: &Called, first: Duration) {
        self.hosting.note(now, room, first, 0);
    }

    /// How often this room has gone over.
    pub(crate) const fn moves(&self) -> usize {
        self.moves
    }

    /// Whether another try to go over into a room has to wait.
    pub(crate) fn delay_going(&self, now: Timestamp, room: &Called) -> bool {
        self.going.waits(now, room)
    }

    /// Whether another try to let the members of a room in has to wait. That this one wanted to go over to them does not count:
    /// what keeps one of two rooms from going is no reason not to take the other in.
    pub(crate) fn delay_hosting(&self, now: Timestamp, room: &Called) -> bool {
        self.hosting.waits(now, room)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAMES, Tries};
    use crate::room::lobby::neighbours::Called;
    use crate::time::{Duration, Timestamp};
    use crate::wire::EpochName;

    const FIRST: Duration = Duration::from_secs(4);

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    /// A room that is tried by some names, and is said to have had others.
    fn renamed<const N: usize, const M: usize>(asked: [u8; N], before: [u8; M]) -> Called {
        let name = |n| EpochName::new([n; 16]);
        Called {
            asked: asked.map(name).into(),
            known: asked.into_iter().chain(before).map(name).collect(),
        }
    }

    fn called<const N: usize>(asked: [u8; N]) -> Called {
        renamed(asked, [])
    }

    #[test]
    fn after_each_try_twice_as_long_goes_by() {
        let mut tries = Tries::default();
        assert!(!tries.delay_going(at(0), &called([1])));
        tries.note_move(at(0), &called([1]), FIRST, 0);
        assert!(tries.delay_going(at(7), &called([1])) && !tries.delay_going(at(8), &called([1])));
        tries.note_move(at(8), &called([1]), FIRST, 0);
        assert!(tries.delay_going(at(23), &called([1])));
        assert!(!tries.delay_going(at(24), &called([1])));
        assert!(!tries.delay_going(at(8), &called([2])));
        for _ in 0..20 {
            tries.note_move(at(24), &called([1]), FIRST, 0);
        }
        assert!(tries.delay_going(at(24 + 511), &called([1])));
        assert!(!tries.delay_going(at(24 + 512), &called([1])));
    }

    #[test]
    fn what_was_a_short_try_makes_the_pause_after_a_long_one_no_longer() {
        let mut tries = Tries::default();
        for _ in 0..3 {
            tries.note_not_gone(at(0), &called([1]), Duration::from_secs(1));
        }
        assert!(tries.delay_going(at(7), &called([1])) && !tries.delay_going(at(8), &called([1])));
        tries.note_move(at(8), &called([1]), Duration::from_secs(10), 0);
        assert!(tries.delay_going(at(27), &called([1])));
        assert!(!tries.delay_going(at(28), &called([1])));
    }

    #[test]
    fn a_try_counts_for_all_names_of_a_room() {
        let mut tries = Tries::default();
        tries.note_move(at(0), &called([1, 2]), FIRST, 0);
        // Its next epoch is no other room.
        tries.note_move(at(8), &called([2, 3]), FIRST, 0);
        assert!(tries.delay_going(at(23), &called([3])) && tries.delay_going(at(7), &called([1])));
        tries.note_move(at(24), &called([3]), FIRST, 0);
        assert!(tries.delay_going(at(55), &called([3])));
        assert_eq!(tries.moves(), 3);
    }

    #[test]
    fn a_room_that_is_asked_for_by_a_new_name_is_the_one_that_was_tried() {
        let mut tries = Tries::default();
        tries.note_move(at(0), &called([1]), FIRST, 0);
        assert!(tries.delay_going(at(7), &renamed([2], [1])));
        assert!(!tries.delay_going(at(7), &called([2])));
        tries.note_move(at(8), &renamed([2], [1]), FIRST, 0);
        tries.note_not_gone(at(24), &renamed([3], [2]), FIRST);
        assert!(tries.delay_going(at(55), &called([3])));
        assert!(!tries.delay_going(at(56), &called([3])));
    }

    #[test]
    fn the_lot_makes_the_pause_longer() {
        let mut tries = Tries::default();
        tries.note_move(at(0), &called([1]), FIRST, 128);
        assert!(tries.delay_going(at(9), &called([1])) && !tries.delay_going(at(10), &called([1])));
    }

    #[test]
    fn a_room_whose_members_have_not_come_may_be_the_one_to_go_to() {
        let mut tries = Tries::default();
        tries.note_not_come(at(0), &called([1]), FIRST);
        assert!(
            tries.delay_hosting(at(7), &called([1])) && !tries.delay_hosting(at(8), &called([1]))
        );
        assert!(!tries.delay_going(at(0), &called([1])));
        assert_eq!(tries.moves(), 0);
        tries.note_not_gone(at(8), &called([1]), FIRST);
        assert!(
            tries.delay_going(at(15), &called([1])) && !tries.delay_hosting(at(8), &called([1]))
        );
        assert_eq!(tries.moves(), 0);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut tries = Tries::default();
        for n in 0..=u8::MAX {
            tries.note_not_gone(at(n.into()), &called([n]), FIRST);
        }
        assert_eq!(tries.going.0.len(), MAX_NAMES);
        assert!(tries.delay_going(at(256), &called([u8::MAX])));
    }
}
