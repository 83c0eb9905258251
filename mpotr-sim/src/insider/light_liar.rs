//! Says what is wrong in light runs: under its own signature, in another's name, to some, or not at all.

use core::array::IntoIter;
use core::iter::Cycle;
use std::collections::VecDeque;

use mpotr_core::crypto::{CryptoSuite, Digest32, JointShare, SignatureBytes};
use mpotr_core::gka::MemberIndex;
use mpotr_core::gka::light::{Freeze, Share, Signed, Wrap};
use mpotr_core::wire::{LightPacket, Packet};

use super::knowledge::Knowledge;
use super::{Deviation, everyone, to};
use crate::member::SeededRoom;
use crate::party::{Audience, Transmit};

/// It is signed before it leaves.
const UNSIGNED: SignatureBytes = SignatureBytes::new([0; 64]);

/// What it does to a packet of its own.
#[derive(Clone, Copy)]
enum Lie {
    /// Nothing: it sends what its room says.
    None,
    /// It says something else, to all.
    Other,
    /// And what its room says, to the others.
    Two,
    /// It says nothing.
    Silence,
    /// It says so, and something in the name of the member before it.
    Forged,
}

const LIES: [Lie; 7] = [
    Lie::None,
    Lie::Other,
    Lie::Forged,
    Lie::None,
    Lie::Two,
    Lie::Silence,
    Lie::Forged,
];

/// Lies in its packets of light runs, one after the other.
pub(super) struct LightLiar {
    lies: Cycle<IntoIter<Lie, 7>>,
    waiting: VecDeque<(Lie, LightPacket, Vec<u8>)>,
}

impl Default for LightLiar {
    fn default() -> Self {
        Self {
            lies: LIES.into_iter().cycle(),
            waiting: VecDeque::new(),
        }
    }
}

/// A packet that says something else in the same place.
fn other(packet: &LightPacket) -> Option<LightPacket> {
    Some(match packet {
        LightPacket::Seed(seed) => {
            let mut body = seed.body().clone();
            *body.wraps.first_mut()? = Wrap::new([7; 32]);
            LightPacket::Seed(Box::new(Signed::new(body, UNSIGNED)))
        }
        LightPacket::Freeze(freeze) => {
            let mut body = freeze.body().clone();
            body.standing.lock.count = body.standing.lock.count.saturating_add(1);
            LightPacket::Freeze(Box::new(Signed::new(body, UNSIGNED)))
        }
        LightPacket::Cut(cut) => {
            let mut body = cut.body().clone();
            body.closing.closed.digest = Digest32::new([7; 32]);
            LightPacket::Cut(Box::new(Signed::new(body, UNSIGNED)))
        }
        LightPacket::Share(share) => {
            let mut body = share.body().clone();
            body.share = JointShare::new([0; 32]);
            LightPacket::Share(Box::new(Signed::new(body, UNSIGNED)))
        }
        LightPacket::Joint(_) | LightPacket::Object(_) => return None,
    })
}

/// The same in the name of another.
fn in_name_of(packet: &LightPacket, other: MemberIndex) -> Option<LightPacket> {
    Some(match packet {
        LightPacket::Freeze(freeze) => {
            let body = Freeze {
                sender: other,
                ..freeze.body().clone()
            };
            LightPacket::Freeze(Box::new(Signed::new(body, UNSIGNED)))
        }
        LightPacket::Share(share) => {
            let body = Share {
                sender: other,
                ..share.body().clone()
            };
            LightPacket::Share(Box::new(Signed::new(body, UNSIGNED)))
        }
        LightPacket::Seed(_)
        | LightPacket::Cut(_)
        | LightPacket::Joint(_)
        | LightPacket::Object(_) => return None,
    })
}

impl<S: CryptoSuite> Deviation<S> for LightLiar {
    fn emit(&mut self, _known: &Knowledge<S>, packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        let Packet::Light(packet) = packet else {
            return everyone(bytes);
        };
        match self.lies.next().unwrap_or(Lie::None) {
            Lie::None => everyone(bytes),
            Lie::Silence => Vec::new(),
            lie @ (Lie::Other | Lie::Two | Lie::Forged) => {
                self.waiting.push_back((lie, packet.clone(), bytes));
                Vec::new()
            }
        }
    }

    fn add(&mut self, member: &mut SeededRoom<S>) -> Vec<Transmit> {
        let room = member.room();
        let mut out = Vec::new();
        for (lie, packet, bytes) in std::mem::take(&mut self.waiting) {
            let before = packet.sender().get().checked_sub(1).unwrap_or(1);
            let said = match lie {
                Lie::Forged => in_name_of(&packet, MemberIndex::new(before)),
                Lie::None | Lie::Other | Lie::Two | Lie::Silence => other(&packet),
            };
            let said = said.and_then(|said| room.sign_light(said));
            match (lie, said) {
                (Lie::Other, Some(said)) => out.extend(everyone(said)),
                (Lie::Two, Some(said)) => {
                    out.push(to(Audience::Even, bytes));
                    out.push(to(Audience::Odd, said));
                }
                (_, said) => {
                    out.extend(said.into_iter().flat_map(everyone));
                    out.extend(everyone(bytes));
                }
            }
        }
        out
    }
}
