//! The cut of a run, held and not shown. `docs/spec/05-wire.md`, "Cut".
//!
//! ```text
//! named   = what the frontiers of those who take part name, and all before it that is not delivered
//! missing = named, and not at hand
//! held    = nothing is missing, and each that is named may be delivered after those before it, no matter who looks at it
//! ```
//!
//! What is named stays, whatever else comes or goes, so that a cut that was held once can be delivered as it is. Whether it can
//! depends on the messages alone, and on nothing that one member has heard and another has not.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::delivery::Delivery;
use super::holdback::Held;
use super::opener::Opener;
use super::order::Key;
use super::unfinal::{Need, Unfinal};
use super::vouching::Warrant;
use crate::wire::MessageId;

/// Which messages are delivered.
#[derive(Debug)]
pub(super) enum Gate {
    /// All.
    Open,
    /// None: this member has contributed, and the cut is not known; or it has confirmed.
    Frozen,
    /// None, and those of the cut are held, as far as they are known by name.
    Cut(Named),
}

/// What a cut names that is not delivered.
#[derive(Debug)]
pub(super) struct Named {
    /// The frontiers of those who take part.
    frontiers: BTreeSet<MessageId>,
    ids: BTreeSet<MessageId>,
    /// Those that are not at hand.
    missing: BTreeSet<MessageId>,
    /// Those that are at hand, and for which there is no room.
    crowded: BTreeSet<MessageId>,
    /// What is not final, with all that is held.
    plan: Unfinal,
}

impl Gate {
    pub(super) const fn is_cut(&self) -> bool {
        matches!(self, Self::Cut(_))
    }

    /// Whether the cut names a message that is not delivered.
    pub(super) fn names(&self, id: &MessageId) -> bool {
        matches!(self, Self::Cut(named) if named.ids.contains(id))
    }

    /// What the cut names that is not delivered.
    pub(super) fn named(&self) -> impl Iterator<Item = &MessageId> {
        let named = match self {
            Self::Cut(named) => Some(named),
            Self::Open | Self::Frozen => None,
        };
        named.into_iter().flat_map(|named| &named.ids)
    }

    /// What the cut names that is not at hand.
    pub(super) fn missing(&self) -> impl Iterator<Item = MessageId> {
        let named = match self {
            Self::Cut(named) => Some(named),
            Self::Open | Self::Frozen => None,
        };
        named
            .into_iter()
            .flat_map(|named| named.missing.iter().copied())
    }

    /// There was no room for a message.
    pub(super) fn note_dropped(&mut self, id: &MessageId) {
        if let Self::Cut(named) = self
            && named.crowded.remove(id)
        {
            named.missing.insert(*id);
        }
    }
}

/// A message that is held, its depth in the graph, and who wrote it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) key: Key,
    pub(super) author: MemberIndex,
    pub(super) seq: u32,
}

impl Delivery {
    /// The cut is what these name. What it names and is at hand stays.
    pub(super) fn open_cut(&mut self, frontiers: BTreeSet<MessageId>) {
        if let Gate::Cut(named) = &self.gate
            && named.frontiers == frontiers
        {
            self.name_crowded();
            return;
        }
        let mut plan = self.unfinal.clone();
        for (author, held) in self.holdback.pinned() {
            plan.add(author, held.packet.length());
        }
        self.gate = Gate::Cut(Named {
            frontiers: frontiers.clone(),
            ids: BTreeSet::new(),
            missing: BTreeSet::new(),
            crowded: BTreeSet::new(),
            plan,
        });
        self.name(frontiers.into_iter().collect());
    }

    /// There may be room by now for what had none.
    fn name_crowded(&mut self) {
        if let Gate::Cut(named) = &mut self.gate {
            let crowded = std::mem::take(&mut named.crowded);
            named.ids.retain(|id| !crowded.contains(id));
            self.name(crowded.into_iter().collect());
        }
    }

    /// A message is at hand, and waits: if the cut names it, it stays, and the cut names what it comes after.
    pub(super) fn note_held(&mut self, id: &MessageId) {
        if let Gate::Cut(named) = &mut self.gate
            && named.missing.remove(id)
        {
            named.ids.remove(id);
            self.name(vec![*id]);
        }
    }

    /// The cut names these and, as far as they are at hand, all before them.
    fn name(&mut self, mut ids: Vec<MessageId>) {
        // Each is looked at once: a line is as long as an insider likes.
        while let Some(id) = ids.pop() {
            let lines_of = |author| self.lines_of(author);
            let held = self.holdback.get(&id);
            let held = held.map(|(author, held)| (author, lines_of(author), held));
            let Gate::Cut(named) = &mut self.gate else {
                return;
            };
            if self.graph.contains(&id) || !named.ids.insert(id) {
                continue;
            }
            let Some((author, lines, held)) = held else {
                named.missing.insert(id);
                continue;
            };
            ids.extend(held.content.ancestors());
            let bytes = held.packet.length();
            if self.holdback.is_pinned(&id) {
                continue;
            }
            if named.plan.need(author, bytes, lines) == Need::Never {
                named.crowded.insert(id);
            } else {
                named.plan.add(author, bytes);
                self.holdback.pin(&id);
            }
        }
    }

    /// Whether all that the cut names is at hand.
    pub(super) fn has_named(&self) -> bool {
        matches!(&self.gate, Gate::Cut(named) if named.missing.is_empty() && named.crowded.is_empty())
    }

