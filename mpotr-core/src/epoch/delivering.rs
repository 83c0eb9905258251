//! Delivering in causal order, and what each member has seen. `docs/spec/05-wire.md`, "Receiving".

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mpotr_crypto::CryptoSuite;

use super::demand::Demand;
use super::graph::Position;
use super::holdback::Held;
use super::{Effect, Epoch};
use crate::wire::{Content, ContentKind, Lock, MessageId, Presence, Statement};

/// What waits of an author.
enum Found {
    /// The message of this place and id can be delivered.
    Ready(u32, MessageId),
    /// The first waits for this one.
    Blocked(MessageId),
    /// Nothing that may be delivered now.
    Nothing,
}

/// Whether a message has a place, its parents being here.
pub(super) enum Fit {
    /// It goes here.
    Here(Position),
    /// Its author has signed something else that rules it out.
    Contradicts,
    /// It has none, whatever its author has said: no member delivers it.
    Nowhere,
}

impl<S: CryptoSuite> Epoch<S> {
    /// Delivers what waits for nothing any more, and applies the statements that waited for it.
    pub(super) fn deliver_ready(&mut self) {
        if self.holdback.is_empty() {
            return;
        }
        #[cfg(test)]
        {
            let examined = &mut self.opener.examined;
            examined.looked = examined.looked.saturating_add(1);
        }
        self.expand_cut();
        let mut demanded = self.demanded_if_restricted();
        self.note_demanded(&demanded);
        let withheld = self.withheld(&demanded);
        let mut due: VecDeque<usize> = self.holdback.authors().collect();
        // Who waits for which message; and those who say two things, of whom any message may be the next.
        let mut blocked: BTreeMap<MessageId, Vec<usize>> = BTreeMap::new();
        let mut exposed: Vec<usize> = Vec::new();
        let mut delivered = false;
        while let Some(author) = due.pop_front() {
            match self.look_at(author, &demanded, &withheld) {
                Found::Nothing if self.is_exposed(author) => exposed.push(author),
                Found::Nothing => {}
                Found::Blocked(parent) => blocked.entry(parent).or_default().push(author),
                Found::Ready(place, id) => {
                    let Some(held) = self.holdback.take(author, place, id) else {
                        continue;
                    };
                    match self.fit(author, &id, &held.content) {
                        Fit::Here(position) => {
                            self.deliver(author, position, held);
                            delivered = true;
                            due.extend(blocked.remove(&id).into_iter().flatten());
                            due.append(&mut exposed.drain(..).collect());
                        }
                        Fit::Contradicts => {
                            // Others may not know what it contradicts: it counts if they build upon it.
                            self.holdback.insert(author, held);
                            self.distrust(author);
                            demanded = self.demanded();
                        }
                        // Nothing later of this author can be delivered either: each names the one before.
                        Fit::Nowhere if !self.is_exposed(author) => self.holdback.forget(author),
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

    /// Notes how far others build upon what there is no room for: all before that is demanded too, though not all of it can
    /// wait here at once to show it.
    fn note_demanded(&mut self, demanded: &Demand) {
        let Self {
            holdback, peers, ..
        } = self;
        for (author, held) in holdback.iter() {
            if let Some(peer) = peers.get_mut(author).filter(|peer| !peer.exposed)
                && demanded.is_for(author, &held.id)
            {
                peer.demanded = peer.demanded.max(held.content.seq.saturating_add(1));
            }
        }
    }

    fn demanded_if_restricted(&self) -> Demand {
        if self.is_restricted() {
            self.demanded()
        } else {
            Demand::default()
        }
    }

    /// Whether some messages are delivered only if others build upon them.
    pub(super) fn is_restricted(&self) -> bool {
        self.unfinal.is_any_crowded() || self.peers.iter().any(|peer| peer.exposed)
    }

    /// Looks for a message of an author that can be delivered: the first that waits, or any if it says two things.
    fn look_at(&self, author: usize, demanded: &Demand, withheld: &BTreeSet<MessageId>) -> Found {
        let is_exposed = self.is_exposed(author);
        for held in self.holdback.of(author) {
            let missing = held
                .content
                .ancestors()
                .find(|parent| !self.graph.contains(parent));
            let is_wanted = self.may_go(author, held, demanded) && !withheld.contains(&held.id);
            match missing {
                None if is_wanted => return Found::Ready(held.content.seq, held.id),
                Some(parent) if is_wanted && !is_exposed => return Found::Blocked(parent),
                None | Some(_) if is_exposed => {}
                None | Some(_) => return Found::Nothing,
            }
        }
        Found::Nothing
    }

    /// Whether a message that waits may be delivered when all before it is.
    pub(super) fn may_go(&self, author: usize, held: &Held, demanded: &Demand) -> bool {
        self.gate.admits(&held.id)
            && (!self.is_exposed(author) || demanded.is_for(author, &held.id))
    }

    /// Where a message goes if its parents are here and it fits what its author said before.
    pub(super) fn fit(&self, author: usize, id: &MessageId, content: &Content) -> Fit {
        let position = self.graph.position(id, content.ancestors());
        let Some((peer, position)) = self.peers.get(author).zip(position) else {
            return Fit::Nowhere;
        };
        let follows = match content.seq.checked_sub(1) {
            None => true,
            Some(before) => self
                .graph
                .last_parent(&position)
                .is_some_and(|prev| prev.author == author && prev.seq == before),
        };
        // Heads number at most one for each member, unless somebody says two things: more can only be names of one line.
        let is_padded =
            content.parents.len() >= self.peers.len() && !self.graph.are_heads(&position);
        if !follows || is_padded {
            return Fit::Nowhere;
        }
        // If it is known to be a liar, others build upon this one: all deliver it, in whatever place.
        let fits = peer.exposed
            // A member writes nothing beside what it signed to have seen: the order of the others rests on it.
            || content.seq == peer.delivered
                && self.descends(&peer.heads, content)
                && self.consensus.order.is_open(&position.key);
        if fits {
            Fit::Here(position)
        } else {
            Fit::Contradicts
        }
    }

    /// Whether a message comes after all of these.
    fn descends(&self, heads: &[MessageId], content: &Content) -> bool {
        let is_named = |head: &MessageId| content.ancestors().any(|parent| parent == *head);
        heads.iter().all(is_named) || self.graph.all_before(heads, content.ancestors())
    }

    /// Delivers a message whose parents are here.
    pub(super) fn deliver(&mut self, author: usize, position: Position, held: Held) {
        let Held {
            mut content,
            packet,
            warrant,
            ..
        } = held;
        let key = position.key;
        let id = key.id;
        let length = packet.length();
        self.unfinal.add(author, length);
        let place = (author, content.seq);
        let index = self.graph.insert(position, place, packet, warrant);
        let disputed = self.is_exposed(author);
        self.record_content(super::sending::wire_index(author), &id);
        self.consensus.insert(key, index);
        self.unstated = self.unstated.saturating_add(1);
        self.cover(self.me, [index]);
        if author != self.me {
            self.cover(author, [index]);
        }
        self.note_lock(author, content.lock);
        if let Some(peer) = self.peers.get_mut(author) {
            if peer.chain.len() == usize::try_from(content.seq).unwrap_or(usize::MAX) {
                peer.chain.push(index);
            }
            peer.delivered = peer.delivered.max(content.seq.saturating_add(1));
            peer.heads.clear();
            peer.heads.push(id);
        }
        match content.kind {
            ContentKind::Text => {
                self.unstated_texts = self.unstated_texts.saturating_add(1);
                self.unstated_bytes = self.unstated_bytes.saturating_add(length);
                self.effects.push_back(Effect::Delivered {
                    id,
                    author,
                    seq: content.seq,
                    body: std::mem::take(&mut *content.body),
                    disputed,
                });
            }
            ContentKind::Fin => {
                if let Some(peer) = self.peers.get_mut(author) {
                    peer.fin = true;
                }
                self.consensus.stop_waiting_for(&self.graph, author);
                self.effects.push_back(Effect::Fin { author });
            }
        }
    }

    /// A member, all that it has seen being here, signed this lock.
    fn note_lock(&mut self, member: usize, lock: Lock) {
        let delivered = self.graph.len();
        let effects = &mut self.effects;
        self.consensus.note_lock(member, lock, delivered, effects);
    }

    /// Applies the statements whose messages are all here, and ordered as far as a statement names them by its lock.
    pub(super) fn apply_waiting(&mut self) {
        for member in 0..self.peers.len() {
            let Some(peer) = self.peers.get_mut(member) else {
                continue;
            };
            let (graph, order) = (&self.graph, &self.consensus.order);
            let ready = peer.waiting.take_if(|statement| {
                statement.sent <= peer.delivered
                    && statement.frontier.iter().all(|id| graph.contains(id))
                    && (!statement.names_by_lock() || order.prefix(statement.lock.count).is_some())
            });
            let Some(mut statement) = ready else { continue };
            if self.is_over {
                self.note_ending(member, &statement);
                continue;
            }
            if statement.names_by_lock() {
                let Some(heads) = self.consensus.heads_of(&statement.lock, &self.graph) else {
                    // Of another order: it covers nothing, and whose it is, is told.
                    self.note_lock(member, statement.lock);
                    self.note_ending(member, &statement);
                    continue;
                };
                statement.frontier = heads;
            }
            if self.takes_nothing_back(member, &statement) {
                let graph = &self.graph;
                let frontier = statement.frontier.iter();
                let named: Vec<_> = frontier.filter_map(|id| graph.index_of(id)).collect();
                self.cover(member, named);
                self.note_lock(member, statement.lock);
                self.note_closed(member, &statement);
                self.note_ending(member, &statement);
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
        self.consensus.stop_waiting_for(&self.graph, member);
        self.holdback.forget(member);
        for (seq, sent) in &mut self.sent {
            if sent.missing.remove(member) {
                let seq = *seq;
                self.effects.push_back(Effect::Missed { seq, by: member });
                if sent.missing.is_empty() {
                    self.effects.push_back(Effect::Answered { seq });
                }
            }
        }
        self.effects.push_back(Effect::Closed { member });
        self.forget_covered();
    }

    /// Notes that a member covers messages, and reports what of this member's own is thereby covered by all.
    fn cover(&mut self, member: usize, indices: impl IntoIterator<Item = usize>) {
        let mut newly = std::mem::take(&mut self.newly);
        self.graph.cover(member, indices.into_iter(), &mut newly);
        let mut answered = false;
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
                answered = true;
                self.effects.push_back(Effect::Answered { seq: node.seq });
            }
        }
        self.consensus.settle(&self.graph, newly.iter().copied());
        self.newly = newly;
        if answered {
            self.forget_covered();
        }
    }

    /// Drops own packets that need not be sent again.
    fn forget_covered(&mut self) {
        self.sent.retain(|_, sent| !sent.missing.is_empty());
    }
}
