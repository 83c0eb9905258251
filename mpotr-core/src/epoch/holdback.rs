//! Messages that wait for their parents. `docs/spec/05-wire.md`, "Hold-back".

use std::collections::BTreeMap;

use crate::wire::{Content, MessageId};

/// The most messages of one author that wait.
const MAX_HELD: usize = 256;

/// A message whose signature is verified and whose parents are not all here.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) id: MessageId,
    pub(super) content: Content,
}

/// Messages that wait, by author and place. A place has more than one of an author that says two things alone.
#[derive(Debug, Default)]
pub(super) struct Holdback(BTreeMap<usize, BTreeMap<(u32, MessageId), Held>>);

impl Holdback {
    /// Lets a message wait. If its author has no room left, the newest gives way, which is returned: it may be this one.
    /// The one that the author's others wait for always finds room.
    pub(super) fn insert(&mut self, author: usize, held: Held, is_next: bool) -> Option<Held> {
        let waiting = self.0.entry(author).or_default();
        waiting.insert((held.content.seq, held.id), held);
        if waiting.len() <= MAX_HELD || is_next {
            return None;
        }
        waiting.pop_last().map(|(_, newest)| newest)
    }

    /// Whether a message would find room.
    pub(super) fn has_room(&self, author: usize, place: u32) -> bool {
        self.0.get(&author).is_none_or(|held| {
            held.len() < MAX_HELD
                || held
                    .keys()
                    .next_back()
                    .is_some_and(|(last, _)| place < *last)
        })
    }

    /// What waits of an author in a place.
    pub(super) fn at(&self, author: usize, place: u32) -> impl Iterator<Item = &Held> {
        let whole = (place, MessageId::NONE)..=(place, MessageId::new([0xff; 32]));
        self.0
            .get(&author)
            .into_iter()
            .flat_map(move |held| held.range(whole.clone()))
            .map(|(_, held)| held)
    }

    /// Takes out a message for which `is_ready` holds, the first of its author.
    pub(super) fn take_ready(
        &mut self,
        is_forked: impl Fn(usize) -> bool,
        mut is_ready: impl FnMut(usize, &Held) -> bool,
    ) -> Option<(usize, Held)> {
        self.0.iter_mut().find_map(|(author, held)| {
            // An author has one line of messages, unless it says two things: then any may be the next.
            let tries = if is_forked(*author) { MAX_HELD } else { 1 };
            let key = held
                .iter()
                .take(tries)
                .find(|(_, held)| is_ready(*author, held))
                .map(|(key, _)| *key)?;
            Some((*author, held.remove(&key)?))
        })
    }

    /// All that waits, with its author.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Held)> {
        self.0
            .iter()
            .flat_map(|(author, held)| held.values().map(|held| (*author, held)))
    }

    /// Drops all that waits of an author, and names it.
    pub(super) fn forget(&mut self, author: usize) -> impl Iterator<Item = MessageId> + use<> {
        let dropped = self.0.remove(&author).unwrap_or_default();
        dropped.into_keys().map(|(_, id)| id)
    }
}
