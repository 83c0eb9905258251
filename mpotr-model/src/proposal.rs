//! Proposals for the successor of one parent, and sets of them.

use std::fmt;

use crate::members::Members;
use crate::view::View;

/// A proposal. Its `sid` is fixed by the three fields: two proposals are equal if and only if their `sid`s are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proposal {
    /// The view of its proposer.
    pub view: View,
    /// Who would be in the successor.
    pub roster: Members,
    /// A second proposal for the same roster in the same view, as only a Byzantine proposer makes it. Two are
    /// enough: a third has at most the effects of the second, which is that not all honest members confirm one.
    pub twin: bool,
}

impl Proposal {
    /// A proposal that is not a twin.
    #[must_use]
    pub const fn new(view: View, roster: Members) -> Self {
        Self {
            view,
            roster,
            twin: false,
        }
    }

    /// The twin of a proposal.
    #[must_use]
    pub const fn twin(self) -> Self {
        Self { twin: true, ..self }
    }

    /// Its place in a [`ProposalSet`]: two bits of view, one of twin, four of roster.
    fn index(self) -> u32 {
        (u32::from(self.view.bits()) << 5)
            | (u32::from(self.twin) << 4)
            | u32::from(self.roster.bits())
    }

    fn from_index(index: u32) -> Self {
        let [.., byte] = index.to_be_bytes();
        Self {
            view: View::from_bits(byte >> 5),
            twin: byte & 0b1_0000 != 0,
            roster: Members::from_bits(byte),
        }
    }
}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.twin { "'" } else { "" };
        write!(f, "{:?}{:?}{mark}", self.view, self.roster)
    }
}

/// A set of proposals.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ProposalSet(u128);

impl ProposalSet {
    fn bit(proposal: Proposal) -> u128 {
        1_u128.wrapping_shl(proposal.index())
    }

    /// Adds a proposal.
    pub fn insert(&mut self, proposal: Proposal) {
        self.0 |= Self::bit(proposal);
    }

    /// Whether a proposal is in it.
    #[must_use]
    pub fn contains(self, proposal: Proposal) -> bool {
        self.0 & Self::bit(proposal) != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The proposals, by view.
    pub fn iter(self) -> impl Iterator<Item = Proposal> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let index = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (index < u128::BITS).then(|| Proposal::from_index(index))
        })
    }
}

impl fmt::Debug for ProposalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_back_each_of_all_proposals() {
        let mut all = ProposalSet::default();
        for view in View::first(View::MAX) {
            for roster in (0..16).map(Members::from_bits) {
                for proposal in [
                    Proposal::new(view, roster),
                    Proposal::new(view, roster).twin(),
                ] {
                    assert!(!all.contains(proposal));
                    let mut one = ProposalSet::default();
                    one.insert(proposal);
                    assert!(one.iter().eq([proposal]));
                    all.insert(proposal);
                }
            }
        }
        assert_eq!(all.iter().count(), 128);
        assert!(all.iter().is_sorted_by_key(|proposal| proposal.view));
        assert!(ProposalSet::default().iter().next().is_none());
    }
}
