//! Whose word is awaited on what was sent, by this member and by the others. `docs/spec/06-epochs.md`, "Talking".

use std::collections::BTreeMap;

use mpotr_gka::MemberIndex;

use super::member_set::MemberSet;

/// After so many texts a member states at once that it has seen them: a quarter of what one author may have on its way,
/// so that an author who has much to say never waits for the clock.
const MUCH: usize = 32;
/// And after so many bytes of packets.
const MUCH_BYTES: usize = 32 << 10;

/// A message of this member that not all have covered who should.
#[derive(Debug)]
struct Sent {
    /// The bytes, to send again as they are.
    packet: Vec<u8>,
    /// Members that had not sent their last message and have not covered it.
    missing: MemberSet,
}

/// What the others owe to this member, and this one to them.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    /// This member's own messages that not all have covered, by `seq`.
    sent: BTreeMap<u32, Sent>,
    /// Those of them that only lagging members have not covered. There may be many, and little asks for them: what is looked
    /// through after every input is `sent` alone.
    kept: BTreeMap<u32, Sent>,
    /// Members whose word on them is not waited for.
    lagging: MemberSet,
    /// Delivered messages that nothing that this member signed covers.
    unstated: usize,
    /// How many of them are texts, and the bytes of their packets.
    unstated_texts: usize,
    unstated_bytes: usize,
}

impl Receipts {
    /// This member sends a message, on which the word of these is awaited.
    pub(super) fn send(&mut self, seq: u32, packet: Vec<u8>, missing: MemberSet) {
        if !missing.is_empty() {
            self.sent.insert(seq, Sent { packet, missing });
            self.set_aside(seq);
        }
    }

    /// Moves a message to where it belongs if nobody's word on it is waited for.
    fn set_aside(&mut self, seq: u32) {
        let sent = self.sent.get(&seq);
        if sent.is_some_and(|sent| !self.awaits(sent))
            && let Some(sent) = self.sent.remove(&seq)
        {
            self.kept.insert(seq, sent);
        }
    }

    /// All that is kept, in order.
    fn all(&self) -> impl Iterator<Item = (&u32, &Sent)> {
        let mut all: Vec<_> = self.kept.iter().chain(&self.sent).collect();
        all.sort_unstable_by_key(|(seq, _)| **seq);
        all.into_iter()
    }

    /// A member has covered a message of this one: whether it was the last whose word was awaited. The packet need not be sent
    /// again then, and is dropped.
    pub(super) fn cover(&mut self, seq: u32, member: MemberIndex) -> bool {
        for messages in [&mut self.sent, &mut self.kept] {
            if let Some(sent) = messages.get_mut(&seq)
                && sent.missing.remove(member)
                && sent.missing.is_empty()
            {
                messages.remove(&seq);
                return true;
            }
        }
        self.set_aside(seq);
        false
    }

    /// A member says nothing more: the messages that it has not covered, and whether nobody's word on them is awaited now.
    pub(super) fn miss(&mut self, member: MemberIndex) -> Vec<(u32, bool)> {
        let all = self.kept.iter_mut().chain(&mut self.sent);
        let missed = all.filter_map(|(seq, sent)| {
            let was_awaited = sent.missing.remove(member);
            was_awaited.then(|| (*seq, sent.missing.is_empty()))
        });
        let mut missed: Vec<_> = missed.collect();
        missed.sort_unstable();
        for (seq, is_answered) in &missed {
            if *is_answered {
                self.sent.remove(seq);
                self.kept.remove(seq);
            } else {
                self.set_aside(*seq);
            }
        }
        missed
    }

    /// Drops all own packets.
    pub(super) fn clear(&mut self) {
        self.sent.clear();
        self.kept.clear();
    }

    /// Whether the word of a member that is waited for is missing on a message.
    pub(super) fn is_awaited(&self, seq: u32) -> bool {
        self.sent.get(&seq).is_some_and(|sent| self.awaits(sent))
    }

    fn awaits(&self, sent: &Sent) -> bool {
        !sent.missing.is_subset_of(&self.lagging)
    }

    /// Which of so many members are waited for and have not covered a message.
    pub(super) fn late(&self, seq: u32, members: usize) -> impl Iterator<Item = MemberIndex> {
        let sent = self.sent.get(&seq).into_iter();
        sent.flat_map(move |sent| sent.missing.minus(&self.lagging, members))
    }

    /// Nobody waits for this member's word from here on.
    pub(super) fn stop_waiting_for(&mut self, member: MemberIndex) {
        if !self.lagging.insert(member) {
            return;
        }
        let awaited = self.sent.iter();
        let awaited = awaited.filter(|(_, sent)| sent.missing.contains(member));
        let awaited: Vec<_> = awaited.map(|(seq, _)| *seq).collect();
        awaited.into_iter().for_each(|seq| self.set_aside(seq));
    }

    /// The first messages, at most so many, that not all who are waited for have covered.
    pub(super) fn unanswered(&self, most: usize) -> Vec<&[u8]> {
        let missed = self.sent.values().filter(|sent| self.awaits(sent));
        missed
            .take(most)
            .map(|sent| sent.packet.as_slice())
            .collect()
    }

