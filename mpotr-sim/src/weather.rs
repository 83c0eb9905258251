//! How the network treats each copy of a packet.

use mpotr_core::Duration;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;

/// How the network treats each copy of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// How long a copy takes at least, in milliseconds.
    pub latency_ms: u64,
    /// By how much longer it takes at most, evenly spread, in milliseconds: copies overtake one another.
    pub jitter_ms: u64,
    /// Of a thousand copies, so many are lost.
    pub loss_permille: u64,
    /// Of a thousand packets, so many arrive twice.
    pub duplicate_permille: u64,
}

impl Weather {
    /// A link on which nothing goes wrong.
    #[must_use]
    pub const fn fair(latency_ms: u64) -> Self {
        Self {
            latency_ms,
            jitter_ms: 0,
            loss_permille: 0,
            duplicate_permille: 0,
        }
    }

    /// How many copies of a packet are sent.
    pub(crate) fn copies(&self, rng: &mut ChaCha20Rng) -> u8 {
        1_u8.saturating_add(u8::from(happens(self.duplicate_permille, rng)))
    }

    /// How long one copy takes; `None` if it is lost.
    pub(crate) fn carry(&self, rng: &mut ChaCha20Rng) -> Option<Duration> {
        let jitter = below(self.jitter_ms.saturating_add(1), rng);
        let lost = happens(self.loss_permille, rng);
        (!lost).then(|| Duration::from_millis(self.latency_ms.saturating_add(jitter)))
    }
}

fn happens(permille: u64, rng: &mut ChaCha20Rng) -> bool {
    permille > 0 && below(1000, rng) < permille
}

/// A number below a bound; 0 for a bound of 0.
pub(crate) fn below(bound: u64, rng: &mut ChaCha20Rng) -> u64 {
    rng.next_u64().checked_rem(bound).unwrap_or(0)
}
