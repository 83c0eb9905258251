//! How much is delivered and not final. `docs/spec/05-wire.md`, "What is not final".
//!
//! Packets and keys of what is not final are kept, and a member that signs no order decides for how long that is. So there
//! is an end to what of one author is kept, and of all together. What has no room waits, or is asked for later: it is held up,
//! and not lost.
//!
//! A member that others build upon must be followed, or nobody could go on: for what they name there is twice as much room, and
//! for what a cut names twice as much again. Of its own accord an honest member goes no further than the first bound, counted
//! from what is final for it; what is final for it the others have delivered. So none needs more room than that to follow it.
//!
//! Of all authors together, whatever is named, no member delivers more than twice the first bound: the rest waits for a cut, in
//! which everything becomes final. A cut brings together what its members hold, and those whom insiders have shown different
//! things hold different ones: it has as much room for each member.

use mpotr_gka::{MemberIndex, PerMember};

/// The most messages of one author that are delivered and not final.
const MAX_MESSAGES: usize = 4096;
/// The most bytes of their packets.
const MAX_BYTES: usize = 4 << 20;
/// The most messages of all authors that are delivered and not final.
const MAX_ALL_MESSAGES: usize = 16_384;
/// The most bytes of their packets.
const MAX_ALL_BYTES: usize = 16 << 20;
/// How many times that is delivered of all authors if others build upon it; and in a cut, for each member.
const FOLLOWED: usize = 2;
/// The most messages of an epoch, final or not: what is known of each stays until the epoch ends.
const MAX_OF_EPOCH: usize = 1 << 16;

/// So many more messages of an author are delivered if its own statement comes after them: with that comes its word on the order,
/// without which nothing becomes final. An honest member has at most half as many on their way.
const MARGIN_MESSAGES: usize = 256;
/// So many more bytes of their packets.
const MARGIN_BYTES: usize = 384 << 10;

/// The most bytes of the packet of one text.
const LARGEST: usize = 120 << 10;

/// What is needed to deliver a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Nothing: there is room.
    Nothing,
    /// That its author's own statement comes after it.
    Statement,
    /// That others build upon it.
    Demand,
    /// That a cut names it.
    Cut,
    /// It has no room, whatever happens.
    Never,
}

#[derive(Clone, Copy, Debug, Default)]
struct Amount {
    messages: usize,
    bytes: usize,
}

impl Amount {
    const fn with(self, bytes: usize) -> Self {
        Self {
            messages: self.messages.saturating_add(1),
            bytes: self.bytes.saturating_add(bytes),
        }
    }

    const fn without(self, bytes: usize) -> Self {
        Self {
            messages: self.messages.saturating_sub(1),
            bytes: self.bytes.saturating_sub(bytes),
        }
    }

    /// Whether it is within so many times the bounds.
    const fn is_within(self, times: usize, messages: usize, bytes: usize) -> bool {
        self.messages <= messages.saturating_mul(times) && self.bytes <= bytes.saturating_mul(times)
    }
}

/// Messages that are delivered and not final, by author.
#[derive(Clone, Debug)]
pub(super) struct Unfinal {
    of: PerMember<Amount>,
    all: Amount,
    /// Messages of the epoch, final or not.
    total: usize,
}

impl Unfinal {
    pub(super) fn new(members: usize) -> Self {
        Self {
            of: PerMember::new(members, |_| Amount::default()),
            all: Amount::default(),
            total: 0,
        }
    }

    /// A message is delivered whose packet has so many bytes.
    pub(super) fn add(&mut self, author: MemberIndex, bytes: usize) {
        if let Some(of) = self.of.get_mut(author) {
            *of = of.with(bytes);
            self.all = self.all.with(bytes);
            self.total = self.total.saturating_add(1);
        }
    }

    /// It is final.
    pub(super) fn settle(&mut self, author: MemberIndex, bytes: usize) {
        if let Some(of) = self.of.get_mut(author) {
            *of = of.without(bytes);
            self.all = self.all.without(bytes);
        }
    }

    /// What is needed to deliver a message. An author that says two things has a line of its own for each member that it
    /// shows another: `lines` of them may be built upon.
    pub(super) fn need(&self, author: MemberIndex, bytes: usize, lines: usize) -> Need {
        let Some(of) = self.of.get(author).map(|of| of.with(bytes)) else {
            return Need::Never;
        };
        let is_young = self.total < MAX_OF_EPOCH;
        let all = self.all.with(bytes);
        let fits =
            |times: usize| of.is_within(times.saturating_mul(lines), MAX_MESSAGES, MAX_BYTES);
        let all_fit = |members: usize| {
            let times = FOLLOWED.saturating_mul(members);
            all.is_within(times, MAX_ALL_MESSAGES, MAX_ALL_BYTES)
        };
        // One part more than there are members: what each of them has written itself and is on its way.
        let parts = self.of.members().saturating_add(1);
        if is_young
            && of.is_within(1, MAX_MESSAGES, MAX_BYTES)
            && all.is_within(1, MAX_ALL_MESSAGES, MAX_ALL_BYTES)
        {
            Need::Nothing
        } else if is_young
            && of.is_within(
                1,
                MAX_MESSAGES.saturating_add(MARGIN_MESSAGES),
                MAX_BYTES.saturating_add(MARGIN_BYTES),
            )
            && all_fit(1)
        {
            Need::Statement
        } else if is_young && fits(2) && all_fit(1) {
            Need::Demand
        } else if fits(4) && all_fit(parts) {
            Need::Cut
        } else {
            Need::Never
        }
    }

