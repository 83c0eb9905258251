//! The slots of one round of a run: a packet of each member. `docs/spec/06-epochs.md`, "Runs".
//!
//! A slot remembers whether its packet was seen to carry its sender's signature. While all goes well nobody looks. A round
//! that fails looks at all of them, empties the slots of those without, and is *eager* from then on: it looks at every packet
//! as it comes, so that a forgery costs one signature and never another round.

use std::collections::BTreeMap;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{Confirmation, Contribution, Run};

use crate::error::Rejection;

/// A packet of one round.
pub(super) trait RoundPacket: PartialEq {
    /// The index in the roster that it claims to come from.
    fn sender(&self) -> u16;

    /// Whether its sender signed it for this run.
    fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool;

    /// Whether two packets say the same, whatever their signatures.
    fn says_the_same(&self, other: &Self) -> bool;
}

impl RoundPacket for Contribution {
    fn sender(&self) -> u16 {
        self.sender
    }

    fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool {
        self.is_authentic(run)
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.body == other.body
    }
}

impl RoundPacket for Confirmation {
    fn sender(&self) -> u16 {
        self.sender
    }

    fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool {
        self.is_authentic(run)
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.statement == other.statement && self.sealed == other.sealed
    }
}

/// Why a packet did not fill a slot.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfilled {
    /// It counts for nothing.
    Rejected(Rejection),
    /// Its sender signed two different ones.
    Equivocation(u16),
}

#[derive(Debug)]
struct Slot<P> {
    packet: P,
    /// The signature was looked at, and is its sender's.
    is_signed: bool,
}

/// A slot for each member.
#[derive(Debug)]
pub(super) struct Slots<P> {
    slots: BTreeMap<u16, Slot<P>>,
    is_eager: bool,
}

impl<P: RoundPacket + Clone> Slots<P> {
    /// Nothing was received yet.
    pub(super) const fn new() -> Self {
        Self {
            slots: BTreeMap::new(),
            is_eager: false,
        }
    }

    /// Puts this member's own packet into its slot.
    pub(super) fn put_own(&mut self, packet: P) {
        let is_signed = true;
        let slot = Slot { packet, is_signed };
        self.slots.insert(slot.packet.sender(), slot);
    }

    /// Fills the slot of a packet's sender. Where two claim it, signatures decide.
    pub(super) fn fill<S: CryptoSuite>(&mut self, run: &Run<S>, packet: P) -> Result<(), Unfilled> {
        let sender = packet.sender();
        if usize::from(sender) >= run.members().len() {
            return Err(Unfilled::Rejected(Rejection::UnknownSender));
        }
        let taken = self.slots.get_mut(&sender);
        if taken.as_ref().is_some_and(|slot| slot.packet == packet) {
            return Err(Unfilled::Rejected(Rejection::Replayed));
        }
        let is_signed = self.is_eager || taken.is_some();
        if is_signed && !packet.is_authentic(run) {
            return Err(Unfilled::Rejected(Rejection::NotAuthentic));
        }
        if let Some(slot) = taken {
            slot.is_signed = slot.is_signed || slot.packet.is_authentic(run);
            if slot.is_signed {
                return Err(if slot.packet.says_the_same(&packet) {
                    Unfilled::Rejected(Rejection::Replayed)
                } else {
                    Unfilled::Equivocation(sender)
                });
            }
        }
        self.slots.insert(sender, Slot { packet, is_signed });
        Ok(())
    }

    /// The round has failed, and every packet but those of these members carries its sender's signature.
    pub(super) fn empty(&mut self, members: &[usize]) {
        self.slots
            .retain(|member, _| !members.contains(&usize::from(*member)));
        for slot in self.slots.values_mut() {
            slot.is_signed = true;
        }
        self.be_eager();
    }

    /// Looks at the signature of each packet that comes from now on.
    pub(super) const fn be_eager(&mut self) {
        self.is_eager = true;
    }

    /// How many are filled.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is a packet of a member.
    pub(super) fn contains(&self, member: u16) -> bool {
        self.slots.contains_key(&member)
    }

    /// The packet of a member.
    pub(super) fn get(&self, member: u16) -> Option<&P> {
        self.slots.get(&member).map(|slot| &slot.packet)
    }

    /// All packets, by sender.
    pub(super) fn packets(&self) -> Vec<P> {
        let packets = self.slots.values().map(|slot| &slot.packet);
        packets.cloned().collect()
    }

    /// The members whose packets carry their signature.
    pub(super) fn signed<S: CryptoSuite>(&self, run: &Run<S>) -> impl Iterator<Item = u16> {
        let signed = |slot: &&Slot<P>| slot.is_signed || slot.packet.is_authentic(run);
        let signed = self.slots.values().filter(signed);
        signed.map(|slot| slot.packet.sender())
    }
}
