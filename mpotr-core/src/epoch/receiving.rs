//! Opening: decrypt, then verify; then deliver in causal order. `docs/spec/05-wire.md`, "Receiving".
//!
//! Every member holds the message keys of all, so a packet that opens is from *some* member. It counts when the author's
//! signature verifies, or when a later message of the author that is authentic names it as its previous one, and leaves no
//! trace before: no key is used up, nothing is held, nobody is blamed.

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;

use super::changing::Frozen;
use super::holdback::Held;
use super::order::Key;
use super::{Effect, Epoch, Peer};
use crate::error::Rejection;
use crate::wire::{
    Content, ContentKind, Header, MessageId, Packet, Presence, SealedPacket, Statement, Stream,
    Unsigned, Unverified,
};

impl<S: CryptoSuite> Epoch<S> {
    /// Opens a packet of this epoch and returns its sender.
    ///
    /// # Errors
    /// Why it changed nothing.
    pub(crate) fn open(&mut self, packet: &SealedPacket) -> Result<usize, Rejection> {
        let header = packet
            .open_header::<S>(&self.keys.header)
            .map_err(|_opaque| Rejection::NotAuthentic)?;
        let sender = usize::from(header.sender);
        if sender == self.me {
            return Err(Rejection::Replayed);
        }
        let peer = self.peers.get(sender).ok_or(Rejection::UnknownSender)?;
        if peer.closed {
            return Err(Rejection::Inconsistent);
        }
        match header.stream {
            Stream::Content => self.open_content(sender, header, packet),
            Stream::Statement => self.open_statement(sender, header, packet),
        }?;
        self.advance();
        Ok(sender)
    }

