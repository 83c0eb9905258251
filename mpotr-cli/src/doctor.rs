//! `mpotr doctor`: looks at what a talk needs before there is one, and says what is wrong and what to do about it.
//!
//! ```text
//! ok     identity: /home/alice/.local/share/mpotr/identity
//! wrong  people: cannot load ..: line 3: ..
//! ```

mod address;
mod args;
mod remembered;
mod system;

use core::fmt;

use mpotr_formats::Escaped;

use crate::identity::{self, StoreError, store};
use crate::output::Output;
use crate::people::PeopleFile;
pub(crate) use args::DoctorArgs;

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    /// What was looked at.
    what: &'static str,
    verdict: Verdict,
    /// What was seen, and what to do about it.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// All is well.
    Ok,
    /// A talk works without it, and less well.
    Note,
    /// A talk does not work so, or is not safe.
    Wrong,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Wrong => "wrong",
        })
    }
}

impl Finding {
    fn new(what: &'static str, verdict: Verdict, text: impl fmt::Display) -> Self {
        let text = Escaped(&text.to_string()).to_string();
        Self {
            what,
            verdict,
            text,
        }
    }
}

/// Something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{count} of these {} wrong", if *count == 1 { "is" } else { "are" })]
struct SomeWrong {
    count: usize,
}

/// Looks at all there is, and prints a line for each.
///
/// # Errors
/// Something is wrong; standard output is closed.
pub(crate) async fn run(args: &DoctorArgs, out: &mut Output) -> anyhow::Result<()> {
    let (answers, offered) = remembered::look();
    let mut findings = vec![
        identity(args),
        people(args),
        answers,
        system::clock(),
        system::memory(),
        system::terminal(),
    ];
    findings.push(address::look(args.place().or(offered)).await);
    let mut wrong = 0_usize;
    for Finding {
        what,
        verdict,
        text,
    } in findings
    {
        out.line(format_args!("{verdict:<6} {what}: {text}"))?;
        wrong = wrong.saturating_add((verdict == Verdict::Wrong).into());
    }
    match wrong {
        0 => Ok(()),
        count => Err(SomeWrong { count }.into()),
    }
}

/// The identity file is there, is one, and is read by nobody else.
fn identity(args: &DoctorArgs) -> Finding {
    let finding = |verdict, text: String| Finding::new("identity", verdict, text);
    let path = match &args.identity {
        Some(path) => Ok(path.clone()),
        None => store::default_path(),
    };
    let path = match path {
        Ok(path) => path,
        Err(error) => return finding(Verdict::Wrong, error.to_string()),
    };
    match identity::look(&path) {
        Ok(true) => finding(
            Verdict::Ok,
            format!("{}, under a passphrase", path.display()),
        ),
        Ok(false) => finding(Verdict::Ok, path.display().to_string()),
        Err(error) => {
            let is_missing = matches!(error.downcast_ref(), Some(StoreError::Missing { .. }));
            match is_missing && args.identity.is_none() {
                true => finding(
                    Verdict::Note,
                    format!(
                        "no identity is in {}, and each room has one of its own; `mpotr identity new` makes one to keep",
                        path.display()
                    ),
                ),
                false => finding(Verdict::Wrong, format!("{error:#}")),
            }
        }
    }
}

/// The file of known people can be read.
fn people(args: &DoctorArgs) -> Finding {
    let finding = |verdict, text: String| Finding::new("people", verdict, text);
    let file = match PeopleFile::at(args.people.as_deref()) {
        Ok(file) => file,
        Err(error) => return finding(Verdict::Wrong, error.to_string()),
    };
    let path = file.path().display().to_string();
    match file.load() {
        Ok(Some(people)) => finding(Verdict::Ok, format!("{} known in {path}", people.len())),
        Ok(None) => finding(
            Verdict::Note,
            format!("nobody is known, there is no {path}; `mpotr people add` adds a person"),
        ),
        Err(error) => finding(Verdict::Wrong, format!("{error:#}")),
    }
}
