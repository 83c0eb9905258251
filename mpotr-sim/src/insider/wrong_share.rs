//! Contributes an element that is no share of the key agreement, under its own signature.

use mpotr_core::crypto::{CryptoSuite, Group, random_scalar};
use mpotr_core::gka::Contribution;
use mpotr_core::wire::Packet;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::knowledge::Knowledge;
use super::{Deviation, everyone};
use crate::party::Transmit;

/// Contributes wrong shares, and the same one whenever it repeats itself.
pub(super) struct WrongShare {
    seed: u64,
}

impl WrongShare {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed }
    }
}

/// A contribution with a random element in place of the first that it holds.
pub(super) fn with_other_share<S: CryptoSuite>(
    contribution: &Contribution,
    seed: u64,
) -> Contribution {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let element = S::Group::encode(&S::Group::mul_base(&random_scalar::<S::Group>(&mut rng)));
    let mut other = contribution.clone();
    for (byte, wrong) in other.body.agreement.iter_mut().zip(element) {
        *byte = wrong;
    }
    other
}

impl<S: CryptoSuite> Deviation<S> for WrongShare {
    fn emit(&mut self, known: &Knowledge<S>, packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        let Packet::Contribution(hint, contribution) = packet else {
            return everyone(bytes);
        };
        let wrong = with_other_share::<S>(contribution, self.seed);
        let signed = known.sign_contribution(*hint, wrong);
        everyone(signed.map_or(bytes, |wrong| Packet::Contribution(*hint, wrong).to_bytes()))
    }
}
