//! Many runs on several threads. Which thread has which seed changes nothing.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use mpotr_core::crypto::UnsupportedSuite;

use crate::cast::Cast;
use crate::scenario::Scenario;
use crate::script::Wanted;
use crate::simulation::{Outcome, Simulation};

/// Runs so many seeds from a first one on, and hands each outcome on in the order of seeds.
///
/// # Errors
/// A backend cannot compute the suite on this machine.
pub fn run_many(
    scenario: &Scenario,
    wanted: &Wanted,
    seeds: Range<u64>,
    threads: NonZeroUsize,
    casts: &[Cast],
    each: impl FnMut(&Outcome),
) -> Result<(), UnsupportedSuite> {
    let simulate = |seed| Simulation::new(scenario, wanted, seed).run(casts);
    run_each(seeds, threads, simulate, each)
}

/// Runs each seed in some way, and hands each outcome on in the order of seeds.
pub(crate) fn run_each(
    seeds: Range<u64>,
    threads: NonZeroUsize,
    simulate: impl Fn(u64) -> Result<Outcome, UnsupportedSuite> + Sync,
    mut each: impl FnMut(&Outcome),
) -> Result<(), UnsupportedSuite> {
    let next = AtomicU64::new(seeds.start);
    let (done, outcomes) = mpsc::sync_channel(threads.get());
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            let (done, next, end) = (done.clone(), &next, seeds.end);
            let simulate = &simulate;
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let outcome = simulate(seed);
                    let is_over = outcome.is_err();
                    if done.send((seed, outcome)).is_err() || is_over {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut early = BTreeMap::new();
        let mut turn = seeds.start;
        for (seed, outcome) in outcomes {
            early.insert(seed, outcome?);
            while let Some(outcome) = early.remove(&turn) {
                each(&outcome);
                turn = turn.saturating_add(1);
            }
        }
        Ok(())
    })
}
