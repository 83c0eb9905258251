//! Confirms the real key to one half of the room and another key to the other half, both under its own signature.

use mpotr_core::crypto::{CryptoSuite, Digest32};
use mpotr_core::wire::Packet;

use super::knowledge::Knowledge;
use super::{Deviation, everyone, halves};
use crate::party::Transmit;

/// The deviation.
pub(super) struct TwoConfirmations;

impl<S: CryptoSuite> Deviation<S> for TwoConfirmations {
    fn emit(&mut self, known: &Knowledge<S>, packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        let Packet::Confirmation(hint, confirmation) = packet else {
            return everyone(bytes);
        };
        let mut other = confirmation.clone();
        other.statement.key_commitment = Digest32::new([7; 32]);
        match known.sign_confirmation(*hint, other) {
            Some(other) => halves(bytes, Packet::Confirmation(*hint, other).to_bytes()),
            None => everyone(bytes),
        }
    }
}
