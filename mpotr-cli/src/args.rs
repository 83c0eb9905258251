//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use mpotr::{Backend, RoomName, SuiteId};
use mpotr_formats::Nick;

use crate::chat::WrittenRule;
use crate::gka::GkaArgs;
use crate::relay::LimitArgs;
use crate::sim::SimArgs;
use crate::suite::{Backends, backend_parser, backends_parser, default_backend, suite_parser};

/// Private group chat that needs no trusted server.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "mpotr",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program does.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a whole room, from key agreement to the end, with all its members in this process
    Demo(DemoArgs),
    /// Talk in a room, one line a message
    ///
    /// Lines are read from standard input and those of the others are printed as `nick: text`. All else goes to standard
    /// error. Nothing is sent before the room is secure. At the end of the input, the room is left once everyone has
    /// everything; the exit code is 0 only if all that was sent was acknowledged by all, those of --with among them. An empty
    /// line sends nothing; a line that is too long or no UTF-8 is told at once and makes the exit code 1.
    ///
    /// When the relay is lost, the program tries to reach it again and the room goes on: for ever at a terminal, for ten
    /// minutes without one.
    ///
    /// At a terminal, lines that begin with a slash speak to the program; /help lists them.
    Chat(ChatArgs),
    /// Run a relay, which passes packets on and can read none
    ///
    /// Who sends too much is slowed down and then cut, and nobody who reads it is. What it takes on is set by options.
    Relay(RelayArgs),
    /// Measure what the key agreement costs as the group grows
    ///
    /// All members run in this process, in one thread and without a transport, from fresh offers until every member has
    /// verified every confirmation. A size at which one run would take over a minute is left out.
    Gka(GkaArgs),
    /// Simulate whole rooms on a hostile network, on virtual time, and check what must hold after every step
    ///
    /// One seed is one run, on any machine and with any number of threads. Without a scenario, members and faults are as
    /// asked for. The last line is a JSON object; the exit code is 1 if an invariant broke.
    Sim(SimArgs),
    /// Verify a transcript of a talk, or make one of a talk that never was
    #[command(subcommand)]
    Transcript(TranscriptCommand),
    /// Make a long-term identity, or show one
    #[command(subcommand)]
    Identity(IdentityCommand),
}

/// `mpotr demo`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// Members of the room
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u16).range(2..=512))]
    pub(crate) members: u16,
    /// Messages that the members write, one after the other
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) messages: u32,
    /// Who computes the suite; `mixed` gives each member another backend of this build [default: the
    /// first of this build]
    #[arg(long, value_parser = backends_parser())]
    pub(crate) backend: Option<Backends>,
    /// The algorithms
    #[arg(long, default_value_t = SuiteId::ChaCha20Poly1305, value_parser = suite_parser())]
    pub(crate) suite: SuiteId,
    /// Print what was measured as one JSON object, and all else on standard error
    #[arg(long)]
    pub(crate) json: bool,
}

impl DemoArgs {
    /// The backends of the members.
    pub(crate) fn backends(&self) -> Backends {
        self.backend
            .unwrap_or_else(|| Backends::Same(default_backend()))
    }
}

/// `mpotr chat`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ChatArgs {
    /// The relay
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub(crate) relay: String,
    /// The room's name, the same for all its members
    #[arg(long, value_name = "NAME")]
    pub(crate) room: RoomName,
    /// What to be called
    #[arg(long)]
    pub(crate) nick: Nick,
    /// Wait until so many members are in, this one included [default: all of --with, else whoever has gathered, two or
    /// more]
    #[arg(long, value_name = "N", conflicts_with = "with",
        value_parser = clap::value_parser!(u16).range(2..=MAX_MEMBERS_OPTION))]
    pub(crate) members: Option<u16>,
    /// The identity file [default: a new identity that is forgotten at the end]
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// The identity file is under the passphrase in FILE, one line of text; without this, it is asked for
    #[arg(long, value_name = "FILE", requires = "identity")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Talk with these and nobody else: files with public keys, as `mpotr identity show --public` prints them, with commas
    /// or spaces between. The room begins when all of them are in, and nothing is sent before; so there is no --members
    /// beside it
    #[arg(long, value_name = "FILE", num_args = 1.., value_delimiter = ',', help_heading = WHOM)]
    pub(crate) with: Vec<PathBuf>,
    /// Let nobody in before `/admit` [the default at a terminal]
    #[arg(long, conflicts_with = "with", help_heading = WHOM)]
    pub(crate) ask: bool,
    /// Let anybody in who knows the name of the room
    #[arg(long, conflicts_with_all = ["with", "ask"], help_heading = WHOM)]
    pub(crate) open: bool,
    /// Obey lines of the input that begin with a slash, `/kick bob` for example, though it is no terminal. Without this
    /// they are texts like all others
    #[arg(long)]
    pub(crate) commands: bool,
    /// Whose word lets somebody in: `anyone`, a number of members, or files with public keys, with commas between. It
    /// holds besides --with, --ask and --open, which say whom this member itself lets in. With none of the rules given,
    /// those of the room are followed
    #[arg(
        long,
        value_name = "RULE",
        help_heading = "Rules of the room, the same for all who begin it"
    )]
    pub(crate) admit: Option<WrittenRule>,
    /// Whose word leaves somebody out
    #[arg(
        long,
        value_name = "RULE",
        help_heading = "Rules of the room, the same for all who begin it"
    )]
    pub(crate) exclude: Option<WrittenRule>,
    /// Whose word changes the rules
    #[arg(
        long,
        value_name = "RULE",
        help_heading = "Rules of the room, the same for all who begin it"
    )]
    pub(crate) change: Option<WrittenRule>,
    /// Votes leave out only who is proven to have cheated
    #[arg(
        long,
        help_heading = "Rules of the room, the same for all who begin it"
    )]
    pub(crate) evidence: bool,
    /// Keep a transcript in FILE, which must not exist: all that is signed and no key
    #[arg(long, value_name = "FILE")]
    pub(crate) save_transcript: Option<PathBuf>,
    /// Who computes the suite
    #[arg(long, default_value_t = default_backend(), value_parser = backend_parser())]
    pub(crate) backend: Backend,
    /// The algorithms, the same for all members of the room
    #[arg(long, default_value_t = SuiteId::ChaCha20Poly1305, value_parser = suite_parser())]
    pub(crate) suite: SuiteId,
}

