//! Whose place in the room another instance took. `docs/spec/06-epochs.md`, "One identity, one member".
//!
//! Two programs with one key would push one another out for ever: one replacement of an identity counts for some changes.

use std::collections::BTreeMap;

use mpotr_crypto::IdentityKey;

/// An identity is replaced once in so many changes.
const CHANGES: u64 = 4;

/// The last replacements.
#[derive(Debug, Default)]
pub(crate) struct Replacements {
    /// How many epochs this member has been in.
    epochs: u64,
    /// In which of them each identity was replaced.
    last: BTreeMap<IdentityKey, u64>,
}

impl Replacements {
    /// Another epoch begins, in which other instances stand for these identities.
    pub(crate) fn begin_epoch(&mut self, replaced: impl IntoIterator<Item = IdentityKey>) {
        self.epochs = self.epochs.saturating_add(1);
        let epochs = self.epochs;
        self.last
            .retain(|_, at| epochs.saturating_sub(*at) < CHANGES);
        self.last
            .extend(replaced.into_iter().map(|identity| (identity, epochs)));
    }

    /// Whether the next epoch may replace an identity.
    pub(crate) fn allow(&self, identity: &IdentityKey) -> bool {
        let next = self.epochs.saturating_add(1);
        let last = self.last.get(identity);
        last.is_none_or(|last| next.saturating_sub(*last) >= CHANGES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_replaced_once_in_four_changes() {
        let alice = IdentityKey::new([1; 32]);
        let mut replacements = Replacements::default();
        assert!(replacements.allow(&alice));
        replacements.begin_epoch([alice]);
        assert!(replacements.allow(&IdentityKey::new([2; 32])));
        for _ in 0..3 {
            assert!(!replacements.allow(&alice));
            replacements.begin_epoch([]);
        }
        assert!(replacements.allow(&alice));
        replacements.begin_epoch([]);
        assert!(replacements.last.is_empty());
    }
}
