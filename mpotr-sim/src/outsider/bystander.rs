//! Hears everything and says nothing.

use mpotr_core::Timestamp;

use crate::party::{Party, Seat, Transmit};

/// Sits where an outsider would.
pub(crate) struct Bystander;

impl Party for Bystander {
    fn hear(&mut self, _now: Timestamp, _from: Seat, _packet: &[u8]) {}

    fn wake(&mut self, _now: Timestamp) {}

    fn next_wake(&self) -> Option<Timestamp> {
        None
    }

    fn transmit(&mut self) -> Option<Transmit> {
        None
    }
}
