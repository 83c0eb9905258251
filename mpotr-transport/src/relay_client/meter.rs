//! How fast a socket takes what is written to it: measured while it makes the writer wait, for else it is not the limit.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mpotr_core::LinkReport;
use tokio::time::Instant;

use crate::socket::Observer;

/// A socket that takes bytes again so soon after the last has been the limit all the time.
const PAUSE: Duration = Duration::from_millis(100);

/// Over so much time a rate is measured at least: a system takes bytes by the segment.
const SPAN: Duration = Duration::from_millis(250);

/// Milliseconds in a second.
const MILLIS: u128 = 1_000;

/// A meter on a socket, below all encryption and framing: what those add is counted with what waits.
#[derive(Debug, Default)]
pub(super) struct Meter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Bytes that wait to be written.
    waiting: usize,
    /// Since when.
    since: Option<Instant>,
    /// When the last were taken.
    taken_at: Option<Instant>,
    /// Bytes that were taken in a stretch in which the writer waited, and how long that was.
    bytes: usize,
    time: Duration,
    rate: Option<u32>,
}

impl Meter {
    /// So many bytes wait to be written from now on.
    pub(super) fn begin(&self, bytes: usize) {
        self.with(|state| state.begin(Instant::now(), bytes));
    }

    /// All that waited was taken.
    pub(super) fn end(&self) {
        self.with(|state| state.waiting = 0);
    }

    /// When bytes were last taken, or began to wait.
    pub(super) fn still_since(&self) -> Instant {
        self.with(|state| state.taken_at.max(state.since).unwrap_or_else(Instant::now))
    }

    /// What it shows.
    pub(super) fn report(&self) -> LinkReport {
        self.with(|state| LinkReport {
            rate: state.rate,
            queued: state.waiting,
            latency: None,
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        // Nothing panics while it is held.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Meter {
    /// What comes shows nothing of how fast it goes out.
    fn read(&self, _bytes: usize) -> io::Result<()> {
        Ok(())
    }

    fn wrote(&self, bytes: usize) {
        self.with(|state| state.note(Instant::now(), bytes));
    }
}

impl State {
    fn begin(&mut self, now: Instant, bytes: usize) {
        self.waiting = bytes;
        let goes_on = self
            .taken_at
            .is_some_and(|at| now.saturating_duration_since(at) < PAUSE);
        if !goes_on {
            (self.bytes, self.time) = (0, Duration::ZERO);
            self.taken_at = None;
        }
        self.since = Some(now);
    }

    fn note(&mut self, now: Instant, bytes: usize) {
        if self.waiting == 0 {
            // Nothing of the room's: an answer to a ping, for example.
            return;
        }
        self.waiting = self.waiting.saturating_sub(bytes);
        let since = self.taken_at.or(self.since).unwrap_or(now);
        self.taken_at = Some(now);
        self.bytes = self.bytes.saturating_add(bytes);
        self.time = self
            .time
            .saturating_add(now.saturating_duration_since(since));
        if self.time < SPAN {
            return;
        }
        let bytes = u128::try_from(self.bytes).unwrap_or(u128::MAX);
        let rate = bytes
            .saturating_mul(MILLIS)
            .checked_div(self.time.as_millis());
        self.rate = rate.map(|rate| u32::try_from(rate).unwrap_or(u32::MAX));
        // The next measure begins with half of this one.
        self.bytes /= 2;
        self.time = self.time.checked_div(2).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, millis: u64) -> Instant {
        start.checked_add(Duration::from_millis(millis)).unwrap()
    }

    #[test]
    fn a_socket_that_takes_all_at_once_has_no_rate() {
        let (mut state, start) = (State::default(), Instant::now());
        for packet in 0..100 {
            let now = after(start, packet * 10_000);
            state.begin(now, 500);
            assert_eq!(state.waiting, 500);
            state.note(now, 500);
            assert_eq!((state.waiting, state.rate), (0, None));
        }
    }

    #[test]
    fn what_goes_while_nothing_waits_is_no_measure() {
        let (mut state, start) = (State::default(), Instant::now());
        state.begin(start, 500);
        state.note(start, 500);
        // An answer to a ping, an hour later.
        state.note(after(start, 3_600_000), 6);
        assert_eq!(state.rate, None);
    }

    #[test]
    fn a_socket_that_makes_its_writer_wait_has_the_rate_at_which_it_takes() {
        let (mut state, start) = (State::default(), Instant::now());
        for packet in 0..20 {
            state.begin(after(start, packet * 500), 500);
            state.note(after(start, packet * 500 + 500), 500);
        }
        assert_eq!(state.rate, Some(1_000));
        // It has become four times as fast, and the meter shows it before long.
        let start = after(start, 10_000);
        for packet in 0..40 {
            state.begin(after(start, packet * 125), 500);
            state.note(after(start, packet * 125 + 125), 500);
        }
        assert!(state.rate.is_some_and(|rate| rate > 3_500), "{state:?}");
    }
}
