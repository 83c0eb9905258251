//! `mpotr transcript forge`.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use mpotr::crypto::CryptoSuite;
use mpotr::gka::RoomId;
use mpotr::{SuiteVisitor, SystemRng};
use mpotr_transcript::{Act, ForgeError, Line, Play, Script, Weather, forge};

use super::{keep, public_key};
use crate::args::ForgeArgs;
use crate::chat::{Nick, Payload};
use crate::output::Output;
use crate::suite::AnySuite;

/// Makes the transcript.
///
/// # Errors
/// A file cannot be read or made, or the script cannot be performed.
pub(super) fn run(args: &ForgeArgs, out: &mut Output) -> anyhow::Result<()> {
    let members = args
        .members
        .iter()
        .map(|path| public_key::read(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let nicks = args
        .members
        .iter()
        .map(|path| nick_of(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let names: Vec<_> = nicks.iter().map(|nick| nick.as_str().to_owned()).collect();
    let script = fs::read_to_string(&args.script)
        .with_context(|| format!("cannot read {}", args.script.display()))?;
    let script = Script::parse(&script, &names)?;
    let say = |line| match line {
        Line::Join(member) => Act::Join(member),
        Line::Leave(member) => Act::Leave(member),
        Line::Say(member, text) => {
            let nick = nicks.get(member).cloned();
            let body = nick.map(|nick| Payload { nick, text }.to_bytes());
            Act::Say(member, body.unwrap_or_default())
        }
    };
    let play = Play {
        room: RoomId::of_name::<AnySuite>(&args.room),
        members,
        acts: script.lines.into_iter().map(say).collect(),
        weather: Weather::default(),
    };
    // Before any work; and nothing is left of a transcript that could not be made.
    anyhow::ensure!(
        !args.out.exists(),
        "{} exists already and is not overwritten",
        args.out.display()
    );
    let file = args.backend.visit(args.suite, Forge(&play))??;
    keep::create(&args.out)?
        .write_all(&file)
        .with_context(|| format!("cannot write to {}", args.out.display()))?;
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

struct Forge<'a>(&'a Play);

impl SuiteVisitor for Forge<'_> {
    type Output = Result<Vec<u8>, ForgeError>;

    fn visit<S: CryptoSuite>(self) -> Self::Output {
        forge::<S>(self.0, &mut SystemRng::default())
    }
}
