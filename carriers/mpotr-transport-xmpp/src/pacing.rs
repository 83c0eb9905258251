//! When a stanza may leave. `docs/spec/07-transport.md`, "XMPP".
//!
//! A server reads a client more slowly than it writes, and one that has enough says so by an error or ends the connection. So no
//! more is under way than fills a short time: what the room has given back to its sender has arrived there. A room that says that
//! it is too much gets half of it a second, and more again as time goes by.

use core::time::Duration;
use std::collections::VecDeque;

use mpotr_carrier::LinkReport;
use tokio::time::Instant;

/// Bytes that may be under way: half of what a server takes in three seconds that takes 10 kB in one. A longer stanza goes alone.
const WINDOW: usize = 16 << 10;

/// The least that is asked of a room, bytes a second, and what it is asked first if nothing is known.
const LEAST: u32 = 1_000;
const UNKNOWN: u32 = 20_000;

/// Above this a room is not held back any longer.
const ENOUGH: u32 = 1_000_000;

/// A room that does not complain for so long gets a quarter more.
const QUIET: Duration = Duration::from_secs(10);

/// Waits after a complaint: the first, and the longest.
const WAIT: Duration = Duration::from_secs(1);
const MOST_WAIT: Duration = Duration::from_secs(30);

/// What has been under way for so long waits.
const WAITS: Duration = Duration::from_millis(250);

/// The rate is measured over this, and more: what is faster is not the limit.
const MEASURE: Duration = Duration::from_secs(1);

/// A measured time counts for an eighth of what is known.
const PARTS: u32 = 8;

/// A stanza under way.
#[derive(Clone, Copy, Debug)]
struct Sent {
    number: u64,
    at: Instant,
    bytes: usize,
}

/// The stanzas of one connection.
#[derive(Debug)]
pub(crate) struct Pacing {
    under_way: VecDeque<Sent>,
    count: u64,
    /// Nothing leaves before this.
    not_before: Instant,
    /// Bytes a second that the room is asked to take, since it has complained.
    limit: Option<u32>,
    complained: Instant,
    wait: Duration,
    round_trip: Option<Duration>,
    /// What has come back since a time from which on something has always been under way.
    since: Instant,
    passed: usize,
    /// Bytes a second that came back, as far as something had to wait for them.
    rate: Option<u32>,
}

impl Pacing {
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            under_way: VecDeque::new(),
            count: 0,
            not_before: now,
            limit: None,
            complained: now,
            wait: WAIT,
            round_trip: None,
            since: now,
            passed: 0,
            rate: None,
        }
    }

    fn bytes(&self) -> usize {
        self.under_way.iter().map(|sent| sent.bytes).sum()
    }

    /// When a stanza of so many bytes may leave; `None` if not before another has come back.
    pub(crate) fn next(&self, now: Instant, bytes: usize) -> Option<Instant> {
        let fits = self.bytes().saturating_add(bytes) <= WINDOW;
        (fits || self.under_way.is_empty()).then(|| self.not_before.max(now))
    }

    /// A stanza leaves; its number.
    pub(crate) fn note_sent(&mut self, now: Instant, bytes: usize) -> u64 {
        if let Some(limit) = self.limit {
            let takes = millis_of(bytes, limit);
            let since = self.not_before.max(now);
            self.not_before = since.checked_add(takes).unwrap_or(since);
        }
        if self.under_way.is_empty() {
            (self.since, self.passed) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
        let number = self.count;
        self.under_way.push_back(Sent {
            number,
            at: now,
            bytes,
        });
        number
    }

    /// The room has given a stanza back to its sender, and so all before it.
    pub(crate) fn note_echo(&mut self, now: Instant, number: u64) {
        while let Some(sent) = self.under_way.pop_front_if(|sent| sent.number <= number) {
            if sent.number == number {
                let took = now.saturating_duration_since(sent.at);
                self.round_trip = Some(self.round_trip.map_or(took, |before| {
                    let part = |time: Duration| time.checked_div(PARTS).unwrap_or_default();
                    before
                        .saturating_sub(part(before))
                        .saturating_add(part(took))
                }));
            }
            self.note_passed(now, sent);
        }
        self.wait = WAIT;
        if now.saturating_duration_since(self.complained) >= QUIET {
            self.complained = now;
            let more = |limit: u32| limit.saturating_add(limit / 4);
            self.limit = self.limit.map(more).filter(|limit| *limit < ENOUGH);
        }
    }

    /// A server reads in gulps, so what came back is counted over a time.
    fn note_passed(&mut self, now: Instant, sent: Sent) {
        self.passed = self.passed.saturating_add(sent.bytes);
        let took = now.saturating_duration_since(self.since);
        if took < MEASURE {
            return;
        }
        let bytes = u128::try_from(self.passed).unwrap_or(u128::MAX);
        let rate = bytes.saturating_mul(1_000).checked_div(took.as_millis());
        let rate = u32::try_from(rate.unwrap_or(u128::MAX)).unwrap_or(u32::MAX);
        self.rate = Some(
            self.rate
                .map_or(rate, |before| (before / 2).saturating_add(rate / 2)),
        );
        (self.since, self.passed) = (now, 0);
    }

    /// The room does not take a stanza now: whether that was under way.
    pub(crate) fn note_refused(&mut self, now: Instant, number: u64) -> bool {
        let before = self.under_way.len();
        self.under_way.retain(|sent| sent.number != number);
        if self.under_way.len() == before {
            return false;
        }
        // What left at once with it is refused for the same reason, and counts once.
        let is_known = now.saturating_duration_since(self.complained) < WAIT;
        if self.limit.is_none() || !is_known {
            let known = self.limit.or(self.rate).unwrap_or(UNKNOWN);
            self.limit = Some((known.min(ENOUGH) / 2).max(LEAST));
            self.not_before = now.checked_add(self.wait).unwrap_or(now);
            self.wait = self.wait.saturating_mul(2).min(MOST_WAIT);
        }
        self.complained = now;
        true
    }

    /// Since when the oldest stanza is under way.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.under_way.front().map(|sent| sent.at)
    }

    /// What is known of the link, if so many bytes more wait to leave.
    pub(crate) fn link(&self, now: Instant, waiting: usize) -> LinkReport {
        let is_late = |at: Instant| now.saturating_duration_since(at) >= WAITS;
        let is_late = self.oldest().is_some_and(is_late);
        let under_way = if is_late { self.bytes() } else { 0 };
        let latency = self.round_trip.map(|time| time.as_millis().max(1));
        LinkReport {
            rate: self.limit.or(self.rate),
            queued: waiting.saturating_add(under_way),
            latency: latency.and_then(|latency| u32::try_from(latency).ok()),
        }
    }
}

