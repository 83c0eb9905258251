//! Does not hear one member, so that it takes that member for silent and proposes without it, and asks for the
//! exclusion of all others.

use std::collections::BTreeSet;

use mpotr_core::crypto::{CryptoSuite, IdentityKey};
use mpotr_core::wire::Packet;

use super::knowledge::Knowledge;
use super::{Deviation, everyone};
use crate::party::{Act, Seat, Transmit};

/// The member that it does not hear.
const VICTIM: Seat = Seat(0);

/// The deviation.
pub(super) struct Shun {
    own: IdentityKey,
    accused: BTreeSet<IdentityKey>,
}

impl Shun {
    pub(super) const fn new(own: IdentityKey) -> Self {
        Self {
            own,
            accused: BTreeSet::new(),
        }
    }
}

impl<S: CryptoSuite> Deviation<S> for Shun {
    fn emit(&mut self, _known: &Knowledge<S>, _packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        everyone(bytes)
    }

    fn listens(&self, from: Seat) -> bool {
        from != VICTIM
    }

    fn ask(&mut self, known: &Knowledge<S>) -> Vec<Act> {
        let others = known.identities.iter().copied();
        let fresh: Vec<_> = others
            .filter(|identity| *identity != self.own && self.accused.insert(*identity))
            .collect();
        fresh.into_iter().map(Act::Exclude).collect()
    }
}
