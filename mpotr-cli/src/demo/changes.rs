//! Keys that are made anew, once the talk is over: one change after another, and what each costs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Notify;

/// What a change cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Cost {
    /// From when it was asked for until all had the next epoch.
    pub(super) micros: u128,
    /// Bytes that went over the relay's connections meanwhile, in both directions together.
    pub(super) bytes: u64,
}

/// A moment: how long after the beginning, and how many bytes had gone over the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) after: Duration,
    pub(super) bytes: u64,
}

/// Changes, for which the members ask in turn.
#[derive(Debug)]
pub(super) struct Changes {
    /// By which each member is told to ask.
    asks: Vec<Arc<Notify>>,
    wanted: usize,
    began: Option<Moment>,
    /// Who has the next epoch.
    arrived: BTreeSet<usize>,
    pub(super) costs: Vec<Cost>,
}

impl Changes {
    /// So many, among these members.
    pub(super) const fn new(asks: Vec<Arc<Notify>>, wanted: usize) -> Self {
        Self {
            asks,
            wanted,
            began: None,
            arrived: BTreeSet::new(),
            costs: Vec::new(),
        }
    }

    /// The talk is over, and perhaps this member has a new epoch. Returns whether there is no change left to make.
    pub(super) fn go_on(&mut self, secure: Option<usize>, now: Moment) -> bool {
        if let Some(began) = self.began {
            self.arrived.extend(secure);
            if self.arrived.len() < self.asks.len() {
                return false;
            }
            self.costs.push(Cost {
                micros: now.after.saturating_sub(began.after).as_micros(),
                bytes: now.bytes.saturating_sub(began.bytes),
            });
            self.began = None;
        }
        if self.costs.len() >= self.wanted {
            return true;
        }
        self.arrived.clear();
        self.began = Some(now);
        if let Some(ask) = self.asks.iter().cycle().nth(self.costs.len()) {
            ask.notify_one();
        }
        false
    }

    /// The cost in the middle, of time and of bytes each by itself.
    pub(super) fn median(&self) -> Option<Cost> {
        let middle = self.costs.len() / 2;
        let mut micros: Vec<_> = self.costs.iter().map(|cost| cost.micros).collect();
        let mut bytes: Vec<_> = self.costs.iter().map(|cost| cost.bytes).collect();
        micros.sort_unstable();
        bytes.sort_unstable();
        Some(Cost {
            micros: *micros.get(middle)?,
            bytes: *bytes.get(middle)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64, bytes: u64) -> Moment {
        let after = Duration::from_micros(micros);
        Moment { after, bytes }
    }

    #[test]
    fn a_change_is_over_when_all_have_the_next_epoch() {
        let asks = vec![Arc::new(Notify::new()), Arc::new(Notify::new())];
        let mut changes = Changes::new(asks, 2);
        // The last word of the talk, of any member.
        assert!(!changes.go_on(None, at(10, 100)));
        assert!(!changes.go_on(Some(1), at(12, 150)));
        assert!(!changes.go_on(None, at(13, 170)));
        assert!(!changes.go_on(Some(0), at(14, 180)));
        assert!(!changes.go_on(Some(0), at(20, 200)));
        assert!(changes.go_on(Some(1), at(29, 210)));
        let cost = |micros, bytes| Cost { micros, bytes };
        assert_eq!(changes.costs, [cost(4, 80), cost(15, 30)]);
        assert_eq!(changes.median(), Some(cost(15, 80)));
    }

    #[test]
    fn none_is_asked_for_where_none_is_wanted() {
        let ask = Arc::new(Notify::new());
        let mut changes = Changes::new(vec![ask], 0);
        assert!(changes.go_on(None, at(10, 100)));
        assert_eq!(changes.median(), None);
    }
}
