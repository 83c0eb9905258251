//! What is told of the runs of `mpotr sim`.

use std::collections::BTreeMap;
use std::time::Duration;

use mpotr_sim::{Measures, Outcome, Samples, Scenario, Tally};
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
    round_trips_first_p50: Option<f64>,
    round_trips_first_p95: Option<f64>,
    round_trips_change_p50: Option<f64>,
    round_trips_change_p95: Option<f64>,
    round_trips_change_p95_without: Option<f64>,
    final_p95_ms: Option<u64>,
    views_p50: Option<u64>,
    views_max: Option<u64>,
    packets: u64,
    bytes: u64,
    bytes_per_text: Option<u64>,
    bytes_leaving: u64,
    amplification: Option<f64>,
    honest_lost: u64,
    unchanged: u64,
    not_final: u64,
}

/// All runs together.
#[derive(Debug)]
pub(super) struct Summary {
    scenario: &'static Scenario,
    seed: u64,
    tally: Tally,
    measures: Measures,
    failed: usize,
    /// Runs in which nobody honest was ever in an epoch.
    without_room: u64,
    /// Runs in which, at the end, not all were in one room in time.
    unhealed: u64,
    /// Of a thousand copies, so many were lost at most while all had to become well.
    loss_at_last: u64,
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
            measures: Measures::default(),
            failed: 0,
            without_room: 0,
            unhealed: 0,
            loss_at_last: 0,
            slowest: None,
            awaited: BTreeMap::new(),
            published: 0,
        }
    }

    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.tally.add(&outcome.tally);
        self.measures.add(&outcome.measures);
        if !outcome.breaches.is_empty() {
            self.failed = self.failed.saturating_add(1);
        }
        let has_no_room = outcome.tally.epochs == 0;
        self.without_room = self.without_room.saturating_add(u64::from(has_no_room));
        let is_unhealed = outcome.healed_after.is_none();
        self.unhealed = self.unhealed.saturating_add(u64::from(is_unhealed));
        let loss = outcome.weather_at_last.loss_permille;
        self.loss_at_last = self.loss_at_last.max(loss);
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

    /// Runs in which nobody honest was ever in an epoch.
    pub(super) const fn without_room(&self) -> u64 {
        self.without_room
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
            match percent(tally.delivered, tally.expected) {
                Some(percent) => format!(
                    "  {} of {} deliveries that had to happen ({percent:.2} %)",
                    tally.delivered, tally.expected,
                ),
                None => "  no delivery that had to happen".to_owned(),
            },
            format!(
                "  {:.1} s of CPU time for all members together, {per_run:.3} s a run; {:.1} s of virtual time",
                cpu.as_secs_f64(),
                Duration::from_millis(tally.virtual_ms).as_secs_f64()
            ),
        ];
        self.add_measures(&mut lines);
        if self.without_room > 0 {
            lines.push(format!(
                "  no room formed in {} of {} runs",
                self.without_room, tally.runs
            ));
        }
        let at_the_end = match self.loss_at_last {
            0 => "at the end".to_owned(),
            loss => format!("at the end, with {:.1} % still lost,", count(loss) / 10.0),
        };
        if let Some((seed, took, bound)) = self.slowest {
            lines.push(format!(
                "  {at_the_end} all were in one room after {:.1} s at most (seed {seed}; allowed there: {:.0} s)",
                took.as_secs_f64(),
                bound.as_secs_f64()
            ));
        }
        if self.unhealed > 0 {
            lines.push(format!(
                "  {at_the_end} not all were in one room in {} of {} runs",
                self.unhealed, tally.runs
            ));
        }
        self.add_what_held(&mut lines);
        lines
    }

    /// How long it took, and how much was sent.
    fn add_measures(&self, lines: &mut Vec<String>) {
        let Measures {
            first,
            changes,
            changes_without,
            finals_ms,
            views,
            packets,
            bytes,
            ..
        } = &self.measures;
        lines.extend(trips("the first room", first));
        lines.extend(trips("a change", changes));
        lines.extend(trips("a change without the outsider", changes_without));
        if let (Some(median), Some(most)) = (views.percentile(50), views.max()) {
            lines.push(format!("  views of a change: {median}, {most} at most"));
        }
        if let Some(millis) = finals_ms.percentile(95) {
            let secs = Duration::from_millis(millis).as_secs_f64();
            lines.push(format!(
                "  a text was final for all after {secs:.1} s (95 %)"
            ));
        }
        lines.push(format!("  {packets} packets, {bytes} bytes"));
        if let Some(bytes) = self.bytes_per_text() {
            lines.push(format!("  {bytes} bytes for each text while all talk"));
        }
        if self.measures.bytes_leaving > 0 {
            let bytes = self.measures.bytes_leaving;
            lines.push(format!("  {bytes} bytes from the first `leave` on"));
        }
        if let Some(amplification) = self.measures.amplification {
            let times = thousandth(amplification);
            lines.push(format!(
                "  for each byte of the outsider, {times:.2} bytes of the room at most"
            ));
        }
        for (counted, what) in [
            (self.measures.honest_lost, "members left out unasked"),
            (self.measures.unchanged, "changes that did not come about"),
            (self.measures.not_final, "texts not final for all"),
        ] {
            if counted > 0 {
                lines.push(format!("  {counted} {what}"));
            }
        }
    }

    fn bytes_per_text(&self) -> Option<u64> {
        let Measures {
            bytes_talking,
            texts,
            ..
        } = self.measures;
        bytes_talking.checked_div(texts)
    }

    /// What was claimed of the runs, and what must hold in all of them.
    fn add_what_held(&self, lines: &mut Vec<String>) {
        for (claim, took) in &self.awaited {
            let secs = took.as_secs_f64();
            lines.push(format!("  {claim}: held after {secs:.1} s at most"));
        }
        if self.published > 0 {
            lines.push(format!("  secrets of {} epochs published", self.published));
        }
        lines.push(match self.tally.invariants_broken {
            0 => "  no invariant broke".to_owned(),
            broken => format!(
                "  {broken} times an invariant broke, in {} runs",
                self.failed
            ),
        });
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
            round_trips_first_p50: part_of(&self.measures.first, 50),
            round_trips_first_p95: part_of(&self.measures.first, 95),
            round_trips_change_p50: part_of(&self.measures.changes, 50),
            round_trips_change_p95: part_of(&self.measures.changes, 95),
            round_trips_change_p95_without: part_of(&self.measures.changes_without, 95),
            final_p95_ms: self.measures.finals_ms.percentile(95),
            views_p50: self.measures.views.percentile(50),
            views_max: self.measures.views.max(),
            packets: self.measures.packets,
            bytes: self.measures.bytes,
            bytes_per_text: self.bytes_per_text(),
            bytes_leaving: self.measures.bytes_leaving,
            amplification: self.measures.amplification.map(thousandth),
            honest_lost: self.measures.honest_lost,
            unchanged: self.measures.unchanged,
            not_final: self.measures.not_final,
        })
    }
}

