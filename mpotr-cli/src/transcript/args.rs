//! The arguments of `mpotr transcript`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mpotr::{Backend, RoomName, SuiteId};

use crate::suite::{backend_parser, default_backend, suite_parser};

/// What is done with a transcript.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TranscriptCommand {
    /// Check every signature, proof, parent and digest, and show the order of what was said
    ///
    /// The exit code is 0 only if nothing is wrong. That a transcript verifies convinces nobody: `mpotr transcript forge`
    /// makes one that verifies as well.
    Verify(VerifyArgs),
    /// Make a transcript of a talk that never was, from public keys and a script
    ///
    /// The script has lines `name: text`, with what `name` types in the chat: `/admit`, `/kick`, `/withdraw`, `/policy`,
    /// `/refresh`, `/merge`, `/code` and `/verify` are commands there, too. `+name` comes in or back, `-name` leaves in order
    /// (with commas, several at one moment), `!name` dies,
    /// `~name` loses the network and `=name` has it again. Two lines `name>names: text`, one after the other, say two things in
    /// one place, to some and to others. `#` begins a comment. A name is that of the key's file without its ending, or the place
    /// of the file, from 1.
    Forge(ForgeArgs),
}

/// `mpotr transcript verify`.
#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The transcript
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Who computes the suite
    #[arg(long, default_value_t = default_backend(), value_parser = backend_parser())]
    pub(super) backend: Backend,
}

/// `mpotr transcript forge`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ForgeArgs {
    /// The public keys of the members, as `mpotr identity show --public` prints them, in files with commas between
    #[arg(long, value_name = "FILES", value_delimiter = ',', required = true)]
    pub(super) members: Vec<PathBuf>,
    /// Who says what
    #[arg(long, value_name = "FILE")]
    pub(super) script: PathBuf,
    /// The transcript to make; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Who is to have kept the transcript [default: the first who is there from the beginning]
    #[arg(long, value_name = "NAME")]
    pub(super) keeper: Option<String>,
    /// A rule of the room, as in `/policy`: `admit RULE`, `exclude RULE`, `change RULE`, `evidence on`; or a method,
    /// `agreement bd` or `pairwise`, `authentication proof` or `3dh`. Once for each
    #[arg(long, value_name = "WHAT HOW")]
    pub(super) policy: Vec<String>,
    /// Nobody comes in but by the `/admit` of each member, as in chats with --ask
    #[arg(long)]
    pub(super) ask: bool,
    /// So many of 100 packets are lost
    #[arg(long, value_name = "N", default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(0..=50))]
    pub(super) loss: u8,
    /// The name of the room
    #[arg(long, value_name = "NAME", default_value = "room")]
    pub(super) room: RoomName,
    /// Who computes the suite
    #[arg(long, default_value_t = default_backend(), value_parser = backend_parser())]
    pub(super) backend: Backend,
    /// The algorithms
    #[arg(long, default_value_t = SuiteId::ChaCha20Poly1305, value_parser = suite_parser())]
    pub(super) suite: SuiteId,
}
