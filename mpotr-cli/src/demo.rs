//! `mpotr demo`: a whole room in one process, each member on its own connection.

mod args;
mod changes;
mod member;
mod record;
mod report;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use mpotr::{Admission, Backend, IdentityKeyPair, Policy, Profile, RoomOptions};
use mpotr_formats::Nick;
use mpotr_transport::{Relay, RelayConnect, RelayLimits, RelayTransport};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub(crate) use args::DemoArgs;

use crate::entry::Entry;
use crate::identity::throw_away;
use crate::output::Output;
use crate::suite::Backends;
use changes::{Changes, Moment};
use member::{Actor, Seen};
use record::{Record, Seat};
use report::Measured;

/// How long a demonstration may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What their room is called.
const ROOM: &str = "demo";

/// What the first members are called.
const NICKS: [&str; 12] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "karl",
    "lena",
];

/// Runs a whole room and shows what happened.
///
/// # Errors
/// A backend that is not there; a member that did not read everything; transcripts that differ; over [`LIMIT`].
#[expect(
    clippy::too_many_lines,
    reason = "a whole room from beginning to end, told in its order"
)]
pub(crate) async fn run(args: &DemoArgs, out: &mut Output) -> anyhow::Result<()> {
    let backends = backends(args)?;
    let start = Instant::now();
    // All its clients are this program's own, from one address.
    let limits = RelayLimits {
        address_clients: usize::MAX,
        rate: usize::MAX,
        ..RelayLimits::DEFAULT
    };
    let relay = Relay::bind_with("127.0.0.1:0", limits)
        .await
        .context("cannot start the relay")?;
    let address = relay.local_addr();
    let counters = relay.counters();
    let shutdown = CancellationToken::new();
    let relay = tokio::spawn(relay.run(shutdown.clone()));

    let (seen, mut sights) = mpsc::channel(256);
    let leave = CancellationToken::new();
    let mut actors = JoinSet::new();
    let mut seats = Vec::new();
    let mut asks = Vec::new();
    let identities: Vec<_> = (0..args.members).map(|_| throw_away()).collect();
    let everyone: BTreeSet<_> = identities.iter().map(IdentityKeyPair::public).collect();
    let members = identities.into_iter().enumerate();
    for ((index, identity), backend) in members.zip(backends.iter().cycle()) {
        let nick = nick(index)?;
        seats.push(Seat {
            nick: nick.clone(),
            identity: identity.public(),
            backend: *backend,
        });
        let policy = Policy {
            rekey: args.rekey.unwrap_or_default(),
            ..Policy::default()
        };
        let options = RoomOptions::new(ROOM, Admission::Only(everyone.clone()))?
            .profile(Profile::Loopback)
            // One epoch from beginning to end: its order is what is compared.
            .refresh_messages(usize::MAX)
            .policy(policy)
            .suite(args.suite)
            .backend(*backend);
        let transport = RelayTransport::connect(address, options.room_id())
            .await
            .with_context(|| format!("{nick} cannot reach the relay"))?;
        let entered = Entry::<RelayConnect> {
            options,
            identity,
            transport,
            reconnect: None,
        }
        .enter()?;
        let ask = Arc::new(Notify::new());
        asks.push(Arc::clone(&ask));
        let actor = Actor {
            index,
            ask,
            nick,
            members: args.members.into(),
            messages: args.messages,
            seen: seen.clone(),
            leave: leave.clone(),
        };
        actors.spawn(actor.play(entered));
    }
    drop(seen);

    let mut record = Record::new(seats, args.messages);
    let on_wire = || {
        let counts = counters.counts();
        counts.bytes_in.saturating_add(counts.bytes_out)
    };
    let mut changes = Changes::new(asks, args.changes.into());
    let mut before_leaving = None;
    let watched = timeout(LIMIT.saturating_sub(start.elapsed()), async {
        while let Some(sight) = sights.recv().await {
            let is_secure = matches!(sight.seen, Seen::Secure { .. });
            let secure = is_secure.then_some(sight.member);
            record.note(sight, start.elapsed())?;
            let now = || Moment {
                after: start.elapsed(),
                bytes: on_wire(),
            };
            // Nobody leaves before all have seen the whole transcript become final.
            if record.is_final() && changes.go_on(secure, now()) {
                before_leaving.get_or_insert_with(on_wire);
                leave.cancel();
            }
            if record.is_over() {
                break;
            }
        }
        Ok::<(), anyhow::Error>(())
    });
    match watched.await {
        Ok(watched) => watched?,
        Err(_elapsed) => {
            anyhow::bail!("not done after {} s: {}", LIMIT.as_secs(), record.missing())
        }
    }
    anyhow::ensure!(
        record.is_over(),
        "a member stopped without an end: {}",
        record.missing()
    );
    actors.join_all().await;
    shutdown.cancel();
    relay.await.context("the relay failed")?;

    let wire_bytes = on_wire();
    let measured = Measured {
        wire_bytes,
        leaving_bytes: before_leaving.map_or(0, |before| wire_bytes.saturating_sub(before)),
        elapsed: start.elapsed(),
    };
    report::show(args, address, (&record, &changes), measured, out)?;
    record.judge()
}

/// The backends that the members take in turn.
fn backends(args: &DemoArgs) -> anyhow::Result<Vec<Backend>> {
    match args.backends() {
        Backends::Same(backend) => Ok(vec![backend]),
        Backends::Mixed => {
            let available: Vec<_> = Backend::available().collect();
            anyhow::ensure!(
                available.len() > 1,
                "mixed needs two backends or more in this build; \
                 build with `--features backend-ring,backend-sodium`"
            );
            Ok(available)
        }
    }
}

fn nick(index: usize) -> anyhow::Result<Nick> {
    Ok(match NICKS.get(index) {
        Some(nick) => Nick::new(nick)?,
        None => Nick::new(&format!("member{}", index.saturating_add(1)))?,
    })
}

/// What a member saw, and which.
#[derive(Debug)]
struct Sight {
    member: usize,
    seen: Seen,
}
