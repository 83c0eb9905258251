//! Who lets whom in before there is an epoch, as far as each has said. `docs/spec/06-epochs.md`, "Who has heard whom".
//!
//! A member says whose offers it has heard, of those alone whom it lets in. So who is there and names another after some time lets
//! that one in, and who does not has not let it in, or has not heard it.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;

use crate::time::{Duration, Timestamp};

/// The most pairs, and the most people: anyone can make up identities.
const MAX_KEPT: usize = 256;

/// An offer is heard so often, a period apart, before it counts that its maker has not named another.
const HEARD_SINCE: u8 = 2;

/// Who has named whom, and from when on each has had the time to.
#[derive(Debug, Default)]
pub(crate) struct Welcomes {
    pairs: BTreeSet<(IdentityKey, IdentityKey)>,
    there: BTreeMap<IdentityKey, There>,
    /// Whether not all that was named is kept: then nothing follows from what is not.
    is_cut: bool,
}

/// One that this member lets in.
#[derive(Debug)]
struct There {
    /// When it has had the time to hear the others, and then when it is heard next.
    next: Timestamp,
    /// How often its offer was heard so.
    heard: u8,
    /// Whether it has named more than are kept.
    names_many: bool,
}

impl There {
    /// Whether what it does not say by now counts: one that is in a run says nothing of offers, and one word may be lost. Of one
    /// that has named many it is not known whom it has not.
    const fn has_had_time(&self) -> bool {
        self.heard >= HEARD_SINCE && !self.names_many
    }
}

impl Welcomes {
    /// The offer of one that this member lets in is heard. It counts once in each `period`, and the first time not.
    pub(crate) fn note_there(&mut self, now: Timestamp, period: Duration, claimed: IdentityKey) {
        let next = now.after(period);
        let has_room = self.there.len() < MAX_KEPT;
        match self.there.get_mut(&claimed) {
            Some(there) if now >= there.next => {
                there.heard = there.heard.saturating_add(1);
                there.next = next;
            }
            Some(_) => {}
            None if has_room => {
                let there = There {
                    next,
                    heard: 0,
                    names_many: false,
                };
                self.there.insert(claimed, there);
            }
            None => {}
        }
    }

    /// Those who are there, or were.
    pub(crate) fn there(&self) -> impl Iterator<Item = IdentityKey> {
        self.there.keys().copied()
    }

    /// One has named the offer of another.
    pub(crate) fn note(&mut self, by: IdentityKey, named: IdentityKey) {
        if self.pairs.len() < MAX_KEPT {
            self.pairs.insert((by, named));
        } else {
            self.is_cut |= !self.pairs.contains(&(by, named));
        }
    }

    /// One has named more than are kept.
    pub(crate) fn note_many(&mut self, by: IdentityKey) {
        if let Some(there) = self.there.get_mut(&by) {
            there.names_many = true;
        }
    }

    /// Those of `people` who have had the time to name `identity`, which is there for as long, and have not.
    pub(crate) fn missing(
        &self,
        identity: &IdentityKey,
        people: &[IdentityKey],
    ) -> Vec<IdentityKey> {
        let has_had_time = |one: &IdentityKey| self.there.get(one).is_some_and(There::has_had_time);
        // This member itself is there for longer than it has heard of any.
        if self.is_cut || (self.there.contains_key(identity) && !has_had_time(identity)) {
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
        let hear = |welcomes: &mut Welcomes, now: u64, who| {
            welcomes.note_there(at(now), Duration::from_millis(100), who);
        };
        let missing = |welcomes: &Welcomes, identity| welcomes.missing(&identity, &[BOB, CAROL]);
        for now in [0, 50, 99, 100] {
            hear(&mut welcomes, now, BOB);
            assert_eq!(missing(&welcomes, ME), [], "{now}");
        }
        for now in [150, 200] {
            hear(&mut welcomes, now, CAROL);
        }
        hear(&mut welcomes, 199, BOB);
        assert_eq!(missing(&welcomes, ME), []);
        hear(&mut welcomes, 200, BOB);
        assert_eq!(missing(&welcomes, ME), [BOB]);
        // Carol is not there for long enough to be named.
        assert_eq!(missing(&welcomes, CAROL), []);
        for now in [250, 350] {
            hear(&mut welcomes, now, CAROL);
        }
        assert_eq!(missing(&welcomes, CAROL), [BOB]);
        welcomes.note(BOB, ME);
        assert_eq!(missing(&welcomes, ME), [CAROL]);
        assert_eq!(missing(&welcomes, BOB), [CAROL]);
    }

    #[test]
    fn nothing_follows_from_what_is_not_kept() {
        let mut welcomes = Welcomes::default();
        for now in 0..4 {
            for who in [BOB, CAROL] {
                welcomes.note_there(Timestamp::from_millis(now), Duration::from_millis(1), who);
            }
        }
        assert_eq!(welcomes.missing(&ME, &[BOB, CAROL]), [BOB, CAROL]);
        welcomes.note_many(BOB);
        assert_eq!(welcomes.missing(&ME, &[BOB, CAROL]), [CAROL]);
        for number in 0..=u16::MAX {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&number.to_be_bytes());
            welcomes.note(IdentityKey::new(key), ME);
        }
        assert_eq!(welcomes.missing(&ME, &[BOB, CAROL]), []);
    }

    #[test]
    fn what_strangers_make_up_is_bounded() {
        let mut welcomes = Welcomes::default();
        for number in 0..=u16::MAX {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&number.to_be_bytes());
            welcomes.note_there(Timestamp::default(), Duration::ZERO, IdentityKey::new(key));
            welcomes.note(IdentityKey::new(key), ME);
        }
        assert_eq!(
            (welcomes.there.len(), welcomes.pairs.len()),
            (MAX_KEPT, MAX_KEPT)
        );
    }
}
