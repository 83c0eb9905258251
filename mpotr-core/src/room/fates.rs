//! What becomes of each text of this member: the one place that decides it. `docs/spec/06-epochs.md`, "Fates".
//!
//! ```text
//! taken ─> waits, held ─┬─> sealed ─┬─> acknowledged   all whose word was awaited have it
//!                       │           └─> missed         these left, or were left behind, without having said so
//!                       └─> dropped                    never sealed: why
//! ```
//!
//! A text has one fate, and the application is told of it once. To be sent again is on the way, and no fate. An epoch that ends
//! leaves no text without one: what was sealed in it cannot be acknowledged later.

mod crossing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;
use mpotr_crypto::zeroize::Zeroizing;

use super::drafts::{Draft, Drafts};
use super::seen::Roster;
use crate::error::SendError;
use crate::event::{DropReason, Event, TextId};
use crate::time::Timestamp;
use crossing::Crossing;

/// Texts that are sealed and on the way at one time: half of what a receiver lets wait of one author (`Hold-back`), so that
/// one that has frozen, or misses the first of them, keeps all the others.
const MAX_SEALED: usize = 128;
/// The most bytes of their packets, for the same reason. One text is always on its way.
const MAX_SEALED_BYTES: usize = 128 << 10;
/// Texts that are sealed and without a fate, with those that only members await who are not waited for: that many are kept
/// to be sent again.
const MAX_KEPT: usize = 1024;
/// The most bytes of their packets: half of what others deliver of one author before it is final.
const MAX_KEPT_BYTES: usize = 2 << 20;

/// A text that is sealed in the present epoch.
#[derive(Debug)]
struct Sealed {
    text_id: TextId,
    /// The length of its packet.
    bytes: usize,
    /// When it was sealed.
    at: Timestamp,
    /// Who has left without having acknowledged it.
    missed_by: BTreeSet<IdentityKey>,
}

/// The texts of this member that have no fate yet.
#[derive(Debug, Default)]
pub(super) struct Fates {
    /// Texts that are not sealed.
    drafts: Drafts,
    /// By their place in the present epoch.
    sealed: BTreeMap<u32, Sealed>,
    sealed_bytes: usize,
    /// Those of them that count as on their way, and the bytes of their packets: not what all have but members that are not
    /// waited for.
    counted: BTreeSet<u32>,
    counted_bytes: usize,
    /// Those that were sealed in the epoch before and are in its cut.
    crossing: Vec<Crossing>,
    /// Whether a text was missed or dropped, in whatever epoch.
    is_any_lost: bool,
}

impl Fates {
    /// Takes a text, which waits to be sealed to members of the roster that its author has seen.
    ///
    /// # Errors
    /// Too much waits already.
    pub(super) fn take(
        &mut self,
        body: Zeroizing<Vec<u8>>,
        seen: Roster,
    ) -> Result<TextId, SendError> {
        self.drafts.take(body, seen)
    }

    /// Whether a text of any length is taken.
    pub(super) fn has_room(&self) -> bool {
        self.drafts.has_room()
    }

    /// Whether texts wait to be sealed.
    pub(super) fn is_any_waiting(&self) -> bool {
        self.drafts.is_any_waiting()
    }

    /// Whether a text is held.
    pub(super) fn is_held(&self, text_id: TextId) -> bool {
        self.drafts.is_held(text_id)
    }

    /// A text that is held waits again, for this roster.
    pub(super) fn release(&mut self, text_id: TextId, seen: Roster) {
        self.drafts.release(text_id, seen);
    }

    /// Gives a text back that is not sealed. Its author takes it back, so it is not lost.
    pub(super) fn discard(&mut self, text_id: TextId) -> Option<Vec<u8>> {
        self.drafts.discard(text_id)
    }

    /// A roster is in force: what waits and was written for fewer is held.
    pub(super) fn hold(&mut self, roster: &BTreeSet<IdentityKey>) -> Vec<Event> {
        let held = self.drafts.hold(roster).into_iter();
        held.map(|(text_id, added)| Event::Held { text_id, added })
            .collect()
    }

    /// The next text to seal, unless as many as may be are on their way.
    pub(super) fn next_to_seal(&mut self) -> Option<(TextId, Draft)> {
        let length = self.drafts.next_length()?;
        if self.is_full(length) {
            return None;
        }
        self.drafts.pop()
    }

    /// Whether a text of so many bytes waits for a fate of those on their way.
    fn is_full(&self, length: usize) -> bool {
        let bytes = self.counted_bytes.saturating_add(length);
        let is_full = self.counted.len() >= MAX_SEALED || bytes > MAX_SEALED_BYTES;
        (is_full && !self.counted.is_empty()) || self.keeps_too_much(length)
    }

    fn keeps_too_much(&self, length: usize) -> bool {
        let bytes = self.sealed_bytes.saturating_add(length);
        let is_too_much = self.sealed.len() >= MAX_KEPT || bytes > MAX_KEPT_BYTES;
        is_too_much && !self.sealed.is_empty()
    }

