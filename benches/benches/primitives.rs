//! The primitives of a suite, backend beside backend: groups are operations, and a backend has the same name in each.
//!
//! What differs between the two suites is the AEAD alone. All else is one piece of code in both and is measured once.

mod cpu_time;

use std::hint::black_box;

use criterion::measurement::Measurement;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mpotr_backend_ring as ring;
use mpotr_backend_rustcrypto as rustcrypto;
use mpotr_backend_sodium as sodium;
use mpotr_core::crypto::kdf::Prk;
use mpotr_core::crypto::{
    AeadKey, CryptoSuite, Element, EphemeralKeyPair, Group, Scalar, Secret, VerifyingKey,
    check_supported, digest::Digest, label, random_scalar,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// Lengths of AEAD texts: one padded message, a page, the longest message.
const TEXTS: [(usize, &str); 3] = [(256, "256 B"), (4_096, "4 KiB"), (65_536, "64 KiB")];

/// Terms of a multi-scalar multiplication: below and above where libraries change their method.
const TERMS: [usize; 3] = [32, 128, 512];

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}

/// Calls a generic function with each suite of each backend that this machine can compute.
macro_rules! for_all_suites {
    ($bench:ident, $criterion:expr) => {
        $bench::<rustcrypto::ChaCha20Poly1305Suite, _>($criterion);
        $bench::<rustcrypto::Aes256GcmSuite, _>($criterion);
        $bench::<ring::ChaCha20Poly1305Suite, _>($criterion);
        $bench::<ring::Aes256GcmSuite, _>($criterion);
        $bench::<sodium::ChaCha20Poly1305Suite, _>($criterion);
        $bench::<sodium::Aes256GcmSuite, _>($criterion);
    };
}

/// Calls a generic function with one suite of each backend.
macro_rules! for_all_backends {
    ($bench:ident, $criterion:expr) => {
        $bench::<rustcrypto::ChaCha20Poly1305Suite, _>($criterion);
        $bench::<ring::ChaCha20Poly1305Suite, _>($criterion);
        $bench::<sodium::ChaCha20Poly1305Suite, _>($criterion);
    };
}

fn aead<S: CryptoSuite, M: Measurement + 'static>(criterion: &mut Criterion<M>) {
    // libsodium has AES-256-GCM where the CPU has it; and its library must be initialised before any use.
    if check_supported::<S>().is_err() {
        return;
    }
    let key = AeadKey::<S>::new(&Secret::random(&mut rng()));
    let (nonce, data) = ([1; 12], [2; 32]);
    for (length, name) in TEXTS {
        let text = vec![3; length];
        let id = || BenchmarkId::new(format!("{}/{}", S::BACKEND, S::ID), name);

        let mut group = criterion.benchmark_group("aead_seal");
        group.throughput(Throughput::Bytes(bytes(length)));
        group.bench_function(id(), |b| {
            b.iter(|| key.seal(&nonce, &data, black_box(&text)))
        });
        group.finish();

        let sealed = key.seal(&nonce, &data, &text);
        let mut group = criterion.benchmark_group("aead_open");
        group.throughput(Throughput::Bytes(bytes(length)));
        group.bench_function(id(), |b| {
            b.iter(|| key.open(&nonce, &data, black_box(&sealed)))
        });
        group.finish();
    }
}

fn ed25519<S: CryptoSuite, M: Measurement + 'static>(criterion: &mut Criterion<M>) {
    if check_supported::<S>().is_err() {
        return;
    }
    let pair = EphemeralKeyPair::<S>::random(&mut rng());
    // What is signed is always a hash.
    let message = [4; 64];
    let signature = pair.sign(&message);
    let public = pair.public();
    let Some(key) = VerifyingKey::<S>::decode(&public) else {
        return;
    };
    one(criterion, "ed25519_sign", S::BACKEND, || {
        pair.sign(black_box(&message))
    });
    one(criterion, "ed25519_decode_key", S::BACKEND, || {
        VerifyingKey::<S>::decode(black_box(&public))
    });
    one(criterion, "ed25519_verify", S::BACKEND, || {
        key.verify(black_box(&message), &signature)
    });
}

