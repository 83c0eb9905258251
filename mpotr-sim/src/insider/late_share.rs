//! Holds its SHARE of a light run back until the CUT of the next view is on its way, and sends it to all then: who has shared
//! since cannot install what others install now. After that its room is as it should be, or says nothing more of that change.

use mpotr_core::crypto::{CryptoSuite, Digest32};
use mpotr_core::gka::Sid;
use mpotr_core::wire::{LightPacket, LightStep, Packet};

use super::knowledge::Knowledge;
use super::{Deviation, everyone};
use crate::party::Transmit;

/// Where it is in a change.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// It has shared in nothing yet.
    #[default]
    Before,
    /// It holds back what it has shared.
    Holding,
    /// It has sent that.
    After,
}

/// The deviation.
#[derive(Default)]
pub(super) struct LateShare {
    /// Of which epoch the change makes an end.
    parent: Option<Sid>,
    stage: Stage,
    held: Option<(Digest32, Vec<u8>)>,
    falls_silent: bool,
}

impl LateShare {
    /// Every second one, by its seed, falls silent afterwards.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            falls_silent: seed & 1 == 1,
            ..Self::default()
        }
    }

    fn hear_light(&mut self, packet: &LightPacket) {
        if let LightPacket::Seed(seed) = packet
            && self.parent != Some(seed.body().parent)
        {
            *self = Self {
                parent: Some(seed.body().parent),
                falls_silent: self.falls_silent,
                ..Self::default()
            };
        }
    }
}

impl<S: CryptoSuite> Deviation<S> for LateShare {
    fn emit(&mut self, _known: &Knowledge<S>, packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        if let Packet::Light(packet) = packet {
            self.hear_light(packet);
        }
        match (packet, self.stage) {
            (Packet::Light(LightPacket::Share(share)), Stage::Before | Stage::Holding) => {
                self.stage = Stage::Holding;
                self.held = Some((share.body().seed, bytes));
                Vec::new()
            }
            (Packet::Light(_) | Packet::Sealed(_), Stage::After) if self.falls_silent => Vec::new(),
            (Packet::Knock(_), Stage::After) => {
                // It has been left out, and comes back.
                self.stage = Stage::Before;
                everyone(bytes)
            }
            _ => everyone(bytes),
        }
    }

    /// Its room does not hear that all others have shared, or it would go on by itself.
    fn hears(&self, packet: &Packet) -> bool {
        let is_end =
            |packet: &LightPacket| matches!(packet.step(), LightStep::Share | LightStep::Joint);
        !matches!((packet, self.stage), (Packet::Light(it), Stage::Holding) if is_end(it))
    }

    fn overhear_inside(&mut self, packet: &Packet) -> Option<Vec<u8>> {
        let Packet::Light(packet) = packet else {
            return None;
        };
        self.hear_light(packet);
        let LightPacket::Cut(cut) = packet else {
            return None;
        };
        let (_, share) = self.held.take_if(|(seed, _)| *seed != cut.body().seed)?;
        self.stage = Stage::After;
        Some(share)
    }
}
