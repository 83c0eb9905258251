//! Who was heard to wait outside. Claims cost nothing to make: there is an end to what is listed and told of those whom
//! nobody knows, and the newest count. Who was pushed off the list can be let in all the same, by what nobody else has.

use std::collections::{BTreeSet, VecDeque};

use mpotr::IdentityKey;

/// Strangers that are listed, and told of one by one before a person has looked at the list.
pub(super) const MAX_LISTED: usize = 64;
/// Claims that are remembered without being listed: as many as a room keeps offers of.
const MAX_HEARD: usize = 8192;

/// Who waits outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    /// Strangers, the newest last.
    strangers: VecDeque<IdentityKey>,
    /// People who were in the room before. They are as many as have been there, and never pushed out.
    known: BTreeSet<IdentityKey>,
    /// All that were heard, listed or not.
    heard: BTreeSet<IdentityKey>,
    /// Strangers that were told of since a person looked.
    told: usize,
    /// Strangers that were pushed off the list.
    unlisted: usize,
}

/// Whether a person is told of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Tell who it is.
    Person,
    /// Tell that there are more than will be told of.
    TooMany,
    /// Nothing.
    None,
}

impl Waiting {
    /// Takes note of a claim, of an identity that is known or of a stranger.
    pub(super) fn comes(&mut self, claimed: IdentityKey, is_known: bool) -> News {
        if is_known {
            self.remember(claimed);
            return match self.known.insert(claimed) {
                true => News::Person,
                false => News::None,
            };
        }
        if self.strangers.contains(&claimed) {
            return News::None;
        }
        self.remember(claimed);
        if self.strangers.len() >= MAX_LISTED {
            self.strangers.pop_front();
            self.unlisted = self.unlisted.saturating_add(1);
        }
        self.strangers.push_back(claimed);
        self.told = self.told.saturating_add(1);
        match self.told {
            ..=MAX_LISTED => News::Person,
            told if told == MAX_LISTED.saturating_add(1) => News::TooMany,
            _ => News::None,
        }
    }

    fn remember(&mut self, claimed: IdentityKey) {
        if self.heard.len() >= MAX_HEARD {
            self.heard.clear();
            self.heard.extend(self.listed());
        }
        self.heard.insert(claimed);
    }

    /// These are in the room now.
    pub(super) fn are_in(&mut self, roster: impl Iterator<Item = IdentityKey>) {
        for member in roster {
            self.strangers.retain(|stranger| *stranger != member);
            self.known.remove(&member);
            self.heard.remove(&member);
        }
    }

    /// Those that are listed: whom people know first, then strangers, the newest last.
    pub(super) fn listed(&self) -> Vec<IdentityKey> {
        self.known.iter().chain(&self.strangers).copied().collect()
    }

    /// How many were pushed off the list.
    pub(super) const fn unlisted(&self) -> usize {
        self.unlisted
    }

    /// A person has looked at the list: strangers are told of again.
    pub(super) const fn looked_at(&mut self) {
        self.told = 0;
    }

    /// All that were heard, listed or not.
    pub(super) fn heard(&self) -> impl Iterator<Item = IdentityKey> {
        self.heard.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use mpotr::IdentityKey;

    use super::{MAX_HEARD, MAX_LISTED, News, Waiting};

    fn key(number: usize) -> IdentityKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        IdentityKey::new(key)
    }

    #[test]
    fn who_waits_is_told_once() {
        let mut waiting = Waiting::default();
        for is_known in [true, false] {
            let claimed = key(is_known.into());
            assert_eq!(waiting.comes(claimed, is_known), News::Person);
            assert_eq!(waiting.comes(claimed, is_known), News::None);
        }
        assert_eq!(waiting.listed().len(), 2);
    }

    #[test]
    fn a_flood_of_claims_pushes_out_the_oldest_strangers_and_nobody_who_is_known() {
        let mut waiting = Waiting::default();
        let friend = key(1_000_000);
        assert_eq!(waiting.comes(friend, true), News::Person);
        let told = (0..1000).filter(|number| waiting.comes(key(*number), false) == News::Person);
        assert_eq!(told.count(), MAX_LISTED);
        let late = key(2_000_000);
        waiting.comes(late, false);
        let listed = waiting.listed();
        assert_eq!(listed.len(), 1 + MAX_LISTED);
        assert!(listed.contains(&friend) && listed.contains(&late) && !listed.contains(&key(0)));
        assert_eq!(waiting.unlisted(), 1001 - MAX_LISTED);
        // Nobody is lost for being pushed out.
        assert!(waiting.heard().any(|heard| heard == key(0)));
    }

    #[test]
    fn that_there_are_too_many_is_told_once_until_somebody_looks() {
        let mut waiting = Waiting::default();
        let mut too_many = 0;
        for number in 0..1000 {
            too_many += usize::from(waiting.comes(key(number), false) == News::TooMany);
        }
        assert_eq!(too_many, 1);
        waiting.looked_at();
        assert_eq!(waiting.comes(key(1000), false), News::Person);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut waiting = Waiting::default();
        for number in 0..2 * MAX_HEARD {
            waiting.comes(key(number), false);
        }
        assert!(waiting.heard().count() <= MAX_HEARD);
        assert!(
            waiting
                .listed()
                .iter()
                .all(|it| waiting.heard().any(|heard| heard == *it))
        );
    }

    #[test]
    fn who_is_in_does_not_wait() {
        let mut waiting = Waiting::default();
        waiting.comes(key(1), false);
        waiting.comes(key(2), true);
        waiting.are_in([key(1), key(2)].into_iter());
        assert_eq!(waiting.listed(), []);
        assert_eq!(waiting.comes(key(1), true), News::Person);
    }
}
