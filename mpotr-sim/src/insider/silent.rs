//! Never sends packets of one kind, and does all else.

use mpotr_core::crypto::CryptoSuite;
use mpotr_core::wire::Packet;

use super::knowledge::Knowledge;
use super::{Deviation, everyone};
use crate::party::Transmit;

/// What is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// Offers.
    Offers,
    /// Proposals.
    Proposals,
    /// Contributions.
    Contributions,
    /// Confirmations.
    Confirmations,
    /// Messages and statements.
    Sealed,
}

impl Withheld {
    pub(super) const fn includes(self, packet: &Packet) -> bool {
        matches!(
            (self, packet),
            (Self::Offers, Packet::Offer(_))
                | (Self::Proposals, Packet::Proposal(_))
                | (Self::Contributions, Packet::Contribution(..))
                | (Self::Confirmations, Packet::Confirmation(..))
                | (Self::Sealed, Packet::Sealed(_))
        )
    }
}

impl<S: CryptoSuite> Deviation<S> for Withheld {
    fn emit(&mut self, _known: &Knowledge<S>, packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        if self.includes(packet) {
            Vec::new()
        } else {
            everyone(bytes)
        }
    }
}
