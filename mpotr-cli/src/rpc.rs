//! `mpotr rpc`: rooms for programs in other languages, JSON-RPC 2.0 over standard input and output. `docs/interfaces.md`,
//! "mpotr rpc".
//!
//! ```text
//!   standard input ── a request a line ──>┐             ┌── answers, events, packets ──> standard output
//!   carriers ── packets, news ───────────>┼── Session ──┤
//!   the clock, or `tick` ────────────────>┘             └── packets ──> carriers
//! ```
//!
//! The session does no IO: what an `open` names is read beside it (`loading`). This loop feeds it, and stops to feed it while
//! nobody reads what it says.

mod address;
mod args;
mod calls;
mod failure;
mod files;
mod line;
mod link;
mod loading;
mod meeting;
mod opening;
mod options;
mod people;
mod request;
mod room;
mod session;
mod telling;
mod writer;

pub(crate) use args::RpcArgs;

use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::stop::Stop;
use line::Lines;
use session::Session;
use writer::Writer;

/// How long rooms on carriers may take to be left in order.
const LEAVING: Duration = Duration::from_secs(10);

/// The same where one of them is left by lines, of which a server takes one in two seconds.
const LEAVING_BY_LINES: Duration = Duration::from_secs(60);

/// What the links have to say, before they wait.
const NEWS: usize = 64;

/// Serves rooms until standard input ends or the program is asked to stop.
///
/// # Errors
/// Not all that was sent was acknowledged, or standard output is closed.
pub(crate) async fn run(args: &RpcArgs) -> anyhow::Result<()> {
    let mut stop = Stop::listen().context("cannot take signals")?;
    let mut lines = line::read(Lines::new(tokio::io::stdin()));
    let (news, mut heard) = mpsc::channel(NEWS);
    let mut writer = Writer::start(std::io::stdout())?;
    let mut session = Session::new(args, news);
    let mut deadline = None;
    loop {
        for line in session.said() {
            writer.write(line);
        }
        if session.is_over(deadline.is_some()) {
            break;
        }
        let is_read = !writer.is_full();
        let reads = is_read && deadline.is_none();
        let due = session.due();
        tokio::select! {
            line = lines.recv(), if reads => match line {
                Some(line) => session.take(line?),
                None => deadline = Some(leave(&mut session)),
            },
            Some(news) = heard.recv(), if is_read => session.hear(news),
            () = writer.drained(), if !is_read => {}
            () = until(due) => session.look(),
            () = until(deadline) => {
                session.close_all();
            }
            _ = stop.asked() => {
                // A second time, nothing is waited for.
                if deadline.is_some() {
                    session.close_all();
                }
                deadline = Some(leave(&mut session));
            }
            () = writer.gone() => {
                session.close_all();
                anyhow::bail!("standard output is closed");
            }
        }
    }
    writer.finish(LEAVING).await?;
    anyhow::ensure!(
        session.is_all_acknowledged(),
        "not all that was sent was acknowledged by all"
    );
    Ok(())
}

/// Leaves all rooms, and says until when that is waited for.
fn leave(session: &mut Session) -> Instant {
    let limit = match session.leaves_by_lines() {
        true => LEAVING_BY_LINES,
        false => LEAVING,
    };
    session.leave_all();
    let now = Instant::now();
    now.checked_add(limit).unwrap_or(now)
}

/// Waits until a moment, if there is one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => core::future::pending().await,
    }
}
