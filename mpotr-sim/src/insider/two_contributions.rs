//! Contributes differently to each half of the room, both under its own signature.

use mpotr_core::crypto::CryptoSuite;
use mpotr_core::wire::Packet;

use super::knowledge::Knowledge;
use super::wrong_share::with_other_share;
use super::{Deviation, everyone, halves};
use crate::party::Transmit;

/// The deviation.
pub(super) struct TwoContributions;

impl<S: CryptoSuite> Deviation<S> for TwoContributions {
    fn emit(&mut self, known: &Knowledge<S>, packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        let Packet::Contribution(hint, contribution) = packet else {
            return everyone(bytes);
        };
        let other = with_other_share::<S>(contribution, 0);
        match known.sign_contribution(*hint, other) {
            Some(other) => halves(bytes, Packet::Contribution(*hint, other).to_bytes()),
            None => everyone(bytes),
        }
    }
}
