//! `mpotr gka`: what the key agreement costs as the group grows, with all its members in this process.

mod args;
mod forecast;
mod mean;
mod measure;
mod plot;
mod report;
mod series;
mod sizes;

use std::fs::{self, File};
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use mpotr::{Backend, CryptoSuite, SuiteId, SuiteVisitor};

pub(crate) use args::GkaArgs;

use crate::output::Output;
use crate::steps::{Stepped, Tried};
use args::Choice;
use forecast::Forecast;
use measure::measure;
use report::{Outcome, Row};
use series::Series;

/// A size at which one run would take longer is left out.
const LIMIT: Duration = Duration::from_secs(60);

/// Sizes that are tried before a larger one, to know how long it would take.
const TRIALS: [usize; 2] = [8, 32];

/// Measures, and shows what was measured as it comes.
///
/// # Errors
/// A backend that was asked for by its name and is not there or cannot compute the suite; a plot that cannot be written;
/// standard output is closed.
pub(crate) fn run(args: &GkaArgs, out: &mut Output) -> anyhow::Result<()> {
    let backends = backends(args, out)?;
    if let Some(path) = &args.plot {
        // Better now than after minutes of work.
        writable(path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut lanes: Vec<_> = args
        .series(&backends)
        .into_iter()
        .map(|series| (series, Forecast::default()))
        .collect();
    let progress = progress(args, lanes.len())?;
    if !args.json {
        for line in report::heading(args.suite)
            .into_iter()
            .chain(report::columns())
        {
            out.line(line)?;
        }
    }

    let mut rows = Vec::new();
    for members in args.sizes.iter() {
        for (series, forecast) in &mut lanes {
            progress.set_message(format!("{members} members: {series}"));
            let outcome = at_size(*series, forecast, args.suite, members)?;
            let row = Row {
                series: *series,
                members,
                outcome,
            };
            progress.suspend(|| show(args, &row, out))?;
            progress.inc(work(members));
            rows.push(row);
        }
    }
    progress.finish_and_clear();

    if let Some(path) = &args.plot {
        let picture = plot::draw(&rows, args.suite)?;
        fs::write(path, picture)
            .map_err(|error| Stepped::of(Tried::Write(path), error))
            .with_context(|| format!("cannot write {}", path.display()))?;
        out.notice(format_args!("the curves are in {}", path.display()));
    }
    Ok(())
}

/// The backends to measure. Of `all`, those that cannot compute the suite on this machine are named and passed over.
fn backends(args: &GkaArgs, out: &mut Output) -> anyhow::Result<Vec<Backend>> {
    let mut able = Vec::new();
    for backend in args.backends() {
        match backend.visit(args.suite, Able) {
            Ok(()) => able.push(backend),
            Err(error) if args.backend == Some(Choice::All) => {
                out.notice(format_args!("left out: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    anyhow::ensure!(
        !able.is_empty(),
        "no backend of this build can compute {} here",
        args.suite
    );
    Ok(able)
}

/// Asks a backend whether it can compute a suite.
struct Able;

impl SuiteVisitor for Able {
    type Output = ();

    fn visit<S: CryptoSuite>(self) {}
}

/// Measures one size, unless it would take too long.
fn at_size(
    series: Series,
    forecast: &mut Forecast,
    suite: SuiteId,
    members: usize,
) -> anyhow::Result<Outcome> {
    for trial in TRIALS.into_iter().filter(|trial| *trial < members) {
        if !forecast.is_ready() {
            forecast.note(trial, measure(series, suite, trial)?.cpu);
        }
    }
    match forecast.estimate(members) {
        Some(estimate) if estimate > LIMIT => Ok(Outcome::LeftOut(estimate)),
        Some(_) | None => {
            let cost = measure(series, suite, members)?;
            forecast.note(members, cost.cpu);
            Ok(Outcome::Measured(cost))
        }
    }
}

fn show(args: &GkaArgs, row: &Row, out: &mut Output) -> anyhow::Result<()> {
    let line = match args.json {
        true => report::json(row, args.suite)?,
        false => report::line(row),
    };
    Ok(out.line(line)?)
}

/// A bar on standard error, if that is a terminal. It is drawn between measurements only: a thread that draws it would
/// be on the clock.
fn progress(args: &GkaArgs, series: usize) -> anyhow::Result<ProgressBar> {
    if !io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} % {elapsed} {msg}")?;
    let all = args.sizes.iter().map(work).fold(0, u64::saturating_add);
    let series = u64::try_from(series).unwrap_or(u64::MAX);
    Ok(ProgressBar::new(all.saturating_mul(series)).with_style(style))
}

/// How the work of a group grows, roughly: each member has something to do for each.
fn work(members: usize) -> u64 {
    u64::try_from(members).map_or(u64::MAX, |members| members.saturating_mul(members))
}

/// Creates the file if it is not there.
fn writable(path: &Path) -> io::Result<()> {
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .map(drop)
}
