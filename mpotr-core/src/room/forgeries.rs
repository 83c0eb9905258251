//! What members forge in each other's names. `docs/spec/05-wire.md`, "Receiving".
//!
//! Every member holds the keys of all, so it can seal what another never signed. That costs who receives it one signature, and
//! names nobody: who forged it cannot be told. It is charged to the epochs at hand, so that it takes a bounded part of a
//! member's time. Only what a member has sealed counts: an outsider spends nothing of it.

use crate::time::{Duration, Timestamp};

/// Signatures that may be wrong in one [`PERIOD`]: a fifth of one core, at 50 us each. Who uses them up has sent over a megabyte.
const MAX_IN_PERIOD: usize = 4096;
const PERIOD: Duration = Duration::from_secs(1);

/// Forged packets, by when they came.
#[derive(Debug, Default)]
pub(super) struct Forgeries {
    began: Timestamp,
    count: usize,
}

impl Forgeries {
    /// Whether a packet may cost a signature.
    pub(super) fn may_cost(&mut self, now: Timestamp) -> bool {
        if now.since(self.began) >= PERIOD {
            self.began = now;
            self.count = 0;
        }
        self.count < MAX_IN_PERIOD
    }

    /// So many packets have cost a signature and were forged.
    pub(super) const fn note(&mut self, count: usize) {
        self.count = self.count.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::{Forgeries, MAX_IN_PERIOD, PERIOD};
    use crate::time::Timestamp;

    #[test]
    fn forgeries_cost_so_much_in_each_period() {
        let mut forgeries = Forgeries::default();
        let begin = Timestamp::from_millis(10_000);
        for now in [begin, begin.after(PERIOD)] {
            for _ in 0..MAX_IN_PERIOD {
                assert!(forgeries.may_cost(now));
                forgeries.note(1);
            }
            assert!(!forgeries.may_cost(now));
        }
    }
}
