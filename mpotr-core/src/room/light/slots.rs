//! The packets of one kind in a light run: one of each member. `docs/spec/14-light-runs.md`, "Blame".
//!
//! As in a full run nobody looks at a signature while all goes well. Where two packets claim one place signatures decide, and
//! from then on, and wherever one was found not to be signed, they are looked at as packets come.

use std::collections::BTreeMap;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::light::{ChangeBody, Signed};
use mpotr_gka::{Continuation, MemberIndex, Unfilled};

/// A packet, and whether its signature was seen to be its sender's.
#[derive(Debug)]
struct Filled<B> {
    packet: Signed<B>,
    is_signed: bool,
    /// Another one of its sender's was heard, with its signature: that is told once, or those who tell it would answer each other.
    is_contradicted: bool,
}

impl<B> Filled<B> {
    const fn new(packet: Signed<B>, is_signed: bool) -> Self {
        let is_contradicted = false;
        Self {
            packet,
            is_signed,
            is_contradicted,
        }
    }
}

/// A place for each member.
#[derive(Debug)]
pub(super) struct PacketSlots<B> {
    slots: BTreeMap<MemberIndex, Filled<B>>,
    is_eager: bool,
}

impl<B: ChangeBody> PacketSlots<B> {
    pub(super) const fn new(is_eager: bool) -> Self {
        Self {
            slots: BTreeMap::new(),
            is_eager,
        }
    }

    /// Puts a packet into its place that was seen to be signed, or is this member's own.
    pub(super) fn put(&mut self, packet: Signed<B>) {
        let sender = packet.body().sender();
        self.slots.insert(sender, Filled::new(packet, true));
    }

    /// Puts a packet into the place of its sender.
    ///
    /// # Errors
    /// [`Unfilled`]: the places are as they were.
    pub(super) fn fill<S: CryptoSuite>(
        &mut self,
        packet: Signed<B>,
        parent: &Continuation<S>,
    ) -> Result<(), Unfilled> {
        let sender = packet.body().sender();
        let taken = self.slots.get_mut(&sender);
        if taken.as_ref().is_some_and(|it| it.packet == packet) {
            return Err(Unfilled::Replayed);
        }
        let is_looked_at = self.is_eager || taken.is_some();
        if is_looked_at && !packet.is_authentic(parent) {
            return Err(Unfilled::NotAuthentic);
        }
        if let Some(taken) = taken {
            taken.is_signed = taken.is_signed || taken.packet.is_authentic(parent);
            if taken.is_signed {
                // Of one body there are many signatures, and the first is what others list.
                let is_known = taken.is_contradicted || taken.packet.body() == packet.body();
                taken.is_contradicted |= !is_known;
                return Err(if is_known {
                    Unfilled::Replayed
                } else {
                    Unfilled::Equivocation(sender)
                });
            }
        }
        self.slots.insert(sender, Filled::new(packet, is_looked_at));
        Ok(())
    }

    /// These were never their senders', as was seen: what comes from now on is looked at.
    pub(super) fn empty(&mut self, members: &[MemberIndex]) {
        self.slots
            .retain(|member, it| it.is_signed || !members.contains(member));
        self.is_eager = true;
    }

    pub(super) fn get(&self, member: MemberIndex) -> Option<&Signed<B>> {
        self.slots.get(&member).map(|it| &it.packet)
    }

    pub(super) fn packets(&self) -> Vec<Signed<B>> {
        self.slots.values().map(|it| it.packet.clone()).collect()
    }

    /// The packets that carry the signature of their senders: each is looked at once.
    pub(super) fn signed<S: CryptoSuite>(&mut self, parent: &Continuation<S>) -> Vec<MemberIndex> {
        let signed = self.slots.iter_mut().filter_map(|(member, it)| {
            it.is_signed = it.is_signed || it.packet.is_authentic(parent);
            it.is_signed.then_some(*member)
        });
        signed.collect()
    }
}
