//! Members that say two things in one place, and what is done about it. `docs/spec/05-wire.md`, "Equivocation".
//!
//! Who finds two contradicting messages of one author, both signed, has [`Evidence`]. From then on the author is
//! *exposed* here: nothing of it is accepted but what others build upon, since what an honest member answered must be
//! readable by all. Such messages are disputed. The others find the same evidence in the same packets, so the packets are
//! sent on.
//!
//! Who writes against its own statement, or after it said that it writes nothing more, is exposed, too, to those who have
//! heard both: an honest member that has not may have built upon what it wrote.

use std::collections::BTreeMap;

use mpotr_crypto::CryptoSuite;

use super::changing::Gate;
use super::demand::Demand;
use super::evidence::{Evidence, MAX_LINKS, SignedChain};
use super::holdback::Held;
use super::sending::wire_index;
use super::{Effect, Epoch};
use crate::error::Rejection;
use crate::wire::{Content, MessageId, Packet, SealedPacket, Statement, Unsigned};

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

    /// Compares an authentic message with all that its author has said: what contradicts it exposes the author.
    ///
    /// # Errors
    /// It contradicts another one, and nothing at hand shows that both are the author's.
    pub(super) fn confront(&mut self, author: usize, held: &Held) -> Result<(), Rejection> {
        let peer = self.peers.get(author).ok_or(Rejection::UnknownSender)?;
        if (peer.fin || peer.closed) && held.content.seq >= peer.delivered {
            self.distrust(author);
        }
        if self.is_published(author) {
            // Anybody can sign in its name: two messages in one place show nothing, and all must be able to go on.
            if self.contradicted(author, &held.id, &held.content).is_some() {
                self.mark_exposed(author);
            }
            return Ok(());
        }
        while !self.has_evidence(author)
            && let Some(known) = self.contradicted(author, &held.id, &held.content)
        {
            if self.expose(author, &known, held) {
                break;
            }
            // What vouched for one that waits is not here any more: it is asked for again if somebody builds upon it. One that
            // is delivered can be shown, so what is missing is what vouches for the new one.
            if !self.holdback.remove(author, &known) {
                return Err(Rejection::Inconsistent);
            }
        }
        Ok(())
    }

    fn has_evidence(&self, member: usize) -> bool {
        self.peers.get(member).is_some_and(|peer| peer.is_shown)
    }

    /// A member has signed what contradicts something else that it signed. To others this need not show: they have not heard
    /// the same, or not all that lies between.
    pub(super) fn distrust(&mut self, author: usize) {
        if self.mark_exposed(author) && !self.is_published(author) {
            self.effects.push_back(Effect::Contradicted { author });
        }
    }

    /// From here on nothing of an author is accepted but what others build upon; whether that is new.
    fn mark_exposed(&mut self, author: usize) -> bool {
        let Some(peer) = self.peers.get_mut(author).filter(|peer| !peer.exposed) else {
            return false;
        };
        peer.exposed = true;
        self.forget_undemanded(author);
        true
    }

    /// Whether what signs for a member is public.
    fn is_published(&self, member: usize) -> bool {
        self.peers.get(member).is_some_and(|peer| peer.revealed)
    }

    /// Of who is exposed, nothing waits but what others build upon.
    fn forget_undemanded(&mut self, author: usize) {
        let demanded = self.demanded();
        self.holdback
            .forget_but(author, |id| demanded.is_for(author, id));
    }

    /// Two messages of an author, one at hand and one just authenticated, contradict each other: the author is exposed.
    /// Without a signature on both sides it may be anybody's doing, and the author is not blamed; whether it is.
    fn expose(&mut self, author: usize, known: &MessageId, new: &Held) -> bool {
        let Some(before) = self.packet_of(known).cloned() else {
            return false;
        };
        // The new one first: if it cannot be shown, it is refused, and may come again and again.
        let Some((new, shows_new)) = self.side(author, &new.id, &new.packet) else {
            return false;
        };
        let Some((known, shows_known)) = self.side(author, known, &before) else {
            return false;
        };
        let evidence = Evidence::new::<S>(&self.opener.keys.id, wire_index(author), [known, new]);
        let (Some(evidence), Some(peer)) = (evidence, self.peers.get_mut(author)) else {
            return false;
        };
        peer.exposed = true;
        peer.is_shown = true;
        let packets = shows_known.into_iter().chain(shows_new);
        self.effects.push_back(Effect::Equivocation {
            author,
            evidence: Box::new(evidence),
            packets: packets
                .map(|packet| Packet::Sealed(packet).to_bytes())
                .collect(),
        });
        self.forget_undemanded(author);
        true
    }

    /// A message with a signature that covers it: its own, or that of a later one at hand that its line leads to; and the
    /// packets of all of them, the signed one first, so that each vouches for the next.
    fn side(
        &mut self,
        author: usize,
        id: &MessageId,
        packet: &SealedPacket,
    ) -> Option<(SignedChain, Vec<SealedPacket>)> {
        let mut chain: Vec<Unsigned<Content>> = Vec::new();
        let mut packets = Vec::new();
        let mut id = *id;
        let mut packet = packet.clone();
        while chain.len() < MAX_LINKS {
            let unverified = self.opener.content_again(&packet).ok()?;
            let unsigned = unverified.unsigned().clone();
            let seq = unsigned.fields().seq;
            chain.push(unsigned);
            packets.push(packet);
            if self.opener.is_signed(author, &id, unverified.signature()) {
                packets.reverse();
                return Some((SignedChain::new(chain, *unverified.signature()), packets));
            }
            if chain.len() == 1 && !self.leads_to_signature(author, seq, &id) {
                return None;
            }
            id = self.voucher_of(author, seq, &id)?;
            packet = self.packet_of(&id)?.clone();
        }
        None
    }

    /// Whether a message after this one in its line is signed itself. Nothing is opened for it that was opened before.
    fn leads_to_signature(&mut self, author: usize, seq: u32, id: &MessageId) -> bool {
        let (mut seq, mut last) = (seq, *id);
        for _ in 1..MAX_LINKS {
            let Some(next) = self.voucher_of(author, seq, &last) else {
                return false;
            };
            if self.is_signed_itself(author, &next) {
                return true;
            }
            (seq, last) = (seq.saturating_add(1), next);
        }
        false
    }

    /// Whether something that another member says comes after this message, or what is delivered rests on its signature: it
    /// has to be delivered, whoever wrote it.
    pub(super) fn is_demanded(&self, author: usize, held: &Held) -> bool {
        self.vouches(held) || self.is_named(&held.id) && self.demanded().is_for(author, &held.id)
    }

    /// Whether anything at all names a message that is not here: of most that are refused nobody has heard, and they come
    /// again and again.
    fn is_named(&self, id: &MessageId) -> bool {
        let mut said = self.peers.iter().filter_map(|peer| peer.waiting.as_ref());
        let mut held = self.holdback.iter();
        matches!(&self.gate, Gate::Cut(ids) if ids.contains(id))
            || said.any(|said| said.frontier.contains(id))
            || held.any(|(_, held)| held.content.ancestors().any(|named| named == *id))
    }

    /// Whether this is what vouches for a message that is delivered, and nothing delivered does.
    pub(super) fn vouches(&self, held: &Held) -> bool {
        let before = self.graph.get(&held.content.prev);
        before.is_some_and(|before| !before.is_shown())
    }

    /// What the messages of others that wait, their statements and the cut name, and what that comes after.
    pub(super) fn demanded(&self) -> Demand {
        let mut demand = Demand::default();
        for (member, peer) in self.peers.iter().enumerate() {
            let named = peer.waiting.iter().flat_map(|said| &said.frontier);
            named.for_each(|id| demand.name(*id, member));
            let is_ahead = |said: &&Statement| said.names_by_lock() && !self.has_all_of(said);
            if peer.waiting.as_ref().filter(is_ahead).is_some() {
                // It names more than is delivered, so whatever waits for want of room may be of it.
                let waiting = self.holdback.iter();
                let waiting = waiting.filter(|(author, _)| self.unfinal.is_crowded(*author));
                waiting.for_each(|(_, held)| demand.name(held.id, member));
            }
        }
        if let Gate::Cut(ids) = &self.gate {
            ids.iter().for_each(|id| demand.require(*id));
        }
        let mut unnamed: BTreeMap<_, _> = BTreeMap::new();
        for (author, held) in self.holdback.iter() {
            if self.is_exposed(author) || self.unfinal.is_crowded(author) {
                if self.vouches(held) {
                    demand.require(held.id);
                }
                unnamed.insert(held.id, (author, held));
            } else {
                for id in held.content.ancestors() {
                    demand.name(id, author);
                }
            }
        }
        let mut named: Vec<&Held> = Vec::new();
        unnamed.retain(|id, (author, held)| {
            let is_named = demand.is_for(*author, id);
            if is_named {
                named.push(held);
            }
            !is_named
        });
        // Each is looked at once: from what is named down to what that comes after.
        while let Some(held) = named.pop() {
            for id in held.content.ancestors() {
                demand.require(id);
                named.extend(unnamed.remove(&id).map(|(_, held)| held));
            }
        }
        demand
    }

    /// How many lines of an author honest members may have built upon.
    pub(super) fn lines_of(&self, author: usize) -> usize {
        if self.is_exposed(author) {
            self.peers.len()
        } else {
            1
        }
    }
}
