//! The searches whose results are published.

use super::{CutOutcome, CutRules, Cuts, Shows};

/// A search and its published result.
#[derive(Clone, Copy, Debug)]
pub struct CutCase {
    /// What is done instead of a rule.
    pub words: &'static str,
    /// The model.
    pub cuts: Cuts,
    /// The states where I2 holds in all of them, or else the length of a shortest way to break it.
    pub expected: Result<usize, usize>,
}

impl CutCase {
    /// Searches anew.
    ///
    /// # Errors
    /// I2 breaks: the length of a shortest way.
    pub fn check(&self) -> Result<usize, usize> {
        match self.cuts.check() {
            CutOutcome::Safe { states, .. } => Ok(states),
            CutOutcome::Broken(steps) => Err(steps.len()),
        }
    }
}

/// All rules but one, or a change of it.
fn with(change: impl FnOnce(&mut CutRules)) -> CutRules {
    let mut rules = CutRules::FULL;
    change(&mut rules);
    rules
}

/// All rules, and all but one, with two views.
#[must_use]
pub fn cases() -> Vec<CutCase> {
    let guarded = "the same, and nobody installs less than it has shown";
    let thaws = "a later view ends the freeze of who has confirmed";
    let shows = |shows| with(|rules| rules.shows = shows);
    let cases = [
        ("all rules", CutRules::FULL, false, Ok(64_193)),
        ("all rules", CutRules::FULL, true, Ok(15_170)),
        (
            "the cut is shown at the confirmation",
            shows(Shows::AtConfirmation),
            false,
            Err(15),
        ),
        (
            guarded,
            shows(Shows::AtConfirmationGuarded),
            false,
            Ok(64_139),
        ),
        (
            thaws,
            with(|rules| rules.stays_frozen = false),
            false,
            Err(9),
        ),
        (
            "nobody freezes",
            with(|rules| rules.freezes = false),
            false,
            Err(8),
        ),
    ];
    let cases = cases.into_iter().chain(without_bounds());
    let case = |(words, rules, has_liar, expected)| CutCase {
        words,
        cuts: Cuts {
            rules,
            has_liar,
            views: 2,
        },
        expected,
    };
    cases.map(case).collect()
}

/// What is done instead of a rule, the rules, whether C lies, and the published result.
type Row = (&'static str, CutRules, bool, Result<usize, usize>);

/// Without the bounds of a confirmation: its view, what is held, one cut.
fn without_bounds() -> [Row; 3] {
    [
        (
            "a member confirms below the view that it is in",
            with(|rules| rules.in_its_view = false),
            false,
            Err(9),
        ),
        (
            "a member confirms what it does not hold",
            with(|rules| rules.holds_cut = false),
            false,
            Err(8),
        ),
        (
            "a certificate may have two cuts",
            with(|rules| rules.binds_cut = false),
            true,
            Err(8),
        ),
    ]
}
