//! For how long nothing of what this member asks for has come, or nothing at all, and how seldom it asks then.
//! `docs/spec/06-epochs.md`, "Anyone repairs".

use crate::config::Timers;
use crate::time::{Duration, Timestamp, part};

/// Who is there has answered within so many round trips: what is asked for later may be asked of nobody.
const ANSWERED_WITHIN: u32 = 16;
/// Then the next question waits for this part of the time in which nothing was heard.
const PART_OF_SILENCE: u32 = 4;

/// Since when nothing new was heard of anyone, and nothing came of what this member asks for.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    since: Timestamp,
    unanswered: Timestamp,
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

    /// A step begins, which asks for something else. In silence that is no reason to ask more often.
    pub(crate) fn begin_step(&mut self, now: Timestamp) {
        if self.since > self.unanswered {
            self.unanswered = now;
        }
    }

    /// Something that was asked for is here.
    pub(crate) const fn be_answered(&mut self, now: Timestamp) {
        self.unanswered = now;
    }

    /// The least wait before the next question for anything that nobody in particular owes: it grows with the silence, up to the
    /// time between two offers.
    pub(crate) fn pause(&self, now: Timestamp, times: &Timers) -> Duration {
        Self::pause_after(now.since(self.since), times)
    }

    /// The same in a step. However much is heard of others, who is waited for and says nothing is asked no more often than what is
    /// said again by itself.
    pub(crate) fn pause_in_step(&self, now: Timestamp, times: &Timers) -> Duration {
        let unanswered = Self::pause_after(now.since(self.unanswered), times);
        self.pause(now, times).max(unanswered.min(times.retry))
    }

    fn pause_after(silent: Duration, times: &Timers) -> Duration {
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
    fn what_others_say_makes_nobody_ask_the_silent_one_more_often() {
        let mut silence = Silence::default();
        let began = Timestamp::from_millis(1000);
        silence.end(began);
        silence.begin_step(began);
        let later = Timestamp::from_millis(100_000);
        silence.end(later);
        assert_eq!(silence.pause(later, &Timers::RELAY), Duration::ZERO);
        assert_eq!(
            silence.pause_in_step(later, &Timers::RELAY),
            Timers::RELAY.retry
        );
        silence.be_answered(later);
        assert_eq!(silence.pause_in_step(later, &Timers::RELAY), Duration::ZERO);
    }

    #[test]
    fn a_step_that_begins_in_silence_ends_none() {
        let mut silence = Silence::default();
        silence.end(Timestamp::from_millis(1000));
        silence.begin_step(Timestamp::from_millis(2000));
        let later = Timestamp::from_millis(100_000);
        silence.begin_step(later);
        assert_eq!(
            silence.pause_in_step(later, &Timers::RELAY),
            Timers::RELAY.advertise
        );
        silence.end(later);
        silence.begin_step(later);
        assert_eq!(silence.pause_in_step(later, &Timers::RELAY), Duration::ZERO);
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
