//! The order of the measurements: contenders take turns within a size, so that noise hits all alike.
//!
//! ```text
//! for each size:  for each run:  form by each peer, add by each peer, remove by each peer
//! ```
//!
//! A peer's step is left out at a size where it would take longer than the limit, judged by
//! the next smaller size that was run.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;

use crate::cost::Cost;
use crate::peer::{Group, Peer};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A group from nothing, until everyone has read one message.
    Form,
    /// One member joins an existing group.
    Add,
    /// One member is removed from an existing group.
    Remove,
}

impl Op {
    /// All, in the order of the report.
    pub const ALL: [Self; 3] = [Self::Form, Self::Add, Self::Remove];

    /// How many members take part on the clock, in a group of `n`.
    pub fn members(self, n: usize) -> usize {
        match self {
            Self::Form => n,
            Self::Add => n + 1,
            Self::Remove => n - 1,
        }
    }
}

/// One peer, one operation, one size.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// The peer's name.
    pub peer: &'static str,
    /// The operation.
    pub op: Op,
    /// The size of the group before the operation.
    pub n: usize,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a measurement.
#[derive(Debug, Clone, Copy)]
pub enum Outcome {
    /// The run with the median CPU time, of so many.
    Median(Cost, usize),
    /// It would have taken about so long.
    LeftOut(Duration),
}

/// A peer with what is known of its pace.
struct Contender {
    peer: Box<dyn Peer>,
    form: Pace,
    group: Pace,
}

/// The largest size that was run and the wall time it took.
#[derive(Debug, Clone, Copy)]
struct Pace {
    last: Option<(usize, Duration)>,
    /// The time grows as this power of the size.
    power: f64,
}

impl Pace {
    fn new(power: f64) -> Self {
        Self { last: None, power }
    }

    /// How long size `n` will take; nothing is known before the first.
    fn estimate(&self, n: usize) -> Option<Duration> {
        let (size, took) = self.last?;
        let ratio = f64::from(u32::try_from(n).ok()?) / f64::from(u32::try_from(size).ok()?);
        Some(took.mul_f64(ratio.powf(self.power)))
    }

    /// The estimate, if it is over the limit.
    fn excess(&self, n: usize, limit: Duration) -> Option<Duration> {
        self.estimate(n).filter(|estimate| *estimate > limit)
    }

    fn note<T>(&mut self, n: usize, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let done = work()?;
        self.last = Some((n, start.elapsed()));
        Ok(done)
    }
}

/// The measurements, size by size.
pub struct Race {
    contenders: Vec<Contender>,
    runs: usize,
    limit: Duration,
}

impl Race {
    /// A race between `peers`, each measured `runs` times unless it would take over `limit` once.
    pub fn new(peers: Vec<Box<dyn Peer>>, runs: usize, limit: Duration) -> Self {
        let contenders = peers
            .into_iter()
            .map(|peer| Contender {
                peer,
                // Every member handles something of every other one.
                form: Pace::new(2.0),
                // The group is set up by n/2 commits, handled by n members each, at a cost that
                // is O(log n) of arithmetic and O(n) of hashing.
                group: Pace::new(2.5),
            })
            .collect();
        Self {
            contenders,
            runs,
            limit,
        }
    }

    /// How often [`Race::size`] moves its progress bar.
    pub fn steps(&self) -> usize {
        self.contenders.len() * self.runs * Op::ALL.len()
    }

    /// Lets each peer do once what it does at first use only, such as the self-tests of AWS-LC.
    pub fn warm_up(&self) -> Result<()> {
        self.contenders.iter().try_for_each(|contender| {
            let peer = &contender.peer;
            peer.form(2)
                .map(drop)
                .with_context(|| format!("{}: warm-up", peer.name()))
        })
    }

