//! Numbers drawn from a seed.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;

/// A number below a bound; 0 for a bound of 0.
pub(crate) fn below(bound: u64, rng: &mut ChaCha20Rng) -> u64 {
    rng.next_u64().checked_rem(bound).unwrap_or(0)
}