/// Takes what can be looked up: `relay.example:7667`, `192.0.2.1:7667`, `[2001:db8::1]:7667`.
fn host_and_port(text: &str) -> Result<String, &'static str> {
    let is_host = |host: &str| !host.is_empty() && !host.contains(':');
    let is_named = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok());
    if is_named || text.parse::<std::net::SocketAddr>().is_ok() {
        Ok(text.to_owned())
    } else {
        Err("it is HOST:PORT, relay.example:7667 or [2001:db8::1]:7667 for example")
    }
}

/// The heading of the options that say whom a chat lets in.
const WHOM: &str = "Whom to let in; without a terminal, one of these is needed";

/// As many as a relay takes into one room, unless it is told otherwise: a room that waits for more would not begin.
const MAX_MEMBERS_OPTION: i64 = 512;

/// `mpotr relay`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RelayArgs {
    /// Where to listen; port 0 lets the system choose one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7667", value_parser = host_and_port)]
    pub(crate) listen: String,
    /// What the relay takes on.
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

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
    /// The script has lines `name: text`, with what `name` types in the chat: `/admit`, `/kick`, `/withdraw`, `/policy` and `/refresh` are
    /// commands there, too. `+name` comes in or back, `-name` leaves in order (with commas, several at one moment), `!name` dies,
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
    pub(crate) file: PathBuf,
    /// Who computes the suite
    #[arg(long, default_value_t = default_backend(), value_parser = backend_parser())]
    pub(crate) backend: Backend,
}

/// `mpotr transcript forge`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ForgeArgs {
    /// The public keys of the members, as `mpotr identity show --public` prints them, in files with commas between
    #[arg(long, value_name = "FILES", value_delimiter = ',', required = true)]
    pub(crate) members: Vec<PathBuf>,
    /// Who says what
    #[arg(long, value_name = "FILE")]
    pub(crate) script: PathBuf,
    /// The transcript to make; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Who is to have kept the transcript [default: the first who is there from the beginning]
    #[arg(long, value_name = "NAME")]
    pub(crate) keeper: Option<String>,
    /// A rule of the room, as in `/policy`: `admit RULE`, `exclude RULE`, `change RULE`, `evidence on`; or a method,
    /// `agreement bd` or `pairwise`, `authentication proof` or `3dh`. Once for each
    #[arg(long, value_name = "WHAT HOW")]
    pub(crate) policy: Vec<String>,
    /// Nobody comes in but by the `/admit` of each member, as in chats with --ask
    #[arg(long)]
    pub(crate) ask: bool,
    /// So many of 100 packets are lost
    #[arg(long, value_name = "N", default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(0..=50))]
    pub(crate) loss: u8,
    /// The name of the room
    #[arg(long, value_name = "NAME", default_value = "room")]
    pub(crate) room: RoomName,
    /// Who computes the suite
    #[arg(long, default_value_t = default_backend(), value_parser = backend_parser())]
    pub(crate) backend: Backend,
    /// The algorithms
    #[arg(long, default_value_t = SuiteId::ChaCha20Poly1305, value_parser = suite_parser())]
    pub(crate) suite: SuiteId,
}

/// What is done with an identity.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Make an identity in a file that does not exist yet
    New(IdentityArgs),
    /// Show the fingerprint and the public key of an identity
    Show(IdentityArgs),
}

/// `mpotr identity new` and `mpotr identity show`.
#[derive(Clone, Debug, Args)]
pub(crate) struct IdentityArgs {
    /// The identity file [default: mpotr/identity in the user's data folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// The file is under a passphrase, which is asked for
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) passphrase: bool,
    /// The file is under the passphrase in FILE, one line of text
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Print the public key alone, as others store it
    #[arg(long)]
    pub(crate) public: bool,
}
