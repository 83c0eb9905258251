//! Packets that were heard, once more.

use rand_chacha::ChaCha20Rng;

use super::Utterance;
use crate::draw::below;

/// The most packets that are kept.
const KEPT: usize = 2000;

/// Everything heard so far, up to a limit.
#[derive(Default)]
pub(super) struct Replayer {
    heard: Vec<Vec<u8>>,
}

impl Utterance for Replayer {
    fn hear(&mut self, packet: &[u8]) {
        if self.heard.len() < KEPT {
            self.heard.push(packet.to_vec());
        }
    }

    fn speak(&mut self, rng: &mut ChaCha20Rng) -> Option<Vec<u8>> {
        let count = u64::try_from(self.heard.len()).unwrap_or(u64::MAX);
        let turn = usize::try_from(below(count, rng)).ok()?;
        self.heard.get(turn).cloned()
    }
}
