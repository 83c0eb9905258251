//! A member on the stage: its room, and a second one with the same keys for as long as it is going to say two things.

use std::collections::BTreeSet;

use mpotr_core::{EpochName, Event, Policy, Room, Seen, Timestamp};
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::Sid;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::writer::Writer;

/// What is left of a member's part in a talk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The transcript file that it kept, of the last time that it was there; of one that never was, nothing.
    pub transcript: Vec<u8>,
    /// All that its room told it, each time that it was there.
    pub events: Vec<Event>,
}

/// The epoch that a member is in.
pub(super) struct Present {
    pub(super) sid: Sid,
    pub(super) name: EpochName,
    pub(super) roster: BTreeSet<IdentityKey>,
}

/// A member, if it is there.
pub(super) struct Place<S: CryptoSuite> {
    room: Option<Room<S>>,
    /// The same room again: it gets the same inputs and draws the same random numbers. Nobody hears what it sends.
    twin: Option<Room<S>>,
    is_leaving: bool,
    present: Option<Present>,
    writer: Option<Writer>,
    part: Part,
}

/// What came out of a room.
pub(super) struct Output {
    pub(super) packets: Vec<Vec<u8>>,
    /// Epochs that it installed.
    pub(super) installed: usize,
}

impl<S: CryptoSuite> Place<S> {
    pub(super) fn empty() -> Self {
        Self {
            room: None,
            twin: None,
            is_leaving: false,
            present: None,
            writer: None,
            part: Part::default(),
        }
    }

    pub(super) fn into_part(self) -> Part {
        self.part
    }

    /// The member is there from now on, and begins a new transcript.
    pub(super) fn take(&mut self, room: Room<S>, twin: Option<Room<S>>) {
        let (writer, start) = Writer::start();
        self.room = Some(room);
        self.twin = twin;
        self.is_leaving = false;
        self.present = None;
        self.writer = Some(writer);
        self.part.transcript = start.to_vec();
    }

    /// The member dies: it says nothing from now on.
    pub(super) fn die(&mut self) {
        self.room = None;
        self.twin = None;
        self.is_leaving = false;
        self.present = None;
        self.writer = None;
    }

    pub(super) const fn is_there(&self) -> bool {
        self.room.is_some()
    }

    pub(super) const fn is_leaving(&self) -> bool {
        self.is_leaving
    }

    /// The epoch that it is in.
    pub(super) const fn present(&self) -> Option<&Present> {
        self.present.as_ref()
    }

    /// Whom it has seen.
    pub(super) fn seen(&self) -> Seen {
        let present = self.present();
        present.map_or(Seen::Expected, |present| Seen::Epoch(present.sid))
    }

    pub(super) fn policy(&self) -> Option<&Policy> {
        self.room.as_ref().map(Room::policy)
    }

    pub(super) fn timeout(&self) -> Option<Timestamp> {
        self.room.as_ref().and_then(Room::poll_timeout)
    }

    /// Leaves in order.
    pub(super) fn leave(&mut self, now: Timestamp) {
        self.is_leaving = true;
        self.ask(|room| room.leave(now));
    }

    /// Takes the twin away: from here on the two are told different things.
    pub(super) fn part_with_twin(&mut self) -> Option<Room<S>> {
        self.twin.take()
    }

    /// Asks the room for something, and its twin.
    pub(super) fn ask<T>(&mut self, what: impl Fn(&mut Room<S>) -> T) -> Option<T> {
        if let Some(twin) = &mut self.twin {
            // Both take it in the same way.
            let _same = what(twin);
        }
        self.room.as_mut().map(what)
    }

    /// Lets the room do something that may draw random numbers, and its twin with the same.
    pub(super) fn act(
        &mut self,
        rng: &mut dyn CryptoRng,
        mut what: impl FnMut(&mut Room<S>, &mut dyn CryptoRng),
    ) {
        let Some(room) = &mut self.room else { return };
        match &mut self.twin {
            None => what(room, rng),
            Some(twin) => {
                let [mut one, mut other] = same_twice(rng);
                what(room, &mut one);
                what(twin, &mut other);
            }
        }
    }

    /// Takes out all that the room has to give.
    pub(super) fn collect(&mut self) -> Output {
        let mut output = Output {
            packets: Vec::new(),
            installed: 0,
        };
        if let Some(twin) = &mut self.twin {
            drain(twin);
        }
        let Some(room) = &mut self.room else {
            return output;
        };
        output.packets = core::iter::from_fn(|| room.poll_transmit()).collect();
        while let Some(event) = room.poll_event() {
            if let Event::Secure {
                sid, roster, name, ..
            } = &event
            {
                output.installed = output.installed.saturating_add(1);
                self.present = Some(Present {
                    sid: *sid,
                    name: *name,
                    roster: roster.iter().map(|member| member.identity).collect(),
                });
            } else if matches!(event, Event::Behind) {
                self.present = None;
            }
            self.part.events.push(event);
        }
        if let Some(writer) = &mut self.writer {
            while let Some(record) = room.poll_record() {
                self.part.transcript.extend(writer.record(record));
            }
        }
        if room.has_ended() {
            let end = self.writer.take().map(Writer::end);
            self.part.transcript.extend(end.unwrap_or_default());
            self.die();
        }
        output
    }
}

/// Takes out the packets of a room that nobody hears.
pub(super) fn drain<S: CryptoSuite>(room: &mut Room<S>) -> Vec<Vec<u8>> {
    while room.poll_event().is_some() {}
    while room.poll_record().is_some() {}
    core::iter::from_fn(|| room.poll_transmit()).collect()
}

/// The same random numbers twice.
pub(super) fn same_twice(rng: &mut dyn CryptoRng) -> [ChaCha20Rng; 2] {
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    let one = ChaCha20Rng::from_seed(seed);
    [one.clone(), one]
}
