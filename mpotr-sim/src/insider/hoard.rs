//! Writes, and sends what it has written to nobody, ever: it brings into every cut a message that nobody else can have. In all
//! else its room is as it should be.

use std::collections::BTreeSet;

use mpotr_core::crypto::{CryptoSuite, UnsupportedSuite};
use mpotr_core::{Event, SendHandle, Timestamp};

use crate::cast::Entrance;
use crate::member::{Draws, Member};
use crate::party::{Act, Party, Seat, Transmit};

/// A room, and what it has written.
pub(super) struct Hoard<S: CryptoSuite> {
    member: Member<S>,
    kept: BTreeSet<Vec<u8>>,
}

impl<S: CryptoSuite> Hoard<S> {
    pub(super) fn enter(entrance: Entrance) -> Result<Self, UnsupportedSuite> {
        let Entrance {
            config,
            identity,
            now,
            seed,
            ..
        } = entrance;
        Ok(Self {
            member: Member::enter(config, identity, now, Draws::new(seed))?,
            kept: BTreeSet::new(),
        })
    }
}

impl<S: CryptoSuite> Party for Hoard<S> {
    fn hear(&mut self, now: Timestamp, from: Seat, packet: &[u8]) {
        self.member.hear(now, from, packet);
    }

    fn wake(&mut self, now: Timestamp) {
        self.member.wake(now);
    }

    fn next_wake(&self) -> Option<Timestamp> {
        self.member.next_wake()
    }

    fn transmit(&mut self) -> Option<Transmit> {
        loop {
            let transmit = self.member.transmit()?;
            if !self.kept.contains(&transmit.packet) {
                return Some(transmit);
            }
        }
    }

    fn event(&mut self) -> Option<Event> {
        self.member.event()
    }

    fn send(&mut self, now: Timestamp, text: &[u8]) -> Option<SendHandle> {
        let handle = self.member.send(now, text);
        // What leaves now is the text: nothing else was left to be sent.
        while let Some(packet) = self.member.packet() {
            self.kept.insert(packet);
        }
        handle
    }

    fn act(&mut self, now: Timestamp, act: Act) {
        self.member.act(now, act);
    }

    fn export(&self) -> Option<[u8; 32]> {
        self.member.export()
    }

    fn has_ended(&self) -> bool {
        self.member.has_ended()
    }
}
