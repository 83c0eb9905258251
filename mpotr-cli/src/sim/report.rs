//! What is told of the runs of `mpotr sim`.

use std::collections::BTreeMap;
use std::time::Duration;

use mpotr_sim::{Outcome, Scenario, Tally};
use serde::Serialize;

/// The last line.
#[derive(Debug, Serialize)]
struct Last {
    runs: u64,
    epochs: u64,
    messages: u64,
    delivered: u64,
    expected: u64,
    invariants_broken: u64,
    virtual_ms: u64,
}

/// All runs together.
#[derive(Debug)]
pub(super) struct Summary {
    scenario: &'static Scenario,
    seed: u64,
    tally: Tally,
    failed: usize,
    /// The run that took longest to heal, for the part of its bound: how long, and the bound.
    slowest: Option<(u64, Duration, Duration)>,
    /// What the scenario claims, and how long it took at most to hold.
    awaited: BTreeMap<&'static str, Duration>,
    /// For how many epochs members published what signed for them.
    published: usize,
}

impl Summary {
    pub(super) fn new(scenario: &'static Scenario, seed: u64) -> Self {
        Self {
            scenario,
            seed,
            tally: Tally::default(),
            failed: 0,
            slowest: None,
            awaited: BTreeMap::new(),
            published: 0,
        }
    }

    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.tally.add(&outcome.tally);
        if !outcome.breaches.is_empty() {
            self.failed = self.failed.saturating_add(1);
        }
        self.published = self.published.saturating_add(outcome.published);
        for awaited in &outcome.awaited {
            let longest = self.awaited.entry(awaited.claim).or_default();
            *longest = awaited.took.max(*longest);
        }
        if let Some(took) = outcome.healed_after
            && self.slowest.is_none_or(|(_, slowest, _)| took > slowest)
        {
            self.slowest = Some((outcome.seed, took, outcome.bound));
        }
    }

    /// Runs that broke an invariant.
    pub(super) const fn failed(&self) -> usize {
        self.failed
    }

    /// For a person.
    pub(super) fn lines(&self, cpu: Duration) -> Vec<String> {
        let Self {
            scenario,
            seed,
            tally,
            ..
        } = self;
        let plural = if tally.runs == 1 { "" } else { "s" };
        let per_run = cpu.as_secs_f64() / count(tally.runs.max(1));
        let mut lines = vec![
            format!("{}: {}", scenario.name, scenario.about),
            format!("  {} run{plural} from seed {seed}", tally.runs),
            format!("  {} epochs, {} messages", tally.epochs, tally.messages),
            format!(
                "  {} of {} deliveries that had to happen ({:.2} %)",
                tally.delivered,
                tally.expected,
                percent(tally.delivered, tally.expected)
            ),
            format!(
                "  {:.1} s of CPU time for all members together, {per_run:.3} s a run; {:.1} s of virtual time",
                cpu.as_secs_f64(),
                Duration::from_millis(tally.virtual_ms).as_secs_f64()
            ),
        ];
        if let Some((seed, took, bound)) = self.slowest {
            lines.push(format!(
                "  at the end all were in one room after {:.1} s at most (seed {seed}; allowed there: {:.0} s)",
                took.as_secs_f64(),
                bound.as_secs_f64()
            ));
        }
        for (claim, took) in &self.awaited {
            let secs = took.as_secs_f64();
            lines.push(format!("  {claim}: held after {secs:.1} s at most"));
        }
        if self.published > 0 {
            lines.push(format!("  secrets of {} epochs published", self.published));
        }
        lines.push(match tally.invariants_broken {
            0 => "  no invariant broke".to_owned(),
            broken => format!(
                "  {broken} times an invariant broke, in {} runs",
                self.failed
            ),
        });
        lines
    }

    /// For a program.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        let Tally {
            runs,
            epochs,
            messages,
            delivered,
            expected,
            invariants_broken,
            virtual_ms,
        } = self.tally;
        serde_json::to_string(&Last {
            runs,
            epochs,
            messages,
            delivered,
            expected,
            invariants_broken,
            virtual_ms,
        })
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        100.0
    } else {
        count(part) * 100.0 / count(whole)
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "counts below 2^53"
)]
fn count(number: u64) -> f64 {
    number as f64
}
