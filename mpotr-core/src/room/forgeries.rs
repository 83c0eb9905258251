//! What members forge in each other's names. `docs/spec/05-wire.md`, "Receiving".
//!
//! Every member holds the keys of all, so it can seal what another never signed. That costs who receives it one signature, and
//! names nobody: who forged it cannot be told. It is charged to the epoch, so that it takes a bounded part of a member's time.
//! The epoch before has a small quota of its own: whoever was left out holds its keys, and silences nobody who goes on.
//! Only what a member has sealed counts, also when an outsider repeats it.

use crate::time::{Duration, Timestamp};

/// Signatures that may be wrong in one [`PERIOD`]: six tenths of one core, at 18 us each. Nothing sealed is opened for the rest
/// of it, so whoever uses them up silences the room: that takes over 9 MB in a second, far more than a relay passes on for one
/// address. A smaller bound would save work and make silencing cheap.
const MAX_IN_PERIOD: usize = 32_768;
const PERIOD: Duration = Duration::from_secs(1);

/// The same in the epoch before, where only statements are opened, to answer those who are behind.
const MAX_IN_PERIOD_RETIRED: usize = 256;

/// Forged packets of one epoch, by when they came.
#[derive(Debug)]
pub(super) struct Forgeries {
    most: usize,
    began: Timestamp,
    count: usize,
}

impl Forgeries {
    /// None yet, in the epoch that is.
    pub(super) fn of_epoch() -> Self {
        Self::new(MAX_IN_PERIOD)
    }

    /// None yet, in the epoch before.
    pub(super) fn of_retired() -> Self {
        Self::new(MAX_IN_PERIOD_RETIRED)
    }

    fn new(most: usize) -> Self {
        Self {
            most,
            began: Timestamp::default(),
            count: 0,
        }
    }

    /// Whether a packet may cost a signature.
    pub(super) fn may_cost(&mut self, now: Timestamp) -> bool {
        if now.since(self.began) >= PERIOD {
            self.began = now;
            self.count = 0;
        }
        self.count < self.most
    }

    /// So many packets have cost a signature and were forged.
    pub(super) const fn note(&mut self, count: usize) {
        self.count = self.count.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::{Forgeries, MAX_IN_PERIOD, MAX_IN_PERIOD_RETIRED, PERIOD};
    use crate::time::Timestamp;

    #[test]
    fn forgeries_cost_so_much_in_each_period() {
        let begin = Timestamp::from_millis(10_000);
        for (mut forgeries, most) in [
            (Forgeries::of_epoch(), MAX_IN_PERIOD),
            (Forgeries::of_retired(), MAX_IN_PERIOD_RETIRED),
        ] {
            for now in [begin, begin.after(PERIOD)] {
                for _ in 0..most {
                    assert!(forgeries.may_cost(now));
                    forgeries.note(1);
                }
                assert!(!forgeries.may_cost(now));
            }
        }
    }
}
