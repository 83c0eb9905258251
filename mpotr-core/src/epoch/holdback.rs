//! Messages that wait for their parents. `docs/spec/05-wire.md`, "Hold-back".

use std::collections::{BTreeMap, BTreeSet};

use super::vouching::Warrant;
use crate::wire::{Content, MessageId, SealedPacket};

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
    /// Its packet, to be sent again.
    pub(super) packet: SealedPacket,
    pub(super) warrant: Warrant,
}

/// Messages that wait, by author and place. A place has more than one of an author that says two things alone.
#[derive(Debug, Default)]
pub(super) struct Holdback(BTreeMap<usize, Waiting>);

/// What waits of one author.
#[derive(Debug, Default)]
struct Waiting {
    held: BTreeMap<(u32, MessageId), Held>,
    bytes: usize,
    /// What came while these waited and found no room, and of which all is known that the cut needs to know before it is
    /// delivered: it need not come again before these are.
    dropped: BTreeSet<MessageId>,
}

impl Waiting {
    /// Notes what found no room; of too many, some are forgotten, and asked for too soon.
    fn note_dropped(&mut self, id: MessageId) {
        self.dropped.insert(id);
        if self.dropped.len() > MAX_HELD {
            self.dropped.pop_first();
        }
    }

    fn remove(&mut self, key: &(u32, MessageId)) -> Option<Held> {
        let held = self.held.remove(key)?;
        self.bytes = self.bytes.saturating_sub(held.packet.length());
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
        waiting.bytes = waiting.bytes.saturating_add(held.packet.length());
        let key = (held.content.seq, held.id);
        waiting.dropped.remove(&key.1);
        if let Some(same) = waiting.held.insert(key, held) {
            waiting.bytes = waiting.bytes.saturating_sub(same.packet.length());
        }
    }

    /// Drops the newest where more waits than there is room for, and names what was dropped. `next` is the place of an
    /// author's next message, which always finds room; `is_known` says whether a message was named in the cut, and what it names is.
    pub(super) fn trim(
        &mut self,
        next: impl Fn(usize) -> u32,
        is_known: impl Fn(&MessageId) -> bool,
    ) -> Vec<MessageId> {
        let mut dropped = Vec::new();
        if self.0.is_empty() {
            return dropped;
        }
        for (author, waiting) in &mut self.0 {
            while waiting.is_full()
                && let Some(newest) = waiting.drop_newest(next(*author))
            {
                if is_known(&newest.id) {
                    waiting.note_dropped(newest.id);
                }
                dropped.push(newest.id);
            }
        }
        while self.bytes() > MAX_BYTES {
            // Of whoever takes up most.
            let most = self
                .0
                .iter_mut()
                .max_by_key(|(_, waiting)| waiting.bytes)
                .and_then(|(author, waiting)| {
                    let newest = waiting.drop_newest(next(*author))?;
                    if is_known(&newest.id) {
                        waiting.note_dropped(newest.id);
                    }
                    Some(newest.id)
                });
            let Some(newest) = most else { break };
            dropped.push(newest);
        }
        self.0.retain(|_, waiting| !waiting.held.is_empty());
        dropped
    }

    /// Whether one more packet of an author, in a place after all that wait of it, would be dropped before any of those. The
    /// last of those is signed itself: a later one is not needed to vouch for it.
    pub(super) fn has_no_room_after(&self, author: usize, place: u32, bytes: usize) -> bool {
        self.0.get(&author).is_some_and(|waiting| {
            let last = waiting.held.values().next_back();
            last.is_some_and(|last| place > last.content.seq && last.warrant == Warrant::Own)
                && (waiting.held.len() >= MAX_HELD
                    || waiting.bytes.saturating_add(bytes) > MAX_HELD_BYTES)
        })
    }

    fn bytes(&self) -> usize {
        self.0.values().map(|waiting| waiting.bytes).sum()
    }

    /// What waits of an author in a place.
    pub(super) fn at(&self, author: usize, place: u32) -> impl Iterator<Item = &Held> {
        let whole = (place, MessageId::new([0; 32]))..=(place, MessageId::new([0xff; 32]));
        self.0
            .get(&author)
            .into_iter()
            .flat_map(move |waiting| waiting.held.range(whole.clone()))
            .map(|(_, held)| held)
    }

    /// The author of a message that came and found no room, if others of the author wait since.
    pub(super) fn dropped_of(&self, id: &MessageId) -> Option<usize> {
        let mut waiting = self.0.iter();
        let author = waiting.find(|(_, waiting)| waiting.dropped.contains(id));
        author.map(|(author, _)| *author)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Authors of whom something waits.
    pub(super) fn authors(&self) -> impl Iterator<Item = usize> {
        self.0.keys().copied()
    }

    /// What waits of an author, in order.
    pub(super) fn of(&self, author: usize) -> impl Iterator<Item = &Held> {
        let waiting = self.0.get(&author).into_iter();
        waiting.flat_map(|waiting| waiting.held.values())
    }

    /// Takes out a message.
    pub(super) fn take(&mut self, author: usize, place: u32, id: MessageId) -> Option<Held> {
        let waiting = self.0.get_mut(&author)?;
        let held = waiting.remove(&(place, id));
        if waiting.held.is_empty() {
            self.0.remove(&author);
        }
        held
    }

    /// Drops all that waits.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Drops a message, and says whether it was there.
    pub(super) fn remove(&mut self, author: usize, id: &MessageId) -> bool {
        let place = self.of(author).find(|held| held.id == *id);
        let place = place.map(|held| held.content.seq);
        place.is_some_and(|place| self.take(author, place, *id).is_some())
    }

    /// All that waits, with its author.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Held)> {
        self.0
            .iter()
            .flat_map(|(author, waiting)| waiting.held.values().map(|held| (*author, held)))
    }

    /// Takes note of what was found out about a message's own signature.
    pub(super) fn note_warrant(&mut self, author: usize, id: &MessageId, warrant: Warrant) {
        let waiting = self.0.get_mut(&author).into_iter();
        let mut held = waiting.flat_map(|waiting| waiting.held.values_mut());
        if let Some(held) = held.find(|held| held.id == *id) {
            held.warrant = warrant;
        }
    }

    /// Drops all that waits of an author.
    pub(super) fn forget(&mut self, author: usize) {
        self.0.remove(&author);
    }

    /// Drops all that waits of an author but these.
    pub(super) fn forget_but(&mut self, author: usize, is_kept: impl Fn(&MessageId) -> bool) {
        let Some(waiting) = self.0.get_mut(&author) else {
            return;
        };
        waiting.held.retain(|(_, id), _| is_kept(id));
        let lengths = waiting.held.values().map(|held| held.packet.length());
        waiting.bytes = lengths.sum();
        if waiting.held.is_empty() {
            self.0.remove(&author);
        }
    }
}
