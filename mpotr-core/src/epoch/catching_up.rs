//! How far members that are behind have caught up while this one leaves. `docs/spec/06-epochs.md`, "Leaving".
//!
//! Who fetches a backlog signs no longer order before it has the last messages of all, so its locks do not tell that it moves. What
//! it newly covers does: each message is covered once by each, so who wants to be waited for has to take in what it is sent, and at
//! a pace by which honest members come to an end.

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{MemberIndex, PerMember};

use super::{Effect, Epoch};

/// A member moves when it has covered so many more messages: as many as it acknowledges at once.
const STEP: usize = 32;
/// Or so many bytes of packets: one long text is work enough on a slow line.
const STEP_BYTES: usize = 8 << 10;

/// What a member has covered since it moved last.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    messages: usize,
    bytes: usize,
}

impl Part {
    /// One more message, in a packet of so many bytes; whether the member has moved.
    const fn add(&mut self, bytes: usize) -> bool {
        self.messages = self.messages.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        let has_moved = self.messages >= STEP || self.bytes >= STEP_BYTES;
        if has_moved {
            *self = Self {
                messages: 0,
                bytes: 0,
            };
        }
        has_moved
    }
}

/// How far all are, from when this member has sent its last message.
#[derive(Debug)]
pub(super) struct CatchingUp {
    /// Messages that were here then: who covers later ones talks, and is not behind.
    before: usize,
    /// In cycle order; for this member what it has delivered.
    parts: PerMember<Part>,
}

impl CatchingUp {
    pub(super) fn new(before: usize, members: usize) -> Self {
        Self {
            before,
            parts: PerMember::new(members, |_| Part::default()),
        }
    }

    /// Another member covers a message; whether it has moved.
    fn cover(&mut self, member: MemberIndex, index: usize, bytes: usize) -> bool {
        index < self.before && self.take(member, bytes)
    }

    /// A member takes in a message; whether it has moved.
    fn take(&mut self, member: MemberIndex, bytes: usize) -> bool {
        let part = self.parts.get_mut(member);
        part.is_some_and(|part| part.add(bytes))
    }
}

impl<S: CryptoSuite> Epoch<S> {
    /// Tells if a member that covers these messages moves.
    pub(super) fn note_caught_up(&mut self, member: MemberIndex, newly: &[usize]) {
        let Some(catching_up) = &mut self.catching_up else {
            return;
        };
        let graph = &self.delivery.graph;
        let bytes = newly.iter().map(|index| (*index, graph.bytes(*index)));
        let moves = bytes.map(|(index, bytes)| catching_up.cover(member, index, bytes));
        if moves.fold(false, |moves, it| moves | it) {
            self.effects.push_back(Effect::CaughtUp);
        }
    }

    /// Tells if this member moves, which delivers a message of another that it lacked. What its author alone says to have sent makes
    /// nobody late: others have to be ahead, too, if there are any.
    pub(super) fn note_fetched(&mut self, author: MemberIndex, bytes: usize) {
        if author == self.me || self.catching_up.is_none() {
            return;
        }
        let has_no_others = self.peers.members() <= 2;
        let mut others = self.delivery.authors.iter();
        let is_behind = others
            .any(|(member, peer)| peer.waiting.is_some() && (member != author || has_no_others));
        let me = self.me;
        let catching_up = self.catching_up.as_mut().filter(|_| is_behind);
        if catching_up.is_some_and(|it| it.take(me, bytes)) {
            self.effects.push_back(Effect::CaughtUp);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: MemberIndex = MemberIndex::new(1);
    const EVE: MemberIndex = MemberIndex::new(2);

    #[test]
    fn a_member_moves_with_each_step_of_its_own_and_by_no_message_that_came_later() {
        let mut catching_up = CatchingUp::new(2 * STEP, 3);
        let mut moves = 0;
        for index in 0..4 * STEP {
            moves += usize::from(catching_up.cover(BOB, index, 1));
            assert!(!catching_up.cover(EVE, 2 * STEP + index, 1));
        }
        assert_eq!(moves, 2);
    }

    #[test]
    fn what_is_long_is_a_step_sooner() {
        let mut catching_up = CatchingUp::new(9, 3);
        assert!(catching_up.cover(BOB, 0, STEP_BYTES));
        assert!(!catching_up.cover(BOB, 1, STEP_BYTES - 1));
        assert!(!catching_up.take(EVE, 1));
        assert!(catching_up.cover(BOB, 2, 1));
    }
}
