//! The arguments of `mpotr sim`.

use std::ops::Range;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use mpotr::{Backend, Rekey, SuiteId};
use mpotr_sim::{Profile, Scenario, Wanted};

use crate::suite::{Backends, backends_parser, default_backend, rekey_parser, suite_parser};

/// `mpotr sim`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SimArgs {
    /// What happens; see --list
    #[arg(long, value_name = "NAME", value_parser = scenario_parser())]
    pub(super) scenario: Option<&'static Scenario>,
    /// List the scenarios
    #[arg(long, exclusive = true)]
    pub(super) list: bool,
    /// Run a fixed set of 300 runs over all scenarios, and print a line for each: two programs that print the same behave
    /// the same
    #[arg(long, conflicts_with_all = ["scenario", "members", "messages", "loss", "duplicate", "reorder",
        "latency_ms", "joins", "leaves", "insiders", "profile", "rate", "burst", "unit", "faults", "rekey", "seed", "runs", "trace",
        "json"])]
    pub(super) record: bool,
    /// Members at first [default: 10, or as the scenario has it; so too below]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=256))]
    pub(super) members: Option<u16>,
    /// Texts that members write [default: 75]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(super) messages: Option<u32>,
    /// Part of all copies that is lost until the end, 0 to 0.9 [default: 0]; above 0.2 nothing is promised before that
    #[arg(long, value_name = "PART", value_parser = permille)]
    pub(super) loss: Option<u64>,
    /// Part of all packets that arrives twice, 0 to 0.9 [default: 0]
    #[arg(long, value_name = "PART", value_parser = permille)]
    pub(super) duplicate: Option<u64>,
    /// Copies overtake one another: each takes up to twice the latency
    #[arg(long)]
    pub(super) reorder: bool,
    /// How long a copy takes at least, in milliseconds [default: 50]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=120_000))]
    pub(super) latency_ms: Option<u64>,
    /// Newcomers in the course of the talk [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=256))]
    pub(super) joins: Option<u16>,
    /// Members that leave in the course of the talk [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=255))]
    pub(super) leaves: Option<u16>,
    /// Insiders, where the scenario is about a kind of them [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=255))]
    pub(super) insiders: Option<u16>,
    /// The carrier: `relay`, as the scenario has it; `line`, where each member has 5 lines of 285 bytes at once and then one
    /// in 2 s, 200 ms on the way; `mail`, 60 to 120 s on the way
    #[arg(long, value_name = "CARRIER", value_parser = profile_parser())]
    pub(super) profile: Option<Profile>,
    /// Bytes that the line of each member takes in a second; a room is asked for a packet only while its line is free
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) rate: Option<u64>,
    /// Bytes that the line of each member takes at once after a time of silence
    #[arg(long, value_name = "BYTES")]
    pub(super) burst: Option<u64>,
    /// A packet takes as much of its line as the next multiple of so many bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) unit: Option<u64>,
    /// Random faults on top of what the scenario has, until something is awaited that it promises: up to 0.3 of all copies
    /// lost, up to 0.1 twice, overtaking, and cuts of up to 2 s
    #[arg(long)]
    pub(super) faults: bool,
    /// By which runs members change their keys [default: as the scenario has it]
    #[arg(long, value_parser = rekey_parser())]
    pub(super) rekey: Option<Rekey>,
    /// The seed of the first run; each run after it has the next
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(super) seed: u64,
    /// Runs
    #[arg(long, value_name = "K", default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(super) runs: u64,
    /// Threads, which change nothing but the time it takes [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
    /// Who computes the suite; `mixed` gives each member another backend of this build [default: the
    /// first of this build]
    #[arg(long, value_parser = backends_parser())]
    pub(super) backend: Option<Backends>,
    /// The algorithms
    #[arg(long, default_value_t = SuiteId::ChaCha20Poly1305, value_parser = suite_parser())]
    pub(super) suite: SuiteId,
    /// Print all that happens: virtual time, member, packet or event
    #[arg(long)]
    pub(super) trace: bool,
    /// Print nothing but the JSON object on standard output, and all else on standard error
    #[arg(long, conflicts_with = "trace")]
    pub(super) json: bool,
}

impl SimArgs {
    /// What happens.
    pub(super) fn scenario(&self) -> &'static Scenario {
        self.scenario.unwrap_or(Scenario::CUSTOM)
    }

    /// What was asked for beside the scenario.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted {
            members: self.members.map(usize::from),
            messages: self
                .messages
                .and_then(|messages| usize::try_from(messages).ok()),
            loss_permille: self.loss,
            duplicate_permille: self.duplicate,
            reorder: self.reorder,
            latency_ms: self.latency_ms,
            joins: self.joins.map(usize::from),
            leaves: self.leaves.map(usize::from),
            insiders: self.insiders.map(usize::from),
            profile: self.profile,
            rate: self.rate,
            burst: self.burst,
            unit: self.unit,
            faults: self.faults,
            rekey: self.rekey,
        }
    }

    /// The seeds of all runs.
    pub(super) const fn seeds(&self) -> Range<u64> {
        self.seed..self.seed.saturating_add(self.runs)
    }

    /// The backends of the members, in turn.
    pub(super) fn backends(&self) -> anyhow::Result<Vec<Backend>> {
        match self.backend {
            None => Ok(vec![default_backend()]),
            Some(Backends::Same(backend)) => Ok(vec![backend]),
            Some(Backends::Mixed) => {
                let available: Vec<_> = Backend::available().collect();
                anyhow::ensure!(
                    available.len() > 1,
                    "this build has one backend: build with --features backend-ring,backend-sodium"
                );
                Ok(available)
            }
        }
    }
}

fn scenario_parser() -> impl TypedValueParser<Value = &'static Scenario> {
    let names: Vec<_> = Scenario::all().map(|scenario| scenario.name).collect();
    PossibleValuesParser::new(names).try_map(|name| {
        Scenario::named(&name).ok_or_else(|| format!("no scenario is called {name}"))
    })
}

fn profile_parser() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name))
        .try_map(|name| Profile::named(&name).ok_or_else(|| format!("no carrier is called {name}")))
}

/// Reads a part of the whole, in thousandths.
fn permille(text: &str) -> Result<u64, String> {
    let part: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if !(0.0..=0.9).contains(&part) {
        return Err("not from 0 to 0.9".to_owned());
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 900"
    )]
    Ok((part * 1000.0).round() as u64)
}