    /// When the first of the texts on their way was sealed, and its place, if others wait for the fate of those.
    pub(super) fn held_up_by(&self) -> Option<(u32, Timestamp)> {
        let length = self.drafts.next_length()?;
        let seq = self.counted.first()?;
        let first = self.sealed.get(seq).map(|sealed| (*seq, sealed.at));
        first.filter(|_| self.is_full(length))
    }

    /// Whether as much is kept for members that are not waited for as may be, and texts wait.
    pub(super) fn must_have_an_end(&self) -> bool {
        let next = self.drafts.next_length();
        next.is_some_and(|length| self.keeps_too_much(length))
    }

    /// Whether the fate of what is in this place is waited for.
    pub(super) fn counts(&self, seq: u32) -> bool {
        !self.sealed.contains_key(&seq) || self.counted.contains(&seq)
    }

    /// What is not awaited by a member that is waited for counts as on its way no longer.
    pub(super) fn count(&mut self, is_awaited: impl Fn(u32) -> bool) {
        // As a rule nothing has changed, and to look is cheaper than to take out.
        if self.counted.iter().all(|seq| is_awaited(*seq)) {
            return;
        }
        let (sealed, bytes) = (&self.sealed, &mut self.counted_bytes);
        self.counted.retain(|seq| {
            let stays = is_awaited(*seq);
            if !stays {
                let length = sealed.get(seq).map_or(0, |sealed| sealed.bytes);
                *bytes = bytes.saturating_sub(length);
            }
            stays
        });
    }

    /// A text could not be sealed after all: it is the next again.
    pub(super) fn put_back(&mut self, text_id: TextId, draft: Draft) {
        self.drafts.put_back(text_id, draft);
    }

    /// A text is sealed in this place of the present epoch, in a packet of so many bytes.
    pub(super) fn note_sealed(&mut self, now: Timestamp, seq: u32, text_id: TextId, bytes: usize) {
        self.sealed_bytes = self.sealed_bytes.saturating_add(bytes);
        self.counted.insert(seq);
        self.counted_bytes = self.counted_bytes.saturating_add(bytes);
        let sealed = Sealed {
            text_id,
            bytes,
            at: now,
            missed_by: BTreeSet::new(),
        };
        self.sealed.insert(seq, sealed);
    }

    /// A member has left without having acknowledged what is in this place.
    pub(super) fn note_missed(&mut self, seq: u32, by: IdentityKey) {
        if let Some(sealed) = self.sealed.get_mut(&seq) {
            sealed.missed_by.insert(by);
        }
    }

    /// Takes out what was sealed in this place.
    fn take_sealed(&mut self, seq: u32) -> Option<Sealed> {
        let sealed = self.sealed.remove(&seq)?;
        self.sealed_bytes = self.sealed_bytes.saturating_sub(sealed.bytes);
        if self.counted.remove(&seq) {
            self.counted_bytes = self.counted_bytes.saturating_sub(sealed.bytes);
        }
        Some(sealed)
    }

    /// No member's word on what is in this place is awaited: its fate, if it is a text.
    pub(super) fn decide(&mut self, seq: u32) -> Option<Event> {
        let sealed = self.take_sealed(seq)?;
        Some(self.tell(sealed.text_id, sealed.missed_by))
    }

    /// The fate of a text that these have missed.
    fn tell(&mut self, text_id: TextId, missed_by: BTreeSet<IdentityKey>) -> Event {
        if missed_by.is_empty() {
            return Event::Acknowledged { text_id };
        }
        self.is_any_lost = true;
        let by = missed_by.into_iter().collect();
        Event::Missed { text_id, by }
    }

    /// The epoch is over for this member: the fates of all that was sealed in it. `awaited` has whose word on a place is
    /// still awaited, and will not be heard.
    pub(super) fn end_epoch(&mut self, awaited: &BTreeMap<u32, Vec<IdentityKey>>) -> Vec<Event> {
        for (seq, members) in awaited {
            for member in members {
                self.note_missed(*seq, *member);
            }
        }
        let places: Vec<_> = self.sealed.keys().copied().collect();
        let fates = places.into_iter().filter_map(|seq| self.decide(seq));
        fates.collect()
    }

    /// Nothing more will be sealed: the fates of all that is not.
    pub(super) fn drop_all(&mut self, why: DropReason) -> Vec<Event> {
        let dropped = self.drafts.drop_all();
        self.drop_for(why, dropped)
    }

    /// This member leaves, and nobody releases what is held: its fate.
    pub(super) fn drop_held(&mut self) -> Vec<Event> {
        let dropped = self.drafts.drop_held();
        self.drop_for(DropReason::Left, dropped)
    }

    fn drop_for(&mut self, why: DropReason, dropped: impl Iterator<Item = TextId>) -> Vec<Event> {
        let dropped = dropped.map(|text_id| Event::Dropped { text_id, why });
        let dropped: Vec<_> = dropped.collect();
        self.is_any_lost |= !dropped.is_empty();
        dropped
    }

    /// Whether no text was missed, or dropped but by its author.
    pub(super) const fn is_none_lost(&self) -> bool {
        !self.is_any_lost
    }
}
