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

/// Messages that wait, by author and place.
#[derive(Debug, Default)]
pub(super) struct Holdback(BTreeMap<usize, BTreeMap<u32, Held>>);

impl Holdback {
    /// Whether another message of an author may wait.
    pub(super) fn has_room(&self, author: usize) -> bool {
        self.0.get(&author).is_none_or(|held| held.len() < MAX_HELD)
    }

    /// Lets a message wait.
    pub(super) fn insert(&mut self, author: usize, held: Held) {
        self.0
            .entry(author)
            .or_default()
            .insert(held.content.seq, held);
    }

    /// Takes out a message for which `is_ready` holds, the first of its author.
    pub(super) fn take_ready(
        &mut self,
        mut is_ready: impl FnMut(&Held) -> bool,
    ) -> Option<(usize, Held)> {
        self.0.iter_mut().find_map(|(author, held)| {
            let first = held.first_entry().filter(|first| is_ready(first.get()))?;
            Some((*author, first.remove()))
        })
    }

    /// All that waits.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Held> {
        self.0.values().flat_map(BTreeMap::values)
    }

    /// Drops all that waits of an author.
    pub(super) fn forget(&mut self, author: usize) {
        self.0.remove(&author);
    }
}
