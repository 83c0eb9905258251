//! What members bring into a cut and do not serve. `docs/spec/05-wire.md`, "Cut".

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{MemberIndex, Sid};

use super::delivery::Delivery;
use super::opener::Opener;
use crate::wire::MessageId;

/// So many statements must have asked for a message by name before it counts as not served.
const ENOUGH: u32 = 3;

/// The most messages of which it is counted how often they were asked for.
const MAX_COUNTED: usize = 4096;

/// What a member brings into a cut: the messages on which nothing is built that it holds.
pub(crate) type Brought = (MemberIndex, Vec<MessageId>);

/// How often messages of the cut were asked for by name since this member froze.
#[derive(Debug, Default)]
pub(super) struct Asked(BTreeMap<MessageId, u32>);

impl Asked {
    /// These were asked for once more.
    pub(super) fn note<'a>(&mut self, wanted: impl IntoIterator<Item = &'a MessageId>) {
        for id in wanted {
            if self.0.len() < MAX_COUNTED || self.0.contains_key(id) {
                let times = self.0.entry(*id).or_insert(0);
                *times = times.saturating_add(1);
            }
        }
    }

    /// This one has come, and there was no room for it: that is not the fault of who sent it.
    pub(super) fn forget(&mut self, id: &MessageId) {
        self.0.remove(id);
    }

    /// Whether this one was asked for.
    pub(super) fn knows(&self, id: &MessageId) -> bool {
        self.0.contains_key(id)
    }

    /// This member freezes: from here on it counts.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn is_enough(&self, id: &MessageId) -> bool {
        self.0.get(id).is_some_and(|times| *times >= ENOUGH)
    }
}

impl Delivery {
    /// What the others bring into the cut of a full run. `None` if not all who take part have said so.
    pub(super) fn brought_into(
        &self,
        run: Sid,
        continuing: &[MemberIndex],
    ) -> Option<Vec<Brought>> {
        let others = continuing.iter().filter(|member| **member != self.me);
        let brought = others.map(|member| {
            let frozen = self.authors.get(*member)?.frozen.as_ref();
            let frozen = frozen.filter(|frozen| frozen.run == run)?;
            Some((*member, frozen.frontier.clone()))
        });
        brought.collect()
    }

    /// The members of these that brought into the cut what is not here, although it was asked for, or what cannot be delivered.
    pub(super) fn unserved<S: CryptoSuite>(
        &mut self,
        brought: Vec<Brought>,
        opener: &mut Opener<S>,
    ) -> BTreeSet<MemberIndex> {
        if !self.gate.is_cut() {
            return BTreeSet::new();
        }
        let mut reporters = brought;
        reporters.retain(|(_, frontier)| !self.serves(frontier, opener));
        reporters.into_iter().map(|(member, _)| member).collect()
    }

    /// Whether all that these name is here, or may yet come since it was hardly asked for.
    fn serves<S: CryptoSuite>(&mut self, frontier: &[MessageId], opener: &mut Opener<S>) -> bool {
        let mut stack: Vec<_> = frontier.to_vec();
        let mut seen = BTreeSet::new();
        let mut missing = false;
        while let Some(id) = stack.pop() {
            if self.graph.contains(&id) || !seen.insert(id) {
                continue;
            }
            match self.holdback.get(&id) {
                Some((_, held)) => stack.extend(held.content.ancestors()),
                None if self.asked.is_enough(&id) => return false,
                None => {
                    missing = true;
                    // What came and found no room comes after what waits of its author: that must be served.
                    let author = self.holdback.dropped_of(&id).into_iter();
                    let waits = author.flat_map(|author| self.holdback.of(author));
                    stack.extend(waits.map(|held| held.id));
                }
            }
        }
        // All is here, and may be such that no member delivers it, or that nothing shows it.
        missing || self.held_before(frontier.iter().copied(), opener).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, ENOUGH, MAX_COUNTED};
    use crate::wire::MessageId;

    fn id(number: usize) -> MessageId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        MessageId::new(id)
    }

    #[test]
    fn of_what_is_asked_for_so_much_is_counted_and_that_goes_on_to_be() {
        let mut asked = Asked::default();
        let all: Vec<_> = (0..MAX_COUNTED + 100).map(id).collect();
        for _ in 0..ENOUGH {
            asked.note(&all);
        }
        assert_eq!(asked.0.len(), MAX_COUNTED);
        assert!(asked.is_enough(&id(0)) && asked.is_enough(&id(MAX_COUNTED - 1)));
        assert!(!asked.knows(&id(MAX_COUNTED)));
        // A place that becomes free is one for another.
        asked.forget(&id(0));
        asked.note([&id(MAX_COUNTED)]);
        assert!(asked.knows(&id(MAX_COUNTED)) && !asked.knows(&id(0)));
        asked.clear();
        assert!(asked.0.is_empty());
    }
}
