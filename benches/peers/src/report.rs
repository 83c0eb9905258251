//! The report: a table for people, or one JSON object per line for programs.

use std::io::{Result, Write};
use std::time::Duration;

use serde::Serialize;

use crate::peer::Peer;
use crate::run::{Measured, Op, Outcome};

/// The lock file that this program was built with.
const LOCK: &str = include_str!("../Cargo.lock");

/// One line of JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Measured {
        peer: &'static str,
        op: &'static str,
        n: usize,
        runs: usize,
        cpu_us_total: u128,
        cpu_us_per_member: u128,
        bytes_sent_total: usize,
        bytes_sent_max_member: usize,
    },
    LeftOut {
        peer: &'static str,
        op: &'static str,
        n: usize,
        left_out_estimate_s: u64,
    },
}

fn op_name(op: Op) -> &'static str {
    match op {
        Op::Form => "form",
        Op::Add => "add",
        Op::Remove => "remove",
    }
}

fn op_title(op: Op) -> &'static str {
    match op {
        Op::Form => "form: a group of n, until everyone has read one message",
        Op::Add => "add: one joins a group of n, until all n + 1 are in the new epoch",
        Op::Remove => "remove: one of n is removed, until the n - 1 who stay are in the new epoch",
    }
}

fn cpu_per_member(measured: &Measured, cpu: Duration) -> Duration {
    let members = u32::try_from(measured.op.members(measured.n)).unwrap_or(u32::MAX);
    cpu.checked_div(members).unwrap_or(cpu)
}

/// Writes `measured` as JSON, one object per line.
pub fn json(out: &mut impl Write, measured: &[Measured]) -> Result<()> {
    for m in measured {
        let (peer, op, n) = (m.peer, op_name(m.op), m.n);
        let line = match m.outcome {
            Outcome::Median(cost, runs) => Line::Measured {
                peer,
                op,
                n,
                runs,
                cpu_us_total: cost.cpu.as_micros(),
                cpu_us_per_member: cpu_per_member(m, cost.cpu).as_micros(),
                bytes_sent_total: cost.bytes_total,
                bytes_sent_max_member: cost.bytes_max_member,
            },
            Outcome::LeftOut(estimate) => Line::LeftOut {
                peer,
                op,
                n,
                left_out_estimate_s: estimate.as_secs(),
            },
        };
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)?;
    }
    out.flush()
}

/// Writes `measured` as a table, by operation and then by size.
pub fn table(out: &mut impl Write, measured: &[Measured]) -> Result<()> {
    for op in Op::ALL {
        let mut rows = measured.iter().filter(|m| m.op == op).peekable();
        if rows.peek().is_none() {
            continue;
        }
        writeln!(out, "\n{}\n", op_title(op))?;
        writeln!(
            out,
            "{:>5}  {:<22}{:>12}{:>14}{:>14}{:>14}",
            "n", "peer", "CPU, ms", "per member", "bytes sent", "most by one"
        )?;
        let mut last = None;
        for m in rows {
            if last.is_some_and(|n| n != m.n) {
                writeln!(out)?;
            }
            last = Some(m.n);
            row(out, m)?;
        }
    }
    Ok(())
}

fn row(out: &mut impl Write, m: &Measured) -> Result<()> {
    write!(out, "{:>5}  {:<22}", m.n, m.peer)?;
    match m.outcome {
        Outcome::Median(cost, _) => writeln!(
            out,
            "{:>12.2}{:>14.3}{:>14}{:>14}",
            millis(cost.cpu),
            millis(cpu_per_member(m, cost.cpu)),
            cost.bytes_total,
            cost.bytes_max_member
        ),
        Outcome::LeftOut(estimate) => writeln!(
            out,
            "  left out: about {} s for one run",
            estimate.as_secs()
        ),
    }
}

fn millis(cpu: Duration) -> f64 {
    cpu.as_secs_f64() * 1e3
}

/// Writes what was measured: each peer's packages with their versions, and its suite.
pub fn legend(out: &mut impl Write, peers: &[Box<dyn Peer>]) -> Result<()> {
    for peer in peers {
        let packages: Vec<_> = peer
            .packages()
            .iter()
            .map(|package| format!("{package} {}", locked_version(package).unwrap_or("?")))
            .collect();
        writeln!(out, "{:<22}{}", peer.name(), packages.join(", "))?;
        writeln!(out, "{:<22}{}", "", peer.suite())?;
    }
    Ok(())
}

/// The version of `package` in the lock file.
fn locked_version(package: &str) -> Option<&'static str> {
    let entry = format!("name = \"{package}\"");
    let mut lines = LOCK.lines().skip_while(|line| *line != entry).skip(1);
    lines
        .next()?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Cost;
    use crate::peer::contenders;

    fn measured() -> Vec<Measured> {
        let cost = Cost {
            cpu: Duration::from_micros(1_500),
            bytes_total: 2_000,
            bytes_max_member: 900,
        };
        vec![
            Measured {
                peer: "a",
                op: Op::Add,
                n: 2,
                outcome: Outcome::Median(cost, 3),
            },
            Measured {
                peer: "b",
                op: Op::Form,
                n: 128,
                outcome: Outcome::LeftOut(Duration::from_secs(75)),
            },
        ]
    }

    #[test]
    fn json_is_one_object_per_line() {
        let mut out = Vec::new();
        json(&mut out, &measured()).unwrap();

        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                r#"{"peer":"a","op":"add","n":2,"runs":3,"cpu_us_total":1500,"cpu_us_per_member":500,"#,
                r#""bytes_sent_total":2000,"bytes_sent_max_member":900}"#,
                "\n",
                r#"{"peer":"b","op":"form","n":128,"left_out_estimate_s":75}"#,
                "\n"
            )
        );
    }

    #[test]
    fn table_says_what_was_left_out() {
        let mut out = Vec::new();
        table(&mut out, &measured()).unwrap();
        let out = String::from_utf8(out).unwrap();

        assert!(out.contains("about 75 s"), "{out}");
        assert!(!out.contains("remove"), "{out}");
    }

    #[test]
    fn every_package_is_in_the_lock_file() {
        for peer in contenders() {
            for package in peer.packages() {
                assert!(locked_version(package).is_some(), "{package}");
            }
        }
    }
}
