//! How fast one sender may go: a bucket that holds a burst and fills at a rate, and how long it has been held back.

use std::time::Duration;

use tokio::time::Instant;

/// What a packet counts beside its bytes: a flood of tiny packets costs the relay and its readers by the packet.
const PACKET: usize = 64;

/// A token bucket. It is kept as the moment at which it will be full again, so that nothing runs to fill it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Bytes a second.
    rate: usize,
    /// How long a full bucket takes to fill: the burst, at the rate.
    burst: Duration,
    full_at: Instant,
}

impl Pace {
    /// A full bucket of `burst` bytes that fills with `rate` bytes a second.
    pub(super) fn new(burst: usize, rate: usize, now: Instant) -> Self {
        let rate = rate.max(1);
        Self {
            rate,
            burst: time(burst, rate),
            full_at: now,
        }
    }

    /// Pays for a packet of `length` bytes, on credit if need be: how long its sender has to wait before the next.
    pub(super) fn pay(&mut self, length: usize, now: Instant) -> Duration {
        self.pay_times(1, length, now)
    }

    /// Pays for so many packets of `length` bytes each.
    pub(super) fn pay_times(&mut self, packets: usize, length: usize, now: Instant) -> Duration {
        let bytes = length.saturating_add(PACKET).saturating_mul(packets);
        let price = time(bytes, self.rate);
        let full_at = self.full_at.max(now);
        // An instant that the clock cannot hold lies beyond the life of any connection.
        self.full_at = full_at.checked_add(price).unwrap_or(full_at);
        self.full_at
            .saturating_duration_since(now)
            .saturating_sub(self.burst)
    }

    /// Whether nothing is owed: a new bucket would be the same.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

/// How long `bytes` take at `rate` bytes a second.
fn time(bytes: usize, rate: usize) -> Duration {
    let nanos = u128::try_from(bytes)
        .unwrap_or(u128::MAX)
        .saturating_mul(1_000_000_000)
        .checked_div(u128::try_from(rate).unwrap_or(1))
        .unwrap_or(u128::MAX);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// How much of its time a sender was held back: it grows while it is, and shrinks as fast while it is not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    limit: Duration,
    held: Duration,
    seen: Instant,
}

/// A sender has sent more than it may for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exhausted;

impl Patience {
    pub(super) fn new(limit: Duration, now: Instant) -> Self {
        Self {
            limit,
            held: Duration::ZERO,
            seen: now,
        }
    }

    /// Notes that the sender is held back from `now` on for `time`.
    pub(super) fn hold(&mut self, time: Duration, now: Instant) -> Result<(), Exhausted> {
        let free = now.saturating_duration_since(self.seen);
        self.held = self.held.saturating_sub(free).saturating_add(time);
        self.seen = now.checked_add(time).unwrap_or(now);
        if self.held > self.limit {
            Err(Exhausted)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests with small numbers: an overflow would panic, and fail them"
)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::{Exhausted, PACKET, Pace, Patience};

    const SECOND: Duration = Duration::from_secs(1);

    fn after(now: Instant, millis: u64) -> Instant {
        now + Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_is_free_and_what_follows_is_paced() {
        let now = Instant::now();
        let mut pace = Pace::new(10_000, 1_000, now);
        for _ in 0..10 {
            assert_eq!(pace.pay(1_000 - PACKET, now), Duration::ZERO);
        }
        assert_eq!(pace.pay(1_000 - PACKET, now), SECOND);
        // A sender that waits as told waits a second for each thousand bytes.
        assert_eq!(pace.pay(2_000 - PACKET, now + SECOND), 2 * SECOND);
    }

    #[test]
    fn a_bucket_that_was_left_alone_is_full_again_and_no_fuller() {
        let now = Instant::now();
        let mut pace = Pace::new(10_000, 1_000, now);
        assert!(pace.is_full(now));
        assert_eq!(pace.pay(10_000 - PACKET, now), Duration::ZERO);
        assert!(!pace.is_full(after(now, 9_999)));
        let later = after(now, 3_600_000);
        assert!(pace.is_full(later));
        assert_eq!(pace.pay(11_000 - PACKET, later), SECOND);
    }

    #[test]
    fn a_packet_without_a_byte_costs_too() {
        let now = Instant::now();
        let mut pace = Pace::new(0, PACKET, now);
        assert_eq!(pace.pay(0, now), SECOND);
    }

    #[test]
    fn a_rate_without_end_never_waits() {
        let now = Instant::now();
        let mut pace = Pace::new(0, usize::MAX, now);
        for _ in 0..1_000 {
            assert_eq!(pace.pay(1 << 20, now), Duration::ZERO);
        }
    }

    #[test]
    fn who_is_held_back_all_the_time_is_out_and_who_pauses_as_long_is_not() {
        let now = Instant::now();
        let mut flooder = Patience::new(10 * SECOND, now);
        for second in 0..10 {
            assert_eq!(flooder.hold(SECOND, after(now, second * 1_000)), Ok(()));
        }
        assert_eq!(flooder.hold(SECOND, after(now, 10_000)), Err(Exhausted));

        let mut other = Patience::new(10 * SECOND, now);
        for second in 0..1_000 {
            assert_eq!(other.hold(SECOND, after(now, second * 2_000)), Ok(()));
        }
    }

    proptest! {
        #[test]
        fn no_more_than_burst_and_rate_passes_however_it_is_cut(
            lengths in prop::collection::vec(0_usize..5_000, 1..200),
        ) {
            let start = Instant::now();
            let (burst, rate) = (20_000, 7_000);
            let mut pace = Pace::new(burst, rate, start);
            let (mut now, mut sent) = (start, 0);
            for length in lengths {
                now += pace.pay(length, now);
                sent += length + PACKET;
                // The burst, what came in since, and the price of each packet rounded down to nanoseconds.
                let millis = usize::try_from((now - start).as_millis()).unwrap();
                prop_assert!(sent <= burst + rate * (millis + 1) / 1_000 + 1);
            }
        }
    }
}
