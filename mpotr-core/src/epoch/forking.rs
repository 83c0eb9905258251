//! Members that say two things in one place, and what is done about it. `docs/spec/05-wire.md`, "Equivocation".
//!
//! Whoever finds two contradicting messages of one author, both signed, has [`Evidence`]. From then on the author is
//! *exposed* here: nothing of it is accepted but what others build upon, since what an honest member answered must be
//! readable by all. Such messages are disputed. The others find the same evidence in the same packets, so the packets are
//! sent on.

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;

use super::changing::Gate;
use super::evidence::{Evidence, MAX_LINKS, SignedChain};
use super::sending::wire_index;
use super::{Effect, Epoch};
use crate::wire::{Content, MessageId, Packet, SealedPacket, Unsigned, Unverified};

impl<S: CryptoSuite> Epoch<S> {
    /// Whether a member is known to have said two things in one place.
    pub(crate) fn is_exposed(&self, member: usize) -> bool {
        self.peers.get(member).is_some_and(|peer| peer.exposed)
    }

    /// A message of the author at hand, delivered or held, that contradicts this one.
    pub(super) fn contradicted(
        &self,
        author: usize,
        id: &MessageId,
        content: &Content,
    ) -> Option<MessageId> {
        let before = content.seq.checked_sub(1);
        let delivered = |seq: u32| {
            let chain = &self.peers.get(author)?.chain;
            let index = chain.get(usize::try_from(seq).ok()?)?;
            self.graph.node(*index).map(|node| node.key.id)
        };
        let held = |seq| self.holdback.at(author, seq);
        let same = delivered(content.seq)
            .into_iter()
            .chain(held(content.seq).map(|held| held.id))
            .find(|other| other != id);
        let previous = before.and_then(|before| {
            delivered(before)
                .into_iter()
                .chain(held(before).map(|held| held.id))
                .find(|other| *other != content.prev)
        });
        let next = content.seq.checked_add(1).and_then(|after| {
            held(after)
                .find(|held| held.content.prev != *id)
                .map(|held| held.id)
        });
        same.or(previous).or(next)
    }

    /// Two messages of an author, one at hand and one just authenticated, contradict each other: the author is exposed.
    /// Without a signature on both sides it may be anybody's doing, and the author is not blamed; whether it is.
    pub(super) fn expose(
        &mut self,
        author: usize,
        known: &MessageId,
        new: &MessageId,
        packet: &SealedPacket,
    ) -> bool {
        let Some(before) = self.packet_of(known).cloned() else {
            return false;
        };
        let sides = self
            .signed_chain(author, known, &before)
            .zip(self.signed_chain(author, new, packet));
        let evidence = sides.and_then(|(known, new)| {
            Evidence::new::<S>(&self.id, wire_index(author), [known, new])
        });
        let (Some(evidence), Some(peer)) = (evidence, self.peers.get_mut(author)) else {
            return false;
        };
        peer.exposed = true;
        self.holdback.forget(author);
        let packets = [before, packet.clone()];
        self.effects.push_back(Effect::Equivocation {
            author,
            evidence: Box::new(evidence),
            packets: packets
                .map(|packet| Packet::Sealed(packet).to_bytes())
                .into(),
        });
        true
    }

    /// A message with a signature that covers it: its own, or that of a later one at hand that it leads to.
    fn signed_chain(
        &mut self,
        author: usize,
        id: &MessageId,
        packet: &SealedPacket,
    ) -> Option<SignedChain> {
        let mut chain: Vec<Unsigned<Content>> = Vec::new();
        let mut id = *id;
        let mut packet = packet.clone();
        while chain.len() < MAX_LINKS {
            let unverified = self.opened(author, &packet).ok()?;
            let unsigned = unverified.unsigned().clone();
            let after = unsigned.fields().seq.checked_add(1)?;
            chain.push(unsigned);
            if self.is_signed(author, &id, unverified.signature()) {
                return Some(SignedChain::new(chain, *unverified.signature()));
            }
            let delivered = usize::try_from(after)
                .ok()
                .and_then(|after| self.peers.get(author)?.chain.get(after))
                .and_then(|index| self.graph.node(*index))
                .map(|node| node.key.id);
            let held = self
                .holdback
                .at(author, after)
                .find(|held| held.content.prev == id)
                .map(|held| held.id);
            id = held.or(delivered)?;
            packet = self.packet_of(&id)?.clone();
        }
        None
    }

    fn opened(
        &mut self,
        author: usize,
        packet: &SealedPacket,
    ) -> Result<Unverified<Content>, crate::error::Rejection> {
        let header = packet
            .open_header::<S>(&self.keys.header)
            .map_err(|_opaque| crate::error::Rejection::NotAuthentic)?;
        self.decrypt(author, header, packet)
    }

    /// Whether something that another member says comes after this message: it has to be delivered, whoever wrote it.
    pub(super) fn is_demanded(&self, id: &MessageId) -> bool {
        self.demanded().contains(id)
    }

    /// What the messages of others that wait, their statements and the cut name, and what that comes after.
    pub(super) fn demanded(&self) -> BTreeSet<MessageId> {
        let mut names: BTreeSet<_> = self
            .peers
            .iter()
            .filter_map(|peer| peer.waiting.as_ref())
            .flat_map(|statement| statement.frontier.iter().copied())
            .collect();
        if let Gate::Cut(ids) = &self.gate {
            names.extend(ids.iter().copied());
        }
        let mut unnamed: Vec<_> = Vec::new();
        for (author, held) in self.holdback.iter() {
            if self.is_exposed(author) {
                unnamed.push(held);
            } else {
                names.extend(held.content.ancestors());
            }
        }
        loop {
            let (named, rest): (Vec<_>, Vec<_>) = unnamed
                .into_iter()
                .partition(|held| names.contains(&held.id));
            if named.is_empty() {
                return names;
            }
            names.extend(named.iter().flat_map(|held| held.content.ancestors()));
            unnamed = rest;
        }
    }
}
