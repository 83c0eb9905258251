//! Offers to follow the room's epoch in the names of those who are in it, with keys that they do not have.

use std::marker::PhantomData;

use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair};
use mpotr_core::gka::{OfferSecrets, RoomId};
use mpotr_core::wire::Packet;
use rand_chacha::ChaCha20Rng;

use super::Utterance;
use super::overheard::Overheard;
use crate::draw::below;

/// Takes the names of members.
pub(super) struct StolenOffers<S> {
    room: RoomId,
    overheard: Overheard,
    suite: PhantomData<S>,
}

impl<S> StolenOffers<S> {
    pub(super) const fn new(room: RoomId) -> Self {
        Self {
            room,
            overheard: Overheard::nothing(),
            suite: PhantomData,
        }
    }
}

impl<S: CryptoSuite> Utterance for StolenOffers<S> {
    fn hear(&mut self, packet: &[u8]) {
        self.overheard.hear(packet);
    }

    fn speak(&mut self, rng: &mut ChaCha20Rng) -> Option<Vec<u8>> {
        let names = &self.overheard.identities;
        let count = u64::try_from(names.len()).unwrap_or(u64::MAX);
        let turn = usize::try_from(below(count, rng)).ok()?;
        let stolen = names.iter().nth(turn).copied()?;
        let own = IdentityKeyPair::random::<S>(rng);
        let parent = self.overheard.parent;
        let (mut offer, _) = OfferSecrets::<S>::generate(self.room, parent, &own, 0, rng);
        offer.identity = stolen;
        Some(Packet::Offer(offer).to_bytes())
    }
}