    /// Whether all who should have covered all messages.
    pub(super) fn are_complete(&self) -> bool {
        self.kept.is_empty() && self.sent.is_empty()
    }

    /// The messages that some of so many members have not covered, and who they are.
    pub(super) fn missing(&self, members: usize) -> impl Iterator<Item = (u32, Vec<MemberIndex>)> {
        let nobody = MemberSet::default();
        self.all().map(move |(seq, sent)| {
            let missing = sent.missing.minus(&nobody, members);
            (*seq, missing.collect())
        })
    }

    /// A message is delivered that nothing covers which this member signed, or others wait for a sign of it.
    pub(super) const fn owe(&mut self) {
        self.unstated = self.unstated.saturating_add(1);
    }

    /// It is a text, whose packet has so many bytes.
    pub(super) const fn owe_text(&mut self, bytes: usize) {
        self.unstated_texts = self.unstated_texts.saturating_add(1);
        self.unstated_bytes = self.unstated_bytes.saturating_add(bytes);
    }

    /// This member has signed something that covers all that is delivered.
    pub(super) const fn pay(&mut self) {
        self.unstated = 0;
        self.unstated_texts = 0;
        self.unstated_bytes = 0;
    }

    /// Whether something is delivered that nothing covers which this member signed.
    pub(super) const fn owes(&self) -> bool {
        self.unstated > 0
    }

    /// How much is.
    pub(super) const fn owed(&self) -> usize {
        self.unstated
    }

    /// Whether a text is.
    pub(super) const fn owes_for_texts(&self) -> bool {
        self.unstated_texts > 0
    }

    /// Whether so many texts are that their authors should hear of it at once.
    pub(super) const fn owes_much(&self) -> bool {
        self.unstated_texts >= MUCH || self.unstated_bytes >= MUCH_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: MemberIndex = MemberIndex::new(0);
    const BOB: MemberIndex = MemberIndex::new(1);

    fn sent() -> Receipts {
        let mut receipts = Receipts::default();
        receipts.send(7, vec![1], MemberSet::all(2));
        receipts
    }

    #[test]
    fn a_message_is_answered_when_the_last_has_covered_it() {
        let mut receipts = sent();
        assert!(receipts.is_awaited(7) && !receipts.is_awaited(8));
        assert!(!receipts.cover(7, ALICE) && !receipts.cover(7, ALICE));
        assert_eq!(receipts.unanswered(9), [[1].as_slice()]);
        assert!(receipts.cover(7, BOB) && receipts.are_complete());
        assert!(!receipts.cover(7, BOB));
        assert_eq!(receipts.missing(2).count(), 0);
    }

    #[test]
    fn who_is_late_is_not_waited_for_and_owes_its_word_all_the_same() {
        let mut receipts = sent();
        assert_eq!(receipts.late(7, 2).collect::<Vec<_>>(), [ALICE, BOB]);
        receipts.stop_waiting_for(ALICE);
        assert_eq!(receipts.late(7, 2).collect::<Vec<_>>(), [BOB]);
        receipts.stop_waiting_for(BOB);
        assert_eq!(receipts.late(7, 2).count(), 0);
        assert!(!receipts.is_awaited(7) && receipts.unanswered(9).is_empty());
        assert!(!receipts.are_complete());
    }

    /// What is looked through after every input is as much as may be on its way, however much is kept for who is late.
    #[test]
    fn what_only_the_late_have_not_covered_is_out_of_the_way() {
        let mut receipts = sent();
        receipts.stop_waiting_for(BOB);
        receipts.send(8, vec![2], MemberSet::all(2));
        assert_eq!((receipts.sent.len(), receipts.kept.len()), (2, 0));
        assert!(!receipts.cover(7, ALICE));
        assert_eq!((receipts.sent.len(), receipts.kept.len()), (1, 1));
        assert_eq!(receipts.miss(ALICE), [(8, false)]);
        assert_eq!((receipts.sent.len(), receipts.kept.len()), (0, 2));
        assert!(receipts.cover(7, BOB) && !receipts.are_complete());
        assert_eq!(receipts.miss(BOB), [(8, true)]);
        assert!(receipts.are_complete());
    }

    #[test]
    fn who_says_nothing_more_has_missed_what_it_has_not_covered() {
        let mut receipts = sent();
        assert_eq!(receipts.miss(BOB), [(7, false)]);
        assert_eq!(receipts.miss(BOB), []);
        assert_eq!(receipts.miss(ALICE), [(7, true)]);
        assert!(receipts.are_complete());
    }

    #[test]
    fn many_texts_or_long_ones_are_to_be_acknowledged_at_once() {
        let mut receipts = Receipts::default();
        receipts.owe();
        assert!(receipts.owes() && !receipts.owes_for_texts());
        receipts.owe_text(MUCH_BYTES);
        assert!(receipts.owes_for_texts() && receipts.owes_much());
        receipts.pay();
        assert!(!receipts.owes() && !receipts.owes_for_texts() && !receipts.owes_much());
        (0..MUCH).for_each(|_| receipts.owe_text(1));
        assert!(receipts.owes_much());
    }
}
