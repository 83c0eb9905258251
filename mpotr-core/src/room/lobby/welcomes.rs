//! Who lets whom in before there is an epoch, as far as each has said. `docs/spec/06-epochs.md`, "Who has heard whom".
//!
//! A member says whose offers it has heard, of those alone whom it lets in. So who is there and names another after some time lets
//! that one in, and who does not has not let it in, or has not heard it.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;

use crate::time::{Duration, Timestamp};

/// The most pairs, and the most people: anyone can make up identities.
const MAX_KEPT: usize = 256;

/// Who has named whom, and since when each is there.
#[derive(Debug, Default)]
pub(crate) struct Welcomes {
    pairs: BTreeSet<(IdentityKey, IdentityKey)>,
    there: BTreeMap<IdentityKey, Timestamp>,
}

impl Welcomes {
    /// One that this member lets in is there.
    pub(crate) fn note_there(&mut self, now: Timestamp, claimed: IdentityKey) {
        if self.there.len() < MAX_KEPT {
            self.there.entry(claimed).or_insert(now);
        }
    }

    /// One has named the offer of another.
    pub(crate) fn note(&mut self, by: IdentityKey, named: IdentityKey) {
        if self.pairs.len() < MAX_KEPT {
            self.pairs.insert((by, named));
        }
    }

    /// Those of `people` who have been there with `identity` for as long as `after`, and have not named it.
    pub(crate) fn missing(
        &self,
        now: Timestamp,
        after: Duration,
        identity: &IdentityKey,
        people: &[IdentityKey],
    ) -> Vec<IdentityKey> {
        let has_had_time = |one: &IdentityKey| {
            let there = self.there.get(one);
            there.is_some_and(|there| now.since(*there) >= after)
        };
        // This member itself is there for longer than it has heard of any.
        let is_known = self.there.contains_key(identity);
        if is_known && !has_had_time(identity) {
            return Vec::new();
        }
        let missing = people.iter().filter(|by| {
            *by != identity && has_had_time(by) && !self.pairs.contains(&(**by, *identity))
        });
        missing.copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const CAROL: IdentityKey = IdentityKey::new([3; 32]);

    #[test]
    fn who_names_nobody_after_some_time_has_let_nobody_in() {
        let at = Timestamp::from_millis;
        let after = Duration::from_millis(100);
        let mut welcomes = Welcomes::default();
        welcomes.note_there(at(0), BOB);
        welcomes.note_there(at(50), CAROL);
        welcomes.note_there(at(90), BOB);
        let missing = |welcomes: &Welcomes, now, identity| {
            welcomes.missing(at(now), after, &identity, &[BOB, CAROL])
        };
        assert_eq!(missing(&welcomes, 99, ME), []);
        assert_eq!(missing(&welcomes, 100, ME), [BOB]);
        // Carol is not there for long enough to be named.
        assert_eq!(missing(&welcomes, 149, CAROL), []);
        assert_eq!(missing(&welcomes, 150, CAROL), [BOB]);
        welcomes.note(BOB, ME);
        assert_eq!(missing(&welcomes, 150, ME), [CAROL]);
        assert_eq!(missing(&welcomes, 150, BOB), [CAROL]);
    }

    #[test]
    fn what_strangers_make_up_is_bounded() {
        let mut welcomes = Welcomes::default();
        for number in 0..=u16::MAX {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&number.to_be_bytes());
            welcomes.note_there(Timestamp::default(), IdentityKey::new(key));
            welcomes.note(IdentityKey::new(key), ME);
        }
        assert_eq!(
            (welcomes.there.len(), welcomes.pairs.len()),
            (MAX_KEPT, MAX_KEPT)
        );
    }
}
