//! How often a room tries to become one with another. `docs/spec/06-epochs.md`, "Two rooms become one".
//!
//! Each try costs a room epochs, and whether there is another room at all nobody can tell: so each takes twice as long as the
//! one before, and as long again goes by before the next.

use std::collections::BTreeMap;

use crate::time::{Duration, Timestamp};
use crate::wire::EpochName;

/// The time of a try doubles so many times.
const MAX_DOUBLINGS: u32 = 6;
/// The most names of which tries are remembered.
const MAX_NAMES: usize = 64;

/// Tries, by the name of the other epoch.
#[derive(Debug, Default)]
pub(crate) struct Tries(BTreeMap<EpochName, (u32, Timestamp)>);

impl Tries {
    /// A try begins. The first one takes so long. Returns when it is over.
    pub(crate) fn note(&mut self, now: Timestamp, name: EpochName, first: Duration) -> Timestamp {
        if self.0.len() >= MAX_NAMES && !self.0.contains_key(&name) {
            let soonest = self.0.iter().min_by_key(|(_, (_, until))| *until);
            if let Some(soonest) = soonest.map(|(name, _)| *name) {
                self.0.remove(&soonest);
            }
        }
        let (times, until) = self.0.entry(name).or_insert((0, now));
        let length = first.saturating_mul(2_u32.saturating_pow(*times));
        *times = times.saturating_add(1).min(MAX_DOUBLINGS);
        *until = now.after(length.saturating_mul(2));
        now.after(length)
    }

    /// Whether another try has to wait.
    pub(crate) fn waits(&self, now: Timestamp, name: EpochName) -> bool {
        let tried = self.0.get(&name);
        tried.is_some_and(|(_, until)| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAMES, Tries};
    use crate::time::{Duration, Timestamp};
    use crate::wire::EpochName;

    const FIRST: Duration = Duration::from_secs(4);

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    #[test]
    fn each_try_takes_twice_as_long_and_as_long_again_goes_by() {
        let name = EpochName::new([1; 16]);
        let mut tries = Tries::default();
        assert!(!tries.waits(at(0), name));
        assert_eq!(tries.note(at(0), name, FIRST), at(4));
        assert!(tries.waits(at(7), name) && !tries.waits(at(8), name));
        assert_eq!(tries.note(at(8), name, FIRST), at(16));
        assert!(tries.waits(at(23), name) && !tries.waits(at(24), name));
        assert!(!tries.waits(at(8), EpochName::new([2; 16])));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut tries = Tries::default();
        for n in 0..=u8::MAX {
            tries.note(at(n.into()), EpochName::new([n; 16]), FIRST);
        }
        assert_eq!(tries.0.len(), MAX_NAMES);
        assert!(tries.waits(at(256), EpochName::new([u8::MAX; 16])));
    }
}
