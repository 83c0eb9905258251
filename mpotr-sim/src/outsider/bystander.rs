//! Hears everything and says nothing.

use mpotr_core::{Event, TextId, Timestamp};

use crate::party::{Act, Party, Seat, Transmit};

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

    fn event(&mut self) -> Option<Event> {
        None
    }

    fn send(&mut self, _now: Timestamp, _text: &[u8]) -> Option<TextId> {
        None
    }

    fn act(&mut self, _now: Timestamp, _act: Act) {}

    fn export(&self) -> Option<[u8; 32]> {
        None
    }

    fn has_ended(&self) -> bool {
        false
    }
}
