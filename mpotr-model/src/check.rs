//! Runs the checker.

use stateright::{Checker, Model};

use crate::agreement::Agreement;
use crate::room::Room;
use crate::rules::Rules;
use crate::state::Step;

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Invariant I1 holds in every state there is.
    Safe {
        /// How many there are.
        states: usize,
        /// In how many of them a member is stranded, see [`Ending::stranded`](crate::Ending::stranded).
        stranded: u64,
        /// In how many of them a member is stuck, see [`Ending::stuck`](crate::Ending::stuck).
        stuck: u64,
    },
    /// Invariant I1 breaks.
    Broken {
        /// After this many steps of honest members, at the earliest.
        steps: usize,
    },
}

/// What a search has found.
#[derive(Clone, Debug)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// A shortest way to break I1.
    pub counterexample: Option<Vec<Step>>,
    /// In how many states two honest members have installed the same. If in none, the search shows nothing.
    pub together: u64,
    /// In how many states members are in two rooms, see [`Ending::split`](crate::Ending::split).
    pub split: u64,
}

/// Searches every state breadth first, up to the first in which I1 is broken.
///
/// States are told apart by 64-bit fingerprints. Among ten million, two are taken for one with a chance below 1 in
/// 300,000.
#[must_use]
pub fn check(room: Room, rules: Rules) -> Report {
    // One thread: with more the counterexample need not be a shortest one.
    let checker = Agreement::new(room, rules).checker().spawn_bfs().join();
    let [together, stranded, stuck, split] = checker.model().census.counts();
    let path = checker.discovery(Agreement::I1);
    let counterexample = path.map(|path| path.into_actions());
    let outcome = counterexample.as_ref().map_or(
        Outcome::Safe {
            states: checker.unique_state_count(),
            stranded,
            stuck,
        },
        |steps| Outcome::Broken { steps: steps.len() },
    );
    Report {
        outcome,
        counterexample,
        together,
        split,
    }
}
