//! The network between the parties.

use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::{LinkReport, Timestamp};
use mpotr_netem::{Arrival, Line, Weather};

use super::World;
use crate::outsider::HAUNTS;
use crate::party::{Audience, Seat};
use crate::script::Role;

impl World {
    /// From now on nothing passes between these and the others.
    pub fn part(&mut self, apart: BTreeSet<Seat>) {
        self.trace
            .note(self.now, "", format_args!("the network parts: {apart:?}"));
        let is_cut = !apart.is_empty();
        self.network.part(apart);
        self.cut_from = self.cut_from.or(is_cut.then_some(self.now));
    }

    /// From now on nothing passes from some to others.
    pub fn block(&mut self, from: &[Seat], to: &[Seat]) {
        let what = format_args!("nothing passes from {from:?} to {to:?}");
        self.trace.note(self.now, "", what);
        self.network.block(from, to);
        self.cut_from = self.cut_from.or(Some(self.now));
    }

    /// All reach all.
    pub fn heal(&mut self) {
        self.trace.note(self.now, "", "the network heals");
        self.network.heal();
        self.note_cut();
        self.cut_from = None;
    }

    /// Notes for how long the network has been cut.
    pub(super) fn note_cut(&mut self) {
        let cut = self.cut_from.map(|from| self.now.since(from));
        let longest = self.ledger.longest_cut.max(cut.unwrap_or_default());
        self.ledger.longest_cut = longest;
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

    /// Counts a packet that leaves a party.
    pub(super) fn count(&mut self, from: Seat, packet: &[u8]) {
        let bytes = u64::try_from(packet.len()).unwrap_or(u64::MAX);
        let role = self.places.get(from.0).map(|place| place.role);
        let is_haunted = self
            .haunted_from
            .is_some_and(|from| self.now < from.after(HAUNTS));
        let traffic = &mut self.traffic;
        let mut counters = Vec::new();
        match role {
            Some(Role::Honest) => {
                traffic.packets = traffic.packets.saturating_add(1);
                if let Some(said) = &mut self.said {
                    let packets = said.entry(from).or_insert(0);
                    *packets = packets.saturating_add(1);
                }
                counters.push((&mut traffic.bytes, true));
                counters.push((&mut traffic.talking, self.messages > 0 && !self.is_over));
                counters.push((&mut traffic.leaving, self.is_leaving));
                counters.push((&mut traffic.haunted.room, is_haunted));
            }
            Some(Role::Outsider(_)) => {
                counters.push((&mut traffic.haunted.outsider, is_haunted));
            }
            Some(Role::Insider(_) | Role::Bystander) | None => {}
        }
        for (counter, _) in counters.into_iter().filter(|(_, counts)| *counts) {
            *counter = counter.saturating_add(bytes);
        }
    }

    /// Whether a member's line has nothing to send, or when.
    pub(super) fn line_is_free(&self, seat: Seat) -> Result<(), Timestamp> {
        let now = self.now.as_millis();
        let until = self.network.backlog(now, seat).until_ms;
        if until > now {
            return Err(Timestamp::from_millis(until));
        }
        Ok(())
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

    /// Tells a party what its line says of itself.
    pub(super) fn watch_line(&mut self, seat: Seat) {
        let now = self.now.as_millis();
        let (line, backlog) = (self.network.line(seat), self.network.backlog(now, seat));
        let Some(rate) = line.rate else {
            return;
        };
        let Some(place) = self.places.get_mut(seat.0) else {
            return;
        };
        let report = LinkReport {
            rate: Some(u32::try_from(rate).unwrap_or(u32::MAX)),
            queued: usize::try_from(backlog.bytes).unwrap_or(usize::MAX),
            latency: None,
        };
        place.party.note_link(self.now, report);
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
