//! Measures what it costs to form a group, and to change one, in the stacks that people would
//! otherwise choose, MLS by mls-rs and OpenMLS, Olm and Megolm by vodozemac, and in mpOTR.
//!
//! The figure is the process CPU time of all members together, in one thread, in one run. The README
//! says what is in it and what is not.

mod cost;
mod mls;
mod mls_rs;
mod mpotr;
mod olm;
mod openmls;
mod peer;
mod report;
mod run;

use std::io::{self, Write as _, stdout};
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use indicatif::{ProgressBar, ProgressStyle};

use crate::peer::Peer;
use crate::run::Race;

/// CPU time and bytes to form a group of n, and to change one, in mpOTR, in MLS and in Olm/Megolm.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Sizes of the group.
    #[arg(
        long,
        value_name = "N,..",
        value_delimiter = ',',
        default_values_t = [2, 4, 8, 16, 32, 64, 128],
        value_parser = RangedU64ValueParser::<usize>::new().range(2..),
    )]
    sizes: Vec<usize>,

    /// Only the contenders whose names begin so.
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    only: Vec<String>,

    /// Measure so often and report the median.
    #[arg(long, default_value_t = 3, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    runs: usize,

    /// Leave out a size at which a contender would take longer than this for one run.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    limit: u64,

    /// One JSON object per line, instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<()> {
    match measure(Args::parse()) {
        // The reader, `head` perhaps, has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        done => done,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn measure(mut args: Args) -> Result<()> {
    args.sizes.sort_unstable();
    args.sizes.dedup();

    // One thread, this one: no contender gains or loses by the number of cores.
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build_global()?;

    let peers = chosen(&args.only)?;
    let mut out = stdout();
    if !args.json {
        report::legend(&mut out, &peers)?;
    }

    let mut race = Race::new(peers, args.runs, Duration::from_secs(args.limit));
    let progress = progress_bar(args.sizes.len() * race.steps())?;
    let mut measured = Vec::new();
    race.warm_up()?;
    for n in args.sizes {
        let at_size = race.size(n, &progress)?;
        if args.json {
            progress.suspend(|| report::json(&mut out, &at_size))?;
        }
        measured.extend(at_size);
    }
    progress.finish_and_clear();

    if !args.json {
        report::table(&mut out, &measured)?;
    }
    Ok(out.flush()?)
}

fn chosen(only: &[String]) -> Result<Vec<Box<dyn Peer>>> {
    let mut peers = peer::contenders();
    for name in only {
        ensure!(
            peers.iter().any(|peer| peer.name().starts_with(name)),
            "no contender is called {name:?}; there are: {}",
            peers
                .iter()
                .map(|peer| peer.name())
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    if !only.is_empty() {
        peers.retain(|peer| only.iter().any(|name| peer.name().starts_with(name)));
    }
    Ok(peers)
}

/// On stderr, and drawn only between measurements: a ticker's thread would be on the clock.
fn progress_bar(steps: usize) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}")?;
    Ok(ProgressBar::new(u64::try_from(steps)?).with_style(style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_picks_by_the_beginning_of_the_name() {
        let peers = chosen(&["mls-rs".to_owned()]).unwrap();

        assert_eq!(peers.len(), 2);
        assert!(chosen(&["nobody".to_owned()]).is_err());
        assert_eq!(chosen(&[]).unwrap().len(), peer::contenders().len());
    }

    #[test]
    fn rejects_group_of_one() {
        assert!(Args::try_parse_from(["mpotr-peers", "--sizes", "1"]).is_err());
    }
}
