//! Texts that are not sealed: those that wait, and those that are held. `docs/spec/06-epochs.md`, "Who reads a text".
//!
//! ```text
//! taken ──> waits ──> sealed
//!           │   ^
//!   others  v   │ release, by one who has seen them
//!   read it held
//! ```
//!
//! Each text keeps the roster that its author has seen. What is held leaves by the word of its author alone.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;
use mpotr_crypto::zeroize::Zeroizing;

use super::seen::Roster;
use crate::error::SendError;
use crate::event::TextId;
use crate::wire::MAX_BODY;

/// The most texts that are not sealed.
pub(super) const MAX_DRAFTS: usize = 1024;
/// The most bytes of them.
pub(super) const MAX_DRAFT_BYTES: usize = 8 << 20;

/// A text that is not sealed: wiped if it never is.
pub(super) struct Draft {
    pub(super) body: Zeroizing<Vec<u8>>,
    /// Whom its author has seen.
    seen: Roster,
}

impl core::fmt::Debug for Draft {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Draft({} bytes)", self.body.len())
    }
}

/// Texts that are not sealed, in the order in which they were taken.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    next: u64,
    waiting: BTreeMap<TextId, Draft>,
    held: BTreeMap<TextId, Draft>,
    /// Of all.
    bytes: usize,
}

impl Drafts {
    /// Takes a text, which waits to be sealed.
    ///
    /// # Errors
    /// As many wait, or are held, as may be.
    pub(super) fn take(
        &mut self,
        body: Zeroizing<Vec<u8>>,
        seen: Roster,
    ) -> Result<TextId, SendError> {
        let bytes = self.bytes.saturating_add(body.len());
        if self.count() >= MAX_DRAFTS || bytes > MAX_DRAFT_BYTES {
            return Err(SendError::QueueFull);
        }
        let text_id = TextId(self.next);
        self.next = self.next.saturating_add(1);
        self.bytes = bytes;
        self.waiting.insert(text_id, Draft { body, seen });
        Ok(text_id)
    }

    fn count(&self) -> usize {
        self.waiting.len().saturating_add(self.held.len())
    }

    /// Whether a text of any length is taken.
    pub(super) fn has_room(&self) -> bool {
        self.count() < MAX_DRAFTS && self.bytes.saturating_add(MAX_BODY) <= MAX_DRAFT_BYTES
    }

    /// Whether texts wait to be sealed.
    pub(super) fn is_any_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The length of the next text to seal.
    pub(super) fn next_length(&self) -> Option<usize> {
        self.waiting
            .first_key_value()
            .map(|(_, draft)| draft.body.len())
    }

    /// Takes out the next text to seal.
    pub(super) fn pop(&mut self) -> Option<(TextId, Draft)> {
        let (text_id, draft) = self.waiting.pop_first()?;
        self.bytes = self.bytes.saturating_sub(draft.body.len());
        Some((text_id, draft))
    }

    /// A text could not be sealed after all: it is the next again.
    pub(super) fn put_back(&mut self, text_id: TextId, draft: Draft) {
        self.bytes = self.bytes.saturating_add(draft.body.len());
        self.waiting.insert(text_id, draft);
    }

    /// A roster is in force: what waits and was written for fewer is held. Returns each such text, and who was added.
    pub(super) fn hold(
        &mut self,
        roster: &BTreeSet<IdentityKey>,
    ) -> Vec<(TextId, Vec<IdentityKey>)> {
        let waiting = std::mem::take(&mut self.waiting);
        let (stay, held) = waiting
            .into_iter()
            .partition(|(_, draft)| roster.is_subset(&draft.seen));
        self.waiting = stay;
        let held: BTreeMap<TextId, Draft> = held;
        let told = held.iter().map(|(text_id, draft)| {
            let added = roster.difference(&draft.seen).copied();
            (*text_id, added.collect())
        });
        let told = told.collect();
        self.held.extend(held);
        told
    }

    /// Whether a text is held.
    pub(super) fn is_held(&self, text_id: TextId) -> bool {
        self.held.contains_key(&text_id)
    }

    /// A text that is held waits again, in its place among those that do: its author has seen this roster.
    pub(super) fn release(&mut self, text_id: TextId, seen: Roster) {
        if let Some(draft) = self.held.remove(&text_id) {
            let body = draft.body;
            self.waiting.insert(text_id, Draft { body, seen });
        }
    }

