//! [mpOTR](https://docs.rs/mpotr), the subject: Burmester-Desmedt with the group proof, the defaults.
//!
//! [`Rooms`] is the whole of it: one room for each member, from the moment it is made, with all that it sends and
//! receives. `form`: offers, their repetition when a newcomer is heard of, the proposal, contributions and with them
//! the offers for the next run, confirmations, until every member has verified those of all; then one member sends one
//! message and everyone else reads it. `add` and `remove`: from the newcomer's first offer, or the vote to leave a
//! member out, until all are in the next epoch, which is a run of the agreement among all of them. Every packet is
//! encoded, and decoded by each receiver. The rooms share a channel in memory that loses nothing; their timers run on
//! virtual time.
//!
//! [`AGREEMENT`] is the cryptography of forming alone: from fresh offers until every member has verified every
//! confirmation, and no message. What lies between the two is the state machine: encoding, repetition, the offers for the
//! next run, the epoch's keys.
//!
//! On the clock: offers with their keys, every check, the epoch. Off the clock: long-term identities, the relay, what a
//! member that was left out does.

use std::marker::PhantomData;
use std::time::Duration;

use anyhow::Result;
use getrandom::SysRng;
use mpotr_backend_ring as ring;
use mpotr_backend_rustcrypto as rustcrypto;
use mpotr_benches::{Channel, ChannelError};
use mpotr_core::crypto::rand_core::UnwrapErr;
use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair};
use mpotr_core::gka::simulation::{Candidates, form_group_of};
use mpotr_core::gka::{AgreementId, AuthenticationId, Methods};

use crate::cost::{Cost, CpuClock, Ledger};
use crate::peer::{FormOnly, Group, MESSAGE, Peer, ensure_all_read};

type Rng = UnwrapErr<SysRng>;

const SUITE: &str = "0x0001: ristretto255, ChaCha20-Poly1305, SHA-512, Ed25519";

/// Whole rooms on the RustCrypto backend.
pub type OnRustCrypto = Rooms<rustcrypto::ChaCha20Poly1305Suite>;
/// Whole rooms on the ring backend.
pub type OnRing = Rooms<ring::ChaCha20Poly1305Suite>;

/// The agreement alone on the RustCrypto backend.
pub const AGREEMENT: FormOnly = FormOnly {
    name: "mpotr-gka/rustcrypto",
    suite: SUITE,
    packages: &["mpotr-gka", "mpotr-backend-rustcrypto"],
    form: agreement::<rustcrypto::ChaCha20Poly1305Suite>,
};

/// Whole rooms with suite `S`.
#[derive(Debug)]
pub struct Rooms<S>(PhantomData<S>);

impl<S> Default for Rooms<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<S: CryptoSuite> Peer for Rooms<S> {
    fn name(&self) -> &'static str {
        match S::BACKEND {
            "ring" => "mpotr/ring",
            _ => "mpotr/rustcrypto",
        }
    }

    fn suite(&self) -> &'static str {
        SUITE
    }

    fn packages(&self) -> &'static [&'static str] {
        match S::BACKEND {
            "ring" => &["mpotr-core", "mpotr-backend-ring", "ring"],
            _ => &["mpotr-core", "mpotr-backend-rustcrypto"],
        }
    }

    fn form(&self, n: usize) -> Result<Cost> {
        let identities = identities::<S>(n);

        let clock = CpuClock::start();
        let mut channel = Channel::<S, Rng>::enter(identities, UnwrapErr(SysRng))?;
        channel.until_secure()?;
        channel.say(0, MESSAGE)?;
        channel.carry();
        let read: Vec<_> = (1..n).flat_map(|member| channel.read(member)).collect();
        let cpu = clock.stop();

        ensure_all_read(&read, n.saturating_sub(1))?;
        Ok(Cost::new(cpu, &Ledger::of(channel.sent().collect())))
    }

    fn group(&self, n: usize) -> Result<Option<Box<dyn Group>>> {
        let mut channel = Channel::<S, Rng>::enter(identities::<S>(n), UnwrapErr(SysRng))?;
        channel.until_secure()?;
        Ok(Some(Box::new(Epochs { channel, n })))
    }
}

/// Long enough for all that a change leaves behind to be said.
const SETTLED: Duration = Duration::from_secs(60);

/// A room of `n` members, to change.
struct Epochs<S: CryptoSuite> {
    channel: Channel<S, Rng>,
    n: usize,
}

impl<S: CryptoSuite> Epochs<S> {
    /// What a change to an epoch of `roster` members costs them.
    fn change(
        &mut self,
        roster: usize,
        ask: impl FnOnce(&mut Channel<S, Rng>) -> Result<(), ChannelError>,
    ) -> Result<Cost> {
        self.channel.pass(SETTLED);
        let before: Vec<_> = self.channel.sent().collect();

        let clock = CpuClock::start();
        ask(&mut self.channel)?;
        self.channel.until_epoch(roster)?;
        let cpu = clock.stop();

        self.ensure_sound(roster)?;
        // A newcomer has sent nothing before.
        let before = before.into_iter().chain(std::iter::repeat(0));
        let sent = self.channel.sent().zip(before);
        let sent = sent.map(|(after, before)| after.saturating_sub(before));
        Ok(Cost::new(cpu, &Ledger::of(sent.collect())))
    }

    fn ensure_sound(&mut self, members: usize) -> Result<()> {
        if members < 2 {
            // Nobody is there to be told anything.
            return Ok(());
        }
        self.channel.say(0, MESSAGE)?;
        self.channel.carry();
        let read: Vec<_> = (1..members)
            .flat_map(|member| self.channel.read(member))
            .collect();
        ensure_all_read(&read, members.saturating_sub(1))
    }

    fn join(&mut self) -> Result<Cost> {
        let newcomer = IdentityKeyPair::random::<S>(&mut UnwrapErr(SysRng));
        self.change(self.n + 1, |channel| channel.join(newcomer))
    }

    fn leave_out(&mut self, left: usize) -> Result<Cost> {
        self.change(left, |channel| channel.exclude_last(0))
    }
}

impl<S: CryptoSuite> Group for Epochs<S> {
    fn add(&mut self) -> Result<Cost> {
        let cost = self.join()?;
        self.leave_out(self.n)?;
        Ok(cost)
    }

    fn remove(&mut self) -> Result<Cost> {
        let cost = self.leave_out(self.n - 1)?;
        let newcomer = IdentityKeyPair::random::<S>(&mut UnwrapErr(SysRng));
        self.change(self.n, |channel| channel.join(newcomer))?;
        Ok(cost)
    }
}

/// Runs the key agreement of `n` members.
fn agreement<S: CryptoSuite>(n: usize) -> Result<Cost> {
    let mut rng = UnwrapErr(SysRng);
    let identities = identities::<S>(n);
    let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);

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
    std::iter::repeat_with(|| IdentityKeyPair::random::<S>(&mut rng))
        .take(n)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_undone() {
        for n in [2, 3, 5] {
            let mut group = OnRustCrypto::default().group(n).unwrap().unwrap();
            for _ in 0..2 {
                for cost in [group.add().unwrap(), group.remove().unwrap()] {
                    assert!(cost.cpu > Duration::ZERO);
                    assert!(cost.bytes_max_member <= cost.bytes_total);
                }
            }
        }
    }
}
