//! Who lets whom in before there is an epoch, as far as each has said. `docs/spec/06-epochs.md`, "Who has heard whom".
//!
//! A member says whose offers it has heard, of those alone whom it lets in. So who is there and names another after some time lets
//! that one in, and who does not has not let it in, or has not heard it.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;

use crate::time::Timestamp;

/// The most pairs, and the most people: anyone can make up identities.
const MAX_KEPT: usize = 256;

/// Who has named whom, and from when on each has had the time to.
#[derive(Debug, Default)]
pub(crate) struct Welcomes {
    pairs: BTreeSet<(IdentityKey, IdentityKey)>,
    due: BTreeMap<IdentityKey, Timestamp>,
}

impl Welcomes {
    /// One that this member lets in is there, and has had the time to hear the others at `due`.
    pub(crate) fn note_there(&mut self, due: Timestamp, claimed: IdentityKey) {
        if self.due.len() < MAX_KEPT {
            self.due.entry(claimed).or_insert(due);
        }
    }

    /// Those who are there, or were.
    pub(crate) fn there(&self) -> impl Iterator<Item = IdentityKey> {
        self.due.keys().copied()
    }

    /// One has named the offer of another.
    pub(crate) fn note(&mut self, by: IdentityKey, named: IdentityKey) {
        if self.pairs.len() < MAX_KEPT {
            self.pairs.insert((by, named));
        }
    }

    /// Those of `people` who have had the time to name `identity`, which is there for as long, and have not.
    pub(crate) fn missing(
        &self,
        now: Timestamp,
        identity: &IdentityKey,
        people: &[IdentityKey],
    ) -> Vec<IdentityKey> {
        let has_had_time = |one: &IdentityKey| self.due.get(one).is_some_and(|due| *due <= now);
        // This member itself is there for longer than it has heard of any.
        if self.due.contains_key(identity) && !has_had_time(identity) {
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
        let mut welcomes = Welcomes::default();
        welcomes.note_there(at(100), BOB);
        welcomes.note_there(at(150), CAROL);
        welcomes.note_there(at(190), BOB);
        let missing = |welcomes: &Welcomes, now, identity| {
            welcomes.missing(at(now), &identity, &[BOB, CAROL])
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
            (welcomes.due.len(), welcomes.pairs.len()),
            (MAX_KEPT, MAX_KEPT)
        );
    }
}
