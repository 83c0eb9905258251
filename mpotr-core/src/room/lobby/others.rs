//! In what others who are there differ from this member, so that they cannot be in one epoch. `docs/spec/06-epochs.md`, "Waiting".
//!
//! Nothing of it is proven: it is told, and changes nothing. Strangers can make up much, so little is kept.

use std::collections::BTreeSet;

use crate::policy::Policy;

/// The most values of each kind.
const MAX_KEPT: usize = 8;

/// What others have said of themselves.
#[derive(Debug, Default)]
pub(crate) struct Others {
    pub(crate) policies: BTreeSet<Policy>,
    /// By their codes.
    pub(crate) suites: BTreeSet<u16>,
    pub(crate) versions: BTreeSet<u8>,
}

fn keep<T: Ord>(kept: &mut BTreeSet<T>, values: impl IntoIterator<Item = T>) {
    for value in values {
        if kept.len() < MAX_KEPT {
            kept.insert(value);
        }
    }
}

impl Others {
    /// Others would be in an epoch under another policy.
    pub(crate) fn note_policy(&mut self, policy: &Policy) {
        if !self.policies.contains(policy) {
            keep(&mut self.policies, [policy.clone()]);
        }
    }

    /// Others are there for these suites.
    pub(crate) fn note_suites(&mut self, suites: impl IntoIterator<Item = u16>) {
        keep(&mut self.suites, suites);
    }

    /// Others speak this version.
    pub(crate) fn note_version(&mut self, version: u8) {
        keep(&mut self.versions, [version]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_make_up_is_bounded() {
        let mut others = Others::default();
        for made_up in 0..=u8::MAX {
            others.note_version(made_up);
            others.note_suites([u16::from(made_up)]);
        }
        assert_eq!(
            (others.versions.len(), others.suites.len()),
            (MAX_KEPT, MAX_KEPT)
        );
    }
}
