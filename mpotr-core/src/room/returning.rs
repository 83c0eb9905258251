//! Who gives up an epoch to come back: what it says of that, and what the others make of it. `docs/spec/06-epochs.md`, "Coming back".
//!
//! ```text
//! behind, or most have installed another ─> forsakes all that it could install ─> outside ─> let in again
//!                                             └─> those who have installed one of these go on without it at once
//! ```

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{MemberIndex, Sid};

use super::Room;
use super::membership::Membership;
use super::old::Old;
use crate::epoch::Stated;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{MAX_FORSAKEN, Presence};

impl<S: CryptoSuite> Old<S> {
    /// What this member installed after this epoch; `None` if it has given it up.
    fn successor(&self) -> Option<Sid> {
        self.epoch.next_of(self.epoch.me())?.installed
    }

    /// Members that will never install what this one did: they have given this epoch up, or installed another.
    fn given_up_by(&self) -> BTreeSet<IdentityKey> {
        let Some(successor) = self.successor() else {
            return BTreeSet::new();
        };
        let has_given_up = |member: &MemberIndex| {
            let said = self.epoch.next_of(*member);
            said.is_some_and(|next| next.rules_out(&successor))
        };
        let members = self.epoch.other_members().filter(has_given_up);
        members.filter_map(|it| self.epoch.identity(it)).collect()
    }

    /// How its members have gone on, of those that count; of each, whether it was heard in the epoch that follows, if it is in that.
    fn parted(
        &self,
        counts: impl Fn(&IdentityKey) -> bool,
        is_heard: impl Fn(&IdentityKey) -> Option<bool>,
    ) -> Option<Parted> {
        let own = self.successor()?;
        let mut parted = Parted {
            own,
            here: 1,
            elsewhere: BTreeMap::new(),
            unknown: 0,
        };
        let epoch = &self.epoch;
        for member in epoch.other_members().filter(|it| epoch.is_present(*it)) {
            let Some(identity) = epoch.identity(member).filter(&counts) else {
                continue;
            };
            let said = epoch.next_of(member);
            if said.is_some_and(|next| next.forsaken.contains(&own)) {
                continue;
            }
            let is_heard = is_heard(&identity);
            match said.and_then(|next| next.installed) {
                Some(installed) if installed == own || is_heard == Some(true) => {
                    parted.here = parted.here.saturating_add(1);
                }
                Some(installed) => {
                    let there = parted.elsewhere.entry(installed).or_insert(0);
                    *there = there.saturating_add(1);
                }
                None if is_heard.is_some() => parted.unknown = parted.unknown.saturating_add(1),
                None => {}
            }
        }
        Some(parted)
    }
}

/// How the members of an epoch have gone on, by what they have stated there.
struct Parted {
    /// What this member has installed.
    own: Sid,
    /// So many have installed the same, this one among them.
    here: usize,
    /// And so many others.
    elsewhere: BTreeMap<Sid, usize>,
    /// Of so many nothing is known.
    unknown: usize,
}

