//! What the room has to say: to the channel, to the application, and to its transcript. `docs/spec/06-epochs.md`, "Sending".
//!
//! ```text
//!   parts of the room ── packets ──> queue, by class ── as the link takes them, a unit at a time ──> the channel
//! ```
//!
//! | file | what |
//! |---|---|
//! | `class` | which packets leave before which |
//! | `queue` | the packets that wait, what a newer one replaces, and what rests upon what |
//! | `link` | what is known of the way to the channel |

mod class;
mod link;
mod queue;

use std::collections::VecDeque;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::Offer;

use crate::carrier::{Carrier, LinkReport};
use crate::epoch::{Enclosure, Stated};
use crate::event::Event;
use crate::record::Record;
use crate::time::Duration;
use crate::wire::{Bundle, Packet, SidHint};
use link::Link;
use queue::{Queue, Queued};

/// What is sent again for one question shares packets of so many bytes: about eight contributions.
const TOGETHER: usize = 2048;

/// What the room has to say.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: Queue,
    link: Link,
    /// Whether anything waited to leave when the present input came.
    was_busy: bool,
    pub(super) events: VecDeque<Event>,
    pub(super) records: VecDeque<Record>,
}

impl Outbox {
    /// Of a room on a carrier.
    pub(super) fn on(carrier: Carrier) -> Self {
        Self {
            link: Link::of(carrier),
            ..Self::default()
        }
    }

    /// An input comes: what its handling has to say waits for nothing that comes of the same input.
    pub(super) fn begin_input(&mut self) {
        self.was_busy = !self.queue.is_empty() || self.link.is_busy();
    }

    /// Whether anything said before has not left yet: nothing is repeated meanwhile.
    pub(super) const fn is_busy(&self) -> bool {
        self.was_busy
    }

    /// The link has changed.
    pub(super) const fn note_link(&mut self, report: LinkReport) {
        self.link.note(report);
    }

    /// Another carrier has taken the place of a lost one. What that had taken and not sent is gone.
    pub(super) fn change_carrier(&mut self, carrier: Carrier) {
        self.link = Link::of(carrier);
    }

    /// The most bytes of a packet that the carrier takes.
    pub(super) const fn max_packet(&self) -> usize {
        self.link.max_packet()
    }

    /// How long it takes until all that waits has left, as far as that is known.
    pub(super) fn drains_in(&self) -> Duration {
        self.link.takes(self.queue.bytes())
    }

    /// How long it takes until so many bytes more have left.
    pub(super) fn takes(&self, bytes: usize) -> Duration {
        self.link.takes(self.queue.bytes().saturating_add(bytes))
    }

    /// Bytes that wait, here and in the link.
    pub(super) fn waiting(&self) -> usize {
        self.link.queued().saturating_add(self.queue.bytes())
    }

    /// The least time from a packet of this member to its first answer: there and back, and twice what one packet takes after
    /// all that the link has, where that is known.
    pub(super) fn round_trip_at_least(&self) -> Duration {
        self.link.round_trip_at_least()
    }

    /// Sends a packet of this member to everyone in the channel. A newer offer or advert takes the place of one that waits.
    pub(super) fn transmit(&mut self, packet: &Packet) {
        self.queue.push(Queued::newest(packet));
    }

    /// Sends what others ask for, or what shows something to them. It replaces nothing.
    pub(super) fn answer(&mut self, packet: &Packet) {
        self.queue.push(Queued::other(packet));
    }

    /// Sends a packet that nobody can read who has not heard the own offer.
    pub(super) fn transmit_behind_offers(&mut self, packet: &Packet) {
        self.queue.push(Queued::behind_offers(packet));
    }

    /// Sends a packet of this member that members of an epoch alone can read.
    pub(super) fn transmit_enclosed<S: CryptoSuite>(
        &mut self,
        packet: &Packet,
        enclosure: &Enclosure<S>,
    ) {
        let queued = Queued::newest(packet);
        self.queue.push(queued.in_enclosure(Some(enclosure)));
    }

