//! Messages that wait for their parents. `docs/spec/05-wire.md`, "Hold-back".

use std::collections::BTreeMap;

use crate::wire::{Content, MessageId};

/// The most messages of one author that wait.
const MAX_HELD: usize = 256;
/// The most bytes of their packets.
const MAX_HELD_BYTES: usize = 256 << 10;
/// The most bytes of all packets that wait.
const MAX_BYTES: usize = 4 << 20;

/// An authentic message whose parents are not all here.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) id: MessageId,
    pub(super) content: Content,
    /// Bytes of its packet.
    pub(super) size: usize,
}

/// Messages that wait, by author and place. A place has more than one of an author that says two things alone.
#[derive(Debug, Default)]
pub(super) struct Holdback(BTreeMap<usize, Waiting>);

/// What waits of one author.
#[derive(Debug, Default)]
struct Waiting {
    held: BTreeMap<(u32, MessageId), Held>,
    bytes: usize,
}

impl Waiting {
    fn remove(&mut self, key: &(u32, MessageId)) -> Option<Held> {
        let held = self.held.remove(key)?;
        self.bytes = self.bytes.saturating_sub(held.size);
        Some(held)
    }

    fn is_full(&self) -> bool {
        self.held.len() > MAX_HELD || self.bytes > MAX_HELD_BYTES
    }

    /// Drops the newest, unless it is the one that the others of its author wait for.
    fn drop_newest(&mut self, next: u32) -> Option<Held> {
        let newest = *self.held.keys().next_back()?;
        if newest.0 <= next {
            return None;
        }
        self.remove(&newest)
    }
}

impl Holdback {
    /// Lets a message wait.
    pub(super) fn insert(&mut self, author: usize, held: Held) {
        let waiting = self.0.entry(author).or_default();
        waiting.bytes = waiting.bytes.saturating_add(held.size);
        let key = (held.content.seq, held.id);
        if let Some(same) = waiting.held.insert(key, held) {
            waiting.bytes = waiting.bytes.saturating_sub(same.size);
        }
    }

    /// Drops the newest where more waits than there is room for, and names what was dropped. `next` is the place of an
    /// author's next message, which always finds room.
    pub(super) fn trim(&mut self, next: impl Fn(usize) -> u32) -> Vec<MessageId> {
        let mut dropped = Vec::new();
        for (author, waiting) in &mut self.0 {
            while waiting.is_full()
                && let Some(newest) = waiting.drop_newest(next(*author))
            {
                dropped.push(newest.id);
            }
        }
        while self.bytes() > MAX_BYTES {
            // Of whoever takes up most.
            let most = self
                .0
                .iter_mut()
                .max_by_key(|(_, waiting)| waiting.bytes)
                .and_then(|(author, waiting)| waiting.drop_newest(next(*author)));
            let Some(newest) = most else { break };
            dropped.push(newest.id);
        }
        dropped
    }

    fn bytes(&self) -> usize {
        self.0.values().map(|waiting| waiting.bytes).sum()
    }

    /// What waits of an author in a place.
    pub(super) fn at(&self, author: usize, place: u32) -> impl Iterator<Item = &Held> {
        let whole = (place, MessageId::NONE)..=(place, MessageId::new([0xff; 32]));
        self.0
            .get(&author)
            .into_iter()
            .flat_map(move |waiting| waiting.held.range(whole.clone()))
            .map(|(_, held)| held)
    }

    /// Takes out a message for which `is_ready` holds, the first of its author.
    pub(super) fn take_ready(
        &mut self,
        is_forked: impl Fn(usize) -> bool,
        mut is_ready: impl FnMut(usize, &Held) -> bool,
    ) -> Option<(usize, Held)> {
        let found = self.0.iter_mut().find_map(|(author, waiting)| {
            // An author has one line of messages, unless it says two things: then any may be the next.
            let tries = if is_forked(*author) { MAX_HELD } else { 1 };
            let key = waiting
                .held
                .iter()
                .take(tries)
                .find(|(_, held)| is_ready(*author, held))
                .map(|(key, _)| *key)?;
            Some((*author, waiting.remove(&key)?))
        });
        if let Some((author, _)) = &found
            && self
                .0
                .get(author)
                .is_some_and(|waiting| waiting.held.is_empty())
        {
            self.0.remove(author);
        }
        found
    }

    /// All that waits, with its author.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Held)> {
        self.0
            .iter()
            .flat_map(|(author, waiting)| waiting.held.values().map(|held| (*author, held)))
    }

    /// Drops all that waits of an author, and names it.
    pub(super) fn forget(&mut self, author: usize) -> impl Iterator<Item = MessageId> + use<> {
        let dropped = self.0.remove(&author).unwrap_or_default();
        dropped.held.into_keys().map(|(_, id)| id)
    }
}