    /// Measures all at one size.
    pub fn size(&mut self, n: usize, progress: &ProgressBar) -> Result<Vec<Measured>> {
        let mut lanes = self.prepare(n, progress)?;
        for _ in 0..self.runs {
            for op in Op::ALL {
                for (contender, lane) in self.contenders.iter_mut().zip(&mut lanes) {
                    let name = contender.peer.name();
                    progress.set_message(format!("{op:?} {n}: {name}").to_lowercase());
                    lane.measure(contender, op, n)
                        .with_context(|| format!("{name}: {op:?} at {n}"))?;
                    progress.inc(1);
                }
            }
        }
        let measured = Op::ALL.iter().flat_map(|op| {
            let contenders = self.contenders.iter().zip(&lanes);
            contenders.filter_map(|(contender, lane)| {
                let outcome = lane.outcome(*op)?;
                Some(Measured {
                    peer: contender.peer.name(),
                    op: *op,
                    n,
                    outcome,
                })
            })
        });
        Ok(measured.collect())
    }

    fn prepare(&mut self, n: usize, progress: &ProgressBar) -> Result<Vec<Lane>> {
        let limit = self.limit;
        self.contenders
            .iter_mut()
            .map(|contender| {
                let name = contender.peer.name();
                progress.set_message(format!("group of {n}: {name}"));
                let mut lane = Lane {
                    form_excess: contender.form.excess(n, limit),
                    group_excess: contender.group.excess(n, limit),
                    ..Lane::default()
                };
                if lane.group_excess.is_none() {
                    let peer = &contender.peer;
                    lane.group = contender
                        .group
                        .note(n, || peer.group(n))
                        .with_context(|| format!("{name}: group of {n}"))?;
                }
                Ok(lane)
            })
            .collect()
    }
}

/// One contender at one size.
#[derive(Default)]
struct Lane {
    group: Option<Box<dyn Group>>,
    form_excess: Option<Duration>,
    group_excess: Option<Duration>,
    form: Vec<Cost>,
    add: Vec<Cost>,
    remove: Vec<Cost>,
}

impl Lane {
    fn measure(&mut self, contender: &mut Contender, op: Op, n: usize) -> Result<()> {
        match op {
            Op::Form if self.form_excess.is_none() => {
                let peer = &contender.peer;
                self.form.push(contender.form.note(n, || peer.form(n))?);
            }
            Op::Form => {}
            Op::Add => {
                if let Some(group) = &mut self.group {
                    self.add.push(group.add()?);
                }
            }
            Op::Remove => {
                if let Some(group) = &mut self.group {
                    self.remove.push(group.remove()?);
                }
            }
        }
        Ok(())
    }

    fn outcome(&self, op: Op) -> Option<Outcome> {
        let (costs, excess) = match op {
            Op::Form => (&self.form, self.form_excess),
            Op::Add => (&self.add, self.group_excess),
            Op::Remove => (&self.remove, self.group_excess),
        };
        let median = median(costs).map(|cost| Outcome::Median(cost, costs.len()));
        median.or(excess.map(Outcome::LeftOut))
    }
}

/// The run with the median CPU time; of an even number, the lower of the two in the middle.
fn median(costs: &[Cost]) -> Option<Cost> {
    let mut sorted = costs.to_vec();
    sorted.sort_by_key(|cost| cost.cpu);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(micros: u64) -> Cost {
        Cost {
            cpu: Duration::from_micros(micros),
            bytes_total: 0,
            bytes_max_member: 0,
        }
    }

    #[test]
    fn median_is_a_run_that_took_place() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[cost(9), cost(1), cost(5)]), Some(cost(5)));
        assert_eq!(median(&[cost(9), cost(1)]), Some(cost(1)));
    }

    #[test]
    fn leaves_out_a_size_that_would_exceed_the_limit() {
        let mut pace = Pace::new(2.0);
        let limit = Duration::from_secs(60);
        assert_eq!(pace.excess(1_000, limit), None);

        pace.last = Some((64, Duration::from_secs(20)));

        assert_eq!(pace.excess(64, limit), None);
        assert_eq!(pace.excess(128, limit), Some(Duration::from_secs(80)));
    }
}
