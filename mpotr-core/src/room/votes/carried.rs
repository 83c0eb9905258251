//! Strikes that this member has given in epochs before. `docs/spec/06-epochs.md`, "Strikes".
//!
//! One of an identity is carried over for some changes: who comes in again only to say nothing is left out sooner.

use std::collections::BTreeMap;

use mpotr_crypto::IdentityKey;

/// A strike is gone after so many changes.
const CHANGES: u64 = 8;

/// Who was struck, and when.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// How many epochs this member has been in.
    epochs: u64,
    /// After which of them each identity was struck last.
    last: BTreeMap<IdentityKey, u64>,
}

impl Carried {
    /// An epoch ends in which these were struck.
    pub(crate) fn end_epoch(&mut self, struck: impl IntoIterator<Item = IdentityKey>) {
        self.epochs = self.epochs.saturating_add(1);
        let epochs = self.epochs;
        self.last
            .extend(struck.into_iter().map(|identity| (identity, epochs)));
        self.last
            .retain(|_, at| epochs.saturating_sub(*at) < CHANGES);
    }

    /// Whether an identity has a strike from before.
    pub(crate) fn holds(&self, identity: &IdentityKey) -> bool {
        self.last.contains_key(identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strike_is_carried_over_eight_changes() {
        let eve = IdentityKey::new([1; 32]);
        let mut carried = Carried::default();
        assert!(!carried.holds(&eve));
        carried.end_epoch([eve]);
        for _ in 0..CHANGES {
            assert!(carried.holds(&eve));
            carried.end_epoch([]);
        }
        assert!(!carried.holds(&eve) && carried.last.is_empty());
    }
}
