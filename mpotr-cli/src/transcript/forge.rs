//! `mpotr transcript forge`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use mpotr::{CryptoSuite, SuiteVisitor, SystemRng};
use mpotr_formats::{Escaped, Nick, Payload};
use mpotr_transcript::{Amendment, ForgeError, Play, Script, forge};

use super::args::ForgeArgs;
use super::keep;
use crate::files;
use crate::identity;
use crate::output::Output;
use crate::suite::AnySuite;

/// The most bytes of a script: 16 MiB.
const MAX_SCRIPT: usize = 1 << 24;

/// `--loss` is in percent, and the weather in permille.
const PERMILLE: u64 = 10;

/// Makes the transcript.
///
/// # Errors
/// A file cannot be read or made, or the script cannot be performed.
pub(super) fn run(args: &ForgeArgs, out: &mut Output) -> anyhow::Result<()> {
    let members = args
        .members
        .iter()
        .map(|path| identity::public_key(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let nicks = args
        .members
        .iter()
        .map(|path| nick_of(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let names: Vec<_> = nicks.iter().map(|nick| nick.as_str().to_owned()).collect();
    let mut seen = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
        anyhow::bail!(
            "two of the files are called {twice}: nobody could tell whom the script means"
        );
    }
    let script = files::read(&args.script, MAX_SCRIPT)?;
    let script = core::str::from_utf8(&script)
        .with_context(|| format!("{} is no UTF-8 text", args.script.display()))?;
    let script = Script::parse(script, &names)?;
    let keeper = args.keeper.as_deref();
    let keeper = keeper.map(|keeper| place_of(keeper, &names)).transpose()?;
    let say = |member: usize, text| {
        let nick = nicks.get(member).cloned();
        let body = nick.map(|nick| Payload { nick, text }.to_bytes());
        body.unwrap_or_default()
    };
    let acts = script.acts.into_iter().map(|act| act.map(say)).collect();
    let mut play = Play::new(args.room.id::<AnySuite>(), members, acts);
    for amendment in &args.policy {
        let amended = Amendment::parse(amendment, &names)
            .with_context(|| format!("no rule: {}", Escaped(amendment)))?;
        play.policy = amended.apply(&play.policy, &play.members);
    }
    play.ask = args.ask;
    play.weather = play
        .weather
        .loss(u64::from(args.loss).saturating_mul(PERMILLE));
    // Before any work; and nothing is left of a transcript that could not be made.
    anyhow::ensure!(
        !args.out.exists(),
        "{} exists already and is not overwritten",
        args.out.display()
    );
    let file = args
        .backend
        .visit(args.suite, Forge(&play, keeper))?
        .map_err(|error| in_line(&error, &script.lines, &names))?;
    keep::write_whole(&args.out, &file)?;
    out.line(format_args!(
        "forged       {}, {} bytes, with no secret of any of the {} members",
        args.out.display(),
        file.len(),
        play.members.len()
    ))?;
    Ok(())
}

/// What a member is called: the name of its file, without the folder and the ending.
fn nick_of(path: &Path) -> anyhow::Result<Nick> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    Nick::new(stem.unwrap_or_default())
        .with_context(|| format!("the name of {} is no nick", path.display()))
}

/// The place of a member that a person names.
fn place_of(name: &str, names: &[String]) -> anyhow::Result<usize> {
    let place = names.iter().position(|other| other == name);
    place.with_context(|| format!("nobody is called {}", Escaped(name)))
}

/// What went wrong, and in which line.
fn in_line(error: &ForgeError, lines: &[usize], names: &[String]) -> anyhow::Error {
    let why = if let ForgeError::NotThere { member, why, .. } = error {
        let name = names.get(*member).map(String::as_str);
        let name = Escaped(name.unwrap_or_default());
        format!("{name} {why}")
    } else {
        error.to_string()
    };
    match error.act().map(|act| lines.get(act)) {
        Some(Some(line)) => anyhow::anyhow!("line {line} of the script: {why}"),
        Some(None) => anyhow::anyhow!("the end of the script: {why}"),
        None => anyhow::anyhow!("{why}"),
    }
}

struct Forge<'a>(&'a Play, Option<usize>);

impl SuiteVisitor for Forge<'_> {
    type Output = Result<Vec<u8>, ForgeError>;

    fn visit<S: CryptoSuite>(self) -> Self::Output {
        forge::<S>(self.0, self.1, &mut SystemRng::default())
    }
}
