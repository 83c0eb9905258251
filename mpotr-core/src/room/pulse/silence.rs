//! For how long nothing new was heard of anyone whom this member waits for, and how seldom it asks then.
//! `docs/spec/06-epochs.md`, "Anyone repairs".

use crate::config::Timers;
use crate::time::{Duration, Timestamp, part};

/// Who is there has answered within so many round trips: what is asked for later may be asked of nobody.
const ANSWERED_WITHIN: u32 = 16;
/// Then the next question waits for this part of the time in which nothing was heard.
const PART_OF_SILENCE: u32 = 4;

/// Since when nothing new was heard of those whom this member waits for.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    since: Timestamp,
}

impl Silence {
    /// A member has said something new, or this one begins to wait.
    pub(crate) const fn end(&mut self, now: Timestamp) {
        self.since = now;
    }

    /// Whether anything was heard since then.
    pub(crate) fn was_broken_since(&self, then: Timestamp) -> bool {
        self.since > then
    }

    /// The least wait before the next question: it grows with the silence, up to the time between two offers.
    pub(crate) fn pause(&self, now: Timestamp, times: &Timers) -> Duration {
        let silent = now.since(self.since);
        if silent <= times.round_trip.saturating_mul(ANSWERED_WITHIN) {
            return Duration::ZERO;
        }
        part(silent, PART_OF_SILENCE).min(times.advertise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a member asks for in vain, at most, in the first minute and in the tenth, where it would ask once in one and a half
    /// round trips.
    fn questions(round_trip: u64) -> (usize, usize) {
        let times = Timers {
            round_trip: Duration::from_millis(round_trip),
            ..Timers::RELAY
        };
        let mut silence = Silence::default();
        let mut now = Timestamp::from_millis(1000);
        silence.end(now);
        let mut asked = Vec::new();
        while now < Timestamp::from_millis(601_000) {
            asked.push(now);
            let usual = part(times.round_trip.saturating_mul(3), 2);
            now = now.after(silence.pause(now, &times).max(usual));
        }
        let within = |from: u64, to: u64| {
            let minute = asked.iter().map(|at| at.as_millis());
            minute.filter(|at| (from..to).contains(at)).count()
        };
        (within(1000, 61_000), within(541_000, 601_000))
    }

    #[test]
    fn who_hears_nobody_asks_more_and_more_seldom() {
        for round_trip in [1, 20, 200, 1000] {
            let (first, tenth) = questions(round_trip);
            assert!(
                first <= 60 && tenth <= 6,
                "{round_trip} ms: {first}, {tenth}"
            );
        }
    }

    #[test]
    fn who_hears_anything_asks_as_before() {
        let mut silence = Silence::default();
        let now = Timestamp::from_millis(100_000);
        assert_eq!(silence.pause(now, &Timers::RELAY), Timers::RELAY.advertise);
        silence.end(now);
        let soon = now.after(Duration::from_secs(1));
        assert_eq!(silence.pause(soon, &Timers::RELAY), Duration::ZERO);
        assert!(silence.was_broken_since(Timestamp::default()));
        assert!(!silence.was_broken_since(now));
    }
}
