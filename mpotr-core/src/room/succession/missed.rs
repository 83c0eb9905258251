//! A run in which others are, and whose proposal this member lacks. `docs/spec/06-epochs.md`, "Anyone repairs".

use std::collections::VecDeque;

use crate::wire::SidHint;

/// A proposal is asked for so many times: who is listed in it is sent it by all who know that it is missed.
const QUESTIONS: u32 = 12;
/// So many runs are remembered that are not this member's.
const MAX_SETTLED: usize = 64;

/// The run whose proposal is missed, and those whose proposal is no longer missed.
#[derive(Debug, Default)]
pub(in crate::room) struct Missed {
    run: Option<SidHint>,
    /// How often its proposal was asked for.
    asked: u32,
    /// Runs whose proposal has come and lists others, or was asked for in vain, the newest last.
    settled: VecDeque<SidHint>,
}

impl Missed {
    /// The run whose proposal is missed.
    pub(in crate::room) const fn run(&self) -> Option<SidHint> {
        self.run
    }

    /// A packet of a run that is not known has come. Returns whether its proposal is missed.
    pub(in crate::room) fn note(&mut self, run: SidHint) -> bool {
        if self.settled.contains(&run) {
            return false;
        }
        if self.run != Some(run) {
            self.run = Some(run);
            self.asked = 0;
        }
        true
    }

    /// The run whose proposal is to be asked for now, if any: the question counts.
    pub(in crate::room) fn ask(&mut self) -> Option<SidHint> {
        let run = self.run?;
        if self.asked >= QUESTIONS {
            self.settle(run);
            return None;
        }
        self.asked = self.asked.saturating_add(1);
        Some(run)
    }

    /// The run is not this member's: nothing of it is missed.
    pub(in crate::room) fn settle(&mut self, run: SidHint) {
        if self.run == Some(run) {
            self.run = None;
        }
        if !self.settled.contains(&run) {
            if self.settled.len() >= MAX_SETTLED {
                self.settled.pop_front();
            }
            self.settled.push_back(run);
        }
    }

    /// Nothing is missed for now.
    pub(in crate::room) const fn clear(&mut self) {
        self.run = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_asked_for_so_often_and_then_never_again() {
        let run = SidHint::new([1; 8]);
        let mut missed = Missed::default();
        assert!(missed.note(run));
        for _ in 0..QUESTIONS {
            assert_eq!(missed.ask(), Some(run));
            assert!(missed.note(run));
        }
        assert_eq!(missed.ask(), None);
        assert!(!missed.note(run));
        assert_eq!(missed.run(), None);
        assert!(missed.note(SidHint::new([2; 8])));
        assert_eq!(missed.ask(), Some(SidHint::new([2; 8])));
    }

    #[test]
    fn few_runs_are_remembered_and_the_oldest_gives_way() {
        let mut missed = Missed::default();
        let runs = (0..=64).map(|n| SidHint::new([n; 8]));
        runs.for_each(|run| missed.settle(run));
        assert_eq!(missed.settled.len(), MAX_SETTLED);
        assert!(missed.note(SidHint::new([0; 8])));
        assert!(!missed.note(SidHint::new([64; 8])));
    }
}
