//! The timer table: at most one deadline for each purpose, and how often it was put off.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::{Duration, Timestamp};

/// The time between repetitions doubles so many times.
const MAX_DOUBLINGS: u32 = 3;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Publish the own offer again: one who is new is listening, or it is time.
    Advertise,
    /// Offers were heard that are news: find out when this member proposes.
    Plan,
    /// Tell those outside which of their offers were heard.
    Heard,
    /// Enough quiet since the last new offer: propose, if it is this member's turn.
    Propose,
    /// Take part in a proposal that has waited for a better one.
    Yield,
    /// The view ends without an epoch.
    View,
    /// Look at the change under way: something new is known, or time has passed.
    Change,
    /// Answer what was asked for, unless another member has.
    Reply,
    /// Ask those who want to come in who they are.
    Door,
    /// Knock again: what was answered at the door has led to nothing.
    Knock,
    /// State votes that the others have not heard.
    Vote,
    /// The epoch's keys are to be replaced.
    Refresh,
    /// A member has not acknowledged for long.
    Silent,
    /// Say that this member is still there.
    Heartbeat,
    /// Others have gone on without this member.
    Abandon,
    /// The epoch is too old to be written in.
    Expire,
    /// What is left of the epoch before is no longer needed.
    Drain,
    /// Answer those who said something new in the epoch before.
    Answer,
    /// Send again what was not answered.
    Retry,
    /// Ask for what is missing of the step under way.
    Ask,
    /// State what was seen and not acknowledged yet.
    Acknowledge,
    /// State a longer order.
    Lock,
    /// Ask for statements that are missing.
    Query,
    /// Send again what others miss, and nobody else has sent.
    Serve,
    /// Ask for what members show first where others have come in.
    Opening,
    /// Texts are held up by those on their way.
    Window,
    /// Something should be final by now.
    Leeway,
    /// Something has been waited for long enough to be told.
    Waiting,
    /// A round of the code, or an attempt with a secret, has taken too long.
    Trust,
    /// The end was asked for and did not come.
    Finish,
    /// The others were waited for, to end together.
    Linger,
}

impl Timer {
    /// Whether what it is for was said before, or is asked for again: it helps nobody while what was said waits to leave.
    pub(crate) const fn repeats(self) -> bool {
        match self {
            Self::Advertise
            | Self::Knock
            | Self::Reply
            | Self::Answer
            | Self::Retry
            | Self::Ask
            | Self::Query
            | Self::Opening
            | Self::Serve => true,
            Self::Plan
            | Self::Heard
            | Self::Door
            | Self::Propose
            | Self::Yield
            | Self::View
            | Self::Change
            | Self::Vote
            | Self::Refresh
            | Self::Silent
            | Self::Heartbeat
            | Self::Abandon
            | Self::Expire
            | Self::Drain
            | Self::Acknowledge
            | Self::Lock
            | Self::Window
            | Self::Leeway
            | Self::Finish
            | Self::Linger
            | Self::Trust
            | Self::Waiting => false,
        }
    }

    /// Whether it says that an answer is late: it takes one to what has just left, too.
    pub(crate) const fn awaits_answers(self) -> bool {
        matches!(self, Self::Retry | Self::Query)
    }
}

/// What has a meaning in one epoch only.
const OF_EPOCH: [Timer; 17] = [
    Timer::Door,
    Timer::Knock,
    Timer::View,
    Timer::Refresh,
    Timer::Silent,
    Timer::Abandon,
    Timer::Expire,
    Timer::Retry,
    Timer::Ask,
    Timer::Acknowledge,
    Timer::Lock,
    Timer::Query,
    Timer::Serve,
    Timer::Opening,
    Timer::Window,
    Timer::Leeway,
    Timer::Trust,
];

/// Deadlines by purpose.
#[derive(Debug, Default)]
pub(crate) struct TimerTable {
    deadlines: BTreeMap<Timer, Timestamp>,
    /// How often what a timer is for was repeated in vain.
    repeated: BTreeMap<Timer, u32>,
    /// What has come late and waits as long again.
    late: BTreeSet<Timer>,
}

impl TimerTable {
    /// Sets a deadline, whatever it was.
    pub(crate) fn set(&mut self, timer: Timer, at: Timestamp) {
        self.deadlines.insert(timer, at);
    }

    /// Sets a deadline unless an earlier one stands.
    pub(crate) fn set_earlier(&mut self, timer: Timer, at: Timestamp) {
        let deadline = self.deadlines.entry(timer).or_insert(at);
        *deadline = at.min(*deadline);
    }

    /// Sets a deadline unless one stands.
    pub(crate) fn set_if_idle(&mut self, timer: Timer, at: Timestamp) {
        self.deadlines.entry(timer).or_insert(at);
    }

