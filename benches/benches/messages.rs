//! A message of 256 bytes in a secure room of three: what it costs to seal and to open one by the room's own interface,
//! and beside it the floor, the primitives that no implementation can do without.
//!
//! | bench | what |
//! |---|---|
//! | `message_seal/room` | `send` until the packet is there: the message is signed, sealed, and in the own transcript |
//! | `message_seal/floor` | one signature, two AEAD seals, a 32nd of the two key derivations for 32 messages |
//! | `message_open/room` | `handle_message` of another member: opened, verified, in order, delivered |
//! | `message_open/floor` | one verification, two AEAD opens, a 32nd of the two key derivations for 32 messages |
//! | `backlog/chain` | 1,280 messages by 10 authors, as a member that missed them takes them: `handle_messages` |
//! | `backlog/each` | the same, with every signature verified: `handle_message` |
//!
//! A message alone is timed with ChaCha20-Poly1305, a backlog with each suite. The examples `open_ratio` and
//! `backlog_ratio` measure in turn what is to be compared.

mod cpu_time;

use std::hint::black_box;
use std::time::Duration;

use cpu_time::CpuTime;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mpotr_backend_ring as ring;
use mpotr_backend_rustcrypto as rustcrypto;
use mpotr_backend_sodium as sodium;
use mpotr_benches::{Backlog, Channel, Floor, Way, cpu_time};
use mpotr_core::crypto::{CryptoSuite, check_supported};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const BODY: [u8; 256] = [b'x'; 256];
/// Messages between two rounds of acknowledgements, which are off the clock.
const ACKNOWLEDGED_AFTER: u64 = 8;
/// Messages in one room, so that the length of its transcript is the same in every run.
const ROOM_LASTS: u64 = 256;

type Talk<S> = Channel<S, ChaCha20Rng>;

fn room<S: CryptoSuite>() -> Talk<S> {
    Channel::formed(3, 7).unwrap_or_else(|error| fail(&error.to_string()))
}

#[expect(
    clippy::panic,
    reason = "a benchmark of what does not work would measure nothing"
)]
fn fail(error: &str) -> ! {
    panic!("{error}")
}

/// What some messages took to be said by member 0 and to be heard, one by one, by member 1; and their packets. The clock is a
/// system call: it is read once for all.
fn exchange<S: CryptoSuite>(
    channel: &mut Talk<S>,
    rng: &mut ChaCha20Rng,
    messages: u64,
) -> (Duration, Duration, Vec<Vec<u8>>) {
    let now = channel.now();
    let mut rooms = channel.rooms();
    let (Some(alice), Some(bob), Some(carol)) = (rooms.next(), rooms.next(), rooms.next()) else {
        fail("not three rooms")
    };
    let bodies: Vec<_> = (0..messages).map(|_| BODY.to_vec()).collect();
    let mut packets = Vec::with_capacity(bodies.len());
    let seen = alice.newest_seen();
    let start = cpu_time();
    for body in bodies {
        let sent = alice.send(now, body, seen);
        match (sent, alice.poll_transmit()) {
            (Ok(_text_id), Some(packet)) => packets.push(packet),
            _ => fail("nothing was sent"),
        }
    }
    let sealed = cpu_time();
    let opening = cpu_time();
    for packet in &packets {
        if bob.handle_message(now, black_box(packet), rng).is_err() {
            fail("the message was not accepted");
        }
    }
    let opened = cpu_time();
    for packet in &packets {
        if carol.handle_message(now, packet, rng).is_err() {
            fail("the message was not accepted");
        }
    }
    (
        sealed.saturating_sub(start),
        opened.saturating_sub(opening),
        packets,
    )
}

/// Times one side of `iterations` messages.
fn talk<S: CryptoSuite>(
    iterations: u64,
    side: impl Fn((Duration, Duration)) -> Duration,
) -> Duration {
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let mut channel = room::<S>();
    let mut total = Duration::ZERO;
    let mut said = 0_u64;
    while said < iterations {
        let messages = iterations.saturating_sub(said).min(ACKNOWLEDGED_AFTER);
        let (seal, open, _) = exchange(&mut channel, &mut rng, messages);
        total = total.saturating_add(side((seal, open)));
        said = said.saturating_add(messages);
        if said.is_multiple_of(ROOM_LASTS) {
            channel = room::<S>();
        } else {
            channel.pass(Duration::from_secs(5));
        }
    }
    total
}

fn backlog<S: CryptoSuite>(criterion: &mut Criterion<CpuTime>) {
    if check_supported::<S>().is_err() {
        return;
    }
    let backlog = Backlog::<S>::record().unwrap_or_else(|error| fail(&error.to_string()));
    let mut group = criterion.benchmark_group("backlog");
    group.sample_size(10);
    group.throughput(Throughput::Elements(1_280));
    for (what, way) in [("chain", Way::Chain), ("each", Way::Each)] {
        let id = BenchmarkId::new(what, format!("{}/{}", S::BACKEND, S::ID));
        group.bench_function(id, |b| {
            b.iter_custom(|n| {
                let catch_up = |_| backlog.catch_up(way);
                let times = (0..n).map(catch_up).sum::<Result<Duration, _>>();
                times.unwrap_or_else(|error| fail(&error.to_string()))
            });
        });
    }
    group.finish();
}

fn messages<S: CryptoSuite>(criterion: &mut Criterion<CpuTime>) {
    if check_supported::<S>().is_err() {
        return;
    }
    let (_, _, packets) = exchange(&mut room::<S>(), &mut ChaCha20Rng::seed_from_u64(7), 1);
    let mut floor = Floor::<S>::of(packets.first().map_or(0, Vec::len))
        .unwrap_or_else(|| fail("a key of our own does not decode"));
    let id = |what| BenchmarkId::new(what, S::BACKEND);
    let mut group = criterion.benchmark_group("message_seal");
    group.bench_function(id("room"), |b| {
        b.iter_custom(|n| talk::<S>(n, |(seal, _)| seal))
    });
    group.bench_function(id("floor"), |b| b.iter(|| floor.seal()));
    group.finish();
    let mut group = criterion.benchmark_group("message_open");
    group.bench_function(id("room"), |b| {
        b.iter_custom(|n| talk::<S>(n, |(_, open)| open))
    });
    group.bench_function(id("floor"), |b| {
        b.iter(|| {
            if !floor.open() {
                fail("the floor does not hold");
            }
        });
    });
    group.finish();
}

fn all_backends(criterion: &mut Criterion<CpuTime>) {
    backlog::<rustcrypto::ChaCha20Poly1305Suite>(criterion);
    backlog::<ring::ChaCha20Poly1305Suite>(criterion);
    backlog::<sodium::ChaCha20Poly1305Suite>(criterion);
    backlog::<rustcrypto::Aes256GcmSuite>(criterion);
    backlog::<ring::Aes256GcmSuite>(criterion);
    backlog::<sodium::Aes256GcmSuite>(criterion);
    messages::<rustcrypto::ChaCha20Poly1305Suite>(criterion);
    messages::<ring::ChaCha20Poly1305Suite>(criterion);
    messages::<sodium::ChaCha20Poly1305Suite>(criterion);
}

criterion_group! {
    name = message;
    config = cpu_time::short(500);
    targets = all_backends
}
criterion_main!(message);
