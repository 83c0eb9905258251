//! Opening: decrypt, then verify; then deliver in causal order. `docs/spec/05-wire.md`, "Receiving".
//!
//! Every member holds the message keys of all, so a packet that opens is from *some* member. It counts when the author's
//! signature verifies, and leaves no trace before: no key is used up, nothing is held, nobody is blamed.

use mpotr_crypto::CryptoSuite;

use super::holdback::Held;
use super::order::Key;
use super::{Effect, Epoch};
use crate::error::Rejection;
use crate::wire::{
    Content, ContentKind, Header, MessageId, Packet, Presence, SealedPacket, Statement, Stream,
    Unverified,
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
        let peer = self.peers.get_mut(sender).ok_or(Rejection::UnknownSender)?;
        let key = peer
            .streams
            .content
            .key::<S>(header.seq)
            .inspect_err(|rejection| {
                // Sealed by a member, and for a place that is taken: as a rule, sent again for want of an answer.
                if *rejection == Rejection::Replayed {
                    self.effects.push_back(Effect::Asked);
                }
            })?;
        let text = packet
            .open_content::<S>(header, key)
            .map_err(|_opaque| Rejection::NotAuthentic)?;
        let unverified = Unverified::<Content>::decode(&text)?;
        if unverified.unsigned().fields().seq != header.seq {
            return Err(Rejection::NotAuthentic);
        }
        let id = unverified.unsigned().id::<S>(&self.id, header.sender);
        let content = peer
            .key
            .get()
            .and_then(|key| unverified.verify(key, &id.signed::<S>(&self.id)).ok())
            .ok_or(Rejection::NotAuthentic)?
            .into_fields();
        if peer.fin {
            return Err(Rejection::Inconsistent);
        }
        // The one that the others wait for always finds room.
        if header.seq != peer.delivered && !self.holdback.has_room(sender) {
            // The key stays: the message may come again when there is room.
            return Err(Rejection::Quota);
        }
        peer.streams.content.erase(header.seq);
        self.archive
            .insert(id, Packet::Sealed(packet.clone()).to_bytes());
        self.holdback.insert(sender, Held { id, content });
        self.deliver_ready();
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
            .get()
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
            if let Some(sid) = statement.next.as_ref().and_then(|next| next.frozen) {
                peer.frozen = Some((sid, statement.frontier.clone()));
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
        loop {
            let Self { graph, gate, .. } = self;
            let ready = self.holdback.take_ready(|held| {
                gate.admits(&held.id)
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
                self.holdback.forget(author);
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
        self.order.insert(key);
        self.unstable.insert(index);
        self.unstated = self.unstated.saturating_add(1);
        self.cover(self.me, &[id]);
        self.cover(author, &[id]);
        self.note_lock(author, content.lock);
        if let Some(peer) = self.peers.get_mut(author) {
            peer.delivered = peer.delivered.saturating_add(1);
            peer.heads = vec![id];
        }
        match content.kind {
            ContentKind::Text => self.effects.push_back(Effect::Delivered {
                id,
                author,
                seq: content.seq,
                body: content.body,
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
        self.holdback.forget(member);
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
