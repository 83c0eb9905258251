//! [mpOTR](https://docs.rs/mpotr), the subject: Burmester-Desmedt with the group proof, the defaults.
//!
//! Measured at two heights:
//!
//! - [`rooms`]: one room for each member, from the moment it is made, with all that it sends and receives: offers, their
//!   repetition when somebody new is heard of, the proposal, contributions and with them the offers for the next run,
//!   confirmations; then one member sends one message and everyone else reads it. Every packet is encoded, and decoded by
//!   each receiver. The rooms share a channel in memory that loses nothing, and their timers run on virtual time.
//! - [`agreement`]: the cryptography of it alone, from fresh offers until every member has verified every confirmation,
//!   and no message. What lies between the two is the state machine: encoding, repetition, admission, the epoch's keys.
//!
//! On the clock: offers with their keys, every check, the epoch. Off the clock: long-term identities, the relay.
//! Changes are not measured, since a change is a new epoch: it costs what forming costs.

use anyhow::Result;
use getrandom::SysRng;
use mpotr_backend_ring as ring;
use mpotr_backend_rustcrypto as rustcrypto;
use mpotr_benches::Channel;
use mpotr_core::crypto::rand_core::UnwrapErr;
use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair};
use mpotr_core::gka::simulation::{Candidates, form_group_of};
use mpotr_core::gka::{AgreementId, AuthenticationId};

use crate::cost::{Cost, CpuClock, Ledger};
use crate::peer::{FormOnly, MESSAGE, ensure_all_read};

const SUITE: &str = "0x0001: ristretto255, ChaCha20-Poly1305, SHA-512, Ed25519";

/// Whole rooms on the RustCrypto backend.
pub const RUSTCRYPTO: FormOnly = FormOnly {
    name: "mpotr/rustcrypto",
    suite: SUITE,
    packages: &["mpotr-core", "mpotr-backend-rustcrypto"],
    form: rooms::<rustcrypto::ChaCha20Poly1305Suite>,
};

/// Whole rooms on the ring backend.
pub const RING: FormOnly = FormOnly {
    name: "mpotr/ring",
    suite: SUITE,
    packages: &["mpotr-core", "mpotr-backend-ring"],
    form: rooms::<ring::ChaCha20Poly1305Suite>,
};

/// The agreement alone on the RustCrypto backend.
pub const AGREEMENT: FormOnly = FormOnly {
    name: "mpotr-gka/rustcrypto",
    suite: SUITE,
    packages: &["mpotr-gka", "mpotr-backend-rustcrypto"],
    form: agreement::<rustcrypto::ChaCha20Poly1305Suite>,
};

/// Forms a room of `n` until every member has read one message.
fn rooms<S: CryptoSuite>(n: usize) -> Result<Cost> {
    let identities = identities::<S>(n);

    let clock = CpuClock::start();
    let mut channel = Channel::<S, _>::enter(identities, UnwrapErr(SysRng))?;
    channel.until_secure()?;
    channel.say(0, MESSAGE)?;
    channel.carry();
    let read: Vec<_> = (1..n).flat_map(|member| channel.read(member)).collect();
    let cpu = clock.stop();

    ensure_all_read(&read, n.saturating_sub(1))?;
    Ok(Cost::new(cpu, &Ledger::of(channel.sent().to_vec())))
}

/// Runs the key agreement of `n` members.
fn agreement<S: CryptoSuite>(n: usize) -> Result<Cost> {
    let mut rng = UnwrapErr(SysRng);
    let identities = identities::<S>(n);
    let methods = (AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);

    let clock = CpuClock::start();
    let candidates = Candidates::<S>::of(identities, &mut rng);
    let (established, traffic) = form_group_of(candidates, methods, &mut rng)?;
    let cpu = clock.stop();

    drop(established);
    Ok(Cost {
        cpu,
        bytes_total: traffic.total,
        bytes_max_member: traffic.by_one_member,
    })
}

fn identities<S: CryptoSuite>(n: usize) -> Vec<IdentityKeyPair> {
    let mut rng = UnwrapErr(SysRng);
    std::iter::repeat_with(|| IdentityKeyPair::random::<S>(&mut rng)).take(n).collect()
}
