//! The CPU time of the process: other work of the machine does not count as ours.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The CPU time that the process has used: `CLOCK_PROCESS_CPUTIME_ID`.
#[must_use]
pub fn cpu_time() -> Duration {
    // The kernel never reports a negative CPU time.
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}
