//! Is as it should be until it is in an epoch, and from then on never sends packets of one kind: it states what it has
//! seen and votes, so that nobody takes it for silent.

use mpotr_core::crypto::CryptoSuite;
use mpotr_core::wire::Packet;

use super::knowledge::Knowledge;
use super::silent::Withheld;
use super::{Deviation, everyone};
use crate::member::SeededRoom;
use crate::party::{Party as _, Transmit};

/// The deviation.
pub(super) struct Abstains {
    withheld: Withheld,
    has_begun: bool,
}

impl Abstains {
    pub(super) const fn new(withheld: Withheld) -> Self {
        Self {
            withheld,
            has_begun: false,
        }
    }
}

impl<S: CryptoSuite> Deviation<S> for Abstains {
    fn emit(&mut self, _known: &Knowledge<S>, packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        if self.has_begun && self.withheld.includes(packet) {
            Vec::new()
        } else {
            everyone(bytes)
        }
    }

    fn add(&mut self, member: &mut SeededRoom<S>) -> Vec<Transmit> {
        self.has_begun |= member.export().is_some();
        Vec::new()
    }
}
