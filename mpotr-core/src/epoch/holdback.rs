//! Messages that wait for their parents. `docs/spec/05-wire.md`, "Hold-back".

use std::collections::{BTreeMap, BTreeSet};

use mpotr_gka::MemberIndex;

use super::vouching::Warrant;
use crate::wire::{Content, ContentKind, MessageId, SealedPacket};

/// How much may wait, beside what a cut names.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Messages of one author.
    messages: usize,
    /// The bytes of their packets.
    bytes: usize,
    /// The bytes of all packets.
    all: usize,
}

/// While messages are delivered: what waits misses something before it.
const OPEN: Limits = Limits {
    messages: 256,
    bytes: 256 << 10,
    all: 4 << 20,
};

/// While this member has frozen. Others write on until they freeze, and the cut names all of it, so there is room for what an
/// honest author may have sealed that others have not acknowledged: 1,024 texts and 2 MiB, and a last one of 120 KiB.
const FROZEN: Limits = Limits {
    messages: 1024 + 128,
    bytes: (2 << 20) + (128 << 10),
    all: 16 << 20,
};

/// The most ids that are remembered of what found no room.
const MAX_DROPPED: usize = 256;

/// An authentic message that is not delivered: its parents are not all here, or this member has frozen.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) id: MessageId,
    pub(super) content: Content,
    /// Its packet, to be sent again.
    pub(super) packet: SealedPacket,
    pub(super) warrant: Warrant,
}

/// Messages that wait, by author and place. A place has more than one of an author that says two things alone.
#[derive(Debug)]
pub(super) struct Holdback {
    waiting: BTreeMap<MemberIndex, Waiting>,
    /// The author and the place of each.
    places: BTreeMap<MessageId, (MemberIndex, u32)>,
    limits: Limits,
}

impl Default for Holdback {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            places: BTreeMap::new(),
            limits: OPEN,
        }
    }
}

/// What waits of one author.
#[derive(Debug, Default)]
struct Waiting {
    held: BTreeMap<(u32, MessageId), Held>,
    /// Those of them that a cut names: they are not dropped, and take no room of the others.
    pinned: BTreeSet<(u32, MessageId)>,
    /// The bytes of the packets of the others.
    bytes: usize,
    /// What came while these waited and found no room, and of which all is known that the cut needs to know before it is
    /// delivered: it need not come again before these are.
    dropped: BTreeSet<MessageId>,
}

impl Waiting {
    /// Notes what found no room; of too many, some are forgotten, and asked for too soon.
    fn note_dropped(&mut self, id: MessageId) {
        self.dropped.insert(id);
        if self.dropped.len() > MAX_DROPPED {
            self.dropped.pop_first();
        }
    }

    fn remove(&mut self, key: &(u32, MessageId)) -> Option<Held> {
        let held = self.held.remove(key)?;
        if !self.pinned.remove(key) {
            self.bytes = self.bytes.saturating_sub(held.packet.length());
        }
        Some(held)
    }

    /// How many wait that no cut names.
    fn unpinned(&self) -> usize {
        self.held.len().saturating_sub(self.pinned.len())
    }

    fn is_full(&self, limits: Limits) -> bool {
        self.unpinned() > limits.messages || self.bytes > limits.bytes
    }

    /// Drops the newest that no cut names, unless it is the one that the others of its author wait for.
    fn drop_newest(&mut self, next: u32) -> Option<Held> {
        let mut newest = self.held.keys().rev();
        let newest = *newest.find(|key| !self.pinned.contains(key))?;
        if newest.0 <= next {
            return None;
        }
        self.remove(&newest)
    }

    /// Drops all but those that a cut names and these, and names what was dropped.
    fn keep(&mut self, is_kept: impl Fn(&MessageId) -> bool) -> Vec<MessageId> {
        let goes = |key: &&(u32, MessageId)| !self.pinned.contains(key) && !is_kept(&key.1);
        let gone: Vec<_> = self.held.keys().filter(goes).copied().collect();
        for key in &gone {
            self.remove(key);
        }
        gone.into_iter().map(|(_, id)| id).collect()
    }
}

