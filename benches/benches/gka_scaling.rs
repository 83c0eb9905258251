//! The key agreement by size and method: a whole group, from fresh offers to all confirmations verified by all, in CPU
//! time of all members together.
//!
//! `mpotr gka` measures more sizes, and counts operations and bytes too. This bench is for comparing two versions of the
//! code. `--quick` adds 128 members for the naive methods, which take seconds each.

mod cpu_time;

use criterion::measurement::Measurement;
use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::crypto::IdentityKeyPair;
use mpotr_core::gka::simulation::{Candidates, form_group_of};
use mpotr_core::gka::{AgreementId, AuthenticationId, Methods};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const SIZES: [usize; 4] = [2, 8, 32, 128];

fn scaling<M: Measurement + 'static>(criterion: &mut Criterion<M>) {
    let efficient = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
    let quick = std::env::args().any(|argument| argument == "--quick");
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let mut group = criterion.benchmark_group("gka");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for agreement in AgreementId::ALL {
        for authentication in AuthenticationId::ALL {
            let methods = Methods::new(agreement, authentication);
            let name = format!("{}+{}", agreement.name(), authentication.name());
            for members in SIZES
                .into_iter()
                .filter(|n| *n < 128 || quick || methods == efficient)
            {
                group.bench_function(BenchmarkId::new(&name, members), |b| {
                    b.iter_batched(
                        || identities(members),
                        |identities| {
                            let candidates = Candidates::<Suite>::of(identities, &mut rng);
                            form_group_of(candidates, methods, &mut rng)
                        },
                        BatchSize::PerIteration,
                    );
                });
            }
        }
    }
    group.finish();
}

/// Long-term identities, which nobody makes to enter a room.
fn identities(members: usize) -> Vec<IdentityKeyPair> {
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    std::iter::repeat_with(|| IdentityKeyPair::random::<Suite>(&mut rng))
        .take(members)
        .collect()
}

criterion_group! {
    name = gka_scaling;
    config = cpu_time::short(500);
    targets = scaling
}
criterion_main!(gka_scaling);
