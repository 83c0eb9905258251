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
/// The same where others are let in.
const MAX_TIMES_HOSTING: u32 = 4;
/// Of so many lots the last makes the wait before a try twice as long.
const LOTS: u32 = 256;
/// The most names of which tries are remembered.
const MAX_NAMES: usize = 64;

/// How often a room has tried to become one with others.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    /// To go over, by the name of the epoch into which.
    going: BTreeMap<EpochName, Tried>,
    /// To let the members of another room in.
    hosting: Option<Tried>,
}

/// A try in vain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tried {
    /// Half of how long there is no other try.
    pause: Duration,
    /// When the next one may begin.
    until: Timestamp,
}

impl Tried {
    /// A try, after those `before`: there is no other for twice as long as the first time takes, after each further one for twice
    /// as long as after the one before, up to so many times as long as after the first, and `lot` makes it up to half as much
    /// more.
    pub(crate) fn again(
        before: Option<Self>,
        now: Timestamp,
        (first, most): (Duration, u32),
        lot: u8,
    ) -> Self {
        let before = before.map(|it| it.pause).unwrap_or_default();
        let longest = first.saturating_mul(most);
        let pause = before.saturating_mul(2).min(longest).max(first);
        let more = part(pause, LOTS).saturating_mul(lot.into());
        let until = now.after(pause.saturating_mul(2)).after(more);
        Self { pause, until }
    }

    /// Whether another one has to wait.
    pub(crate) fn delays(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

impl Tries {
    /// This room goes over into another one for so long, and as long again goes by before the next time, the first time.
    ///
    /// By `lot` it is up to that much more: two rooms that each go over into the other at one moment do not do so again and
    /// again.
    pub(crate) fn note_move(&mut self, now: Timestamp, room: &Called, length: Duration, lot: u8) {
        // It counts for the name by which it was tried, and so does what was tried by any that is known of it.
        let before = room.known.iter().filter_map(|name| self.going.get(name));
        let before = before.max_by_key(|it| it.pause).copied();
        let tried = Tried::again(before, now, (length, MAX_TIMES), lot);
        if self.going.len() >= MAX_NAMES && !self.going.contains_key(&room.name) {
            let soonest = self.going.iter().min_by_key(|(_, it)| it.until);
            if let Some(soonest) = soonest.map(|(name, _)| *name) {
                self.going.remove(&soonest);
            }
        }
        self.going.insert(room.name, tried);
    }

    /// There was a change to go over into another room, and this one has not: there is no other for twice as long, the first
    /// time.
    pub(crate) fn note_not_gone(&mut self, now: Timestamp, room: &Called, first: Duration) {
        self.note_move(now, room, first, 0);
    }

    /// The members of another room were to come in, and have not: nobody is let in so for twice as long, the first time. Anyone
    /// can make up who is to come, so that pause does not grow long.
    pub(crate) fn note_not_come(&mut self, now: Timestamp, first: Duration) {
        self.hosting = Some(Tried::again(
            self.hosting,
            now,
            (first, MAX_TIMES_HOSTING),
            0,
        ));
    }

    /// This room and another have become one.
    pub(crate) fn have_merged(&mut self) {
        self.hosting = None;
    }

    /// Whether another try to go over into a room has to wait.
    pub(crate) fn delay_going(&self, now: Timestamp, room: &Called) -> bool {
        let mut tried = room.known.iter().filter_map(|name| self.going.get(name));
        tried.any(|it| it.delays(now))
    }

    /// Whether another try to let the members of a room in has to wait. That this one wanted to go over to them does not count:
    /// what keeps one of two rooms from going is no reason not to take the other in.
    pub(crate) fn delay_hosting(&self, now: Timestamp) -> bool {
        self.hosting.is_some_and(|it| it.delays(now))
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

    /// A room that is said to have had other names before.
    fn renamed<const N: usize>(name: u8, before: [u8; N]) -> Called {
        let of = |n| EpochName::new([n; 16]);
        Called {
            name: of(name),
            known: before.into_iter().chain([name]).map(of).collect(),
        }
    }

    fn called(name: u8) -> Called {
        renamed(name, [])
    }

    #[test]
    fn after_each_try_twice_as_long_goes_by() {
        let mut tries = Tries::default();
        assert!(!tries.delay_going(at(0), &called(1)));
        tries.note_move(at(0), &called(1), FIRST, 0);
        assert!(tries.delay_going(at(7), &called(1)) && !tries.delay_going(at(8), &called(1)));
        tries.note_move(at(8), &called(1), FIRST, 0);
        assert!(tries.delay_going(at(23), &called(1)));
        assert!(!tries.delay_going(at(24), &called(1)));
        assert!(!tries.delay_going(at(8), &called(2)));
        for _ in 0..20 {
            tries.note_move(at(24), &called(1), FIRST, 0);
        }
        assert!(tries.delay_going(at(24 + 511), &called(1)));
        assert!(!tries.delay_going(at(24 + 512), &called(1)));
    }

    #[test]
    fn what_was_a_short_try_makes_the_pause_after_a_long_one_no_longer() {
        let mut tries = Tries::default();
        for _ in 0..3 {
            tries.note_not_gone(at(0), &called(1), Duration::from_secs(1));
        }
        assert!(tries.delay_going(at(7), &called(1)) && !tries.delay_going(at(8), &called(1)));
        tries.note_move(at(8), &called(1), Duration::from_secs(10), 0);
        assert!(tries.delay_going(at(27), &called(1)));
        assert!(!tries.delay_going(at(28), &called(1)));
    }

    #[test]
    fn a_room_that_is_asked_for_by_a_new_name_is_the_one_that_was_tried() {
        let mut tries = Tries::default();
        tries.note_move(at(0), &called(1), FIRST, 0);
        assert!(tries.delay_going(at(7), &renamed(2, [1])));
        assert!(!tries.delay_going(at(7), &called(2)));
        tries.note_move(at(8), &renamed(2, [1]), FIRST, 0);
        tries.note_not_gone(at(24), &renamed(3, [2]), FIRST);
        assert!(tries.delay_going(at(55), &called(3)));
        assert!(!tries.delay_going(at(56), &called(3)));
    }

    #[test]
    fn the_lot_makes_the_pause_longer() {
        let mut tries = Tries::default();
        tries.note_move(at(0), &called(1), FIRST, 128);
        assert!(tries.delay_going(at(9), &called(1)) && !tries.delay_going(at(10), &called(1)));
    }

    #[test]
    fn who_is_not_let_in_may_be_the_one_to_go_to() {
        let mut tries = Tries::default();
        tries.note_not_come(at(0), FIRST);
        assert!(tries.delay_hosting(at(7)) && !tries.delay_hosting(at(8)));
        assert!(!tries.delay_going(at(0), &called(1)));
        tries.note_not_gone(at(8), &called(1), FIRST);
        assert!(tries.delay_going(at(15), &called(1)) && !tries.delay_hosting(at(8)));
        for _ in 0..20 {
            tries.note_not_come(at(8), FIRST);
        }
        assert!(tries.delay_hosting(at(8 + 31)) && !tries.delay_hosting(at(8 + 32)));
        tries.have_merged();
        assert!(!tries.delay_hosting(at(9)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut tries = Tries::default();
        for n in 0..=u8::MAX {
            tries.note_not_gone(at(n.into()), &called(n), FIRST);
        }
        assert_eq!(tries.going.len(), MAX_NAMES);
        assert!(tries.delay_going(at(256), &called(u8::MAX)));
    }
}
