//! Finding out which messages others build upon. `docs/spec/05-wire.md`, "Equivocation" and "What is not final".

use std::collections::BTreeMap;

use mpotr_gka::MemberIndex;

use super::delivery::{Delivery, Exposure};
use super::demand::Demand;
use super::holdback::Held;
use crate::wire::{MessageId, Statement};

impl Delivery {
    /// Notes how far others build upon what there is no room for: all before that is demanded too, though not all of it can
    /// wait here at once to show it.
    pub(super) fn note_demanded(&mut self, demanded: &Demand) {
        let Self {
            holdback, authors, ..
        } = self;
        for (author, held) in holdback.iter() {
            if let Some(peer) = authors.get_mut(author).filter(|peer| !peer.is_exposed())
                && demanded.is_for(author, &held.id)
            {
                peer.demanded = peer.demanded.max(held.content.seq.saturating_add(1));
            }
        }
    }

    pub(super) fn demanded_if_restricted(&self) -> Demand {
        if self.is_restricted() {
            self.demanded()
        } else {
            Demand::default()
        }
    }

    /// Whether something that another member says comes after this message, or what is delivered rests on its signature: it
    /// has to be delivered, no matter who wrote it.
    pub(super) fn is_demanded(&self, author: MemberIndex, held: &Held) -> bool {
        self.vouches(held) || self.is_named(&held.id) && self.demanded().is_for(author, &held.id)
    }

    /// Whether anything at all names a message that is not here: of most that are refused nobody has heard, and they come
    /// again and again.
    pub(super) fn is_named(&self, id: &MessageId) -> bool {
        let mut said = self
            .authors
            .values()
            .filter_map(|peer| peer.waiting.as_ref());
        let mut held = self.holdback.iter();
        self.gate.names(id)
            || said.any(|said| said.frontier.contains(id))
            || held.any(|(_, held)| held.content.ancestors().any(|named| named == *id))
    }

    /// Whether this is what vouches for a message that is delivered, and nothing delivered does.
    pub(super) fn vouches(&self, held: &Held) -> bool {
        let prev = held.content.prev.as_ref();
        let before = prev.and_then(|prev| self.graph.get(prev));
        before.is_some_and(|before| !before.is_shown())
    }

    /// What the messages of others that wait, their statements and the cut name, and what that comes after.
    pub(super) fn demanded(&self) -> Demand {
        let mut demand = Demand::default();
        for (member, peer) in self.authors.iter() {
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
        self.gate.named().for_each(|id| demand.require(*id));
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
    pub(super) fn lines_of(&self, author: MemberIndex) -> usize {
        if self.is_exposed(author) {
            self.authors.members()
        } else {
            1
        }
    }

    /// From here on nothing of an author is accepted but what others build upon; whether that is new.
    pub(super) fn mark_exposed(&mut self, author: MemberIndex) -> bool {
        let Some(peer) = self
            .authors
            .get_mut(author)
            .filter(|peer| !peer.is_exposed())
        else {
            return false;
        };
        peer.exposure = Exposure::Known;
        self.forget_undemanded(author);
        true
    }

    /// Of who is exposed, nothing waits but what others build upon.
    pub(super) fn forget_undemanded(&mut self, author: MemberIndex) {
        let demanded = self.demanded();
        self.holdback
            .forget_but(author, |id| demanded.is_for(author, id));
    }
}
