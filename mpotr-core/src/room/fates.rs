//! What becomes of each text of this member: the one place that decides it. `docs/spec/06-epochs.md`, "Fates".
//!
//! ```text
//! taken ─> waits ─┬─> sealed ─┬─> acknowledged   all whose word was awaited have it
//!                 │           └─> missed         these left, or were left behind, without having said so
//!                 └─> dropped                    never sealed: why
//! ```
//!
//! A text has one fate, and its handle is told of it once. To be sent again is on the way, and no fate. An epoch that ends
//! leaves no text without one: what was sealed in it cannot be acknowledged later.

mod crossing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mpotr_crypto::IdentityKey;
use mpotr_crypto::zeroize::Zeroizing;

use super::delays::Delays;
use crate::error::SendError;
use crate::event::{DropReason, Event, SendHandle};
use crate::time::Timestamp;
use crate::wire::MAX_BODY;
use crossing::Crossing;

/// The most texts that wait to be sealed.
const MAX_WAITING: usize = 1024;
/// The most bytes of them.
const MAX_WAITING_BYTES: usize = 8 << 20;
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
    handle: SendHandle,
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
    next: u64,
    /// Texts that wait to be sealed, and are wiped if they never are.
    waiting: VecDeque<(SendHandle, Zeroizing<Vec<u8>>)>,
    waiting_bytes: usize,
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
    /// Who has held up texts of late.
    pub(super) delays: Delays,
}

impl Fates {
    /// Takes a text, which waits to be sealed.
    ///
    /// # Errors
    /// Too much waits already.
    pub(super) fn take(&mut self, body: Vec<u8>) -> Result<SendHandle, SendError> {
        let bytes = self.waiting_bytes.saturating_add(body.len());
        if self.waiting.len() >= MAX_WAITING || bytes > MAX_WAITING_BYTES {
            return Err(SendError::QueueFull);
        }
        let handle = SendHandle(self.next);
        self.next = self.next.saturating_add(1);
        self.waiting_bytes = bytes;
        self.waiting.push_back((handle, body.into()));
        Ok(handle)
    }

