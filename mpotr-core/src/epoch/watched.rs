//! What is at hand, with an answer that holds until something of it changes. `docs/spec/05-wire.md`, "Receiving".
//!
//! Whether messages are missing is asked after every input, and an insider decides how much there is to look through. So
//! that a packet which changes nothing costs no such look, the answer is kept until something may have changed it.

use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use super::delivery::Delivery;

/// What is at hand. Taking it to change it makes it forget the answer, so none is out of date.
pub(super) struct Watched {
    delivery: Delivery,
    misses: OnceLock<bool>,
    /// How often it was taken to be changed.
    changes: u64,
    /// How often all that others name was looked through.
    #[cfg(test)]
    pub(super) looked: std::sync::atomic::AtomicUsize,
}

impl Watched {
    pub(super) const fn new(delivery: Delivery) -> Self {
        Self {
            delivery,
            misses: OnceLock::new(),
            changes: 0,
            #[cfg(test)]
            looked: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// How often something may have changed: what depends on nothing else holds as long as this is the same.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether messages are missing that others name.
    pub(super) fn misses_messages(&self) -> bool {
        *self.misses.get_or_init(|| {
            #[cfg(test)]
            self.looked
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.delivery.misses_messages()
        })
    }
}

impl Deref for Watched {
    type Target = Delivery;

    fn deref(&self) -> &Delivery {
        &self.delivery
    }
}

impl DerefMut for Watched {
    fn deref_mut(&mut self) -> &mut Delivery {
        self.misses.take();
        self.changes = self.changes.wrapping_add(1);
        &mut self.delivery
    }
}
