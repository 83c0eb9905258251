//! From the command line to the exit code.
//!
//! | code | when |
//! |---|---|
//! | 0 | all that was asked for was done |
//! | 1 | it was not; one line on standard error says why |
//! | 2 | the command line makes no sense |
//! | 3 | all texts reached all, and a command in the input of `mpotr chat --commands` was not done |
//! | 124 | a room has not begun in the time that `--wait` names, as `timeout` reports it |
//! | 130 | ctrl-c at a passphrase or a file that does not end, or for the third time; 128 and the number for other signals |
//! | 141 | the reader of standard output went away, as a shell reports SIGPIPE |

use std::io::Write as _;
use std::process::ExitCode;
#[cfg(unix)]
use std::sync::{Arc, atomic::AtomicBool};

use anyhow::Context as _;
use clap::Parser as _;
use mpotr_formats::Escaped;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Command};
use crate::chat::{ChatError, DoorError, NoLink, Unsaid};
use crate::output::{Output, OutputError};
use crate::stop::Stopped;
use crate::{chat, demo, doctor, dumps, identity, people, relay, rpc, transcript};
#[cfg(feature = "lab")]
use crate::{gka, sim};

/// As for every command line that makes no sense.
const MISUSED: u8 = 2;
/// All was sent, and a command of a script was not done.
const UNDONE: u8 = 3;
/// As `timeout` ends when the time is over.
const TIMED_OUT: u8 = 124;
/// 128 + SIGPIPE.
const READER_GONE: u8 = 141;

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    dumps::forbid();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(words) => return speak(&words),
    };
    start_log();
    #[cfg(unix)]
    outlast_file_limit();
    let mut out = Output::of_process();
    match dispatch(&cli.command, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if matches!(error.downcast_ref(), Some(OutputError::Closed)) => {
            ExitCode::from(READER_GONE)
        }
        Err(error) if error.is::<DoorError>() || error.is::<Unsaid>() || error.is::<NoLink>() => {
            out.error(error);
            ExitCode::from(MISUSED)
        }
        Err(error) => {
            // The alternate form is the whole chain of causes in one line.
            out.error(format_args!("{error:#}"));
            let is = |meant: fn(&ChatError) -> bool| error.downcast_ref().is_some_and(meant);
            if is(|it| matches!(it, ChatError::NotBegun(..))) {
                return ExitCode::from(TIMED_OUT);
            }
            if is(|it| matches!(it, ChatError::Undone(_))) {
                return ExitCode::from(UNDONE);
            }
            let stopped = error
                .chain()
                .find_map(|cause| cause.downcast_ref::<Stopped>());
            stopped.map_or(ExitCode::FAILURE, |stopped| stopped.exit_code().into())
        }
    }
}

/// Prints what is said about the command line: help or a version, asked for, on standard output; what is wrong with it on
/// standard error.
fn speak(words: &clap::Error) -> ExitCode {
    if words.use_stderr() {
        // They quote what was typed, which may have come from a stranger: it sets no colours, and moves no cursor.
        let mut errors = std::io::stderr().lock();
        for line in words.render().to_string().lines() {
            let _untold = writeln!(errors, "{}", Escaped(line));
        }
        return ExitCode::from(MISUSED);
    }
    let printed = words.print().and_then(|()| std::io::stdout().flush());
    match printed.map_err(OutputError::from) {
        Ok(()) => ExitCode::SUCCESS,
        Err(OutputError::Closed) => ExitCode::from(READER_GONE),
        Err(error) => {
            Output::of_process().error(format_args!("{:#}", anyhow::Error::new(error)));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &Command, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => block_on(demo::run(args, out)),
        Command::Chat(args) => block_on(chat::run(args, out)),
        Command::Relay(args) => block_on(relay::run(args, out)),
        Command::Rpc(args) => block_on(rpc::run(args)),
        #[cfg(feature = "lab")]
        Command::Gka(args) => gka::run(args, out),
        #[cfg(feature = "lab")]
        Command::Sim(args) => sim::run(args, out),
        Command::Transcript(command) => transcript::run(command, out),
        Command::Doctor(args) => block_on(doctor::run(args, out)),
        Command::Identity(command) => block_on(identity::run(command, out)),
        Command::People(command) => people::run(command, out),
    }
}

fn block_on(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let done = runtime.block_on(command);
    // Nothing that is still under way, a connection that closes in the background for example, holds the program up.
    runtime.shutdown_background();
    done
}

/// Makes a file that may not grow any further (`ulimit -f`) an error of the write that meets the limit. The signal that the
/// system sends besides would end the program, and a talk with its transcript.
#[cfg(unix)]
fn outlast_file_limit() {
    let seen = Arc::new(AtomicBool::new(false));
    // Without it, the program does what it did.
    let _untaken = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen);
}

/// Shows the log on standard error if `RUST_LOG` asks for one.
fn start_log() {
    if std::env::var_os("RUST_LOG").is_some() {
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::from_default_env())
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .init();
    }
}