fn group<S: CryptoSuite, M: Measurement + 'static>(criterion: &mut Criterion<M>) {
    if check_supported::<S>().is_err() {
        return;
    }
    let terms: Vec<_> = terms::<S>(512);
    let (Some((a, element)), Some((b, other))) = (terms.first(), terms.last()) else {
        return;
    };
    let encoded = S::Group::encode(element);
    one(criterion, "group_decode", S::BACKEND, || {
        S::Group::decode(black_box(&encoded))
    });
    one(criterion, "group_encode", S::BACKEND, || {
        S::Group::encode(black_box(element))
    });
    one(criterion, "group_add", S::BACKEND, || {
        S::Group::add(black_box(element), other)
    });
    one(criterion, "group_mul", S::BACKEND, || {
        S::Group::mul(black_box(element), a)
    });
    one(criterion, "group_mul_base", S::BACKEND, || {
        S::Group::mul_base(black_box(a))
    });
    one(criterion, "group_double_mul", S::BACKEND, || {
        S::Group::vartime_double_scalar_mul(black_box(a), b, element)
    });
    let (scalars, elements): (Vec<_>, Vec<_>) = terms.into_iter().unzip();
    for count in TERMS {
        let (Some(scalars), Some(elements)) = (scalars.get(..count), elements.get(..count)) else {
            return;
        };
        let mut group = criterion.benchmark_group("group_multi_mul");
        group.throughput(Throughput::Elements(bytes(count)));
        group.bench_function(BenchmarkId::new(S::BACKEND, count), |b| {
            b.iter(|| S::Group::vartime_multi_scalar_mul(black_box(scalars), elements));
        });
        group.finish();
    }
}

fn hash<S: CryptoSuite, M: Measurement + 'static>(criterion: &mut Criterion<M>) {
    if check_supported::<S>().is_err() {
        return;
    }
    let chain = Prk::extract::<S>(b"salt", b"secret");
    one(criterion, "kdf_expand_32", S::BACKEND, || {
        black_box(&chain).expand::<S, 32>(label::MESSAGE_KEY, &[])
    });
    for (length, name) in [(128, "128 B"), (4_096, "4 KiB"), (65_536, "64 KiB")] {
        let text = vec![5; length];
        let mut group = criterion.benchmark_group("sha512");
        group.throughput(Throughput::Bytes(bytes(length)));
        group.bench_function(BenchmarkId::new(S::BACKEND, name), |b| {
            b.iter(|| S::Hash::digest(black_box(&text)));
        });
        group.finish();
    }
}

/// One operation of one backend.
fn one<M: Measurement + 'static, T>(
    criterion: &mut Criterion<M>,
    operation: &str,
    backend: &str,
    mut work: impl FnMut() -> T,
) {
    let mut group = criterion.benchmark_group(operation);
    group.bench_function(backend, |b| b.iter(&mut work));
    group.finish();
}

/// Scalars and elements of full length, as a proof has them.
fn terms<S: CryptoSuite>(count: usize) -> Vec<(Scalar<S>, Element<S>)> {
    let mut rng = rng();
    std::iter::repeat_with(|| {
        let scalar = (*random_scalar::<S::Group>(&mut rng)).clone();
        (
            scalar,
            S::Group::mul_base(&random_scalar::<S::Group>(&mut rng)),
        )
    })
    .take(count)
    .collect()
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn all_aeads<M: Measurement + 'static>(criterion: &mut Criterion<M>) {
    for_all_suites!(aead, criterion);
}

fn all_else<M: Measurement + 'static>(criterion: &mut Criterion<M>) {
    for_all_backends!(ed25519, criterion);
    for_all_backends!(group, criterion);
    for_all_backends!(hash, criterion);
}

criterion_group! {
    name = primitives;
    config = cpu_time::short(300);
    targets = all_aeads, all_else
}
criterion_main!(primitives);
