//! When a line may leave. `docs/spec/07-transport.md`, "IRC".
//!
//! Servers hold back, cut or close a client that sends more than they like, and none says what that is. So lines leave by a
//! bucket (some at once, then one in a while), and no more are under way than the server has shown to have passed on: by their
//! echo, or by its answer to a `PING` behind them.

use core::time::Duration;
use std::collections::VecDeque;

use tokio::time::Instant;

/// Without echoes the server is asked after so many lines.
const ASK_AFTER: usize = 5;

/// A measured time counts for so much of what is known, in parts of eight.
const OLD_PARTS: u32 = 7;
const PARTS: u32 = 8;

/// How fast lines may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Lines that may leave at once,
    pub burst: u32,
    /// and the time in which one more may.
    pub every: Duration,
    /// Lines that may be under way.
    pub window: usize,
}

impl Pace {
    /// What every network bears: RFC 1459 section 8.10 lets a client send one line in two seconds.
    pub const LINES: Self = Self {
        burst: 4,
        every: Duration::from_secs(2),
        window: 10,
    };

    /// Tags are long: three fill what a server queues of a client. Their echoes alone set the pace.
    pub const TAGS: Self = Self {
        burst: 3,
        every: Duration::ZERO,
        window: 3,
    };
}

/// A line under way.
#[derive(Clone, Copy, Debug)]
struct Sent {
    number: u64,
    at: Instant,
    bytes: usize,
}

/// The lines of one connection.
#[derive(Debug)]
pub(super) struct Pacing {
    pace: Pace,
    /// When all lines that have left would have left one by one.
    even: Instant,
    under_way: VecDeque<Sent>,
    count: u64,
    /// Lines since the server was asked.
    unasked: usize,
    /// When it was asked behind which line, as far as it has not answered.
    asked: VecDeque<(u64, Instant)>,
    round_trip: Option<Duration>,
    /// When the last of the lines before was passed on, while more were under way.
    passed_at: Option<Instant>,
    /// Bytes a second, as far as the window is what limits it.
    rate: Option<u32>,
}

impl Pacing {
    pub(super) fn new(now: Instant, pace: Pace) -> Self {
        Self {
            pace,
            even: now,
            under_way: VecDeque::new(),
            count: 0,
            unasked: 0,
            asked: VecDeque::new(),
            round_trip: None,
            passed_at: None,
            rate: None,
        }
    }

