//! The slots of one round of a run: a packet of each member. `docs/spec/06-epochs.md`, "Runs".
//!
//! A slot remembers whether its packet was seen to carry its sender's signature. While all goes well nobody looks. A round
//! that fails looks at all of them, empties the slots of those without, and is *eager* from then on: it looks at every packet
//! as it comes, so that a forgery costs one signature and never another round.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use mpotr_crypto::CryptoSuite;

use super::packet::RoundPacket;
use crate::member_index::MemberIndex;
use crate::run::Run;

/// Why a packet did not fill a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfilled {
    /// The roster has no such member.
    #[error("no member has the index that the packet claims to come from")]
    UnknownSender,
    /// Its sender has said this before.
    #[error("the packet says nothing new")]
    Replayed,
    /// It does not carry its sender's signature.
    #[error("the packet is not signed by its sender")]
    NotAuthentic,
    /// This sender signed two different ones.
    #[error("member {0} signed two different packets of one round")]
    Equivocation(MemberIndex),
}

#[derive(Debug)]
struct Slot<P> {
    packet: P,
    /// Whether the signature is its sender's, once it was looked at.
    signed: OnceLock<bool>,
}

impl<P: RoundPacket> Slot<P> {
    fn signed(packet: P) -> Self {
        Self {
            packet,
            signed: OnceLock::from(true),
        }
    }

    /// Whether it is its sender's. It costs one signature, once.
    fn is_signed<S: CryptoSuite>(&self, run: &Run<S>) -> bool {
        *self.signed.get_or_init(|| self.packet.is_authentic(run))
    }

    /// Whether it was never its sender's, as was seen.
    fn is_forged(&self) -> bool {
        self.signed.get() == Some(&false)
    }
}

/// A slot for each member.
#[derive(Debug)]
pub struct Slots<P> {
    slots: BTreeMap<MemberIndex, Slot<P>>,
    is_eager: bool,
}

impl<P: RoundPacket> Default for Slots<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: RoundPacket> Slots<P> {
    /// Nothing was received yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: BTreeMap::new(),
            is_eager: false,
        }
    }

    /// Puts this member's own packet into its slot.
    pub fn put_own(&mut self, packet: P) {
        let slot = Slot::signed(packet);
        self.slots.insert(slot.packet.sender(), slot);
    }

    /// Fills the slot of a packet's sender. Where two claim it, signatures decide.
    ///
    /// # Errors
    /// [`Unfilled`]: the slots are as they were.
    pub fn fill<S: CryptoSuite>(&mut self, run: &Run<S>, packet: P) -> Result<(), Unfilled> {
        let sender = packet.sender();
        if run.member(sender).is_none() {
            return Err(Unfilled::UnknownSender);
        }
        let taken = self.slots.get(&sender);
        if taken.is_some_and(|slot| slot.packet == packet) {
            return Err(Unfilled::Replayed);
        }
        let is_looked_at = self.is_eager || taken.is_some();
        if is_looked_at && !packet.is_authentic(run) {
            return Err(Unfilled::NotAuthentic);
        }
        if let Some(slot) = taken.filter(|slot| slot.is_signed(run)) {
            return Err(if slot.packet.says_the_same(&packet) {
                Unfilled::Replayed
            } else {
                Unfilled::Equivocation(sender)
            });
        }
        let signed = OnceLock::new();
        let slot = if is_looked_at {
            Slot::signed(packet)
        } else {
            Slot { packet, signed }
        };
        self.slots.insert(sender, slot);
        Ok(())
    }

    /// Whether there is a packet of a member that carries its signature. What decides anything before the round is complete
    /// rests on this, and not on what anyone can send.
    pub fn is_signed<S: CryptoSuite>(&self, run: &Run<S>, member: MemberIndex) -> bool {
        let slot = self.slots.get(&member);
        slot.is_some_and(|slot| slot.is_signed(run))
    }

    /// The round has failed ([`RunError::NotReceived`](crate::RunError::NotReceived) of these members), and every other packet carries its sender's signature.
    pub fn empty(&mut self, members: &[MemberIndex]) {
        self.slots.retain(|member, _| !members.contains(member));
        for slot in self.slots.values_mut() {
            slot.signed = OnceLock::from(true);
        }
        self.be_eager();
    }

    /// Looks at the signature of each packet that comes from now on.
    pub const fn be_eager(&mut self) {
        self.is_eager = true;
    }

    /// How many are filled.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.values().filter(|slot| !slot.is_forged()).count()
    }

    /// Whether none is filled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a packet of a member.
    #[must_use]
    pub fn contains(&self, member: MemberIndex) -> bool {
        self.get(member).is_some()
    }

    /// The packet of a member.
    #[must_use]
    pub fn get(&self, member: MemberIndex) -> Option<&P> {
        let slot = self.slots.get(&member);
        slot.filter(|slot| !slot.is_forged())
            .map(|slot| &slot.packet)
    }

    /// All packets, by sender.
    #[must_use]
    pub fn packets(&self) -> Vec<P> {
        let packets = self.slots.values().map(|slot| &slot.packet);
        packets.cloned().collect()
    }

    /// The members whose packets carry their signature.
    pub fn signed<S: CryptoSuite>(&self, run: &Run<S>) -> impl Iterator<Item = MemberIndex> {
        let signed = self.slots.values().filter(|slot| slot.is_signed(run));
        signed.map(|slot| slot.packet.sender())
    }
}
