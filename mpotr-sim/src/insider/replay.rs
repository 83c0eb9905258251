//! Sends again whatever it has heard, at any time.

use mpotr_core::crypto::CryptoSuite;
use mpotr_core::wire::Packet;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::knowledge::Knowledge;
use super::{Deviation, everyone};
use crate::draw::below;
use crate::party::Transmit;

/// The most packets that it keeps.
const KEPT: usize = 2000;
/// The most that it sends: two members that replay must not keep one another busy for ever.
const SENT: u32 = 500;
/// Of so many packets heard, one is followed by an old one.
const RARITY: u64 = 8;

/// Everything heard so far.
pub(super) struct Replay {
    heard: Vec<Vec<u8>>,
    sent: u32,
    rng: ChaCha20Rng,
}

impl Replay {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            heard: Vec::new(),
            sent: 0,
            rng: ChaCha20Rng::seed_from_u64(!seed),
        }
    }
}

impl<S: CryptoSuite> Deviation<S> for Replay {
    fn emit(&mut self, _known: &Knowledge<S>, _packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        everyone(bytes)
    }

    fn overhear(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        if self.heard.len() < KEPT {
            self.heard.push(packet.to_vec());
        }
        if self.sent >= SENT || below(RARITY, &mut self.rng) != 0 {
            return None;
        }
        self.sent = self.sent.saturating_add(1);
        let count = u64::try_from(self.heard.len()).unwrap_or(u64::MAX);
        let turn = usize::try_from(below(count, &mut self.rng)).ok()?;
        self.heard.get(turn).cloned()
    }
}