    /// Goes on at another pace.
    pub(super) const fn set(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// When the next line may leave; `None` if not before the server has passed another on.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        if self.under_way.len() >= self.pace.window {
            return None;
        }
        let saved = self.pace.burst.saturating_sub(1);
        let saved = self.pace.every.saturating_mul(saved);
        Some(self.even.checked_sub(saved).unwrap_or(now).max(now))
    }

    /// Whether all lines that may leave at once may do so now.
    pub(super) fn is_rested(&self, now: Instant) -> bool {
        self.even <= now && self.under_way.len() < self.pace.window
    }

    /// A line leaves with so many bytes of packets. Whether the server is to be asked behind it, with this number, where it
    /// echoes nothing.
    pub(super) fn note_sent(&mut self, now: Instant, bytes: usize) -> Option<u64> {
        let even = self.even.max(now);
        self.even = even.checked_add(self.pace.every).unwrap_or(even);
        self.count = self.count.saturating_add(1);
        self.under_way.push_back(Sent {
            number: self.count,
            at: now,
            bytes,
        });
        self.unasked = self.unasked.saturating_add(1);
        (self.unasked >= ASK_AFTER).then_some(self.count)
    }

    /// The server is asked now; with this number.
    pub(super) fn note_asked(&mut self, now: Instant) -> u64 {
        self.unasked = 0;
        self.asked.push_back((self.count, now));
        self.count
    }

    /// The server has passed the oldest line on.
    pub(super) fn note_echo(&mut self, now: Instant) {
        if let Some(sent) = self.under_way.pop_front() {
            self.note_round_trip(now.saturating_duration_since(sent.at));
            self.note_passed(now, sent);
        }
    }

    /// The server has passed on all lines up to this number. How long that took, the question tells and not the lines: the
    /// first of them left long before it.
    pub(super) fn note_answer(&mut self, now: Instant, number: u64) {
        while let Some((_, at)) = self.asked.pop_front_if(|(asked, _)| *asked <= number) {
            self.note_round_trip(now.saturating_duration_since(at));
        }
        while let Some(sent) = self.under_way.pop_front_if(|sent| sent.number <= number) {
            self.note_passed(now, sent);
        }
    }

    fn note_passed(&mut self, now: Instant, sent: Sent) {
        let since = self.passed_at.map_or(sent.at, |at| at.max(sent.at));
        self.passed_at = Some(now);
        let millis = now.saturating_duration_since(since).as_millis().max(1);
        let bytes = u128::try_from(sent.bytes).unwrap_or(u128::MAX);
        let rate = bytes.saturating_mul(1_000).checked_div(millis);
        let rate = rate.unwrap_or(u128::MAX);
        let rate = u32::try_from(rate).unwrap_or(u32::MAX);
        self.rate = Some(self.rate.map_or(rate, |before| {
            let old = (before / PARTS).saturating_mul(OLD_PARTS);
            old.saturating_add(rate / PARTS)
        }));
    }

    /// An answer took so long.
    fn note_round_trip(&mut self, took: Duration) {
        self.round_trip = Some(self.round_trip.map_or(took, |before| {
            let part = |time: Duration| time.checked_div(PARTS).unwrap_or_default();
            part(before)
                .saturating_mul(OLD_PARTS)
                .saturating_add(part(took))
        }));
    }

    /// Since when the oldest line is under way.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.under_way.front().map(|sent| sent.at)
    }

    /// Whether no line may leave before the server has passed one on.
    pub(super) fn is_full(&self) -> bool {
        self.under_way.len() >= self.pace.window
    }

    /// The time to the server and back.
    pub(super) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Bytes a second, if lines have `bytes` each: what the bucket gives in the long run, or what the window was seen to.
    pub(super) fn rate(&self, bytes: usize) -> Option<u32> {
        let bytes = u128::try_from(bytes).unwrap_or(u128::MAX);
        let steady = bytes
            .saturating_mul(1_000)
            .checked_div(self.pace.every.as_millis());
        match steady {
            Some(steady) => u32::try_from(steady).ok(),
            None => self.rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use tokio::time::Instant;

    use super::{Pace, Pacing};

    fn at(start: Instant, millis: u64) -> Instant {
        let time = Duration::from_millis(millis);
        start.checked_add(time).unwrap()
    }

    /// When lines leave, up to a time, if each is passed on at once or none is.
    fn left(pace: Pace, until: u64, is_passed_on: bool) -> Vec<u64> {
        let start = Instant::now();
        let mut pacing = Pacing::new(start, pace);
        let mut left = Vec::new();
        for millis in (0..until).step_by(10) {
            let now = at(start, millis);
            while pacing.next(now) == Some(now) {
                left.push(millis);
                pacing.note_sent(now, 300);
                if is_passed_on {
                    pacing.note_echo(now);
                }
            }
        }
        left
    }

    #[test]
    fn four_lines_leave_at_once_and_then_one_in_two_seconds() {
        assert_eq!(
            left(Pace::LINES, 6_010, true),
            [0, 0, 0, 0, 2_000, 4_000, 6_000]
        );
    }

    #[test]
    fn no_more_are_under_way_than_the_window_has() {
        assert_eq!(left(Pace::LINES, 60_000, false).len(), 10);
        assert_eq!(left(Pace::TAGS, 60_000, false), [0, 0, 0]);
        assert!(
            left(
                Pace {
                    window: 100,
                    ..Pace::TAGS
                },
                10,
                false
            )
            .len()
                > 3
        );
    }

    #[test]
    fn without_echoes_the_server_is_asked_after_five_lines_and_its_answer_counts_for_those_before()
    {
        let start = Instant::now();
        let mut pacing = Pacing::new(start, Pace::LINES);
        // One line in two seconds: the first is eight seconds old when the server is asked.
        let asked = [0, 2, 4, 6, 8].map(|second| pacing.note_sent(at(start, second * 1_000), 1));
        assert_eq!(asked, [None, None, None, None, Some(5)]);
        assert_eq!(pacing.note_asked(at(start, 8_000)), 5);
        for _ in 0..5 {
            pacing.note_sent(start, 1);
        }
        assert!(pacing.is_full());
        assert_eq!(pacing.next(at(start, 60_000)), None);
        pacing.note_answer(at(start, 8_400), 5);
        assert!(!pacing.is_full());
        assert_eq!(pacing.round_trip(), Some(Duration::from_millis(400)));
        pacing.note_answer(at(start, 8_400), 10);
        assert_eq!(pacing.oldest(), None);
        assert_eq!(pacing.round_trip(), Some(Duration::from_millis(400)));
    }

    #[test]
    fn the_rate_is_that_of_the_bucket_or_what_the_echoes_show() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start, Pace::LINES);
        assert_eq!(pacing.rate(302), Some(151));
        pacing.set(Pace::TAGS);
        assert_eq!(pacing.rate(3_000), None);
        for _ in 0..3 {
            pacing.note_sent(start, 3_000);
        }
        for number in 1..=3 {
            pacing.note_echo(at(start, number * 500));
        }
        let rate = pacing.rate(3_000).unwrap();
        assert!((5_990..=6_000).contains(&rate), "{rate}");
    }
}