impl Parted {
    /// Whether more of them are elsewhere than here, or as many by a successor with the smaller name: all who have heard the same
    /// say the same. Of whom nothing is known may be `here`.
    fn are_most_elsewhere(&self, are_unknown_here: bool) -> bool {
        let unknown = if are_unknown_here { self.unknown } else { 0 };
        let here = self.here.saturating_add(unknown);
        let mut elsewhere = self.elsewhere.iter();
        elsewhere.any(|(name, there)| *there > here || (*there == here && *name < self.own))
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// Forsakes all that this member could install after its epoch, and what others have installed, and states so. It asks to be let
    /// in again: those who have installed one of these need not wait for it there.
    pub(super) fn forsake_all(
        &mut self,
        installed: impl IntoIterator<Item = Sid>,
    ) -> Option<Stated> {
        let taken_part = self.changing.contributed_names();
        let all: Vec<_> = installed.into_iter().chain(taken_part).collect();
        let next = self.epoch.own_next()?;
        let room = MAX_FORSAKEN.saturating_sub(next.forsaken.len());
        let known: BTreeSet<_> = next.forsaken.iter().copied().collect();
        let news: BTreeSet<_> = all.into_iter().filter(|it| !known.contains(it)).collect();
        next.forsaken.extend(news.into_iter().take(room));
        next.forsaken.sort_unstable();
        self.epoch.seal_statement(Presence::Present)
    }

    /// Whether a member of this epoch will never come to it.
    pub(super) fn is_absent(&self, member: MemberIndex) -> bool {
        self.absent.contains(&member)
    }

    /// Takes note of members that will never come to this epoch. Returns whether any is news.
    fn note_absent(&mut self, identities: &BTreeSet<IdentityKey>) -> bool {
        let before = self.absent.len();
        let places = identities.iter().filter_map(|it| self.place_of(it));
        let absent: Vec<_> = places.collect();
        self.absent.extend(absent);
        self.absent.len() > before
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Looks at what members have said in the epoch before: some have given it up, or most have gone on to another epoch than this
    /// one.
    pub(super) fn look_back(&mut self, now: Timestamp) {
        let Some(old) = &self.old else {
            return;
        };
        let given_up = old.given_up_by();
        if let Some(member) = self.phase.member_mut()
            && member.note_absent(&given_up)
        {
            self.common.timers.set(Timer::Change, now);
        }
        if let Some(from) = self.overtaken_from() {
            self.common.timers.set(Timer::Abandon, from.max(now));
        }
    }

    /// From when on most of the epoch before count as gone on to another than this one: at once if they are most of all, else when
    /// this one is so old that who is in it would have said so.
    fn overtaken_from(&self) -> Option<Timestamp> {
        let (old, member) = (self.old.as_ref()?, self.phase.member()?);
        let epoch = &member.epoch;
        // Who was heard here is here, whatever it says there; and who was voted out has no say.
        let is_heard = |identity: &IdentityKey| {
            let mut members = epoch.indices();
            let place = members.find(|it| epoch.identity(*it).as_ref() == Some(identity));
            place.map(|place| member.talk.heard_at(place).is_some())
        };
        let counts = |identity: &IdentityKey| !self.votes.exclusions.holds(identity);
        let parted = old.parted(counts, is_heard)?;
        let began = member.talk.began;
        if parted.are_most_elsewhere(true) {
            Some(began)
        } else if parted.are_most_elsewhere(false) {
            Some(began.after(self.common.me.times().suspect))
        } else {
            None
        }
    }

    /// Whether most of the epoch before have gone on to another than this one.
    pub(super) fn is_overtaken(&self, now: Timestamp) -> bool {
        self.overtaken_from().is_some_and(|from| from <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid(name: u8) -> Sid {
        Sid::new([name; 32])
    }

    /// Members of an epoch that are here, and unknown, and elsewhere by the name of what they have installed.
    fn parted(own: u8, here: usize, unknown: usize, elsewhere: &[(u8, usize)]) -> Parted {
        let elsewhere = elsewhere.iter();
        Parted {
            own: sid(own),
            here,
            elsewhere: elsewhere
                .map(|(name, there)| (sid(*name), *there))
                .collect(),
            unknown,
        }
    }

    #[test]
    fn who_is_fewer_goes_back_and_of_two_halves_one() {
        assert!(parted(5, 2, 0, &[(9, 3)]).are_most_elsewhere(true));
        assert!(!parted(9, 3, 0, &[(5, 2)]).are_most_elsewhere(false));
        assert!(!parted(5, 2, 0, &[(9, 2)]).are_most_elsewhere(true));
        assert!(parted(9, 2, 0, &[(5, 2)]).are_most_elsewhere(true));
    }

    #[test]
    fn those_elsewhere_count_by_where_they_are() {
        assert!(!parted(5, 2, 0, &[(1, 1), (9, 1)]).are_most_elsewhere(true));
    }

    #[test]
    fn of_whom_nothing_is_known_is_taken_to_be_here_for_a_while() {
        let parted = parted(5, 2, 1, &[(9, 3)]);
        assert!(!parted.are_most_elsewhere(true));
        assert!(parted.are_most_elsewhere(false));
    }
}
