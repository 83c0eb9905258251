//! Strikes that this member has given in epochs before. `docs/spec/06-epochs.md`, "Strikes".
//!
//! One of an identity is carried over for some changes: who comes in again only to say nothing is left out sooner.

use std::collections::BTreeMap;

use mpotr_crypto::IdentityKey;

use crate::time::Duration;

/// A strike is gone after so many changes.
const CHANGES: u64 = 8;

/// Who was struck, when, and how long it was waited for.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// How many epochs this member has been in.
    epochs: u64,
    /// After which of them each identity was struck, and for how long views of that went on which failed for want of it.
    struck: BTreeMap<IdentityKey, BTreeMap<u64, Duration>>,
}

impl Carried {
    /// An epoch ends in which these were struck, and were waited for that long.
    pub(crate) fn end_epoch(&mut self, struck: impl IntoIterator<Item = (IdentityKey, Duration)>) {
        self.epochs = self.epochs.saturating_add(1);
        let epochs = self.epochs;
        for (identity, waited) in struck {
            let of_identity = self.struck.entry(identity).or_default();
            of_identity.insert(epochs, waited);
        }
        self.struck.retain(|_, of_identity| {
            of_identity.retain(|at, _| epochs.saturating_sub(*at) < CHANGES);
            !of_identity.is_empty()
        });
    }

    /// How long an identity was waited for in all, if it has a strike from before.
    pub(crate) fn waited(&self, identity: &IdentityKey) -> Option<Duration> {
        let of_identity = self.struck.get(identity)?;
        let add = |all: Duration, waited: &Duration| all.saturating_add(*waited);
        Some(of_identity.values().fold(Duration::default(), add))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVE: IdentityKey = IdentityKey::new([1; 32]);
    const WAITED: Duration = Duration::from_secs(9);

    #[test]
    fn a_strike_is_carried_over_eight_changes() {
        let mut carried = Carried::default();
        assert_eq!(carried.waited(&EVE), None);
        carried.end_epoch([(EVE, WAITED)]);
        for _ in 0..CHANGES {
            assert_eq!(carried.waited(&EVE), Some(WAITED));
            carried.end_epoch([]);
        }
        assert!(carried.waited(&EVE).is_none() && carried.struck.is_empty());
    }

    #[test]
    fn how_long_one_was_waited_for_adds_up_over_eight_changes() {
        let mut carried = Carried::default();
        carried.end_epoch([(EVE, WAITED)]);
        carried.end_epoch([]);
        carried.end_epoch([(EVE, WAITED)]);
        assert_eq!(carried.waited(&EVE), Some(WAITED.saturating_mul(2)));
        for _ in 2..CHANGES {
            carried.end_epoch([]);
        }
        assert_eq!(carried.waited(&EVE), Some(WAITED));
    }
}
