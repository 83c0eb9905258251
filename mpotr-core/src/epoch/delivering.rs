//! Delivering in causal order, and what each member has seen. `docs/spec/05-wire.md`, "Receiving".

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;

use super::holdback::Held;
use super::order::Key;
use super::{Effect, Epoch, Peer};
use crate::wire::{Content, ContentKind, MessageId, Presence, Statement};

impl<S: CryptoSuite> Epoch<S> {
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
            let Some((author, Held { id, content, .. })) = ready else {
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
        self.record_content(super::sending::wire_index(author), &id);
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
    pub(super) fn apply_waiting(&mut self) {
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