    /// Whether a text of any length is taken.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < MAX_WAITING
            && self.waiting_bytes.saturating_add(MAX_BODY) <= MAX_WAITING_BYTES
    }

    /// Whether texts wait to be sealed.
    pub(super) fn is_any_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next text to seal, unless as many as may be are on their way.
    pub(super) fn next_to_seal(&mut self) -> Option<(SendHandle, Vec<u8>)> {
        let length = self.waiting.front().map(|(_, body)| body.len())?;
        if self.is_full(length) {
            return None;
        }
        self.waiting_bytes = self.waiting_bytes.saturating_sub(length);
        let (handle, mut body) = self.waiting.pop_front()?;
        Some((handle, std::mem::take(&mut *body)))
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
        let length = self.waiting.front().map(|(_, body)| body.len())?;
        let seq = self.counted.first()?;
        let first = self.sealed.get(seq).map(|sealed| (*seq, sealed.at));
        first.filter(|_| self.is_full(length))
    }

    /// Whether as much is kept for members that are not waited for as may be, and texts wait.
    pub(super) fn must_have_an_end(&self) -> bool {
        let waiting = self.waiting.front();
        waiting.is_some_and(|(_, body)| self.keeps_too_much(body.len()))
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
    pub(super) fn put_back(&mut self, handle: SendHandle, body: Vec<u8>) {
        self.waiting_bytes = self.waiting_bytes.saturating_add(body.len());
        self.waiting.push_front((handle, body.into()));
    }

    /// A text is sealed in this place of the present epoch, in a packet of so many bytes.
    pub(super) fn note_sealed(
        &mut self,
        now: Timestamp,
        seq: u32,
        handle: SendHandle,
        bytes: usize,
    ) {
        self.sealed_bytes = self.sealed_bytes.saturating_add(bytes);
        self.counted.insert(seq);
        self.counted_bytes = self.counted_bytes.saturating_add(bytes);
        let sealed = Sealed {
            handle,
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
        Some(self.tell(sealed.handle, sealed.missed_by))
    }

    /// The fate of a text that these have missed.
    fn tell(&mut self, handle: SendHandle, missed_by: BTreeSet<IdentityKey>) -> Event {
        if missed_by.is_empty() {
            return Event::Acknowledged { handle };
        }
        self.is_any_lost = true;
        let by = missed_by.into_iter().collect();
        Event::Missed { handle, by }
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

    /// Nothing more will be sealed: the fates of all that waits.
    pub(super) fn drop_waiting(&mut self, why: DropReason) -> Vec<Event> {
        self.waiting_bytes = 0;
        self.is_any_lost |= self.is_any_waiting();
        let dropped = std::mem::take(&mut self.waiting).into_iter();
        dropped
            .map(|(handle, _)| Event::Dropped { handle, why })
            .collect()
    }

    /// Whether no text was missed or dropped.
    pub(super) const fn is_none_lost(&self) -> bool {
        !self.is_any_lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const EVE: IdentityKey = IdentityKey::new([3; 32]);

    /// Takes a text and seals it in a place.
    fn sealed(fates: &mut Fates, seq: u32) -> SendHandle {
        let taken = fates.take(b"text".to_vec()).unwrap();
        let (handle, body) = fates.next_to_seal().unwrap();
        assert_eq!((handle, body.as_slice()), (taken, &b"text"[..]));
        fates.note_sealed(Timestamp::default(), seq, handle, 100);
        handle
    }

    #[test]
    fn a_text_on_which_nobodys_word_is_awaited_is_acknowledged_once() {
        let mut fates = Fates::default();
        let handle = sealed(&mut fates, 0);
        assert_eq!(fates.decide(0), Some(Event::Acknowledged { handle }));
        assert_eq!(fates.decide(0), None);
        assert_eq!(fates.end_epoch(&BTreeMap::from([(0, vec![BOB])])), []);
        assert!(fates.is_none_lost());
    }

    #[test]
    fn a_text_is_missed_by_all_who_left_without_it_and_told_so_once() {
        let mut fates = Fates::default();
        let handle = sealed(&mut fates, 7);
        fates.note_missed(7, EVE);
        fates.note_missed(7, BOB);
        fates.note_missed(7, EVE);
        let by = vec![BOB, EVE];
        assert_eq!(fates.decide(7), Some(Event::Missed { handle, by }));
        assert_eq!(fates.end_epoch(&BTreeMap::new()), []);
        assert!(!fates.is_none_lost());
    }

    #[test]
    fn the_end_of_an_epoch_leaves_nothing_that_was_sealed_open() {
        let mut fates = Fates::default();
        let handles = [0, 1, 2].map(|seq| sealed(&mut fates, seq));
        fates.note_missed(2, EVE);
        let waiting = fates.take(b"later".to_vec()).unwrap();
        let told = fates.end_epoch(&BTreeMap::from([
            (1, vec![BOB]),
            (2, vec![BOB]),
            (3, vec![EVE]),
        ]));
        let [first, second, third] = handles;
        let expected = [
            Event::Acknowledged { handle: first },
            Event::Missed {
                handle: second,
                by: vec![BOB],
            },
            Event::Missed {
                handle: third,
                by: vec![BOB, EVE],
            },
        ];
        assert_eq!(told, expected);
        // What was not sealed goes on to the next one, in whatever place.
        assert_eq!(
            fates.next_to_seal().map(|(handle, _)| handle),
            Some(waiting)
        );
        fates.note_sealed(Timestamp::default(), 0, waiting, 100);
        let handle = waiting;
        assert_eq!(fates.decide(0), Some(Event::Acknowledged { handle }));
    }

    #[test]
    fn what_waits_at_the_end_is_dropped_with_a_reason() {
        let mut fates = Fates::default();
        let handle = fates.take(b"late".to_vec()).unwrap();
        let why = DropReason::Expired;
        assert_eq!(fates.drop_waiting(why), [Event::Dropped { handle, why }]);
        assert_eq!(fates.drop_waiting(why), []);
        assert!(!fates.is_none_lost());
        let mut none = Fates::default();
        assert_eq!(none.drop_waiting(why), []);
        assert!(none.is_none_lost());
    }

    #[test]
    fn so_many_texts_wait_and_no_more() {
        let mut fates = Fates::default();
        for _ in 0..MAX_WAITING {
            assert!(fates.has_room());
            fates.take(Vec::new()).unwrap();
        }
        assert!(!fates.has_room());
        assert_eq!(fates.take(Vec::new()), Err(SendError::QueueFull));
        fates.next_to_seal().unwrap();
        assert!(fates.has_room());
    }

    #[test]
    fn so_many_bytes_wait_and_no_more() {
        let mut fates = Fates::default();
        while fates.has_room() {
            fates.take(vec![0; MAX_BODY]).unwrap();
        }
        assert!(fates.take(vec![0; MAX_BODY]).is_err());
        let waiting = fates.waiting.len();
        assert_eq!(waiting * MAX_BODY, MAX_WAITING_BYTES);
        // What is refused takes nothing up, what is put back does.
        let (handle, body) = fates.next_to_seal().unwrap();
        fates.put_back(handle, body);
        assert!(fates.take(vec![0; MAX_BODY]).is_err());
    }

    #[test]
    fn so_many_texts_are_on_their_way_and_the_next_follows_an_answer() {
        let mut fates = Fates::default();
        for seq in 0..128 {
            sealed(&mut fates, seq);
        }
        let next = fates.take(b"next".to_vec()).unwrap();
        assert_eq!(fates.next_to_seal(), None);
        fates.decide(5).unwrap();
        let (handle, body) = fates.next_to_seal().unwrap();
        assert_eq!((handle, body), (next, b"next".to_vec()));
    }

    #[test]
    fn a_text_larger_than_all_that_may_be_on_its_way_goes_alone() {
        let mut fates = Fates::default();
        for _ in 0..2 {
            fates.take(vec![0; MAX_BODY]).unwrap();
        }
        let (first, _) = fates.next_to_seal().unwrap();
        fates.note_sealed(Timestamp::default(), 0, first, MAX_SEALED_BYTES + 1);
        assert_eq!(fates.next_to_seal(), None);
        fates.decide(0).unwrap();
        assert!(fates.next_to_seal().is_some());
    }

    #[test]
    fn what_is_awaited_by_nobody_who_is_waited_for_makes_room_up_to_a_bound() {
        let mut fates = Fates::default();
        let mut place = 0;
        while !fates.must_have_an_end() {
            fates.take(b"next".to_vec()).unwrap();
            let Some((handle, _)) = fates.next_to_seal() else {
                assert_eq!(
                    fates.held_up_by(),
                    Some((place - 128, Timestamp::default()))
                );
                fates.count(|_| false);
                continue;
            };
            fates.note_sealed(Timestamp::default(), place, handle, 100);
            place += 1;
        }
        assert_eq!(place, 1024);
        assert!(!fates.counts(0));
        // Its fate changes nothing in what counts, and makes room for one.
        fates.count(|_| false);
        assert_eq!(fates.next_to_seal(), None);
        fates.decide(0).unwrap();
        let (handle, _) = fates.next_to_seal().unwrap();
        fates.note_sealed(Timestamp::default(), place, handle, 100);
        assert_eq!(fates.next_to_seal(), None);
        let awaited = (0..=place).map(|seq| (seq, vec![BOB])).collect();
        fates.end_epoch(&awaited);
        assert_eq!(
            (fates.counted.len(), fates.counted_bytes, fates.sealed_bytes),
            (0, 0, 0)
        );
    }
}
