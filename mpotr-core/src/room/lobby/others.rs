//! In what others who are there differ from this member, so that they cannot be in one epoch. `docs/spec/06-epochs.md`, "Waiting".
//!
//! Nothing of it is proven: it is told, and changes nothing. Strangers can make up much, so little is kept.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;

use crate::policy::Policy;
use crate::time::{Duration, Timestamp};

/// The most values of each kind.
const MAX_KEPT: usize = 8;
/// The most people: a person decides about each.
const MAX_PEOPLE: usize = 64;

/// What others have said of themselves.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// And who, by claimed identities.
    pub(crate) policies: BTreeMap<Policy, BTreeSet<IdentityKey>>,
    /// By their codes.
    pub(crate) suites: BTreeSet<u16>,
    pub(crate) versions: BTreeSet<u8>,
    /// Claimed identities that have signed for another policy, with an offer of a first epoch.
    differing: BTreeSet<IdentityKey>,
    /// Whether one of them has not heard the rules of this member, which are in no packet but its proposal.
    pub(crate) owes_rules: bool,
    /// Claimed identities that would be in an epoch with this member, and when they were heard of last.
    people: BTreeMap<IdentityKey, Timestamp>,
}

fn keep<T: Ord>(kept: &mut BTreeSet<T>, values: impl IntoIterator<Item = T>) {
    for value in values {
        if kept.len() < MAX_KEPT {
            kept.insert(value);
        }
    }
}

impl Others {
    /// One who claims this identity would be in an epoch under another policy.
    pub(crate) fn note_policy(&mut self, policy: &Policy, claimed: Option<IdentityKey>) {
        if self.policies.len() >= MAX_KEPT && !self.policies.contains_key(policy) {
            return;
        }
        let by = self.policies.entry(policy.clone()).or_default();
        by.extend(claimed.filter(|_| by.len() < MAX_PEOPLE));
    }

    /// One who claims this identity has proposed a first epoch under another policy.
    pub(crate) fn note_differing(&mut self, claimed: IdentityKey) {
        self.owes_rules |= self.differing.len() < MAX_PEOPLE && self.differing.insert(claimed);
    }

    /// Whether it is known why one who claims this identity takes part in no run of this member: it keeps other rules.
    pub(crate) fn differs(&self, claimed: &IdentityKey) -> bool {
        self.differing.contains(claimed)
    }

    /// One who claims this identity would be in an epoch with this member. Of too many the one gives way that was heard of
    /// first. Returns whether it is news.
    pub(crate) fn note_person(&mut self, now: Timestamp, claimed: IdentityKey) -> bool {
        if self.people.len() >= MAX_PEOPLE && !self.people.contains_key(&claimed) {
            let first = self.people.iter().min_by_key(|(_, at)| **at);
            if let Some(first) = first.map(|(first, _)| *first) {
                self.people.remove(&first);
            }
        }
        self.people.insert(claimed, now).is_none()
    }

    /// Those who were heard of within `fresh`.
    pub(crate) fn people(
        &self,
        now: Timestamp,
        fresh: Duration,
    ) -> impl Iterator<Item = IdentityKey> {
        let people = self.people.iter();
        let there = people.filter(move |(_, at)| now.since(**at) <= fresh);
        there.map(|(claimed, _)| *claimed)
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
    use crate::policy::Rule;

    #[test]
    fn what_strangers_make_up_is_bounded() {
        let mut others = Others::default();
        for made_up in 0..=u8::MAX {
            others.note_version(made_up);
            others.note_suites([u16::from(made_up)]);
            let policy = Policy {
                exclude: Rule::Founders([IdentityKey::new([made_up; 32])].into()),
                ..Policy::default()
            };
            others.note_policy(&policy, None);
            others.note_policy(&Policy::default(), Some(IdentityKey::new([made_up; 32])));
        }
        assert_eq!(
            (others.versions.len(), others.suites.len()),
            (MAX_KEPT, MAX_KEPT)
        );
        assert_eq!(others.policies.len(), MAX_KEPT);
        assert_eq!(others.policies[&Policy::default()].len(), MAX_PEOPLE);
    }

    #[test]
    fn of_too_many_people_those_heard_of_last_are_kept() {
        let mut others = Others::default();
        let at = |number: u8| Timestamp::from_millis(u64::from(number));
        for number in 1..=u8::MAX {
            others.note_person(at(number), IdentityKey::new([number; 32]));
            others.note_differing(IdentityKey::new([number; 32]));
        }
        assert_eq!(others.differing.len(), MAX_PEOPLE);
        let fresh = |millis| {
            let people = others.people(at(u8::MAX), Duration::from_millis(millis));
            people.count()
        };
        assert_eq!((fresh(1000), fresh(9)), (MAX_PEOPLE, 10));
    }
}
