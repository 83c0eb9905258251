//! From the command line to the exit code.
//!
//! | code | when |
//! |---|---|
//! | 0 | all that was asked for was done |
//! | 1 | it was not; one line on standard error says why |
//! | 2 | the command line makes no sense |
//! | 141 | whoever read standard output went away, as a shell reports SIGPIPE |

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Command};
use crate::chat::DoorError;
use crate::output::{Output, OutputError};
use crate::{chat, demo, dumps, gka, identity, relay, sim, transcript};

/// As for every command line that makes no sense.
const MISUSED: u8 = 2;
/// 128 + SIGPIPE.
const READER_GONE: u8 = 141;

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    dumps::forbid();
    let cli = Cli::parse();
    start_log();
    let mut out = Output::of_process();
    match dispatch(&cli.command, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if matches!(error.downcast_ref(), Some(OutputError::Closed)) => {
            ExitCode::from(READER_GONE)
        }
        Err(error) if error.is::<DoorError>() => {
            out.error(error);
            ExitCode::from(MISUSED)
        }
        Err(error) => {
            // The alternate form is the whole chain of causes in one line.
            out.error(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &Command, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => block_on(demo::run(args, out)),
        Command::Chat(args) => block_on(chat::run(args, out)),
        Command::Relay(args) => block_on(relay::run(args, out)),
        Command::Gka(args) => gka::run(args, out),
        Command::Sim(args) => sim::run(args, out),
        Command::Transcript(command) => transcript::run(command, out),
        Command::Identity(command) => identity::run(command, out),
    }
}

fn block_on(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let done = runtime.block_on(command);
    // Nothing that is still under way, a connection that closes in the background for example, holds the program up.
    runtime.shutdown_background();
    done
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
