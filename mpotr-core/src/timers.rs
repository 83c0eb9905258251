//! The timer table: at most one deadline for each purpose.

use std::collections::BTreeMap;

use crate::time::Timestamp;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Publish the own offer again: somebody new is listening, or it is time.
    Advertise,
    /// Offers were heard that are news: find out when this member proposes.
    Plan,
    /// Enough quiet since the last new offer: propose, if it is this member's turn.
    Propose,
    /// The view ends without an epoch.
    View,
    /// Look at the change under way: something new is known, or time has passed.
    Change,
    /// Answer what somebody asked for, unless another member has.
    Reply,
    /// State wishes that the others have not heard.
    Vote,
    /// The epoch's keys are to be replaced.
    Refresh,
    /// Somebody has not acknowledged for long.
    Silent,
    /// Say that this member is still there.
    Heartbeat,
    /// Others have gone on without this member.
    Abandon,
    /// The epoch is too old to be written in.
    Expire,
    /// What is left of the epoch before is not needed any more.
    Drain,
    /// Answer those who said something new in the epoch before.
    Answer,
    /// Send again what was not answered.
    Retry,
    /// Send again how this member took part in a run that it has finished: somebody has not.
    Certificate,
    /// State what was seen and not acknowledged yet.
    Acknowledge,
    /// State a longer order.
    Lock,
    /// Ask for statements that are missing.
    Query,
    /// Texts are held up by those on their way.
    Window,
    /// Something should be final by now.
    Leeway,
    /// The end was asked for and did not come.
    Finish,
    /// The others were waited for, to end together.
    Linger,
}

/// Deadlines by purpose.
#[derive(Debug, Default)]
pub(crate) struct TimerTable(BTreeMap<Timer, Timestamp>);

impl TimerTable {
    /// Sets a deadline, whatever it was.
    pub(crate) fn set(&mut self, timer: Timer, at: Timestamp) {
        self.0.insert(timer, at);
    }

    /// Sets a deadline unless an earlier one stands.
    pub(crate) fn set_earlier(&mut self, timer: Timer, at: Timestamp) {
        let deadline = self.0.entry(timer).or_insert(at);
        *deadline = at.min(*deadline);
    }

    /// Sets a deadline unless one stands.
    pub(crate) fn set_if_idle(&mut self, timer: Timer, at: Timestamp) {
        self.0.entry(timer).or_insert(at);
    }

    /// Takes a deadline back.
    pub(crate) fn stop(&mut self, timer: Timer) {
        self.0.remove(&timer);
    }

    /// Takes all deadlines back.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.values().min().copied()
    }

    /// Takes out a timer whose deadline has come, the earliest first.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Option<Timer> {
        let (timer, at) = self
            .0
            .iter()
            .min_by_key(|(_, at)| **at)
            .map(|(timer, at)| (*timer, *at))?;
        (at <= now).then(|| {
            self.0.remove(&timer);
            timer
        })
    }
}
