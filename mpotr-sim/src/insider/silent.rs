//! Never sends packets of one kind, and does all else. Of light runs it withholds what is in their place.

use mpotr_core::crypto::CryptoSuite;
use mpotr_core::wire::{LightStep, Packet};

use super::knowledge::Knowledge;
use super::{Deviation, everyone};
use crate::party::Transmit;

/// What is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// Offers.
    Offers,
    /// Proposals, and SEEDs.
    Proposals,
    /// Contributions, FREEZEs, and the CUTs that it would make with its own.
    Contributions,
    /// Confirmations, SHAREs, and the certificates that it alone can make.
    Confirmations,
    /// Messages and statements.
    Sealed,
}

impl Withheld {
    pub(super) const fn includes(self, packet: &Packet) -> bool {
        if let Packet::Light(packet) = packet {
            return matches!(
                (self, packet.step()),
                (Self::Proposals, LightStep::Seed)
                    | (Self::Contributions, LightStep::Freeze | LightStep::Cut)
                    | (Self::Confirmations, LightStep::Share | LightStep::Joint)
            );
        }
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