fn millis_of(bytes: usize, rate: u32) -> Duration {
    let millis = u64::try_from(bytes)
        .unwrap_or(u64::MAX)
        .saturating_mul(1_000);
    Duration::from_millis(millis.checked_div(u64::from(rate)).unwrap_or(millis))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use tokio::time::Instant;

    use super::{LEAST, Pacing, WINDOW};

    fn at(start: Instant, millis: u64) -> Instant {
        start.checked_add(Duration::from_millis(millis)).unwrap()
    }

    #[test]
    fn as_much_is_under_way_as_the_window_has_and_a_long_stanza_goes_alone() {
        let now = Instant::now();
        let mut pacing = Pacing::new(now);
        for _ in 0..16 {
            assert_eq!(pacing.next(now, 1_024), Some(now));
            pacing.note_sent(now, 1_024);
        }
        assert_eq!(pacing.next(now, 1), None);
        pacing.note_echo(now, 15);
        assert_eq!(pacing.next(now, WINDOW), None);
        pacing.note_echo(now, 16);
        assert_eq!(pacing.next(now, 120_000), Some(now));
        pacing.note_sent(now, 120_000);
        assert_eq!(pacing.next(now, 1), None);
    }

    #[test]
    fn a_room_that_complains_gets_half_and_later_more_again() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        for second in 0..4 {
            let number = pacing.note_sent(at(start, second * 1_000), 8_000);
            pacing.note_echo(at(start, second * 1_000 + 1_000), number);
        }
        assert_eq!(pacing.link(start, 0).rate, Some(8_000));
        let now = at(start, 4_000);
        let (first, second) = (pacing.note_sent(now, 1_000), pacing.note_sent(now, 1_000));
        assert!(pacing.note_refused(now, first) && pacing.note_refused(now, second));
        assert!(!pacing.note_refused(now, first), "it is not under way");
        assert_eq!(pacing.link(now, 0).rate, Some(4_000), "once for both");
        assert_eq!(pacing.next(now, 1_000), Some(at(start, 5_000)));
        // Stanza by stanza at that rate.
        let now = at(start, 5_000);
        let number = pacing.note_sent(now, 1_000);
        assert_eq!(pacing.next(now, 1_000), Some(at(start, 5_250)));
        pacing.note_echo(now, number);
        let number = pacing.note_sent(at(start, 15_000), 1_000);
        pacing.note_echo(at(start, 15_000), number);
        assert_eq!(pacing.link(now, 0).rate, Some(5_000));
        for round in 0..20 {
            let now = at(start, 20_000 + round * 60_000);
            let number = pacing.note_sent(now, 1_000);
            pacing.note_refused(now, number);
        }
        assert_eq!(pacing.link(now, 0).rate, Some(LEAST), "and never less");
    }

    #[test]
    fn what_does_not_come_back_soon_is_told_as_waiting() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        let number = pacing.note_sent(start, 700);
        assert_eq!(pacing.link(at(start, 100), 0).queued, 0);
        assert_eq!(pacing.link(at(start, 300), 50).queued, 750);
        pacing.note_echo(at(start, 400), number);
        let link = pacing.link(at(start, 400), 0);
        assert_eq!((link.queued, link.latency), (0, Some(400)));
        assert_eq!(pacing.oldest(), None);
    }
}
