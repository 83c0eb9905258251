//! Prints the tables of `docs/security/agreement.md`, searching anew, and fails where a result is not the one expected.
//!
//! ```text
//! mpotr-model             seconds
//! mpotr-model --large     also the rooms that take a minute or two each, and 1.3 GB
//! ```

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use mpotr_model::{Case, Outcome, Turns, cuts, table};

fn main() -> io::Result<ExitCode> {
    let is_large = std::env::args().any(|argument| argument == "--large");
    let mut out = io::stdout().lock();
    let mut as_expected = print_table(&mut out, "Rules as they were added", table::step_by_step())?;
    as_expected &= print_table(&mut out, "All rules but one", table::without_each())?;
    as_expected &= print_table(&mut out, "All rules", table::full())?;
    if is_large {
        as_expected &= print_table(&mut out, "All rules, large rooms", table::large())?;
    }
    as_expected &= print_cuts(&mut out)?;
    Ok(if as_expected {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The same for what is shown of the parent.
fn print_cuts(out: &mut impl Write) -> io::Result<bool> {
    writeln!(out, "\n## The cut\n\n| instead of the rule | C lies | I2 |")?;
    writeln!(out, "|{}", "---|".repeat(3))?;
    let mut as_expected = true;
    for case in cuts::cases() {
        let found = case.check();
        let result = match found {
            Ok(states) => format!("safe, {states} states"),
            Err(steps) => format!("breaks in {steps} steps"),
        };
        writeln!(
            out,
            "| {} | {} | {result} |",
            case.words, case.cuts.has_liar
        )?;
        as_expected &= found == case.expected;
    }
    Ok(as_expected)
}

/// Searches and prints, row by row, then the counterexamples. Tells whether all is as expected.
fn print_table(out: &mut impl Write, title: &str, cases: Vec<Case>) -> io::Result<bool> {
    let columns = "| rules | members | Byzantine | views | I1 | states | stranded | stuck | split | seconds |";
    writeln!(out, "\n## {title}\n\n{columns}")?;
    writeln!(out, "|{}", "---|".repeat(10))?;
    let mut notes = Vec::new();
    let mut as_expected = true;
    for case in cases {
        let began = Instant::now();
        let report = case.check();
        let seconds = began.elapsed().as_secs_f32();
        let (words, room, split) = (case.words, case.room, report.split);
        let result = match report.outcome {
            Outcome::Safe {
                states,
                stranded,
                stuck,
            } => format!("safe | {states} | {stranded} | {stuck} | {split}"),
            Outcome::Broken { steps } => format!("breaks in {steps} steps | | | |"),
        };
        let always = match room.turns {
            Turns::Rotating => "",
            Turns::Always(_) => ", always",
        };
        let (members, byzantine) = (room.members, room.byzantine);
        write!(out, "| {words} | {members:?} | {byzantine:?}{always} ")?;
        writeln!(out, "| {} | {result} | {seconds:.1} |", room.views)?;
        out.flush()?;
        if let Some(steps) = report.counterexample {
            notes.push(format!("{words}: `{steps:?}`"));
        }
        if report.outcome != case.expected {
            as_expected = false;
            notes.push(format!(
                "not as expected, {words}, {room:?}: {:?}",
                case.expected
            ));
        }
    }
    writeln!(out)?;
    for note in &notes {
        writeln!(out, "- {note}")?;
    }
    Ok(as_expected)
}
