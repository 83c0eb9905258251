//! Delivering in causal order, and what each member has seen. `docs/spec/05-wire.md`, "Receiving".

use std::collections::{BTreeMap, VecDeque};

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::delivery::{Delivery, Standing};
use super::fitting::{Fit, Found};
use super::graph::Position;
use super::holdback::Held;
use super::{Effect, Epoch};
use crate::wire::{ContentKind, Lock, MessageId, Presence, Statement};

impl<S: CryptoSuite> Epoch<S> {
    /// Delivers what no longer waits for anything, and applies the statements that waited for it.
    pub(super) fn deliver_ready(&mut self) {
        if self.delivery.is_frozen() || self.delivery.holdback.is_empty() {
            return;
        }
        #[cfg(test)]
        {
            let examined = &mut self.opener.examined;
            examined.looked = examined.looked.saturating_add(1);
        }
        let mut demanded = self.delivery.demanded_if_restricted();
        self.delivery.note_demanded(&demanded);
        let withheld = self.delivery.withheld(&demanded, &mut self.opener);
        let mut due: VecDeque<MemberIndex> = self.delivery.holdback.authors().collect();
        // Who waits for which message; and those who say two things, of whom any message may be the next.
        let mut blocked: BTreeMap<MessageId, Vec<MemberIndex>> = BTreeMap::new();
        let mut exposed: Vec<MemberIndex> = Vec::new();
        let mut delivered = false;
        while let Some(author) = due.pop_front() {
            match self.delivery.look_at(author, &demanded, &withheld) {
                Found::Nothing if self.is_exposed(author) => exposed.push(author),
                Found::Nothing => {}
                Found::Blocked(parent) => blocked.entry(parent).or_default().push(author),
                Found::Ready(place, id) => {
                    let Some(held) = self.delivery.holdback.take(author, place, id) else {
                        continue;
                    };
                    match self
                        .delivery
                        .fit(author, &id, &held.content, &self.consensus.order)
                    {
                        Fit::Here(position) => {
                            self.deliver(author, position, held);
                            delivered = true;
                            due.extend(blocked.remove(&id).into_iter().flatten());
                            due.append(&mut exposed.drain(..).collect());
                        }
                        Fit::Contradicts => {
                            // Others may not know what it contradicts: it counts if they build upon it.
                            self.delivery.holdback.insert(author, held);
                            self.delivery.distrust(author, &mut self.effects);
                            demanded = self.delivery.demanded();
                        }
                        // Nothing later of this author can be delivered either: each names the one before.
                        Fit::Nowhere if !self.is_exposed(author) => {
                            self.delivery.holdback.forget(author)
                        }
                        Fit::Nowhere => {}
                    }
                    due.push_back(author);
                }
            }
        }
        if delivered {
            self.apply_waiting();
        }
    }

    /// Delivers a message whose parents are here.
    pub(super) fn deliver(&mut self, author: MemberIndex, position: Position, held: Held) {
        let Held {
            mut content,
            packet,
            warrant,
            ..
        } = held;
        let key = position.key;
        let id = key.id;
        let length = packet.length();
        self.delivery.unfinal.add(author, length);
        let place = (author, content.seq);
        let index = self.delivery.graph.insert(position, place, packet, warrant);
        let disputed = self.is_exposed(author);
        self.record_content(author.get(), &id);
        self.consensus.insert(key, index);
        self.receipts.owe();
        self.cover(self.me, [index]);
        if author != self.me {
            self.cover(author, [index]);
        }
        self.note_lock(author, content.lock);
        if let Some(peer) = self.delivery.authors.get_mut(author) {
            if peer.chain.len() == usize::try_from(content.seq).unwrap_or(usize::MAX) {
                peer.chain.push(index);
            }
            peer.delivered = peer.delivered.max(content.seq.saturating_add(1));
            peer.heads.clear();
            peer.heads.push(id);
        }
        self.note_fetched(author, length);
        match content.kind {
            ContentKind::Text => {
                self.receipts.owe_text(length);
                self.effects.push_back(Effect::Delivered {
                    id,
                    author,
                    seq: content.seq,
                    body: std::mem::take(&mut *content.body),
                    disputed,
                });
            }
            ContentKind::Trust => self.effects.push_back(Effect::Trust {
                id,
                author,
                body: std::mem::take(&mut *content.body),
                disputed,
            }),
            ContentKind::Fin => {
                if let Some(peer) = self.delivery.authors.get_mut(author) {
                    peer.finish();
                }
                self.consensus
                    .stop_waiting_for(&self.delivery.graph, author);
                self.effects.push_back(Effect::Fin { author });
            }
        }
    }

