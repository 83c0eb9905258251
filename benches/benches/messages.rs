//! A message of 256 bytes in a secure room of three: what it costs to seal and to open one by the room's own interface,
//! and beside it the floor, the primitives that no implementation can do without.
//!
//! | bench | what |
//! |---|---|
//! | `message_seal/room` | `send` until the packet is there: the message is signed, sealed, and in the own transcript |
//! | `message_seal/floor` | one signature, two AEAD seals, a 32nd of the two key derivations for 32 messages |
//! | `message_open/room` | `handle_message` of another member: opened, verified, in order, delivered |
//! | `message_open/floor` | one verification, two AEAD opens, a 32nd of the two key derivations for 32 messages |
//! | `backlog/chain` | 10,000 messages by 10 authors, as one who missed them takes them: `handle_messages` |
//! | `backlog/each` | the same, with every signature verified: `handle_message` |
//!
//! A message alone is timed with ChaCha20-Poly1305, a backlog with each suite. The example `backlog_ratio` measures the last two
//! in turn.

mod cpu_time;

use std::hint::black_box;
use std::time::Duration;

use cpu_time::CpuTime;
use criterion::{Bencher, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mpotr_backend_ring as ring;
use mpotr_backend_rustcrypto as rustcrypto;
use mpotr_backend_sodium as sodium;
use mpotr_benches::{Backlog, Channel, Way, cpu_time};
use mpotr_core::crypto::kdf::Prk;
use mpotr_core::crypto::{
    AEAD_TAG_LENGTH, AeadKey, CryptoSuite, EphemeralKeyPair, IdentityKeyPair, Secret, VerifyingKey,
    label,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const BODY: [u8; 256] = [b'x'; 256];
/// Messages between two rounds of acknowledgements, which are off the clock.
const ACKNOWLEDGED_AFTER: u64 = 8;
/// Messages in one room, so that the length of its transcript is the same in every run.
const ROOM_LASTS: u64 = 256;

/// Epoch hint, sealed header and tag: what a packet has besides its sealed text.
const AROUND: usize = 8 + HEADER + AEAD_TAG_LENGTH + AEAD_TAG_LENGTH;
const HEADER: usize = 7;

type Talk<S> = Channel<S, ChaCha20Rng>;

fn room<S: CryptoSuite>() -> Talk<S> {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let identities: Vec<_> = (0..3)
        .map(|_| IdentityKeyPair::random::<S>(&mut rng))
        .collect();
    let mut channel =
        Channel::enter(identities, rng).unwrap_or_else(|error| fail(&error.to_string()));
    channel
        .until_secure()
        .unwrap_or_else(|error| fail(&error.to_string()));
    channel
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
    let start = cpu_time();
    for body in bodies {
        let sent = alice.send(now, body);
        match (sent, alice.poll_transmit()) {
            (Ok(_handle), Some(packet)) => packets.push(packet),
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
    if S::check_supported().is_err() {
        return;
    }
    let backlog = Backlog::<S>::record().unwrap_or_else(|error| fail(&error.to_string()));
    let mut group = criterion.benchmark_group("backlog");
    group.sample_size(10);
    group.throughput(Throughput::Elements(10_000));
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

/// What sealing and opening cannot do without.
struct Floor<S: CryptoSuite> {
    pair: EphemeralKeyPair<S>,
    chain: Prk,
    key: Secret<32>,
    messages: u64,
    header_key: AeadKey<S>,
    text: Vec<u8>,
}

const NONCE: [u8; 12] = [0; 12];
const DATA: [u8; 17] = [0; 17];

impl<S: CryptoSuite> Floor<S> {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let (_, _, packets) = exchange(&mut room::<S>(), &mut rng, 1);
        let sealed = packets.first().map_or(0, Vec::len);
        Self {
            pair: EphemeralKeyPair::random(&mut rng),
            chain: Prk::extract::<S>(b"salt", b"secret"),
            key: Secret::new([0; 32]),
            messages: 0,
            header_key: AeadKey::new(&Secret::random(&mut rng)),
            text: vec![0; sealed.saturating_sub(AROUND)],
        }
    }

    /// The ratchet, at every 32nd message: 32 message keys and the next chain key.
    fn derive(&mut self) -> AeadKey<S> {
        if self.messages.is_multiple_of(32) {
            let block = self.chain.expand::<S, 1024>(label::MESSAGE_KEY, &[]);
            self.key = Secret::fill_with(|out| {
                for (to, from) in out.iter_mut().zip(block.expose()) {
                    *to = *from;
                }
            });
            self.chain = self.chain.child::<S>(label::CHAIN_STEP, &[]);
        }
        self.messages = self.messages.saturating_add(1);
        AeadKey::new(&self.key)
    }

    fn seal(&mut self) -> (Vec<u8>, Vec<u8>) {
        let key = self.derive();
        black_box(self.pair.sign(&[0; 64]));
        let content = key.seal(&NONCE, &DATA, black_box(&self.text));
        let header = self.header_key.seal(&NONCE, &content, &[0; HEADER]);
        (content, header)
    }

    fn bench_open(&mut self, b: &mut Bencher<'_, CpuTime>) {
        let key = AeadKey::<S>::new(&self.key);
        let content = key.seal(&NONCE, &DATA, &self.text);
        let header = self.header_key.seal(&NONCE, &content, &[0; HEADER]);
        let signature = self.pair.sign(&[0; 64]);
        let Some(verifying) = VerifyingKey::<S>::decode(&self.pair.public()) else {
            fail("a key of our own does not decode")
        };
        b.iter(|| {
            let opened_header = self.header_key.open(&NONCE, &content, black_box(&header));
            black_box(self.derive());
            let text = key.open(&NONCE, &DATA, black_box(&content));
            let verified = verifying.verify(&[0; 64], &signature);
            if opened_header.is_err() || text.is_err() || verified.is_err() {
                fail("the floor does not hold");
            }
            text
        });
    }
}

fn messages<S: CryptoSuite>(criterion: &mut Criterion<CpuTime>) {
    if S::check_supported().is_err() {
        return;
    }
    let mut floor = Floor::<S>::new();
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
    group.bench_function(id("floor"), |b| floor.bench_open(b));
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
