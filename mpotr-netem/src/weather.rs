//! How the network treats each copy of a packet.

use std::fmt;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;

/// Chances are in permille: the unit of [`Weather::loss`] and [`Weather::duplicate`].
const WHOLE: u64 = 1000;

/// How the network treats each copy of a packet. All chances are in permille: 1000 is always.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Weather {
    /// How long a copy takes at least, in milliseconds.
    pub latency_ms: u64,
    /// By how much longer it takes at most, evenly spread, in milliseconds.
    pub jitter_ms: u64,
    /// Of a thousand copies, so many are lost.
    pub loss_permille: u64,
    /// Of a thousand packets to one receiver, so many arrive twice. Either copy can be lost.
    pub duplicate_permille: u64,
    /// Whether copies from one member to another keep their order, as over TCP. Without it, jitter re-orders them.
    pub is_in_order: bool,
}

impl Weather {
    /// Nothing is lost, doubled or late: each copy takes so many milliseconds.
    #[must_use]
    pub const fn fair(latency_ms: u64) -> Self {
        Self {
            latency_ms,
            jitter_ms: 0,
            loss_permille: 0,
            duplicate_permille: 0,
            is_in_order: false,
        }
    }

    /// Each copy takes so many milliseconds at least.
    #[must_use]
    pub const fn latency(mut self, ms: u64) -> Self {
        self.latency_ms = ms;
        self
    }

    /// Each copy takes up to so many milliseconds longer.
    #[must_use]
    pub const fn jitter(mut self, ms: u64) -> Self {
        self.jitter_ms = ms;
        self
    }

    /// Of a thousand copies, so many are lost.
    #[must_use]
    pub const fn loss(mut self, permille: u64) -> Self {
        self.loss_permille = permille;
        self
    }

    /// Of a thousand packets to one receiver, so many arrive twice.
    #[must_use]
    pub const fn duplicate(mut self, permille: u64) -> Self {
        self.duplicate_permille = permille;
        self
    }

    /// Copies from one member to another keep their order: one that would overtake arrives with the one before it. It
    /// counts what was sent since order is kept.
    #[must_use]
    pub const fn in_order(mut self) -> Self {
        self.is_in_order = true;
        self
    }

    /// The longest that a copy takes, in milliseconds.
    #[must_use]
    pub const fn longest(&self) -> u64 {
        self.latency_ms.saturating_add(self.jitter_ms)
    }

    /// How many copies of a packet are sent to one receiver.
    pub(crate) fn copies(&self, rng: &mut ChaCha20Rng) -> u8 {
        1_u8.saturating_add(u8::from(happens(self.duplicate_permille, rng)))
    }

    /// How many milliseconds one copy takes; `None` if it is lost.
    pub(crate) fn takes(&self, rng: &mut ChaCha20Rng) -> Option<u64> {
        let jitter = below(self.jitter_ms.saturating_add(1), rng);
        let is_lost = happens(self.loss_permille, rng);
        (!is_lost).then(|| self.latency_ms.saturating_add(jitter))
    }
}

/// Like the derived one, except that order is named only where it is kept: traces of simulations show the weather.
impl fmt::Debug for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut weather = f.debug_struct("Weather");
        weather
            .field("latency_ms", &self.latency_ms)
            .field("jitter_ms", &self.jitter_ms)
            .field("loss_permille", &self.loss_permille)
            .field("duplicate_permille", &self.duplicate_permille);
        if self.is_in_order {
            weather.field("is_in_order", &true);
        }
        weather.finish()
    }
}

fn happens(permille: u64, rng: &mut ChaCha20Rng) -> bool {
    permille > 0 && below(WHOLE, rng) < permille
}

/// A number below a bound that is not 0. The remainder favours small numbers by bound / 2^64 at most.
fn below(bound: u64, rng: &mut ChaCha20Rng) -> u64 {
    rng.next_u64().checked_rem(bound).unwrap_or(0)
}
