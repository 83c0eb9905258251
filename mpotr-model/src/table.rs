//! The searches whose results `docs/security/agreement.md` shows.

mod full;
mod step_by_step;
mod without_each;

pub use full::{full, large};
pub use step_by_step::step_by_step;
pub use without_each::without_each;

use crate::check::{Outcome, Report, check};
use crate::room::Room;
use crate::rules::Rules;

/// One search.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The rules in words.
    pub words: &'static str,
    /// By which rules the honest play.
    pub rules: Rules,
    /// Who is there.
    pub room: Room,
    /// What comes out.
    pub expected: Outcome,
}

impl Case {
    const fn new(words: &'static str, rules: Rules, room: Room, expected: Outcome) -> Self {
        Self {
            words,
            rules,
            room,
            expected,
        }
    }

    /// Makes the search.
    #[must_use]
    pub fn check(&self) -> Report {
        check(self.room, self.rules)
    }
}

const fn safe(states: usize, stranded: u64, stuck: u64) -> Outcome {
    Outcome::Safe {
        states,
        stranded,
        stuck,
    }
}

const fn broken(steps: usize) -> Outcome {
    Outcome::Broken { steps }
}