impl Holdback {
    /// This member has frozen, or has not.
    pub(super) const fn set_frozen(&mut self, is_frozen: bool) {
        self.limits = if is_frozen { FROZEN } else { OPEN };
    }

    /// Lets a message wait.
    pub(super) fn insert(&mut self, author: MemberIndex, held: Held) {
        let waiting = self.waiting.entry(author).or_default();
        let key = (held.content.seq, held.id);
        waiting.dropped.remove(&key.1);
        self.places.insert(key.1, (author, key.0));
        waiting.remove(&key);
        waiting.bytes = waiting.bytes.saturating_add(held.packet.length());
        waiting.held.insert(key, held);
    }

    /// A cut names a message that waits: it stays.
    pub(super) fn pin(&mut self, id: &MessageId) {
        let place = self.places.get(id).copied();
        let waiting = place.and_then(|(author, _)| self.waiting.get_mut(&author));
        if let Some((waiting, (_, seq))) = waiting.zip(place)
            && let Some(held) = waiting.held.get(&(seq, *id))
            && waiting.pinned.insert((seq, *id))
        {
            waiting.bytes = waiting.bytes.saturating_sub(held.packet.length());
        }
    }

    /// What cuts named counts as all else that waits.
    pub(super) fn unpin_all(&mut self) {
        for waiting in self.waiting.values_mut() {
            waiting.pinned.clear();
            let lengths = waiting.held.values().map(|held| held.packet.length());
            waiting.bytes = lengths.sum();
        }
    }

    /// Whether a cut names a message that waits.
    pub(super) fn is_pinned(&self, id: &MessageId) -> bool {
        let place = self.places.get(id);
        place.is_some_and(|(author, seq)| {
            let waiting = self.waiting.get(author);
            waiting.is_some_and(|waiting| waiting.pinned.contains(&(*seq, *id)))
        })
    }

    /// All that a cut names, with its author.
    pub(super) fn pinned(&self) -> impl Iterator<Item = (MemberIndex, &Held)> {
        self.waiting.iter().flat_map(|(author, waiting)| {
            let held = waiting
                .pinned
                .iter()
                .filter_map(|key| waiting.held.get(key));
            held.map(|held| (*author, held))
        })
    }

    /// The last message of an author, if it waits.
    pub(super) fn last_word_of(&self, author: MemberIndex) -> Option<&Held> {
        let held = self.waiting.get(&author)?.held.values().next_back();
        held.filter(|held| held.content.kind == ContentKind::Fin)
    }

    /// A message that waits, and its author.
    pub(super) fn get(&self, id: &MessageId) -> Option<(MemberIndex, &Held)> {
        let (author, seq) = *self.places.get(id)?;
        let held = self.waiting.get(&author)?.held.get(&(seq, *id))?;
        Some((author, held))
    }

