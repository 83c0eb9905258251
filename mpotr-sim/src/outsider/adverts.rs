//! Adverts of large epochs that are not there, each by another name.

use mpotr_core::gka::{MAX_MEMBERS, RoomId};
use mpotr_core::wire::{Advert, Packet};
use mpotr_core::{Duration, EpochName};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;

use super::Utterance;

/// Shorter than any member waits for an epoch that it heard of.
pub(super) const EVERY: Duration = Duration::from_secs(25);

/// Claims the most members that an epoch can have.
pub(super) struct Adverts {
    room: RoomId,
}

impl Adverts {
    pub(super) const fn new(room: RoomId) -> Self {
        Self { room }
    }
}

impl Utterance for Adverts {
    fn hear(&mut self, _packet: &[u8]) {}

    fn speak(&mut self, rng: &mut ChaCha20Rng) -> Option<Vec<u8>> {
        let mut name = [0; 16];
        rng.fill_bytes(&mut name);
        let advert = Advert {
            room: self.room,
            name: EpochName::new(name),
            members: u16::try_from(MAX_MEMBERS).unwrap_or(u16::MAX),
            earlier: Vec::new(),
        };
        Some(Packet::Advert(advert).to_bytes())
    }
}