    /// How often what a timer is for was repeated in vain.
    pub(crate) fn repetitions(&self, timer: Timer) -> u32 {
        self.repeated.get(&timer).copied().unwrap_or(0)
    }

    /// The wait before the next repetition, if none takes `first`: it doubles with each, up to eight times.
    pub(crate) fn backed_off(&self, timer: Timer, first: Duration) -> Duration {
        let doublings = self.repetitions(timer).min(MAX_DOUBLINGS);
        first.saturating_mul(2_u32.saturating_pow(doublings))
    }

    /// What a timer is for is repeated in vain once more.
    pub(crate) fn note_repetition(&mut self, timer: Timer) {
        let repeated = self.repeated.entry(timer).or_insert(0);
        *repeated = repeated.saturating_add(1);
    }

    /// Something has come of it: the next repetition is the first.
    pub(crate) fn begin_anew(&mut self, timer: Timer) {
        self.repeated.remove(&timer);
    }

    /// When a deadline is.
    pub(crate) fn at(&self, timer: Timer) -> Option<Timestamp> {
        self.deadlines.get(&timer).copied()
    }

    /// Takes a deadline back.
    pub(crate) fn stop(&mut self, timer: Timer) {
        self.deadlines.remove(&timer);
    }

    /// An epoch is over for this member: takes back all that has a meaning in it only.
    pub(crate) fn end_epoch(&mut self) {
        for timer in OF_EPOCH {
            self.stop(timer);
            self.begin_anew(timer);
        }
    }

    /// Takes all deadlines back.
    pub(crate) fn clear(&mut self) {
        self.deadlines.clear();
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.deadlines.values().min().copied()
    }

    /// What was due has come, late if it is to wait until then: that once, and not again if it is late then. Whether it waits.
    pub(crate) fn note_late(&mut self, timer: Timer, until: Option<Timestamp>) -> bool {
        let has_waited = self.late.remove(&timer);
        let until = until.filter(|_| !has_waited);
        if let Some(until) = until {
            self.late.insert(timer);
            self.set(timer, until);
        }
        until.is_some()
    }

    /// Takes out a timer whose deadline has come, the earliest first, and when that was.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Option<(Timer, Timestamp)> {
        let (timer, at) = self
            .deadlines
            .iter()
            .min_by_key(|(_, at)| **at)
            .map(|(timer, at)| (*timer, *at))?;
        (at <= now).then(|| {
            self.deadlines.remove(&timer);
            (timer, at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Timer, TimerTable};
    use crate::time::{Duration, Timestamp};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_repeated_in_vain_waits_twice_as_long_up_to_eight_times() {
        let mut timers = TimerTable::default();
        assert_eq!(timers.backed_off(Timer::Retry, SECOND), SECOND);
        let waits = [(); 5].map(|()| {
            timers.note_repetition(Timer::Retry);
            timers.backed_off(Timer::Retry, SECOND).as_secs()
        });
        assert_eq!(waits, [2, 4, 8, 8, 8]);
        assert_eq!(timers.backed_off(Timer::Query, SECOND), SECOND);
        timers.begin_anew(Timer::Retry);
        assert_eq!(timers.backed_off(Timer::Retry, SECOND), SECOND);
    }

    #[test]
    fn what_comes_late_waits_as_long_again_once() {
        let at = Timestamp::from_millis;
        let mut timers = TimerTable::default();
        assert!(timers.note_late(Timer::Ask, Some(at(20))));
        assert_eq!(timers.at(Timer::Ask), Some(at(20)));
        assert!(!timers.note_late(Timer::Ask, Some(at(40))));
        assert!(timers.note_late(Timer::Ask, Some(at(60))));
        assert!(!timers.note_late(Timer::Ask, None) && !timers.note_late(Timer::Query, None));
        assert!(timers.note_late(Timer::Ask, Some(at(80))));
    }

    #[test]
    fn the_earliest_deadline_comes_first_and_once() {
        let at = Timestamp::from_millis;
        let mut timers = TimerTable::default();
        timers.set(Timer::View, at(20));
        timers.set_if_idle(Timer::View, at(10));
        timers.set_earlier(Timer::Query, at(30));
        timers.set_earlier(Timer::Query, at(15));
        assert_eq!(timers.next(), Some(at(15)));
        assert_eq!(timers.expire(at(14)), None);
        assert_eq!(timers.expire(at(20)), Some((Timer::Query, at(15))));
        assert_eq!(timers.expire(at(21)), Some((Timer::View, at(20))));
        assert_eq!(timers.expire(at(20)), None);
    }
}
