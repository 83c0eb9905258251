//! The command that shows how one seed went.

use std::fmt::Write as _;

use mpotr::SuiteId;

use super::args::SimArgs;
use crate::suite::Backends;

/// The command that runs one seed with a trace.
pub(super) fn command(args: &SimArgs, seed: u64) -> String {
    let mut command = "mpotr sim".to_owned();
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            // Writing into a string does not fail.
            let _written = write!(command, " --{name} {value}");
        }
    };
    option("scenario", args.scenario.map(|s| s.name.to_owned()));
    option("members", args.members.map(|n| n.to_string()));
    option("messages", args.messages.map(|n| n.to_string()));
    option("loss", args.loss.map(part));
    option("duplicate", args.duplicate.map(part));
    option("latency-ms", args.latency_ms.map(|n| n.to_string()));
    option("joins", args.joins.map(|n| n.to_string()));
    option("leaves", args.leaves.map(|n| n.to_string()));
    option("insiders", args.insiders.map(|n| n.to_string()));
    option("profile", args.profile.map(|it| it.name().to_owned()));
    option("rate", args.rate.map(|n| n.to_string()));
    option("burst", args.burst.map(|n| n.to_string()));
    option("unit", args.unit.map(|n| n.to_string()));
    option("rekey", args.rekey.map(|it| it.name().to_owned()));
    let backend = args.backend.map(|backend| match backend {
        Backends::Same(backend) => backend.to_string(),
        Backends::Mixed => "mixed".to_owned(),
    });
    option("backend", backend);
    let suite = (args.suite != SuiteId::ChaCha20Poly1305).then(|| args.suite.to_string());
    option("suite", suite);
    option("seed", Some(seed.to_string()));
    if args.reorder {
        command.push_str(" --reorder");
    }
    if args.faults {
        command.push_str(" --faults");
    }
    command.push_str(" --trace");
    command
}

fn part(permille: u64) -> String {
    let whole = permille / 1000;
    format!("{whole}.{:03}", permille % 1000)
}
