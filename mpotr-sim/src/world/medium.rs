//! The network between the parties.

use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::Timestamp;
use mpotr_netem::{Arrival, Line, Weather};

use super::World;
use crate::party::{Audience, Seat};

impl World {
    /// From now on nothing passes between these and the others.
    pub fn part(&mut self, apart: BTreeSet<Seat>) {
        self.trace
            .note(self.now, "", format_args!("the network parts: {apart:?}"));
        self.network.part(apart);
    }

    /// From now on nothing passes from some to others.
    pub fn block(&mut self, from: &[Seat], to: &[Seat]) {
        let what = format_args!("nothing passes from {from:?} to {to:?}");
        self.trace.note(self.now, "", what);
        self.network.block(from, to);
    }

    /// All reach all.
    pub fn heal(&mut self) {
        self.trace.note(self.now, "", "the network heals");
        self.network.heal();
    }

    /// The weather changes.
    pub fn set_weather(&mut self, weather: Weather) {
        self.trace.note(self.now, "", format_args!("{weather:?}"));
        self.network.set_weather(weather);
    }

    /// A member gets another line to the network.
    pub fn set_line(&mut self, seat: Seat, line: Line) {
        self.trace.note(self.now, seat, format_args!("{line:?}"));
        self.network.set_line(self.now.as_millis(), seat, line);
    }

    /// Puts a packet on its way to all for whom it is.
    pub(super) fn carry(&mut self, from: Seat, audience: Audience, packet: Rc<[u8]>) {
        let now = self.now.as_millis();
        let seats = (0..self.places.len()).map(Seat);
        let to = seats.filter(|to| audience.includes(*to));
        match self.network.broadcast(now, from, to, packet) {
            Ok(passed) if passed > now => {
                let waits = passed.saturating_sub(now);
                let what = format_args!("has it on its line for {waits} ms");
                self.trace.note(self.now, from, what);
            }
            Ok(_) => {}
            Err(error) => {
                let what = format_args!("loses it: {error}");
                self.trace.note(self.now, from, what);
            }
        }
    }

    /// When the next packet arrives.
    pub(super) fn next_arrival(&self) -> Option<Timestamp> {
        self.network.next_at().map(Timestamp::from_millis)
    }

    /// Takes out the next packet that has arrived.
    pub(super) fn arrived(&mut self) -> Option<Arrival<Seat, Rc<[u8]>>> {
        self.network.arrived(self.now.as_millis())
    }
}
