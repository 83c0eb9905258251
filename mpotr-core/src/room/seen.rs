//! The rosters that the application was told of: what an author can have seen. `docs/spec/06-epochs.md`, "Who reads a text".

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use mpotr_crypto::IdentityKey;
use mpotr_gka::Sid;

use crate::config::Admission;
use crate::seen::Seen;

/// The rosters that are kept: an application may be behind by so many epochs and its texts still be taken.
const MAX_ROSTERS: usize = 64;

/// The identities of a roster.
pub(crate) type Roster = Arc<BTreeSet<IdentityKey>>;

/// The rosters of the last epochs.
#[derive(Debug, Default)]
pub(crate) struct Rosters {
    /// The newest last.
    kept: VecDeque<(Sid, Roster)>,
}

impl Rosters {
    /// The application is told of an epoch.
    pub(crate) fn show(&mut self, sid: Sid, roster: BTreeSet<IdentityKey>) {
        if self.kept.len() >= MAX_ROSTERS {
            self.kept.pop_front();
        }
        // One refresh after the other: the same people, kept once.
        let last = self.kept.back().map(|(_, last)| last);
        let roster = match last {
            Some(last) if **last == roster => Arc::clone(last),
            Some(_) | None => Arc::new(roster),
        };
        self.kept.push_back((sid, roster));
    }

    /// The roster that an author has seen, if it is known. `me` is this member.
    pub(crate) fn seen(
        &self,
        seen: Seen,
        admission: &Admission,
        me: IdentityKey,
    ) -> Option<Roster> {
        match (seen, admission) {
            (Seen::Epoch(sid), _) => {
                let mut kept = self.kept.iter();
                let found = kept.find(|(shown, _)| *shown == sid);
                found.map(|(_, roster)| Arc::clone(roster))
            }
            (Seen::Expected, Admission::Only(identities)) => {
                Some(Arc::new(identities.iter().copied().chain([me]).collect()))
            }
            (Seen::Expected, Admission::Ask(_) | Admission::Open) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);

    fn sid(number: usize) -> Sid {
        let mut sid = [0; 32];
        sid[..8].copy_from_slice(&number.to_be_bytes());
        Sid::new(sid)
    }

    #[test]
    fn so_many_rosters_are_kept_and_the_oldest_goes() {
        let mut rosters = Rosters::default();
        for number in 0..=MAX_ROSTERS {
            rosters.show(sid(number), [ME, BOB].into());
        }
        let seen = |number| rosters.seen(Seen::Epoch(sid(number)), &Admission::Open, ME);
        assert_eq!(seen(0), None);
        assert_eq!(seen(1), Some(Arc::new([ME, BOB].into())));
        assert_eq!(seen(1), seen(MAX_ROSTERS));
    }

    #[test]
    fn only_a_list_that_names_all_is_expected() {
        let rosters = Rosters::default();
        let expected = |admission| rosters.seen(Seen::Expected, &admission, ME);
        let both = Arc::new([ME, BOB].into());
        assert_eq!(expected(Admission::Only([BOB].into())), Some(both));
        assert_eq!(expected(Admission::Ask([BOB].into())), None);
        assert_eq!(expected(Admission::Open), None);
    }
}
