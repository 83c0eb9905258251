//! The time of a room: milliseconds since it was made, of a clock that never runs backwards, and that stands still while there
//! is no transport.
//!
//! A member that hears nobody must not take all others for gone: when a relay is away for a minute, all of its members
//! are, and each goes on where it was. The age of keys counts by this clock, and the operator of the transport can cut
//! it at will, so the time that the clock may stand still is bounded: five minutes, regained at a sixth of the time
//! that it runs. However often the transport is lost, keys grow older than `expire` says by a sixth and five minutes at
//! most.

use core::time::Duration;

use mpotr_core::Timestamp;
use tokio::time::Instant;

/// The longest that the time of a room stands still: half of the age at which keys are replaced.
pub(super) const LONGEST_HALT: Duration = Duration::from_secs(300);

/// While the clock runs, it regains one part of the time that it may stand still in so many parts that it runs.
const REGAINED: u32 = 6;

/// The clock of a room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
    halted: Option<Instant>,
    /// When it began to run, last.
    running: Instant,
    /// What it may stand still, as of then.
    allowance: Duration,
}

impl Clock {
    /// A clock that begins now.
    pub(super) fn start() -> Self {
        let now = Instant::now();
        Self {
            start: now,
            halted: None,
            running: now,
            allowance: LONGEST_HALT,
        }
    }

    /// The time of the room.
    pub(super) fn now(&self) -> Timestamp {
        let now = Instant::now();
        let at = match self.halted {
            Some(halted) => halted.max(now.checked_sub(self.allowance).unwrap_or(halted)),
            None => now,
        };
        let elapsed = at.saturating_duration_since(self.start).as_millis();
        Timestamp::from_millis(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// When the clock will show a time, if nothing changes.
    pub(super) fn when(&self, time: Timestamp) -> Option<Instant> {
        let at = self
            .start
            .checked_add(Duration::from_millis(time.as_millis()))?;
        match self.halted {
            Some(_) => at.checked_add(self.allowance),
            None => Some(at),
        }
    }

    /// Stands still from now on, for as long as it may.
    pub(super) fn halt(&mut self) {
        if self.halted.is_none() {
            let now = Instant::now();
            let ran = now.saturating_duration_since(self.running);
            let regained = ran.checked_div(REGAINED).unwrap_or_default();
            self.allowance = self.allowance.saturating_add(regained).min(LONGEST_HALT);
            self.halted = Some(now);
        }
    }

    /// Ends a standstill: the time of the room goes on from where it is.
    pub(super) fn go_on(&mut self) {
        if let Some(halted) = self.halted.take() {
            let halt = halted.elapsed().min(self.allowance);
            self.start = self.start.checked_add(halt).unwrap_or(self.start);
            self.allowance = self.allowance.saturating_sub(halt);
            self.running = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use tokio::time::{Instant, advance};

    use super::{Clock, LONGEST_HALT};

    #[tokio::test(start_paused = true)]
    async fn a_halt_takes_no_time() {
        let mut clock = Clock::start();
        advance(Duration::from_secs(1)).await;
        clock.halt();
        let before = clock.now();
        assert_eq!(before.as_millis(), 1000);
        advance(Duration::from_secs(60)).await;
        assert_eq!(clock.now(), before);
        clock.go_on();
        assert_eq!(clock.now(), before);
        advance(Duration::from_secs(1)).await;
        assert_eq!(clock.now().as_millis(), 2000);
        assert_eq!(clock.when(clock.now()), Some(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_long_halt_time_goes_on_and_never_back() {
        let mut clock = Clock::start();
        clock.halt();
        advance(LONGEST_HALT).await;
        assert_eq!(clock.now().as_millis(), 0);
        assert_eq!(clock.when(clock.now()), Some(Instant::now()));
        advance(Duration::from_secs(7)).await;
        assert_eq!(clock.now().as_millis(), 7000);
        clock.go_on();
        assert_eq!(clock.now().as_millis(), 7000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_transport_that_is_cut_again_and_again_does_not_keep_keys_young() {
        let mut clock = Clock::start();
        let began = Instant::now();
        for _ in 0..600 {
            clock.halt();
            advance(Duration::from_secs(299)).await;
            clock.go_on();
            advance(Duration::from_secs(1)).await;
        }
        let real = began.elapsed().as_secs();
        let shown = clock.now().as_millis() / 1000;
        assert!(real - shown <= 300 + shown / 6, "{shown} of {real}");
    }
}