    /// The messages that these lead to and that are held, by key. `None` if one is not at hand, or can be delivered nowhere,
    /// or nothing shows that it is its author's.
    pub(super) fn held_before<S: CryptoSuite>(
        &mut self,
        frontier: impl IntoIterator<Item = MessageId>,
        opener: &mut Opener<S>,
    ) -> Option<Vec<Place>> {
        let places = self.places_before(frontier)?;
        let mut all = places.values();
        let are_shown = all.all(|place| self.is_shown_among(place, &places, opener));
        are_shown.then(|| in_order(&places))
    }

    /// Those of them that are held, by key.
    pub(super) fn order_before(
        &self,
        frontier: impl IntoIterator<Item = MessageId>,
    ) -> Option<Vec<Place>> {
        Some(in_order(&self.places_before(frontier)?))
    }

    /// What these lead to and is held: where it would be in the graph.
    fn places_before(
        &self,
        frontier: impl IntoIterator<Item = MessageId>,
    ) -> Option<BTreeMap<MessageId, Place>> {
        let mut places: BTreeMap<MessageId, Place> = BTreeMap::new();
        let mut stack: Vec<_> = frontier.into_iter().collect();
        while let Some(id) = stack.last().copied() {
            if self.graph.contains(&id) || places.contains_key(&id) {
                stack.pop();
                continue;
            }
            let (author, held) = self.holdback.get(&id)?;
            let before = stack.len();
            let unknown = held.content.ancestors();
            stack.extend(unknown.filter(|id| !self.graph.contains(id) && !places.contains_key(id)));
            if stack.len() > before {
                continue;
            }
            stack.pop();
            let place = self.place_among(&places, (author, held))?;
            places.insert(id, place);
        }
        Some(places)
    }

    /// The heads of the graph with these messages.
    pub(super) fn heads_with(&self, held: &[Place]) -> BTreeSet<MessageId> {
        let mut heads = self.graph.heads().clone();
        heads.extend(held.iter().map(|place| place.key.id));
        for place in held {
            for parent in self.parents_of(&place.key.id) {
                heads.remove(&parent);
            }
        }
        heads
    }

    /// Where a message is, delivered or one of these.
    fn find(&self, id: &MessageId, places: &BTreeMap<MessageId, Place>) -> Option<Place> {
        let delivered = self.graph.get(id).map(|node| Place {
            key: node.key,
            author: node.author,
            seq: node.seq,
        });
        delivered.or_else(|| places.get(id).copied())
    }

    /// Where a message goes, all before it being there. `None` if no member delivers it: it does not follow its author's
    /// previous one, or names more than there can be heads.
    fn place_among(
        &self,
        places: &BTreeMap<MessageId, Place>,
        (author, held): (MemberIndex, &Held),
    ) -> Option<Place> {
        let content = &held.content;
        let mut depth = 0;
        for id in content.ancestors() {
            depth = depth.max(self.find(&id, places)?.key.depth.checked_add(1)?);
        }
        let follows = match content.seq.checked_sub(1) {
            None => true,
            Some(before) => {
                let prev = self.find(content.prev.as_ref()?, places)?;
                prev.author == author && prev.seq == before
            }
        };
        let is_padded =
            content.parents.len() >= self.authors.members() && !self.are_heads(held, places);
        (follows && !is_padded).then_some(Place {
            key: Key { depth, id: held.id },
            author,
            seq: content.seq,
        })
    }

    /// Whether of what a message names none comes before another.
    fn are_heads(&self, held: &Held, places: &BTreeMap<MessageId, Place>) -> bool {
        let named: BTreeSet<_> = held.content.ancestors().collect();
        let depth = |id: &MessageId| self.find(id, places).map(|place| place.key.depth);
        let Some(lowest) = named.iter().filter_map(depth).min() else {
            return true;
        };
        let mut stack: Vec<_> = named.iter().flat_map(|id| self.parents_of(id)).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = stack.pop() {
            if named.contains(&id) {
                return false;
            }
            // Nothing that is named lies behind a message that is less deep than all of it.
            if depth(&id).is_some_and(|depth| depth > lowest) && seen.insert(id) {
                stack.extend(self.parents_of(&id));
            }
        }
        true
    }

    /// What a message at hand comes after.
    pub(super) fn parents_of(&self, id: &MessageId) -> Vec<MessageId> {
        match self.holdback.get(id) {
            Some((_, held)) => held.content.ancestors().collect(),
            None => self.graph.parents_of(id).collect(),
        }
    }

    /// Whether something shows that a message is its author's: its own signature, or a later message of its author, one of
    /// these, which vouches for it.
    fn is_shown_among<S: CryptoSuite>(
        &mut self,
        place: &Place,
        places: &BTreeMap<MessageId, Place>,
        opener: &mut Opener<S>,
    ) -> bool {
        let (author, id) = (place.author, &place.key.id);
        let Some((_, held)) = self.holdback.get(id) else {
            return false;
        };
        if held.warrant == Warrant::Own {
            return true;
        }
        let links = held.warrant.links();
        let after = place.seq.checked_add(1).into_iter();
        let mut after = after.flat_map(|after| self.holdback.at(author, after));
        let is_vouched = after.any(|after| {
            places.contains_key(&after.id)
                && after.content.prev == Some(*id)
                && after.warrant.links() < links
        });
        drop(after);
        is_vouched || self.is_signed_itself(author, id, opener)
    }
}

/// By key: each after all that it comes after.
fn in_order(places: &BTreeMap<MessageId, Place>) -> Vec<Place> {
    let mut places: Vec<_> = places.values().copied().collect();
    places.sort_unstable_by_key(|place| place.key);
    places
}
