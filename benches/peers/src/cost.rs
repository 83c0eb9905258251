//! What an operation cost: process CPU time by a clock that can be stopped, and bytes by a ledger of who sent them.
//!
//! All members run in this one thread, so the process clock reads the sum over members and leaves
//! out the time this process was not running.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time and bytes of one operation, all members together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// CPU time of all members.
    pub cpu: Duration,
    /// Bytes of all messages, each counted once however many members receive it.
    pub bytes_total: usize,
    /// Bytes sent by the member that sends most.
    pub bytes_max_member: usize,
}

impl Cost {
    /// Puts together what the clock and the ledger hold.
    pub fn new(cpu: Duration, ledger: &Ledger) -> Self {
        Self {
            cpu,
            bytes_total: ledger.sent.iter().sum(),
            bytes_max_member: ledger.sent.iter().copied().max().unwrap_or_default(),
        }
    }
}

/// `CLOCK_PROCESS_CPUTIME_ID` since [`CpuClock::start`].
#[derive(Debug)]
pub struct CpuClock(Duration);

impl CpuClock {
    /// Starts to count.
    pub fn start() -> Self {
        Self(process_time())
    }

    /// The process CPU time spent since the start.
    pub fn stop(self) -> Duration {
        process_time().saturating_sub(self.0)
    }
}

fn process_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    // The kernel never reports a negative CPU time.
    Duration::try_from(now).unwrap_or_default()
}

/// Bytes sent, by member.
#[derive(Debug)]
pub struct Ledger {
    sent: Vec<usize>,
}

impl Ledger {
    /// A ledger of members `0..members`, nothing sent.
    pub fn new(members: usize) -> Self {
        Self {
            sent: vec![0; members],
        }
    }

    /// What each member has sent, counted elsewhere.
    pub fn of(sent: Vec<usize>) -> Self {
        Self { sent }
    }

    /// Notes that `member` sent `message`, once, whatever the number of receivers.
    pub fn sent(&mut self, member: usize, message: &[u8]) {
        if let Some(bytes) = self.sent.get_mut(member) {
            *bytes += message.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_sums_the_ledger_and_names_its_largest_sender() {
        let mut ledger = Ledger::new(3);
        ledger.sent(0, &[0; 10]);
        ledger.sent(2, &[0; 7]);
        ledger.sent(2, &[0; 7]);

        let cost = Cost::new(Duration::from_micros(5), &ledger);

        assert_eq!((cost.bytes_total, cost.bytes_max_member), (24, 14));
    }

    #[test]
    fn clock_counts_work() {
        let clock = CpuClock::start();
        let start = clock.0;
        while process_time() == start {
            std::hint::spin_loop();
        }

        assert!(clock.stop() > Duration::ZERO);
    }
}
