//! A fixed set of runs, one line for each: two programs that print the same lines behave the same.
//! `docs/simulation.md`, "Recorded runs".

use std::num::NonZeroUsize;
use std::ops::Range;

use mpotr_core::crypto::UnsupportedSuite;

use crate::cast::Cast;
use crate::many::run_each;
use crate::scenario::Scenario;
use crate::script::Wanted;
use crate::simulation::{Outcome, Simulation, Tally};

/// All recorded runs.
const RUNS: u64 = 300;
/// Recorded runs of a scenario, unless it is one of those below.
const SOME: u64 = 5;
/// Scenarios that take seconds: one recorded run each.
const SLOW: [&str; 3] = ["lossy", "backlog", "joins"];
/// The scenario that has all other recorded runs: each seed brings other faults.
const VARIED: &str = "random";

/// Runs all recorded runs, and hands the line of each on, by scenario and seed: what it is, digests of all packets and of
/// all events, and what was counted.
///
/// # Errors
/// A backend cannot compute the suite on this machine.
pub fn record(
    threads: NonZeroUsize,
    casts: &[Cast],
    mut each: impl FnMut(String),
) -> Result<(), UnsupportedSuite> {
    for scenario in Scenario::RECORDED {
        let simulate = |seed| {
            let simulation = Simulation::new(scenario, &Wanted::default(), seed);
            simulation.digested().run(casts)
        };
        run_each(seeds(scenario), threads, simulate, |outcome| {
            each(line(scenario, outcome));
        })?;
    }
    Ok(())
}

/// The seeds of a scenario's recorded runs.
fn seeds(scenario: &Scenario) -> Range<u64> {
    let runs = if SLOW.contains(&scenario.name) {
        1
    } else if scenario.name == VARIED {
        let others = Scenario::RECORDED
            .into_iter()
            .filter(|other| other.name != VARIED);
        RUNS.saturating_sub(others.map(|other| seeds(other).end.saturating_sub(1)).sum())
    } else {
        SOME
    };
    1..runs.saturating_add(1)
}

fn line(scenario: &Scenario, outcome: &Outcome) -> String {
    let Tally {
        epochs,
        messages,
        delivered,
        expected,
        invariants_broken,
        virtual_ms,
        runs: _,
    } = outcome.tally;
    let (seed, digests, published) = (outcome.seed, &outcome.digests, outcome.published);
    let digests = digests
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    format!(
        "{} {seed} {digests} {epochs} {messages} {delivered}/{expected} {invariants_broken} {published} {virtual_ms}",
        scenario.name
    )
}

#[cfg(test)]
mod tests {
    use super::{RUNS, seeds};
    use crate::scenario::Scenario;

    #[test]
    fn every_scenario_is_recorded() {
        let runs = Scenario::RECORDED.map(|scenario| seeds(scenario).count());
        assert!(runs.iter().all(|runs| *runs > 0));
        assert_eq!(u64::try_from(runs.iter().sum::<usize>()), Ok(RUNS));
    }
}