    /// Sends what others ask for, or what shows something to them; if need be so that members of an epoch alone can read it.
    pub(super) fn answer_enclosed<S: CryptoSuite>(
        &mut self,
        packet: &Packet,
        enclosure: Option<&Enclosure<S>>,
    ) {
        let queued = Queued::other(packet);
        self.queue.push(queued.in_enclosure(enclosure));
    }

    /// Sends packets of a run, as its own members or all read them, the first one first.
    pub(super) fn transmit_in_run<S: CryptoSuite>(
        &mut self,
        run: SidHint,
        packets: impl IntoIterator<Item = Packet>,
        enclosure: Option<&Enclosure<S>>,
    ) {
        for packet in packets {
            let queued = Queued::other(&packet);
            self.queue.push_in_run(run, queued.in_enclosure(enclosure));
        }
    }

    /// This member takes part in a run with its offer: if that waits, it leaves before what rests upon it.
    pub(super) fn use_offer(&mut self, run: SidHint, offer: &Offer) {
        self.queue.bind_offer(run, offer.identity);
    }

    /// Sends a packet of a round of a run as it was sent, to those who have not seen it.
    pub(super) fn send_in_run(&mut self, run: SidHint, round: u8, packet: Option<Vec<u8>>) {
        if let Some(packet) = packet {
            self.queue.push_bytes_in_run(run, round, packet);
        }
    }

    /// Sends a message of this member, for the first time.
    pub(super) fn write(&mut self, packets: impl IntoIterator<Item = Vec<u8>>) {
        for packet in packets {
            self.queue.push(Queued::text(packet));
        }
    }

    /// Sends messages of this member again.
    pub(super) fn write_again(&mut self, packets: impl IntoIterator<Item = Vec<u8>>) {
        for packet in packets {
            self.queue.push(Queued::text_again(packet));
        }
    }

    /// Sends a statement, if there is one.
    pub(super) fn state(&mut self, stated: Option<Stated>) {
        if let Some(stated) = stated {
            self.queue.push(Queued::statement(stated));
        }
    }

    /// Sends packets once more, or those of others, to those who miss them or have not seen them: after all that is new.
    pub(super) fn pass_on(&mut self, packets: impl IntoIterator<Item = Vec<u8>>) {
        for packet in packets {
            self.queue.push(Queued::passed_on(packet));
        }
    }

    /// Tells the application.
    pub(super) fn tell(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// The next packet, or several that share a unit of the carrier.
    pub(super) fn poll(&mut self) -> Option<Vec<u8>> {
        let is_again = self.queue.is_next_again();
        let first = self.queue.pop(usize::MAX)?;
        let Some(unit) = self.link.unit() else {
            return Some(if is_again && !self.link.has_rate() {
                self.with_others_again(first)
            } else {
                first
            });
        };
        // A packet that is longer than a unit takes several of them, the last of which may have room.
        let units = first.len().max(1).div_ceil(unit.max(1));
        let whole = units.saturating_mul(unit);
        let mut bundle = Bundle::begin(first);
        while let Some(room) = bundle.room(whole)
            && let Some(packet) = self.queue.pop(room)
        {
            bundle.push(packet);
        }
        Some(bundle.into_bytes())
    }
}

impl Outbox {
    /// What is sent again for one question travels together.
    fn with_others_again(&mut self, first: Vec<u8>) -> Vec<u8> {
        let mut bundle = Bundle::begin(first);
        while self.queue.is_next_again()
            && let Some(room) = bundle.room(TOGETHER)
            && let Some(packet) = self.queue.pop_next(room)
        {
            bundle.push(packet);
        }
        bundle.into_bytes()
    }
}

#[cfg(test)]
impl Outbox {
    /// Takes out all that waits, packet by packet.
    pub(super) fn drain(&mut self) -> Vec<Vec<u8>> {
        core::iter::from_fn(|| self.queue.pop(usize::MAX)).collect()
    }
}

#[cfg(test)]
mod tests;
