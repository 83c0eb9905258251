//! Offers to follow the room's epoch, valid and fresh, each of another identity that says nothing more.

use std::marker::PhantomData;

use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair};
use mpotr_core::gka::{OfferSecrets, RoomId};
use mpotr_core::wire::Packet;
use rand_chacha::ChaCha20Rng;

use super::Utterance;
use super::overheard::Overheard;

/// Makes identities up.
pub(super) struct Ghosts<S> {
    room: RoomId,
    overheard: Overheard,
    suite: PhantomData<S>,
}

impl<S> Ghosts<S> {
    pub(super) const fn new(room: RoomId) -> Self {
        Self {
            room,
            overheard: Overheard::nothing(),
            suite: PhantomData,
        }
    }
}

impl<S: CryptoSuite> Utterance for Ghosts<S> {
    fn hear(&mut self, packet: &[u8]) {
        self.overheard.hear(packet);
    }

    fn speak(&mut self, rng: &mut ChaCha20Rng) -> Option<Vec<u8>> {
        let identity = IdentityKeyPair::random::<S>(rng);
        let parent = self.overheard.parent;
        let (offer, _) = OfferSecrets::<S>::generate(self.room, parent, &identity, 0, rng);
        Some(Packet::Offer(offer).to_bytes())
    }
}