    fn open_content(
        &mut self,
        sender: usize,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<(), Rejection> {
        let unverified = self
            .decrypt(sender, header, packet)
            .inspect_err(|rejection| {
                // Sealed by a member, and for a place that is final: as a rule, sent again for want of an answer.
                if *rejection == Rejection::Replayed {
                    self.effects.push_back(Effect::Asked);
                }
            })?;
        let id = unverified.unsigned().id::<S>(&self.id, header.sender);
        if self.is_at_hand(sender, header.seq, &id) {
            self.effects.push_back(Effect::Asked);
            return Err(Rejection::Replayed);
        }
        let content = if self.is_vouched_for(sender, header.seq, &id) {
            unverified.into_unsigned()
        } else {
            self.verify(sender, &id, unverified)?
        };
        let packet = Packet::Sealed(packet.clone()).to_bytes();
        self.accept(sender, id, content.into_fields(), packet)?;
        self.deliver_ready();
        Ok(())
    }

    /// Opens a content packet and reads it. Whose it is nobody knows yet.
    pub(super) fn decrypt(
        &mut self,
        sender: usize,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<Unverified<Content>, Rejection> {
        let peer = self.peers.get_mut(sender).ok_or(Rejection::UnknownSender)?;
        let key = peer.streams.content.key::<S>(header.seq)?;
        let text = packet
            .open_content::<S>(header, key)
            .map_err(|_opaque| Rejection::NotAuthentic)?;
        let unverified = Unverified::<Content>::decode(&text)?;
        if unverified.unsigned().fields().seq == header.seq {
            Ok(unverified)
        } else {
            Err(Rejection::NotAuthentic)
        }
    }

    /// Whether a message is delivered, or waits.
    fn is_at_hand(&self, author: usize, seq: u32, id: &MessageId) -> bool {
        self.graph.contains(id) || self.holdback.at(author, seq).any(|held| held.id == *id)
    }

    /// Whether a message that its author signed names this one as its previous.
    fn is_vouched_for(&self, author: usize, seq: u32, id: &MessageId) -> bool {
        seq.checked_add(1).is_some_and(|after| {
            self.holdback
                .at(author, after)
                .any(|held| held.content.prev == *id)
        })
    }

    /// Checks an author's own signature.
    fn verify(
        &self,
        author: usize,
        id: &MessageId,
        unverified: Unverified<Content>,
    ) -> Result<Unsigned<Content>, Rejection> {
        self.peers
            .get(author)
            .and_then(|peer| peer.key.as_ref())
            .and_then(|key| unverified.verify(key, &id.signed::<S>(&self.id)).ok())
            .ok_or(Rejection::NotAuthentic)
    }

    /// Takes an authentic message: it waits to be delivered.
    fn accept(
        &mut self,
        author: usize,
        id: MessageId,
        content: Content,
        packet: Vec<u8>,
    ) -> Result<(), Rejection> {
        let seq = content.seq;
        let peer = self.peers.get(author).ok_or(Rejection::UnknownSender)?;
        if peer.fin && seq >= peer.delivered {
            return Err(Rejection::Inconsistent);
        }
        // The one that the others wait for always finds room.
        let is_next = seq == peer.delivered;
        if !is_next && !self.holdback.has_room(author, seq) {
            // The key stays: the message may come again when there is room.
            return Err(Rejection::Quota);
        }
        if self.is_exposed(author) {
            if !self.is_demanded(&id) {
                return Err(Rejection::Disputed);
            }
            self.archive.insert(id, packet);
        } else {
            self.archive.insert(id, packet);
            if let Some(known) = self.contradicted(author, &id, &content) {
                self.expose(author, &known, &id);
                if !self.is_exposed(author) {
                    // Another member stripped a signature off: which of the two the author said cannot be shown.
                    self.archive.remove(&id);
                    return Err(Rejection::Inconsistent);
                }
                if !self.is_demanded(&id) {
                    return Ok(());
                }
            }
        }
        if let Some(peer) = self.peers.get_mut(author) {
            peer.streams.content.spend(seq);
        }
        let Some(newest) = self.holdback.insert(author, Held { id, content }, is_next) else {
            return Ok(());
        };
        self.archive.remove(&newest.id);
        if newest.id == id {
            return Err(Rejection::Quota);
        }
        Ok(())
    }

    fn open_statement(
        &mut self,
        sender: usize,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<(), Rejection> {
        let peer = self.peers.get_mut(sender).ok_or(Rejection::UnknownSender)?;
        let key = peer.streams.statements.key::<S>(header.seq)?;
        let text = packet
            .open_content::<S>(header, key)
            .map_err(|_opaque| Rejection::NotAuthentic)?;
        let unverified = Unverified::<Statement>::decode(&text)?;
        let signed = unverified
            .unsigned()
            .signed::<S>(&self.id, header.sender, header.seq);
        let statement = peer
            .key
            .as_ref()
            .and_then(|key| unverified.verify(key, &signed).ok())
            .ok_or(Rejection::NotAuthentic)?
            .into_fields();
        // The newest replaces the older.
        peer.streams.statements.erase_through(header.seq);
        if statement.presence == Presence::Asking {
            self.effects.push_back(Effect::Asked);
        }
        for id in &statement.wanted {
            if let Some(packet) = self.archive.get(id) {
                self.effects.push_back(Effect::Missing {
                    packet: packet.clone(),
                });
            }
        }
        if statement.next != peer.next {
            if let Some((run, lock)) = statement.next.as_ref().and_then(|next| next.frozen) {
                peer.frozen = Some(Frozen {
                    run,
                    frontier: statement.frontier.clone(),
                    lock,
                });
            }
            peer.next.clone_from(&statement.next);
            self.effects.push_back(Effect::Next { member: sender });
        }
        peer.waiting = Some(statement);
        self.apply_waiting();
        Ok(())
    }

    /// Delivers what waits for nothing any more, and applies the statements that waited for it.
    pub(super) fn deliver_ready(&mut self) {
        let mut delivered = false;
        self.expand_cut();
        let demanded = if self.peers.iter().any(|peer| peer.exposed) {
            self.demanded()
        } else {
            BTreeSet::new()
        };
        loop {
            let Self {
                graph, gate, peers, ..
            } = self;
            let is_exposed = |author| peers.get(author).is_some_and(|peer: &Peer<S>| peer.exposed);
            let ready = self.holdback.take_ready(is_exposed, |author, held: &Held| {
                gate.admits(&held.id)
                    && (!is_exposed(author) || demanded.contains(&held.id))
                    && held
                        .content
                        .ancestors()
                        .all(|parent| graph.contains(&parent))
            });
            let Some((author, Held { id, content })) = ready else {
                break;
            };
            if self.is_consistent(author, &id, &content) {
                self.deliver(author, id, content);
                delivered = true;
            } else {
                // What this author says contradicts what it said. Nothing later of it can be delivered: each names the
                // one before.
                self.archive.remove(&id);
                for id in self.holdback.forget(author) {
                    self.archive.remove(&id);
                }
            }
        }
        if delivered {
            self.apply_waiting();
        }
    }

    /// Whether a message fits what its author said before, its parents being here.
    fn is_consistent(&self, author: usize, id: &MessageId, content: &Content) -> bool {
        let Some(peer) = self.peers.get(author) else {
            return false;
        };
        let follows = match content.seq.checked_sub(1) {
            None => true,
            Some(before) => self
                .graph
                .get(&content.prev)
                .is_some_and(|prev| prev.author == author && prev.seq == before),
        };
        if peer.exposed {
            // It is known to be a liar. Others build upon this one, so all deliver it, in whatever place.
            return follows;
        }
        // A member writes nothing beside what it signed to have seen: the order of the others rests on it.
        let descends = self.graph.all_before(&peer.heads, content.ancestors());
        let key = self.key(id, content);
        follows
            && descends
            && !peer.fin
            && content.seq == peer.delivered
            && key.is_some_and(|key| self.order.is_open(&key))
    }

    fn key(&self, id: &MessageId, content: &Content) -> Option<Key> {
        Some(Key {
            depth: self.graph.depth(content.ancestors())?,
            id: *id,
        })
    }

    /// Delivers a message whose parents are here.
    pub(super) fn deliver(&mut self, author: usize, id: MessageId, content: Content) {
        let Some(key) = self.key(&id, &content) else {
            return;
        };
        let index = self
            .graph
            .insert(key, (author, content.seq), content.ancestors());
        let disputed = self.is_exposed(author);
        self.order.insert(key);
        self.unstable.insert(index);
        self.unstated = self.unstated.saturating_add(1);
        self.cover(self.me, &[id]);
        self.cover(author, &[id]);
        self.note_lock(author, content.lock);
        if let Some(peer) = self.peers.get_mut(author) {
            if peer.chain.len() == usize::try_from(content.seq).unwrap_or(usize::MAX) {
                peer.chain.push(index);
            }
            peer.delivered = peer.delivered.max(content.seq.saturating_add(1));
            peer.heads = vec![id];
        }
        match content.kind {
            ContentKind::Text => self.effects.push_back(Effect::Delivered {
                id,
                author,
                seq: content.seq,
                body: content.body,
                disputed,
            }),
            ContentKind::Fin => {
                if let Some(peer) = self.peers.get_mut(author) {
                    peer.fin = true;
                }
                self.stop_waiting_for(author);
                self.effects.push_back(Effect::Fin { author });
            }
        }
    }

    /// Applies the statements whose messages are all here.
    fn apply_waiting(&mut self) {
        for member in 0..self.peers.len() {
            let Some(peer) = self.peers.get_mut(member) else {
                continue;
            };
            let graph = &self.graph;
            let ready = peer.waiting.take_if(|statement| {
                statement.sent <= peer.delivered
                    && statement.frontier.iter().all(|id| graph.contains(id))
            });
            let Some(statement) = ready else { continue };
            if self.takes_nothing_back(member, &statement) {
                self.cover(member, &statement.frontier);
                self.note_lock(member, statement.lock);
                self.note_closed(member, &statement);
            }
        }
    }

    /// Whether a statement, all of whose messages are here, names no less than its author signed to have seen before;
    /// or, if it is older than the author's last message, no more.
    fn takes_nothing_back(&mut self, member: usize, statement: &Statement) -> bool {
        let Some(peer) = self.peers.get_mut(member) else {
            return false;
        };
        if statement.sent < peer.delivered {
            let covers = |id| {
                self.graph
                    .get(id)
                    .is_some_and(|node| node.covered.contains(member))
            };
            return statement.frontier.iter().all(covers);
        }
        let descends = self
            .graph
            .all_before(&peer.heads, statement.frontier.iter().copied());
        if descends {
            peer.heads.clone_from(&statement.frontier);
        }
        descends
    }

    fn note_closed(&mut self, member: usize, statement: &Statement) {
        let Some(peer) = self
            .peers
            .get_mut(member)
            .filter(|_| statement.presence == Presence::Closed)
        else {
            return;
        };
        peer.closed = true;
        self.stop_waiting_for(member);
        for id in self.holdback.forget(member) {
            self.archive.remove(&id);
        }
        for (seq, sent) in &mut self.sent {
            if sent.missing.remove(member) {
                self.effects.push_back(Effect::Missed {
                    seq: *seq,
                    by: member,
                });
            }
        }
        self.effects.push_back(Effect::Closed { member });
        self.forget_covered();
    }

    /// Notes that a member covers messages, and reports what of this member's own is thereby covered by all.
    fn cover(&mut self, member: usize, ids: &[MessageId]) {
        let newly = self.graph.cover(member, ids.iter());
        for index in &newly {
            let Some(node) = self
                .graph
                .node(*index)
                .filter(|node| node.author == self.me)
            else {
                continue;
            };
            let Some(sent) = self.sent.get_mut(&node.seq) else {
                continue;
            };
            if sent.missing.remove(member) && sent.missing.is_empty() {
                self.effects
                    .push_back(Effect::Acknowledged { seq: node.seq });
            }
        }
        self.settle(newly);
        self.forget_covered();
    }

    /// Drops own packets that need not be sent again.
    fn forget_covered(&mut self) {
        self.sent.retain(|_, sent| !sent.missing.is_empty());
    }
}
