//! `mpotr sim`: whole rooms on a hostile network, on virtual time.

mod args;
mod replay;
mod report;

use std::num::NonZeroUsize;
use std::thread;

use mpotr::{CryptoSuite, SuiteVisitor};
use mpotr_sim::{Cast, Outcome, Scenario, Simulation, record, run_many};

pub(crate) use args::SimArgs;

use crate::clock::CpuClock;
use crate::output::{Output, OutputError};
use report::Summary;

/// Of so many failing seeds the command that replays them is shown.
const SHOWN: usize = 5;

/// Simulates.
///
/// # Errors
/// An invariant broke; no room formed in a run; a backend that was asked for is not there or cannot compute the suite; standard output is closed.
pub(crate) fn run(args: &SimArgs, out: &mut Output) -> anyhow::Result<()> {
    if args.list {
        for scenario in Scenario::all() {
            out.line(format_args!("{:22}{}", scenario.name, scenario.about))?;
        }
        return Ok(());
    }
    let casts = casts(args)?;
    let threads = args.threads.map_or_else(cores, |threads| {
        NonZeroUsize::new(usize::from(threads)).unwrap_or(NonZeroUsize::MIN)
    });
    if args.record {
        return print_record(threads, &casts, out);
    }
    let scenario = args.scenario();
    let wanted = args.wanted();
    let clock = CpuClock::start();
    let mut summary = Summary::new(scenario, args.seed);
    let mut shown = Ok(());
    if args.trace {
        for seed in args.seeds() {
            let outcome = Simulation::new(scenario, &wanted, seed)
                .traced()
                .run(&casts)?;
            for line in outcome.trace.lines() {
                out.line(line)?;
            }
            summary.add(&outcome);
        }
    } else {
        run_many(
            scenario,
            &wanted,
            args.seeds(),
            threads,
            &casts,
            |outcome| {
                summary.add(outcome);
                if shown.is_ok() && !outcome.breaches.is_empty() && summary.failed() <= SHOWN {
                    shown = show_breaches(args, outcome, out);
                }
            },
        )?;
    }
    shown?;
    if !args.json {
        for line in summary.lines(clock.stop()) {
            out.line(line)?;
        }
    }
    out.line(summary.json()?)?;
    verdict(&summary, args.runs)
}

/// An error if not all went well.
fn verdict(summary: &Summary, runs: u64) -> anyhow::Result<()> {
    let (failed, without_room) = (summary.failed(), summary.without_room());
    anyhow::ensure!(failed == 0, "{failed} of {runs} runs broke an invariant");
    anyhow::ensure!(
        without_room == 0,
        "no room formed in {without_room} of {runs} runs"
    );
    Ok(())
}

/// Prints the line of each recorded run.
fn print_record(threads: NonZeroUsize, casts: &[Cast], out: &mut Output) -> anyhow::Result<()> {
    let mut printed = Ok(());
    record(threads, casts, |line| {
        if printed.is_ok() {
            printed = out.line(line);
        }
    })?;
    Ok(printed?)
}

/// Names what broke, and the command that shows how.
fn show_breaches(args: &SimArgs, outcome: &Outcome, out: &mut Output) -> Result<(), OutputError> {
    let mut lines: Vec<_> = outcome
        .breaches
        .iter()
        .map(|breach| format!("  {breach}"))
        .collect();
    lines.insert(0, format!("seed {}: {} broken", outcome.seed, lines.len()));
    lines.push(format!(
        "  see it with: {}",
        replay::command(args, outcome.seed)
    ));
    for line in lines {
        if args.json {
            out.notice(line);
        } else {
            out.line(line)?;
        }
    }
    Ok(())
}

fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The suites of the members, in turn.
fn casts(args: &SimArgs) -> anyhow::Result<Vec<Cast>> {
    args.backends()?
        .into_iter()
        .map(|backend| Ok(backend.visit(args.suite, OfSuite)?))
        .collect()
}

/// Members of a suite on a backend.
struct OfSuite;

impl SuiteVisitor for OfSuite {
    type Output = Cast;

    fn visit<S: CryptoSuite>(self) -> Cast {
        Cast::of::<S>()
    }
}
