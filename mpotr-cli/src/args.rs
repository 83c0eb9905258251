//! The command line: which commands there are. Each has the file of its own arguments.

use clap::{Parser, Subcommand};

use crate::chat::ChatArgs;
use crate::demo::DemoArgs;
use crate::doctor::DoctorArgs;
#[cfg(feature = "lab")]
use crate::gka::GkaArgs;
use crate::identity::IdentityCommand;
use crate::people::PeopleCommand;
use crate::relay::RelayArgs;
use crate::rpc::RpcArgs;
#[cfg(feature = "lab")]
use crate::sim::SimArgs;
use crate::transcript::TranscriptCommand;

/// Private group chat that needs no trusted server.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "mpotr",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[cfg_attr(
    not(feature = "lab"),
    command(
        after_help = "This build has no commands gka and sim: they come with the Cargo feature lab."
    )
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
    /// line, or a blank one, sends nothing; a line that is too long or no UTF-8 is told when it ends, and makes the exit code 1.
    ///
    /// When the relay is lost, the program tries to reach it again and the room goes on: for ever at a terminal, for ten
    /// minutes without one, and for one minute once the input has ended. What is not sent by then is told.
    ///
    /// A signal (ctrl-c, SIGTERM) leaves in order once the room is secure, and a second one does not wait for others. Before
    /// that, it ends the program at once: what waits is told as not sent, and the exit code is 1. A third one ends it within
    /// two seconds, with the exit code 128 and its number.
    ///
    /// Exit codes: 0, all that was sent has reached all; 1, it has not, or nothing could begin; 2, the command line makes no
    /// sense; 3, all has, and a command in the input of --commands was not done, or /verify or /code came to nothing; 124,
    /// the room has not begun by --wait; 128 and its number, a signal.
    ///
    /// At a terminal, lines that begin with a slash speak to the program; /help lists them.
    Chat(Box<ChatArgs>),
    /// Run a relay, which passes packets on and can read none
    ///
    /// Who sends too much is slowed down and then cut, and nobody who reads it is. What it takes on is set by options.
    Relay(RelayArgs),
    /// Serve rooms to a program in any language, by JSON-RPC over standard input and output
    ///
    /// One JSON object a line, both ways: requests come in, answers, events and packets go out. The texts and all that is
    /// asked for are on these two pipes alone. At the end of the input, rooms are left in order; the exit code is 0 only if
    /// all that was sent was acknowledged by all. docs/interfaces.md has the methods.
    Rpc(RpcArgs),
    /// Measure what the key agreement costs as the group grows
    ///
    /// All members run in this process, in one thread and without a transport, from fresh offers until every member has
    /// verified every confirmation. A size at which one run would take over a minute is left out.
    ///
    /// For researchers: builds without the Cargo feature `lab` do not have it.
    #[cfg(feature = "lab")]
    Gka(GkaArgs),
    /// Simulate whole rooms on a hostile network, on virtual time, and check what must hold after every step
    ///
    /// One seed is one run, on any machine and with any number of threads. Without a scenario, members and faults are as
    /// asked for. The last line is a JSON object; the exit code is 1 if an invariant broke.
    ///
    /// For researchers: builds without the Cargo feature `lab` do not have it.
    #[cfg(feature = "lab")]
    Sim(SimArgs),
    /// Verify a transcript of a talk, or make one of a talk that never was
    #[command(subcommand)]
    Transcript(TranscriptCommand),
    /// Look at what a talk needs, and say what is wrong and what to do about it
    ///
    /// A line for each: the identity file, the list of known people, the clock, memory for keys, the terminal, and, where one
    /// is named, the place to meet. `ok` is as it should be, `note` could be better, `wrong` keeps a talk from working or
    /// from being safe. The exit code is 1 if anything is wrong.
    Doctor(DoctorArgs),
    /// Make a long-term identity, or show one
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Whose key is whose: the people that you know, in a file of your own
    ///
    /// `mpotr chat` shows them by the names that you gave them, and lets them in by --trust.
    #[command(subcommand)]
    People(PeopleCommand),
}
