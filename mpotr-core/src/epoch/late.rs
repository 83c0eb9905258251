//! Whether the others wait for this member alone, or nearly so. `docs/spec/06-epochs.md`, "Talking".
//!
//! As a rule all have a text at one time, and a word on it may wait for more to be said with it. Whose copy was lost gets it when the
//! others have said their word, and each of its own waits for that would be one more for everyone.

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::Epoch;

/// So many of the messages that are owed a word are looked at, the oldest: what has waited longest is among them.
const LOOKED_AT: usize = 32;

impl<S: CryptoSuite> Epoch<S> {
    /// Whether something is delivered here, and not acknowledged, that more than half of those have covered who are neither its
    /// author nor this member.
    pub(crate) fn acknowledges_late(&self) -> bool {
        let graph = &self.delivery.graph;
        let first = graph.len().saturating_sub(self.receipts.owed());
        let owed = (first..graph.len()).take(LOOKED_AT);
        let mut owed = owed.filter_map(|index| graph.node(index));
        // Those two cover it.
        let others = self.peers.members().saturating_sub(2);
        owed.any(|node| {
            let covering = node.covered.len().saturating_sub(2);
            node.author != self.me && covering.saturating_mul(2) > others
        })
    }

    /// Whether more than half of the others have signed as long an order as is here, and this member has not.
    pub(crate) fn locks_late(&self) -> bool {
        let order = self.consensus.order.lock().count;
        let has_signed = |member: &MemberIndex| {
            let peer = self.consensus.peers.get(*member);
            peer.is_some_and(|peer| peer.locks.longest().count >= order)
        };
        let signed = self.other_members().filter(has_signed).count();
        let others = self.peers.members().saturating_sub(1);
        self.owes_lock() && signed.saturating_mul(2) > others
    }

    /// Whether a statement names what is not here: its author has had it for as long as an acknowledgement takes, so it is lost and
    /// not late.
    pub(crate) fn is_told_what_it_misses(&self) -> bool {
        let mut authors = self.delivery.authors.values();
        authors.any(|peer| peer.waiting.is_some())
    }
}
