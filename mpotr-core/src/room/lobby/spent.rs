//! Offers that no proposal may list: used, or at fault in a run. `docs/spec/06-epochs.md`, "Offers".
//!
//! An offer answers to one epoch and counts for nothing in another, so what was spent is forgotten with the epoch. Within one,
//! the oldest are forgotten when there are too many: to list such an offer again costs a view, and nothing else.

use std::collections::{BTreeMap, VecDeque};

use mpotr_gka::{EpochName, OfferDigest};

/// The most that are remembered.
const MAX_SPENT: usize = 1 << 14;

/// The epoch that an offer answers to, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follows {
    Unknown,
    Known(Option<EpochName>),
}

/// Offers that are spent.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    offers: BTreeMap<OfferDigest, Follows>,
    /// In the order in which they were spent.
    order: VecDeque<OfferDigest>,
}

impl Spent {
    /// Takes note of an offer.
    pub(crate) fn note(&mut self, digest: OfferDigest, follows: Follows) {
        if self.offers.insert(digest, follows).is_some() {
            return;
        }
        self.order.push_back(digest);
        if self.order.len() > MAX_SPENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.offers.remove(&oldest);
        }
    }

    /// Whether an offer is spent.
    pub(crate) fn contains(&self, digest: &OfferDigest) -> bool {
        self.offers.contains_key(digest)
    }

    /// The first spent offer from a digest on.
    pub(crate) fn from(&self, first: &OfferDigest) -> Option<&OfferDigest> {
        self.offers.range(first..).next().map(|(digest, _)| digest)
    }

    /// Forgets what does not answer to this epoch.
    pub(crate) fn keep(&mut self, parent: Option<EpochName>) {
        self.offers
            .retain(|_, other| *other == Follows::Known(parent));
        self.order.retain(|digest| self.offers.contains_key(digest));
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use mpotr_gka::{EpochName, OfferDigest};

    use super::{Follows, MAX_SPENT, Spent};

    fn digest(n: usize) -> OfferDigest {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        OfferDigest::new(bytes)
    }

    #[test]
    fn what_was_spent_is_forgotten_with_its_epoch() {
        let [old, new] = [1, 2].map(|n| Some(EpochName::new([n; 16])));
        let mut spent = Spent::default();
        spent.note(digest(1), Follows::Known(old));
        spent.note(digest(2), Follows::Known(new));
        spent.note(digest(3), Follows::Unknown);
        spent.note(digest(2), Follows::Known(new));
        spent.keep(new);
        assert_eq!(
            [1, 2, 3].map(|n| spent.contains(&digest(n))),
            [false, true, false]
        );
        assert_eq!(spent.len(), 1);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_goes() {
        let mut spent = Spent::default();
        for n in 0..=MAX_SPENT {
            spent.note(digest(n), Follows::Unknown);
        }
        assert_eq!((spent.len(), spent.offers.len()), (MAX_SPENT, MAX_SPENT));
        assert!(!spent.contains(&digest(0)));
        assert!(spent.contains(&digest(1)) && spent.contains(&digest(MAX_SPENT)));
    }
}