    /// Whether there is no room for a text of any length of an author, unless others build upon it.
    pub(super) fn is_crowded(&self, author: MemberIndex) -> bool {
        self.need(author, LARGEST, 1) != Need::Nothing
    }

    /// Whether there is room for a text of any length of an author that its own statement comes after.
    pub(super) fn has_margin(&self, author: MemberIndex) -> bool {
        self.need(author, LARGEST, 1) <= Need::Statement
    }

    /// Whether there is no room for a text of any length of some author, unless others build upon it.
    pub(super) fn is_any_crowded(&self) -> bool {
        self.of.indices().any(|author| self.is_crowded(author))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: MemberIndex = MemberIndex::new(0);
    const BOB: MemberIndex = MemberIndex::new(1);
    const CAROL: MemberIndex = MemberIndex::new(2);

    fn filled(author: MemberIndex, messages: usize, bytes: usize) -> Unfinal {
        let mut unfinal = Unfinal::new(8);
        for _ in 0..messages {
            unfinal.add(author, bytes);
        }
        unfinal
    }

    #[test]
    fn one_author_has_an_end_and_the_others_have_not_reached_theirs() {
        for (messages, bytes) in [(MAX_MESSAGES, 273), (MAX_BYTES >> 16, 1 << 16)] {
            let unfinal = filled(CAROL, messages, bytes);
            assert_eq!(unfinal.need(CAROL, bytes, 1), Need::Statement);
            assert_eq!(unfinal.need(BOB, bytes, 1), Need::Nothing);
            assert!(unfinal.is_any_crowded());
            assert_eq!(
                filled(CAROL, messages - 1, bytes).need(CAROL, bytes, 1),
                Need::Nothing
            );
        }
    }

    #[test]
    fn what_others_build_upon_has_room_for_longer_and_what_a_cut_names_for_longest() {
        let needs = [1, 2, 4].map(|times| filled(ALICE, times * MAX_MESSAGES, 1).need(ALICE, 1, 1));
        assert_eq!(needs, [Need::Statement, Need::Cut, Need::Never]);
        assert_eq!(
            filled(ALICE, 4 * MAX_MESSAGES, 1).need(ALICE, 1, 8),
            Need::Demand
        );
    }

    #[test]
    fn all_authors_together_have_an_end() {
        let mut unfinal = Unfinal::new(8);
        for author in MemberIndex::all(8) {
            for _ in 0..MAX_ALL_MESSAGES / 8 {
                unfinal.add(author, 1);
            }
        }
        assert_eq!(unfinal.need(ALICE, 1, 1), Need::Statement);
    }

    /// One author that says many things, and others that build upon each of them.
    #[test]
    fn what_others_build_upon_has_an_end_over_all_authors() {
        let twice = FOLLOWED * MAX_ALL_BYTES;
        for length in [1 << 16, 1 << 10] {
            let unfinal = filled(ALICE, twice / length, length);
            assert_eq!(unfinal.need(ALICE, length, 64), Need::Cut);
            assert_eq!(unfinal.need(BOB, length, 1), Need::Cut);
            let unfinal = filled(ALICE, twice / length - 1, length);
            assert_eq!(unfinal.need(ALICE, length, 64), Need::Demand);
        }
        let short = filled(ALICE, FOLLOWED * MAX_ALL_MESSAGES, 1);
        assert_eq!(short.need(BOB, 1, 1), Need::Cut);
    }

    /// Each of eight members holds as much as it may, and no two hold the same.
    #[test]
    fn a_cut_has_room_for_what_each_member_holds_and_no_more() {
        let of_each = (FOLLOWED * MAX_ALL_BYTES) >> 16;
        let unfinal = filled(ALICE, 8 * of_each - 1, 1 << 16);
        assert_eq!(unfinal.need(ALICE, 1 << 16, 64), Need::Cut);
        let unfinal = filled(ALICE, 9 * of_each, 1 << 16);
        assert_eq!(unfinal.need(ALICE, 1 << 16, 64), Need::Never);
        assert_eq!(unfinal.need(BOB, 1 << 16, 1), Need::Never);
    }

    #[test]
    fn what_becomes_final_makes_room() {
        let mut unfinal = filled(CAROL, MAX_MESSAGES, 273);
        unfinal.settle(CAROL, 273);
        assert_eq!(unfinal.need(CAROL, 273, 1), Need::Nothing);
    }

    #[test]
    fn an_epoch_takes_so_many_messages_and_then_ends() {
        let mut unfinal = Unfinal::new(2);
        for _ in 0..MAX_OF_EPOCH {
            unfinal.add(BOB, 273);
            unfinal.settle(BOB, 273);
        }
        assert_eq!(unfinal.need(ALICE, 273, 1), Need::Cut);
    }
}