    /// Gives a text back that waits or is held.
    pub(super) fn discard(&mut self, text_id: TextId) -> Option<Vec<u8>> {
        let draft = self.waiting.remove(&text_id);
        let mut draft = draft.or_else(|| self.held.remove(&text_id))?;
        self.bytes = self.bytes.saturating_sub(draft.body.len());
        Some(std::mem::take(&mut *draft.body))
    }

    /// Drops what is held.
    pub(super) fn drop_held(&mut self) -> impl Iterator<Item = TextId> + use<> {
        let held = std::mem::take(&mut self.held);
        for draft in held.values() {
            self.bytes = self.bytes.saturating_sub(draft.body.len());
        }
        held.into_keys()
    }

    /// Drops all.
    pub(super) fn drop_all(&mut self) -> impl Iterator<Item = TextId> + use<> {
        self.bytes = 0;
        let mut all = std::mem::take(&mut self.waiting);
        all.append(&mut self.held);
        all.into_keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const EVE: IdentityKey = IdentityKey::new([3; 32]);

    fn take(drafts: &mut Drafts, text: &str, seen: &[IdentityKey]) -> TextId {
        let seen = seen.iter().copied().collect();
        let body = text.as_bytes().to_vec().into();
        drafts.take(body, Roster::new(seen)).unwrap()
    }

    fn next(drafts: &mut Drafts) -> Option<TextId> {
        drafts.pop().map(|(text_id, _)| text_id)
    }

    #[test]
    fn a_text_is_held_by_who_was_added_and_not_by_who_is_gone() {
        let mut drafts = Drafts::default();
        let for_two = take(&mut drafts, "for two", &[ME, BOB]);
        let for_three = take(&mut drafts, "for three", &[ME, BOB, EVE]);
        assert_eq!(drafts.hold(&[ME, BOB, EVE].into()), [(for_two, vec![EVE])]);
        assert!(drafts.is_held(for_two) && !drafts.is_held(for_three));
        // It never leaves by itself, no matter who goes.
        assert_eq!(drafts.hold(&[ME, BOB].into()), []);
        assert_eq!(next(&mut drafts), Some(for_three));
        assert_eq!(next(&mut drafts), None);
        assert!(drafts.is_held(for_two));
    }

    #[test]
    fn what_is_released_comes_before_what_was_written_later() {
        let mut drafts = Drafts::default();
        let early = take(&mut drafts, "early", &[ME, BOB]);
        drafts.hold(&[ME, BOB, EVE].into());
        let late = take(&mut drafts, "late", &[ME, BOB, EVE]);
        drafts.release(early, Roster::new([ME, BOB, EVE].into()));
        assert_eq!(drafts.hold(&[ME, BOB, EVE].into()), []);
        assert_eq!(
            [next(&mut drafts), next(&mut drafts)],
            [early, late].map(Some)
        );
        assert_eq!(drafts.bytes, 0);
    }

    #[test]
    fn what_is_discarded_is_given_back_once() {
        let mut drafts = Drafts::default();
        let held = take(&mut drafts, "held", &[ME]);
        drafts.hold(&[ME, BOB].into());
        let waits = take(&mut drafts, "waits", &[ME, BOB]);
        assert_eq!(drafts.discard(held), Some(b"held".to_vec()));
        assert_eq!(drafts.discard(held), None);
        assert_eq!(drafts.discard(waits), Some(b"waits".to_vec()));
        assert_eq!((drafts.bytes, drafts.count()), (0, 0));
    }

    #[test]
    fn what_is_held_takes_up_room_until_it_is_dropped() {
        let mut drafts = Drafts::default();
        let seen = Roster::new([ME].into());
        while drafts.has_room() {
            drafts
                .take(vec![0; MAX_BODY].into(), Roster::clone(&seen))
                .unwrap();
        }
        drafts.hold(&[ME, BOB].into());
        let refused = drafts.take(vec![0; MAX_BODY].into(), seen);
        assert_eq!(refused, Err(SendError::QueueFull));
        assert_eq!(drafts.drop_held().count() * MAX_BODY, MAX_DRAFT_BYTES);
        assert!(drafts.has_room());
        assert_eq!(drafts.drop_all().count(), 0);
    }
}
