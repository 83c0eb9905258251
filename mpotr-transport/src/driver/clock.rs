//! The time of a room: milliseconds since it was made, of a clock that never runs backwards, that counts the time in which the
//! machine sleeps, and that stands still while there is no transport.
//!
//! The clock by which tasks are woken stops with the machine, and keys would outlive their time by as long as it sleeps. So
//! what the clock since the last boot (`CLOCK_BOOTTIME` of Linux) has run more than that one is added. Nobody can wake a task by it:
//! one that waits looks at it now and then.
//!
//! A member that hears nobody must not take all others for gone: when a relay is away for a minute, all of its members
//! are, and each goes on where it was. The age of keys counts by this clock, and the operator of the transport can cut
//! it at will, so the time that the clock may stand still is bounded: five minutes, regained at a sixth of the time
//! that it runs. However often the transport is lost, keys grow older than `expire` says by a sixth and five minutes at
//! most.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
#[cfg(unix)]
use std::sync::LazyLock;

use mpotr_core::Timestamp;
#[cfg(unix)]
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// The longest that the time of a room stands still: half of the age at which keys are replaced.
pub(super) const LONGEST_HALT: Duration = Duration::from_secs(300);

/// While the clock runs, it regains one part of the time that it may stand still in so many parts that it runs.
const REGAINED: u32 = 6;

/// The longest that nobody looks whether the machine has slept. It wakes by itself only when something is to be done sooner.
const LOOK: Duration = Duration::from_secs(20);

/// The clock that goes on while the machine sleeps; that of Apple's systems is called monotonic.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SINCE_BOOT: ClockId = ClockId::Boottime;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const SINCE_BOOT: ClockId = ClockId::Monotonic;

/// Both clocks at one moment, to count from.
#[cfg(unix)]
static BEGINNING: LazyLock<(std::time::Instant, Duration)> =
    LazyLock::new(|| (std::time::Instant::now(), since_boot()));

#[cfg(unix)]
fn since_boot() -> Duration {
    Duration::try_from(clock_gettime(SINCE_BOOT)).unwrap_or_default()
}

/// How long the machine has slept, since the first question.
#[cfg(unix)]
fn slept() -> Duration {
    let (awake, boot) = *BEGINNING;
    // In this order: what passes in between is taken for sleep, and never the other way round.
    let awake = awake.elapsed();
    since_boot().saturating_sub(boot).saturating_sub(awake)
}

/// Elsewhere the clock by which tasks are woken counts it.
#[cfg(not(unix))]
fn slept() -> Duration {
    Duration::ZERO
}

/// The clock of a room: it counts the time in which the machine sleeps. For programs that drive rooms themselves; over
/// transports, [`Course`](crate::Course) has one that stands still without a connection, for five minutes at most.
#[derive(Debug)]
pub struct Clock {
    /// How long the machine has slept, since some moment.
    asleep: fn() -> Duration,
    /// The same when the clock began to run, and how much longer as of the last look, in milliseconds.
    asleep_at_start: Duration,
    slept: AtomicU64,
    start: Instant,
    halted: Option<Instant>,
    /// When it began to run, last.
    running: Instant,
    /// What it may stand still, as of then.
    allowance: Duration,
}

impl Clock {
    /// A clock that begins now.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(slept)
    }

    fn start_with(asleep: fn() -> Duration) -> Self {
        let now = Instant::now();
        Self {
            asleep,
            asleep_at_start: asleep(),
            slept: AtomicU64::new(0),
            start: now,
            halted: None,
            running: now,
            allowance: LONGEST_HALT,
        }
    }

    /// The time of the room.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = Instant::now();
        let at = match self.halted {
            Some(halted) => halted.max(now.checked_sub(self.allowance).unwrap_or(halted)),
            None => now,
        };
        let elapsed = at.saturating_duration_since(self.start).as_millis();
        let awake = Timestamp::from_millis(u64::try_from(elapsed).unwrap_or(u64::MAX));
        awake.after(self.slept())
    }

    /// How long the machine has slept since the clock began to run: it never gets less, whatever two clocks say that are not
    /// read at one moment.
    fn slept(&self) -> Duration {
        let slept = (self.asleep)().saturating_sub(self.asleep_at_start);
        let slept = u64::try_from(slept.as_millis()).unwrap_or(u64::MAX);
        let before = self.slept.fetch_max(slept, Ordering::Relaxed);
        Duration::from_millis(before.max(slept))
    }

    /// When to look at the clock, to see it show a time: when it will if the machine does not sleep, or before that.
    #[must_use]
    pub fn when(&self, time: Timestamp) -> Option<Instant> {
        let awake = Duration::from_millis(time.as_millis()).saturating_sub(self.slept());
        let at = self.start.checked_add(awake)?;
        let at = match self.halted {
            Some(_) => at.checked_add(self.allowance),
            None => Some(at),
        };
        let look = Instant::now().checked_add(LOOK);
        at.into_iter().chain(look).min()
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
    use core::sync::atomic::{AtomicU64, Ordering};
    use core::time::Duration;

    use tokio::time::{Instant, advance};

    use super::{Clock, LONGEST_HALT, LOOK};

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

    /// A laptop is shut for eight hours: what is due is due when it is opened, though nothing has counted meanwhile.
    #[tokio::test(start_paused = true)]
    async fn slept_time_counts() {
        static SLEPT: AtomicU64 = AtomicU64::new(77);
        let mut clock = Clock::start_with(|| Duration::from_secs(SLEPT.load(Ordering::Relaxed)));
        advance(Duration::from_secs(1)).await;
        assert_eq!(clock.now().as_millis(), 1000);
        let expires = clock.now().after(Duration::from_secs(1800));
        // The clock is looked at before, for nobody knows whether the machine will sleep.
        assert_eq!(clock.when(expires), Some(Instant::now() + LOOK));
        let soon = clock.now().after(Duration::from_secs(5));
        assert_eq!(
            clock.when(soon),
            Some(Instant::now() + Duration::from_secs(5))
        );
        clock.halt();
        SLEPT.fetch_add(8 * 3600, Ordering::Relaxed);
        assert_eq!(clock.now().as_millis(), 1000 + 8 * 3600 * 1000);
        clock.go_on();
        assert!(clock.now() > expires);
        assert!(clock.when(expires).unwrap() <= Instant::now());
        // Two clocks that are read one after the other may differ: time does not run back.
        let before = clock.now();
        SLEPT.fetch_sub(1, Ordering::Relaxed);
        assert_eq!(clock.now(), before);
    }

    #[test]
    fn the_clock_since_boot_is_not_behind_the_other() {
        let before = super::slept();
        assert!(super::slept() + Duration::from_millis(100) >= before);
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
