//! The clock of the measurements: `CLOCK_PROCESS_CPUTIME_ID`.
//!
//! All members run in one process, so it reads the work of all of them and leaves out the time in which the machine did
//! something else.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The CPU time that the process has used since [`CpuClock::start`].
#[derive(Debug)]
pub(crate) struct CpuClock(Duration);

impl CpuClock {
    /// Starts the clock.
    pub(crate) fn start() -> Self {
        Self(process_time())
    }

    /// Stops the clock and reads it.
    pub(crate) fn stop(self) -> Duration {
        process_time().saturating_sub(self.0)
    }
}

fn process_time() -> Duration {
    // The kernel never reports a negative CPU time.
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::CpuClock;

    #[test]
    fn work_is_on_the_clock() {
        let worked = CpuClock::start();
        while super::process_time() == worked.0 {
            std::hint::spin_loop();
        }
        assert!(worked.stop() > Duration::ZERO);
    }
}