/// A percentile of samples in thousandths.
fn part_of(samples: &Samples, percent: usize) -> Option<f64> {
    samples.percentile(percent).map(thousandth)
}

/// Samples in round trips, for a person.
fn trips(what: &str, samples: &Samples) -> Option<String> {
    let (median, most) = (part_of(samples, 50)?, part_of(samples, 95)?);
    Some(format!(
        "  {what}: {median:.1} round trips, {most:.1} (95 %)"
    ))
}

fn thousandth(number: u64) -> f64 {
    count(number) / 1000.0
}

/// A part of the whole, if there is any.
fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| count(part) * 100.0 / count(whole))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "counts below 2^53"
)]
fn count(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mpotr_sim::{Outcome, Scenario, Simulation, Wanted};

    use super::Summary;
    use crate::sim::OfSuite;

    fn lines(wanted: &Wanted, change: impl FnOnce(&mut Outcome)) -> Vec<String> {
        let cast = mpotr::Backend::available().next().unwrap();
        let cast = cast
            .visit(mpotr::SuiteId::ChaCha20Poly1305, OfSuite)
            .unwrap();
        let simulation = Simulation::new(Scenario::CUSTOM, wanted, 1);
        let mut outcome = simulation.run(&[cast]).unwrap();
        change(&mut outcome);
        let mut summary = Summary::new(Scenario::CUSTOM, 1);
        summary.add(&outcome);
        summary.lines(Duration::ZERO)
    }

    const TWO: Wanted = Wanted {
        members: Some(2),
        messages: Some(0),
        loss_permille: None,
        duplicate_permille: None,
        reorder: false,
        latency_ms: None,
        joins: None,
        leaves: None,
        insiders: None,
        profile: None,
        rate: None,
        burst: None,
        unit: None,
        faults: false,
        rekey: None,
    };

    #[test]
    fn a_run_without_deliveries_is_no_run_in_which_all_were_made() {
        let told = lines(&TWO, |_| {});
        assert!(
            told.contains(&"  no delivery that had to happen".to_owned()),
            "{told:?}"
        );
        assert!(
            !told.iter().any(|line| line.contains("no room")),
            "{told:?}"
        );
    }

    #[test]
    fn a_run_without_a_room_is_told_as_one() {
        let told = lines(&TWO, |outcome| {
            outcome.tally.epochs = 0;
            outcome.healed_after = None;
        });
        for line in [
            "  no room formed in 1 of 1 runs",
            "  at the end not all were in one room in 1 of 1 runs",
        ] {
            assert!(told.contains(&line.to_owned()), "{told:?}");
        }
    }

    #[test]
    fn losses_that_last_are_told() {
        let told = lines(&TWO, |outcome| {
            outcome.weather_at_last = outcome.weather_at_last.loss(100);
        });
        let line = "  at the end, with 10.0 % still lost, all were in one room";
        assert!(told.iter().any(|it| it.starts_with(line)), "{told:?}");
    }
}
