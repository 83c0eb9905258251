//! Proposals for the epoch that follows, until what they rest on was heard. `docs/spec/06-epochs.md`, "Changes".
//!
//! Anyone can name the epoch in a proposal. Once its proposer has stated its offer for the view, and that is at hand, its
//! signature tells which proposal is its own: that one has a place which nothing else takes. The others share a few.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::wire::Proposal;

/// The most views of which the proposal is kept, the lowest ones: a member goes from one to the next.
const MAX_SIGNED: usize = 8;
/// The most proposals of which it cannot be told yet whose they are.
const MAX_UNKNOWN: usize = 8;

/// Proposals that wait.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Those that their proposers have signed, by view.
    signed: BTreeMap<u32, Proposal>,
    /// The views of which one was here, whatever became of it.
    come: BTreeSet<u32>,
    /// The others, the newest last.
    unknown: VecDeque<Proposal>,
}

impl Changes {
    pub(crate) fn contains(&self, proposal: &Proposal) -> bool {
        self.signed.get(&proposal.view) == Some(proposal) || self.unknown.contains(proposal)
    }

    /// The proposal that the proposer of a view has signed.
    pub(crate) fn signed(&self, view: u32) -> Option<&Proposal> {
        self.signed.get(&view)
    }

    /// Whether the proposal of a view was here, though it may have been refused since.
    pub(crate) fn has_come(&self, view: u32) -> bool {
        self.come.contains(&view)
    }

    /// Keeps a proposal that its proposer has signed, in place of another of its view.
    pub(crate) fn keep_signed(&mut self, proposal: Proposal) {
        self.come.insert(proposal.view);
        self.signed.insert(proposal.view, proposal);
        if self.signed.len() > MAX_SIGNED {
            self.signed.pop_last();
        }
        if self.come.len() > MAX_SIGNED {
            self.come.pop_last();
        }
    }

    /// Keeps a proposal that anyone may have made. The oldest gives way: its maker repeats it if it counts.
    pub(crate) fn keep_unknown(&mut self, proposal: Proposal) {
        if self.unknown.len() >= MAX_UNKNOWN {
            self.unknown.pop_front();
        }
        self.unknown.push_back(proposal);
    }

    /// Takes out those that anyone may have made: it may be told by now whose they are.
    pub(crate) fn take_unknown(&mut self) -> VecDeque<Proposal> {
        std::mem::take(&mut self.unknown)
    }

    /// What there is for a view, the one that its proposer has signed first.
    pub(crate) fn of_view(&self, view: u32) -> Vec<Proposal> {
        let unknown = self.unknown.iter().filter(|other| other.view == view);
        self.signed
            .get(&view)
            .into_iter()
            .chain(unknown)
            .cloned()
            .collect()
    }

    /// Forgets a proposal.
    pub(crate) fn remove(&mut self, proposal: &Proposal) {
        if self.signed(proposal.view) == Some(proposal) {
            self.signed.remove(&proposal.view);
        }
        self.unknown.retain(|other| other != proposal);
    }

    /// Forgets what is below a view.
    pub(crate) fn go_to(&mut self, view: u32) {
        self.signed.retain(|other, _| *other >= view);
        self.come.retain(|other| *other >= view);
        self.unknown.retain(|other| other.view >= view);
    }

    pub(crate) fn clear(&mut self) {
        self.signed.clear();
        self.come.clear();
        self.unknown.clear();
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::{SignatureBytes, SuiteId};
    use mpotr_gka::{OfferDigest, RoomId};

    use super::{Changes, MAX_SIGNED, MAX_UNKNOWN};
    use crate::policy::Policy;
    use crate::wire::{EpochName, Proposal};

    fn proposal(view: u32, n: u8) -> Proposal {
        Proposal {
            suite: SuiteId::ChaCha20Poly1305,
            room: RoomId::new([1; 32]),
            parent: Some(EpochName::new([2; 16])),
            name: EpochName::new([n; 16]),
            view,
            host: None,
            policy: Policy::default(),
            proposer: 0,
            commitments: None,
            offers: vec![OfferDigest::new([3; 32])],
            signature: SignatureBytes::new([0; 64]),
        }
    }

    #[test]
    fn junk_does_not_push_out_what_the_proposer_has_signed() {
        let mut changes = Changes::default();
        changes.keep_signed(proposal(1, 0));
        for n in 1..=u8::MAX {
            changes.keep_unknown(proposal(1, n));
        }
        let kept = changes.of_view(1);
        assert_eq!(kept.len(), MAX_UNKNOWN + 1);
        assert_eq!(kept[0], proposal(1, 0));
        assert_eq!(kept[MAX_UNKNOWN], proposal(1, u8::MAX));
    }

    #[test]
    fn of_views_whose_proposal_was_refused_the_next_ones_are_remembered() {
        let mut changes = Changes::default();
        for view in (1..100).rev() {
            changes.keep_signed(proposal(view, 1));
            changes.remove(&proposal(view, 1));
        }
        assert!(changes.signed.is_empty());
        assert_eq!(changes.come.len(), MAX_SIGNED);
        let first = u32::try_from(MAX_SIGNED).unwrap();
        assert!(changes.has_come(1) && changes.has_come(first) && !changes.has_come(first + 1));
    }

    #[test]
    fn views_far_ahead_give_way_to_the_next_ones() {
        let mut changes = Changes::default();
        for view in 100..120 {
            changes.keep_signed(proposal(view, 1));
        }
        changes.keep_signed(proposal(3, 1));
        assert_eq!(changes.signed.len(), MAX_SIGNED);
        assert!(changes.contains(&proposal(3, 1)));
        changes.keep_unknown(proposal(2, 1));
        changes.go_to(100);
        assert_eq!(changes.signed(3), None);
        assert_eq!(changes.take_unknown().len(), 0);
        changes.remove(&proposal(100, 1));
        assert_eq!(changes.of_view(100), []);
        assert!(changes.has_come(100) && !changes.has_come(3));
        changes.clear();
        assert!(changes.signed.is_empty());
    }
}
