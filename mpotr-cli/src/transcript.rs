//! `mpotr transcript`, and what `mpotr chat --save-transcript` keeps: `docs/spec/10-transcripts.md`.

mod args;
mod forge;
mod keep;
mod verify;

use crate::output::Output;

pub(crate) use args::TranscriptCommand;
pub(crate) use keep::Keeper;

/// `mpotr transcript`.
///
/// # Errors
/// A file cannot be read or made; a transcript in which something is wrong; a script that cannot be performed; standard
/// output is closed.
pub(crate) fn run(command: &TranscriptCommand, out: &mut Output) -> anyhow::Result<()> {
    match command {
        TranscriptCommand::Verify(args) => verify::run(args, out),
        TranscriptCommand::Forge(args) => forge::run(args, out),
    }
}
