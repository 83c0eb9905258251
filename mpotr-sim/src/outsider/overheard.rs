//! What anyone in the channel can hear of a room: the name of its epoch, and who its members say they are.

use std::collections::BTreeSet;

use mpotr_core::EpochName;
use mpotr_core::crypto::IdentityKey;
use mpotr_core::wire::Packet;

/// What was heard so far.
pub(super) struct Overheard {
    /// The epoch that an offer has to follow, as far as is known.
    pub(super) parent: Option<EpochName>,
    pub(super) identities: BTreeSet<IdentityKey>,
}

impl Overheard {
    pub(super) const fn nothing() -> Self {
        Self {
            parent: None,
            identities: BTreeSet::new(),
        }
    }

    pub(super) fn hear(&mut self, packet: &[u8]) {
        match Packet::from_bytes(packet) {
            Ok(Packet::Offer(offer)) => {
                self.identities.insert(offer.identity);
                self.parent = offer.parent;
            }
            Ok(Packet::Proposal(proposal)) => self.parent = proposal.parent,
            Ok(Packet::Advert(advert)) => self.parent = Some(advert.name),
            _ => {}
        }
    }
}
