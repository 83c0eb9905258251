//! Who was left out by a vote, and by whose word it comes in again. `docs/spec/06-epochs.md`, "Changes".
//!
//! An exclusion is lifted by a vote to let the identity in, if one who gives it knows of the exclusion: who came into the
//! room later knows nothing of it, and may be willing to let anyone in.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;
use mpotr_gka::MAX_MEMBERS;

/// The exclusions that a member remembers.
#[derive(Debug, Default)]
pub(crate) struct Exclusions {
    /// How many epochs this member has been in.
    epochs: u64,
    /// Since which of them each other member of the present one has been in.
    since: BTreeMap<IdentityKey, u64>,
    /// Identities that were left out by a vote, and from which epoch on.
    out: BTreeMap<IdentityKey, u64>,
    /// Those of whom the application was told in this epoch that they ask to come in.
    told: BTreeSet<IdentityKey>,
}

impl Exclusions {
    /// Another epoch begins, without those who were voted out. Who is in it is excluded no more.
    pub(crate) fn begin_epoch(
        &mut self,
        roster: &BTreeSet<IdentityKey>,
        voted_out: impl IntoIterator<Item = IdentityKey>,
    ) {
        self.epochs = self.epochs.saturating_add(1);
        self.told.clear();
        self.since.retain(|member, _| roster.contains(member));
        for member in roster {
            self.since.entry(*member).or_insert(self.epochs);
            self.out.remove(member);
        }
        let voted_out = voted_out.into_iter();
        for identity in voted_out.filter(|it| !roster.contains(it)) {
            if self.out.len() >= MAX_MEMBERS {
                // Each took a vote of members: to have the oldest forgotten takes thousands of them.
                let oldest = self.out.iter().min_by_key(|(_, epoch)| **epoch);
                if let Some(oldest) = oldest.map(|(identity, _)| *identity) {
                    self.out.remove(&oldest);
                }
            }
            self.out.insert(identity, self.epochs);
        }
    }

    /// Whether an identity was left out by a vote.
    pub(crate) fn holds(&self, identity: &IdentityKey) -> bool {
        self.out.contains_key(identity)
    }

    /// Whether a member was there when an identity was left out, and so means it if it asks that it be let in.
    pub(crate) fn is_known_to(&self, identity: &IdentityKey, member: &IdentityKey) -> bool {
        let since = self.since.get(member).copied();
        let out = self.out.get(identity).copied();
        since.zip(out).is_some_and(|(since, out)| since < out)
    }

    /// Takes note that an identity asks to come in. Returns whether the application is to be told: once in an epoch, since
    /// anyone can claim an identity.
    pub(crate) fn is_news(&mut self, identity: IdentityKey) -> bool {
        self.told.insert(identity)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mpotr_crypto::IdentityKey;

    use super::Exclusions;

    fn key(n: u8) -> IdentityKey {
        IdentityKey::new([n; 32])
    }

    fn roster(keys: &[u8]) -> BTreeSet<IdentityKey> {
        keys.iter().copied().map(key).collect()
    }

    #[test]
    fn who_came_later_or_at_once_knows_of_no_exclusion() {
        let mut exclusions = Exclusions::default();
        exclusions.begin_epoch(&roster(&[1, 2, 9]), []);
        exclusions.begin_epoch(&roster(&[1, 2, 3]), [key(9)]);
        exclusions.begin_epoch(&roster(&[1, 2, 3, 4]), []);
        let known: Vec<_> = (1..5)
            .map(|n| exclusions.is_known_to(&key(9), &key(n)))
            .collect();
        assert_eq!(known, [true, true, false, false]);
        // Who left and came back does not either.
        exclusions.begin_epoch(&roster(&[1, 3, 4]), []);
        exclusions.begin_epoch(&roster(&[1, 2, 3, 4]), []);
        assert!(!exclusions.is_known_to(&key(9), &key(2)));
        assert!(!exclusions.is_known_to(&key(8), &key(1)));
    }

    #[test]
    fn an_exclusion_ends_when_its_identity_is_in() {
        let mut exclusions = Exclusions::default();
        exclusions.begin_epoch(&roster(&[1, 2]), []);
        exclusions.begin_epoch(&roster(&[1]), [key(2)]);
        exclusions.begin_epoch(&roster(&[1]), []);
        assert!(exclusions.holds(&key(2)));
        exclusions.begin_epoch(&roster(&[1, 2]), []);
        assert!(!exclusions.holds(&key(2)));
        // Who is in was not left out, whatever was asked for.
        exclusions.begin_epoch(&roster(&[1, 2]), [key(2)]);
        assert!(!exclusions.holds(&key(2)));
    }

    #[test]
    fn the_application_is_told_once_in_an_epoch() {
        let mut exclusions = Exclusions::default();
        assert!(exclusions.is_news(key(2)));
        assert!(!exclusions.is_news(key(2)));
        exclusions.begin_epoch(&roster(&[1]), []);
        assert!(exclusions.is_news(key(2)));
    }
}
