//! Writes, and sends what it has written to nobody, ever: it brings into every cut a message that nobody else can have.
//! In all else its room is as it should be.

use std::collections::BTreeSet;

use mpotr_core::crypto::CryptoSuite;
use mpotr_core::wire::Packet;
use mpotr_core::{TextId, Timestamp};

use super::knowledge::Knowledge;
use super::{Deviation, everyone};
use crate::member::SeededRoom;
use crate::party::{Party as _, Transmit};

/// What it has written.
#[derive(Default)]
pub(super) struct Hoard {
    kept: BTreeSet<Vec<u8>>,
}

impl<S: CryptoSuite> Deviation<S> for Hoard {
    fn emit(&mut self, _known: &Knowledge<S>, _packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        if self.kept.contains(&bytes) {
            Vec::new()
        } else {
            everyone(bytes)
        }
    }

    fn write(&mut self, member: &mut SeededRoom<S>, now: Timestamp, text: &[u8]) -> Option<TextId> {
        let text_id = member.send(now, text);
        // What leaves now is the text: all else was sent before.
        while let Some(packet) = member.packet() {
            self.kept.insert(packet);
        }
        text_id
    }
}
