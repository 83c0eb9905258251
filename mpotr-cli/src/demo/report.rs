//! What the demonstration shows: a text for a person, or one object for a program.

use std::net::SocketAddr;
use std::time::Duration;

use mpotr::Fingerprint;
use serde::Serialize;

use super::args::DemoArgs;
use super::changes::{Changes, Cost};
use super::record::{Read, Record};
use crate::output::Output;
use crate::suite::AnySuite;

/// Readers of a message that are named one by one.
const NAMED_READERS: usize = 4;

/// What was measured besides what the members saw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// Bytes that went over the relay's connections, in both directions together.
    pub(super) wire_bytes: u64,
    /// Those of them from when the members were told to leave.
    pub(super) leaving_bytes: u64,
    /// From before the relay was started until after it had ended.
    pub(super) elapsed: Duration,
}

/// The object of `--json`.
#[derive(Clone, Debug, Serialize)]
struct Summary {
    members: usize,
    messages: u32,
    delivered: usize,
    transcripts_equal: bool,
    transcript_digest: Option<String>,
    sid: Option<String>,
    wire_bytes: u64,
    leaving_bytes: u64,
    elapsed_ms: u128,
    changes: Vec<Cost>,
}

/// Shows all of it. With `--json`, standard output has the object alone.
///
/// # Errors
/// Standard output is closed.
pub(super) fn show(
    args: &DemoArgs,
    relay: SocketAddr,
    (record, changes): (&Record, &Changes),
    measured: Measured,
    out: &mut Output,
) -> anyhow::Result<()> {
    for line in lines(args, relay, (record, changes), measured) {
        match args.json {
            true => out.notice(line),
            false => out.line(line)?,
        }
    }
    if args.json {
        out.line(serde_json::to_string(&summary(
            args,
            (record, changes),
            measured,
        ))?)?;
    }
    Ok(())
}

fn summary(args: &DemoArgs, (record, changes): (&Record, &Changes), measured: Measured) -> Summary {
    Summary {
        members: record.accounts.len(),
        messages: args.messages,
        delivered: record.delivered(),
        transcripts_equal: record.transcripts_equal(),
        transcript_digest: record.digest().map(ToString::to_string),
        sid: record.session().map(|(sid, _)| sid.to_string()),
        wire_bytes: measured.wire_bytes,
        leaving_bytes: measured.leaving_bytes,
        elapsed_ms: measured.elapsed.as_millis(),
        changes: changes.costs.clone(),
    }
}

fn lines(
    args: &DemoArgs,
    relay: SocketAddr,
    (record, changes): (&Record, &Changes),
    measured: Measured,
) -> Vec<String> {
    let mut lines = vec![
        format!("relay       {relay}"),
        format!("suite       {}", args.suite),
    ];
    lines.push(format!("members     {}", record.accounts.len()));
    lines.extend(record.accounts.iter().map(|account| {
        let fingerprint = Fingerprint::of::<AnySuite>(&account.seat.identity);
        format!(
            "  {:<9} {fingerprint}  {}",
            account.seat.nick.as_str(),
            account.seat.backend
        )
    }));
    lines.extend(
        record
            .retries
            .iter()
            .map(|reason| format!("tried again {reason}")),
    );
    let secure = record.secure_after.unwrap_or_default().as_millis();
    lines.push(match record.session() {
        Some((sid, _)) => format!("secure      at all members after {secure} ms, session {sid}"),
        None => "secure      NOT in one session".to_owned(),
    });
    lines.push("messages    as each member read them".to_owned());
    lines.extend(messages(record));
    lines.push(
        match record.digest().filter(|_| record.transcripts_equal()) {
            Some(digest) => format!("transcripts equal at all members, digest {digest}"),
            None => "transcripts NOT equal".to_owned(),
        },
    );
    lines.extend(changes.median().map(|median| {
        let each: Vec<_> = changes.costs.iter().map(|cost| millis(*cost)).collect();
        let rekey = args.rekey.unwrap_or_default().name();
        format!(
            "changes     {} by {rekey} runs, {} ms and {} bytes each in the middle: {} ms",
            each.len(),
            millis(median),
            median.bytes,
            each.join(", ")
        )
    }));
    let members = u64::try_from(record.accounts.len()).unwrap_or(u64::MAX);
    lines.push(format!(
        "delivered   {} of {}: {} messages at {} members, {} bytes on the wire, {} of them to leave, {} ms",
        record.delivered(),
        u64::from(args.messages).saturating_mul(members),
        args.messages,
        members,
        measured.wire_bytes,
        measured.leaving_bytes,
        measured.elapsed.as_millis(),
    ));
    lines
}

/// The time of a change in milliseconds.
fn millis(cost: Cost) -> String {
    format!("{}.{}", cost.micros / 1000, cost.micros / 100 % 10)
}

/// Each place in the transcript, once for each version of it that a member read there.
fn messages(record: &Record) -> Vec<String> {
    let most = record
        .accounts
        .iter()
        .map(|account| account.reads.len())
        .max()
        .unwrap_or(0);
    let mut lines = Vec::new();
    for place in 0..most {
        let mut versions: Vec<(&Read, Vec<&str>)> = Vec::new();
        for account in &record.accounts {
            let Some(read) = account.reads.get(place) else {
                continue;
            };
            let reader = account.seat.nick.as_str();
            match versions.iter_mut().find(|(version, _)| *version == read) {
                Some((_, readers)) => readers.push(reader),
                None => versions.push((read, vec![reader])),
            }
        }
        for (read, readers) in versions {
            let number = place.saturating_add(1);
            let line = format!("{}: {}", read.nick, read.text);
            let readers = name(&readers, record.accounts.len());
            lines.push(format!("  {number:>4}  {line:<32}  read by {readers}"));
        }
    }
    lines
}

fn name(readers: &[&str], members: usize) -> String {
    match readers.len() {
        all if all == members && all > NAMED_READERS => format!("all {all}"),
        _ => readers.join(", "),
    }
}
