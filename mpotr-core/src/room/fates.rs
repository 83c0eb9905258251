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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::drafts::{MAX_DRAFT_BYTES, MAX_DRAFTS};
    use crate::wire::MAX_BODY;

    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const EVE: IdentityKey = IdentityKey::new([3; 32]);

    fn take(fates: &mut Fates, body: Vec<u8>) -> Result<TextId, SendError> {
        fates.take(body.into(), Roster::default())
    }

    /// Takes a text and seals it in a place.
    fn sealed(fates: &mut Fates, seq: u32) -> TextId {
        let taken = take(fates, b"text".to_vec()).unwrap();
        let (text_id, draft) = fates.next_to_seal().unwrap();
        assert_eq!((text_id, draft.body.as_slice()), (taken, &b"text"[..]));
        fates.note_sealed(Timestamp::default(), seq, text_id, 100);
        text_id
    }

    #[test]
    fn a_text_on_which_nobodys_word_is_awaited_is_acknowledged_once() {
        let mut fates = Fates::default();
        let text_id = sealed(&mut fates, 0);
        assert_eq!(fates.decide(0), Some(Event::Acknowledged { text_id }));
        assert_eq!(fates.decide(0), None);
        assert_eq!(fates.end_epoch(&BTreeMap::from([(0, vec![BOB])])), []);
        assert!(fates.is_none_lost());
    }

    #[test]
    fn a_text_is_missed_by_all_who_left_without_it_and_told_so_once() {
        let mut fates = Fates::default();
        let text_id = sealed(&mut fates, 7);
        fates.note_missed(7, EVE);
        fates.note_missed(7, BOB);
        fates.note_missed(7, EVE);
        let by = vec![BOB, EVE];
        assert_eq!(fates.decide(7), Some(Event::Missed { text_id, by }));
        assert_eq!(fates.end_epoch(&BTreeMap::new()), []);
        assert!(!fates.is_none_lost());
    }

    #[test]
    fn the_end_of_an_epoch_leaves_nothing_that_was_sealed_open() {
        let mut fates = Fates::default();
        let text_ids = [0, 1, 2].map(|seq| sealed(&mut fates, seq));
        fates.note_missed(2, EVE);
        let waiting = take(&mut fates, b"later".to_vec()).unwrap();
        let told = fates.end_epoch(&BTreeMap::from([
            (1, vec![BOB]),
            (2, vec![BOB]),
            (3, vec![EVE]),
        ]));
        let [first, second, third] = text_ids;
        let expected = [
            Event::Acknowledged { text_id: first },
            Event::Missed {
                text_id: second,
                by: vec![BOB],
            },
            Event::Missed {
                text_id: third,
                by: vec![BOB, EVE],
            },
        ];
        assert_eq!(told, expected);
        // What was not sealed goes on to the next one, in whatever place.
        assert_eq!(
            fates.next_to_seal().map(|(text_id, _)| text_id),
            Some(waiting)
        );
        fates.note_sealed(Timestamp::default(), 0, waiting, 100);
        let text_id = waiting;
        assert_eq!(fates.decide(0), Some(Event::Acknowledged { text_id }));
    }

    #[test]
    fn what_waits_at_the_end_is_dropped_with_a_reason() {
        let mut fates = Fates::default();
        let text_id = take(&mut fates, b"late".to_vec()).unwrap();
        let why = DropReason::Expired;
        assert_eq!(fates.drop_all(why), [Event::Dropped { text_id, why }]);
        assert_eq!(fates.drop_all(why), []);
        assert!(!fates.is_none_lost());
        let mut none = Fates::default();
        assert_eq!(none.drop_all(why), []);
        assert!(none.is_none_lost());
    }

    #[test]
    fn so_many_texts_wait_and_no_more() {
        let mut fates = Fates::default();
        for _ in 0..MAX_DRAFTS {
            assert!(fates.has_room());
            take(&mut fates, Vec::new()).unwrap();
        }
        assert!(!fates.has_room());
        assert_eq!(take(&mut fates, Vec::new()), Err(SendError::QueueFull));
        fates.next_to_seal().unwrap();
        assert!(fates.has_room());
    }

    #[test]
    fn so_many_bytes_wait_and_no_more() {
        let mut fates = Fates::default();
        let mut waiting = 0;
        while fates.has_room() {
            take(&mut fates, vec![0; MAX_BODY]).unwrap();
            waiting += 1;
        }
        assert!(take(&mut fates, vec![0; MAX_BODY]).is_err());
        assert_eq!(waiting * MAX_BODY, MAX_DRAFT_BYTES);
        // What is refused takes nothing up, what is put back does.
        let (text_id, draft) = fates.next_to_seal().unwrap();
        fates.put_back(text_id, draft);
        assert!(take(&mut fates, vec![0; MAX_BODY]).is_err());
    }

    #[test]
    fn so_many_texts_are_on_their_way_and_the_next_follows_an_answer() {
        let mut fates = Fates::default();
        for seq in 0..128 {
            sealed(&mut fates, seq);
        }
        let next = take(&mut fates, b"next".to_vec()).unwrap();
        assert!(fates.next_to_seal().is_none());
        fates.decide(5).unwrap();
        let (text_id, draft) = fates.next_to_seal().unwrap();
        assert_eq!((text_id, draft.body.as_slice()), (next, &b"next"[..]));
    }

    #[test]
    fn a_text_larger_than_all_that_may_be_on_its_way_goes_alone() {
        let mut fates = Fates::default();
        for _ in 0..2 {
            take(&mut fates, vec![0; MAX_BODY]).unwrap();
        }
        let (first, _) = fates.next_to_seal().unwrap();
        fates.note_sealed(Timestamp::default(), 0, first, MAX_SEALED_BYTES + 1);
        assert!(fates.next_to_seal().is_none());
        fates.decide(0).unwrap();
        assert!(fates.next_to_seal().is_some());
    }

    #[test]
    fn what_is_awaited_by_nobody_who_is_waited_for_makes_room_up_to_a_bound() {
        let mut fates = Fates::default();
        let mut place = 0;
        while !fates.must_have_an_end() {
            take(&mut fates, b"next".to_vec()).unwrap();
            let Some((text_id, _)) = fates.next_to_seal() else {
                assert_eq!(
                    fates.held_up_by(),
                    Some((place - 128, Timestamp::default()))
                );
                fates.count(|_| false);
                continue;
            };
            fates.note_sealed(Timestamp::default(), place, text_id, 100);
            place += 1;
        }
        assert_eq!(place, 1024);
        assert!(!fates.counts(0));
        // Its fate changes nothing in what counts, and makes room for one.
        fates.count(|_| false);
        assert!(fates.next_to_seal().is_none());
        fates.decide(0).unwrap();
        let (text_id, _) = fates.next_to_seal().unwrap();
        fates.note_sealed(Timestamp::default(), place, text_id, 100);
        assert!(fates.next_to_seal().is_none());
        let awaited = (0..=place).map(|seq| (seq, vec![BOB])).collect();
        fates.end_epoch(&awaited);
        assert_eq!(
            (fates.counted.len(), fates.counted_bytes, fates.sealed_bytes),
            (0, 0, 0)
        );
    }
}