    /// Drops the newest where more waits than there is room for, and names what was dropped. `next` is the place of an
    /// author's next message, which always finds room; `is_known` says whether a message was named in the cut, and what it names is.
    pub(super) fn trim(
        &mut self,
        next: impl Fn(MemberIndex) -> u32,
        is_known: impl Fn(&MessageId) -> bool,
    ) -> Vec<MessageId> {
        let mut dropped = Vec::new();
        let limits = self.limits;
        for (author, waiting) in &mut self.waiting {
            while waiting.is_full(limits)
                && let Some(newest) = waiting.drop_newest(next(*author))
            {
                if is_known(&newest.id) {
                    waiting.note_dropped(newest.id);
                }
                dropped.push(newest.id);
            }
        }
        while self.bytes() > limits.all {
            // Of the author that takes up most.
            let most = self
                .waiting
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
        self.forget_places(&dropped);
        dropped
    }

    /// What was dropped waits no longer, nor does who has nothing left.
    fn forget_places(&mut self, dropped: &[MessageId]) {
        for id in dropped {
            self.places.remove(id);
        }
        if !dropped.is_empty() {
            self.waiting.retain(|_, waiting| !waiting.held.is_empty());
        }
    }

    /// Whether one more packet of an author, in a place after all that wait of it, would be dropped before any of those. The
    /// last of those is signed itself: a later one is not needed to vouch for it.
    pub(super) fn has_no_room_after(&self, author: MemberIndex, place: u32, bytes: usize) -> bool {
        let limits = self.limits;
        self.waiting.get(&author).is_some_and(|waiting| {
            let last = waiting.held.values().next_back();
            last.is_some_and(|last| place > last.content.seq && last.warrant == Warrant::Own)
                && (waiting.unpinned() >= limits.messages
                    || waiting.bytes.saturating_add(bytes) > limits.bytes)
        })
    }

    /// Up to how many places after the next one of an author there is room for.
    pub(super) const fn room(&self) -> usize {
        self.limits.messages
    }

    fn bytes(&self) -> usize {
        self.waiting.values().map(|waiting| waiting.bytes).sum()
    }

    /// What waits of an author in a place.
    pub(super) fn at(&self, author: MemberIndex, place: u32) -> impl Iterator<Item = &Held> {
        let whole = (place, MessageId::new([0; 32]))..=(place, MessageId::new([0xff; 32]));
        self.waiting
            .get(&author)
            .into_iter()
            .flat_map(move |waiting| waiting.held.range(whole.clone()))
            .map(|(_, held)| held)
    }

    /// The author of a message that came and found no room, if others of the author wait since.
    pub(super) fn dropped_of(&self, id: &MessageId) -> Option<MemberIndex> {
        let mut waiting = self.waiting.iter();
        let author = waiting.find(|(_, waiting)| waiting.dropped.contains(id));
        author.map(|(author, _)| *author)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Authors of whom something waits.
    pub(super) fn authors(&self) -> impl Iterator<Item = MemberIndex> {
        self.waiting.keys().copied()
    }

    /// What waits of an author, in order.
    pub(super) fn of(&self, author: MemberIndex) -> impl Iterator<Item = &Held> {
        let waiting = self.waiting.get(&author).into_iter();
        waiting.flat_map(|waiting| waiting.held.values())
    }

    /// Takes out a message.
    pub(super) fn take(&mut self, author: MemberIndex, place: u32, id: MessageId) -> Option<Held> {
        let waiting = self.waiting.get_mut(&author)?;
        let held = waiting.remove(&(place, id));
        if waiting.held.is_empty() {
            self.waiting.remove(&author);
        }
        self.places.remove(&id);
        held
    }

    /// Drops all that waits but what a cut names.
    pub(super) fn clear(&mut self) {
        let authors: Vec<_> = self.waiting.keys().copied().collect();
        for author in authors {
            self.forget(author);
        }
    }

    /// Drops a message, unless a cut names it, and says whether it was there and is not now.
    pub(super) fn remove(&mut self, author: MemberIndex, id: &MessageId) -> bool {
        let held = self.get(id).filter(|(of, _)| *of == author);
        let place = held.map(|(_, held)| held.content.seq);
        place.is_some_and(|place| !self.is_pinned(id) && self.take(author, place, *id).is_some())
    }

    /// All that waits, with its author.
    pub(super) fn iter(&self) -> impl Iterator<Item = (MemberIndex, &Held)> {
        self.waiting
            .iter()
            .flat_map(|(author, waiting)| waiting.held.values().map(|held| (*author, held)))
    }

    /// Takes note of what was found out about a message's own signature.
    pub(super) fn note_warrant(&mut self, author: MemberIndex, id: &MessageId, warrant: Warrant) {
        let place = self.places.get(id).filter(|(of, _)| *of == author);
        if let Some((author, seq)) = place
            && let Some(waiting) = self.waiting.get_mut(author)
            && let Some(held) = waiting.held.get_mut(&(*seq, *id))
        {
            held.warrant = warrant;
        }
    }

    /// Drops all that waits of an author but what a cut names.
    pub(super) fn forget(&mut self, author: MemberIndex) {
        self.forget_but(author, |_| false);
    }

    /// Drops all that waits of an author but what a cut names, and these.
    pub(super) fn forget_but(&mut self, author: MemberIndex, is_kept: impl Fn(&MessageId) -> bool) {
        let waiting = self.waiting.get_mut(&author);
        let dropped = waiting.map_or_else(Vec::new, |waiting| waiting.keep(is_kept));
        self.forget_places(&dropped);
    }
}
