//! The time of a room: milliseconds since it was made, of a clock that never runs backwards, and that stands still while there
//! is no transport.
//!
//! Whoever hears nobody must not take everybody for gone: when a relay is away for a minute, all of its members are, and each
//! goes on where it was. It stands still for so long and no longer, since the age of keys counts by it too.

use core::time::Duration;

use mpotr_core::Timestamp;
use tokio::time::Instant;

/// The longest that the time of a room stands still: half of the age at which keys are replaced.
pub(super) const LONGEST_HALT: Duration = Duration::from_secs(300);

/// The clock of a room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
    halted: Option<Instant>,
}

impl Clock {
    /// A clock that begins now.
    pub(super) fn start() -> Self {
        Self {
            start: Instant::now(),
            halted: None,
        }
    }

    /// The time of the room.
    pub(super) fn now(&self) -> Timestamp {
        let now = Instant::now();
        let at = match self.halted {
            Some(halted) => halted.max(now.checked_sub(LONGEST_HALT).unwrap_or(halted)),
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
            Some(_) => at.checked_add(LONGEST_HALT),
            None => Some(at),
        }
    }

    /// Stands still from now on.
    pub(super) fn halt(&mut self) {
        self.halted.get_or_insert_with(Instant::now);
    }

    /// Goes on.
    pub(super) fn go_on(&mut self) {
        if let Some(halted) = self.halted.take() {
            let halt = halted.elapsed().min(LONGEST_HALT);
            self.start = self.start.checked_add(halt).unwrap_or(self.start);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use tokio::time::advance;

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
        assert_eq!(clock.when(clock.now()), Some(tokio::time::Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_long_halt_time_goes_on_and_never_back() {
        let mut clock = Clock::start();
        clock.halt();
        advance(LONGEST_HALT).await;
        assert_eq!(clock.now().as_millis(), 0);
        assert_eq!(clock.when(clock.now()), Some(tokio::time::Instant::now()));
        advance(Duration::from_secs(7)).await;
        assert_eq!(clock.now().as_millis(), 7000);
        clock.go_on();
        assert_eq!(clock.now().as_millis(), 7000);
    }
}