    /// A member, all that it has seen being here, signed this lock.
    fn note_lock(&mut self, member: MemberIndex, lock: Lock) {
        let delivered = self.delivery.graph.len();
        let effects = &mut self.effects;
        self.consensus.note_lock(member, lock, delivered, effects);
    }

    /// The prefixes that follow the order here, if a statement that waits names messages by such a one.
    fn foreseen(&self) -> Vec<Lock> {
        let order = &self.consensus.order;
        let mut waiting = self.delivery.authors.iter().flat_map(|(_, it)| &it.waiting);
        let is_ahead = |statement: &Statement| {
            statement.names_by_lock()
                && order.prefix(statement.lock.count).is_none()
                && self.delivery.has_all_of(statement)
        };
        if waiting.any(is_ahead) {
            order.foreseen::<S>()
        } else {
            Vec::new()
        }
    }

    /// Applies the statements whose messages are all here, in the order in which a statement names them by its lock.
    pub(super) fn apply_waiting(&mut self) {
        let foreseen = self.foreseen();
        for member in self.peers.indices() {
            let Delivery { authors, graph, .. } = &mut *self.delivery;
            let Some(peer) = authors.get_mut(member) else {
                continue;
            };
            let order = &self.consensus.order;
            let ready = peer.waiting.take_if(|statement| {
                statement.sent <= peer.delivered
                    && statement.frontier.iter().all(|id| graph.contains(id))
                    && (!statement.names_by_lock()
                        || order.prefix(statement.lock.count).is_some()
                        || foreseen.contains(&statement.lock))
            });
            let Some(mut statement) = ready else { continue };
            if self.is_over {
                self.note_ending(member, &statement);
                continue;
            }
            if statement.names_by_lock() {
                let graph = &self.delivery.graph;
                let heads = self.consensus.heads_of(&statement.lock, &foreseen, graph);
                let Some(heads) = heads else {
                    // Of another order: it covers nothing, and whose it is, is told.
                    self.note_lock(member, statement.lock);
                    self.note_ending(member, &statement);
                    continue;
                };
                statement.frontier = heads;
            }
            if self.delivery.takes_nothing_back(member, &statement) {
                let graph = &self.delivery.graph;
                let frontier = statement.frontier.iter();
                let named: Vec<_> = frontier.filter_map(|id| graph.index_of(id)).collect();
                self.cover(member, named);
                self.note_lock(member, statement.lock);
                self.note_closed(member, &statement);
                self.note_ending(member, &statement);
            }
        }
    }

    fn note_closed(&mut self, member: MemberIndex, statement: &Statement) {
        let Some(peer) = self
            .delivery
            .authors
            .get_mut(member)
            .filter(|_| statement.presence == Presence::Closed)
        else {
            return;
        };
        peer.standing = Standing::Closed;
        self.consensus
            .stop_waiting_for(&self.delivery.graph, member);
        self.delivery.holdback.forget(member);
        for (seq, is_answered) in self.receipts.miss(member) {
            self.effects.push_back(Effect::Missed { seq, by: member });
            if is_answered {
                self.effects.push_back(Effect::Answered { seq });
            }
        }
        self.effects.push_back(Effect::Closed { member });
    }

    /// Notes that a member covers messages, and reports what of this member's own is thereby covered by all.
    fn cover(&mut self, member: MemberIndex, indices: impl IntoIterator<Item = usize>) {
        let mut newly = std::mem::take(&mut self.newly);
        self.delivery
            .graph
            .cover(member, indices.into_iter(), &mut newly);
        for index in &newly {
            let Some(node) = self
                .delivery
                .graph
                .node(*index)
                .filter(|node| node.author == self.me)
            else {
                continue;
            };
            if self.receipts.cover(node.seq, member) {
                self.effects.push_back(Effect::Answered { seq: node.seq });
            }
        }
        self.consensus
            .settle(&self.delivery.graph, newly.iter().copied());
        if member != self.me {
            self.note_caught_up(member, &newly);
        }
        self.newly = newly;
    }
}
