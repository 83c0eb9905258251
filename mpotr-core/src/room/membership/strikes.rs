//! Members for want of whom views failed, as this member saw it. `docs/spec/06-epochs.md`, "Strikes".
//!
//! A view that fails gives a strike to each member of which something is missing that was asked for. A member may be left out
//! at the second one, when it has had as long as one that is silent. Each member goes by its own eyes: what others say of their
//! strikes makes up for one of its own, and never for both. Where many are missing at once it is the weather.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_gka::MemberIndex;

use super::asked::Owed;
use crate::time::{Duration, Timestamp};

/// From so many strikes on a member may be left out, whatever others say.
pub(crate) const ENOUGH: u32 = 2;
/// So long those who have given none are waited for.
pub(crate) const PATIENCE: u32 = 3;
/// So many views of a change are taken for bad weather at most: those who agree to say nothing cannot hold the others up for longer,
/// whatever views of their own they end between.
const MAX_WEATHER: u32 = 2;
/// Where at most the rest divided by this are missing, it is theirs.
const WEATHER_PART: usize = 3;
/// Who is waited for in change after change has so many times as long in all of them as one that is silent has in one.
const MOST_WAITS: u32 = 2;
/// A member that says it waits for an earlier run to end is excused in so many views.
const MAX_EXCUSED: u32 = 3;

/// Of whom a view misses something when it fails.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    /// All of whom anything is missing, or came late.
    pub(crate) all: BTreeSet<MemberIndex>,
    /// Those of them who were asked for it by name.
    pub(crate) asked: BTreeSet<MemberIndex>,
    /// What is missing of whom, and was not asked for enough.
    pub(crate) unanswered: BTreeSet<(MemberIndex, Owed)>,
}

/// Whether so many of the others are missing that it is the weather.
pub(crate) fn are_many(missing: usize, others: usize) -> bool {
    let part = others.checked_div(WEATHER_PART);
    missing > part.unwrap_or(0).max(1)
}

/// The strikes that this member has given in its epoch, by index.
#[derive(Debug, Default)]
pub(crate) struct Strikes {
    given: BTreeMap<MemberIndex, u32>,
    /// Who was struck in this epoch, and not before alone: when the first view began for which it was.
    fresh: BTreeMap<MemberIndex, Timestamp>,
    /// For how long views of this epoch went on that failed for want of a member.
    waited: BTreeMap<MemberIndex, Duration>,
    /// The same of the epochs before.
    before: BTreeMap<MemberIndex, Duration>,
    /// Whose strikes are for what it has signed, one at least: that is not for want of time.
    proven: BTreeSet<MemberIndex>,
    /// Who is at fault in this view, by what it has signed.
    at_fault: BTreeSet<MemberIndex>,
    /// Views of this change that were taken for bad weather.
    weather: u32,
    /// How often a member was excused.
    excused: BTreeMap<MemberIndex, u32>,
}

impl Strikes {
    /// A member has a strike from epochs before, in which it was waited for that long.
    pub(crate) fn carry(&mut self, member: MemberIndex, waited: Duration) {
        self.given.insert(member, 1);
        self.before.insert(member, waited);
    }

    /// Has struck a member as often as counts, whatever it has done.
    #[cfg(feature = "insider")]
    pub(crate) fn accuse(&mut self, member: MemberIndex) {
        self.given.insert(member, PATIENCE);
        self.proven.insert(member);
    }

    /// A change begins: the weather may be another.
    pub(crate) const fn begin_change(&mut self) {
        self.weather = 0;
    }

    /// What a member has signed in this view makes it fail: that is no weather.
    pub(crate) fn note_fault(&mut self, member: MemberIndex) {
        self.at_fault.insert(member);
    }

    /// A member waits for an earlier run to end, or says so. Returns whether that counts.
    pub(crate) fn excuse(&mut self, member: MemberIndex) -> bool {
        let excused = self.excused.entry(member).or_insert(0);
        *excused = excused.saturating_add(1);
        *excused <= MAX_EXCUSED
    }

    /// A view that went on between these has failed in an epoch of so many. Returns whether anyone was struck.
    pub(crate) fn end_view(
        &mut self,
        [began, ended]: [Timestamp; 2],
        members: usize,
        missing: Missing,
    ) -> bool {
        let are_many = are_many(missing.all.len(), members.saturating_sub(1));
        let is_weather = are_many && self.weather < MAX_WEATHER;
        let mut struck = std::mem::take(&mut self.at_fault);
        self.proven.extend(&struck);
        if !is_weather {
            struck.extend(missing.asked);
        } else if !missing.asked.is_empty() {
            self.weather = self.weather.saturating_add(1);
        }
        for member in &struck {
            self.fresh.entry(*member).or_insert(began);
            let waited = self.waited.entry(*member).or_default();
            *waited = waited.saturating_add(ended.since(began));
            let given = self.given.entry(*member).or_insert(0);
            *given = given.saturating_add(1);
        }
        !struck.is_empty()
    }

    /// How many strikes this member has given another.
    pub(crate) fn given(&self, member: MemberIndex) -> u32 {
        self.given.get(&member).copied().unwrap_or(0)
    }

    /// How many strikes of those that this member has given another count now. Who has signed nothing wrong has as long to do what
    /// is missed of it as who says nothing, from when the first view began for which it was struck: until then they are one. Who is
    /// late in change after change has twice as long in all of them.
    pub(crate) fn of(&self, member: MemberIndex, now: Timestamp, suspect: Duration) -> u32 {
        let given = self.given(member);
        let before = self.before.get(&member).copied().unwrap_or_default();
        let is_long_ago = self.fresh.get(&member).is_some_and(|since| {
            let waits = now.since(*since);
            waits >= suspect || waits.saturating_add(before) >= suspect.saturating_mul(MOST_WAITS)
        });
        if is_long_ago || self.proven.contains(&member) {
            given
        } else {
            given.min(1)
        }
    }

    /// Those who were struck in this epoch, and for how long views went on that failed for want of them.
    pub(crate) fn fresh(&self) -> impl Iterator<Item = (MemberIndex, Duration)> {
        self.waited
            .iter()
            .map(|(member, waited)| (*member, *waited))
    }

    /// The members with strikes.
    pub(crate) fn struck(&self) -> impl Iterator<Item = MemberIndex> {
        self.given.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: MemberIndex = MemberIndex::new(1);
    const EVE: MemberIndex = MemberIndex::new(2);
    const DAVE: MemberIndex = MemberIndex::new(3);
    const FRED: MemberIndex = MemberIndex::new(4);

    const BEGAN: Timestamp = Timestamp::from_millis(1000);
    const VIEW: [Timestamp; 2] = [BEGAN, Timestamp::from_millis(5000)];
    const SUSPECT: Duration = Duration::from_secs(15);

    fn missing(all: &[MemberIndex]) -> Missing {
        let all: BTreeSet<_> = all.iter().copied().collect();
        let asked = all.clone();
        Missing {
            all,
            asked,
            ..Missing::default()
        }
    }

    #[test]
    fn a_view_that_fails_gives_one_strike_to_each_who_is_missing() {
        let mut strikes = Strikes::default();
        assert!(strikes.end_view(VIEW, 5, missing(&[BOB])));
        strikes.note_fault(BOB);
        assert!(strikes.end_view(VIEW, 5, missing(&[BOB])));
        assert!(!strikes.end_view(VIEW, 5, missing(&[])));
        assert_eq!(strikes.given(BOB), 2);
        assert_eq!(strikes.struck().collect::<Vec<_>>(), [BOB]);
    }

    #[test]
    fn strikes_for_what_is_late_count_as_one_for_as_long_as_silence_lasts() {
        let counting = |strikes: &Strikes, member, after| {
            strikes.of(member, BEGAN.after(Duration::from_secs(after)), SUSPECT)
        };
        let mut strikes = Strikes::default();
        for second in [0, 4, 8] {
            let began = BEGAN.after(Duration::from_secs(second));
            let ended = began.after(Duration::from_secs(4));
            strikes.end_view([began, ended], 5, missing(&[BOB]));
        }
        assert_eq!(counting(&strikes, BOB, 14), 1);
        assert_eq!(counting(&strikes, BOB, 15), 3);
        // Nor does one that was carried over make it shorter.
        let mut strikes = Strikes::default();
        strikes.carry(BOB, Duration::from_secs(15));
        assert_eq!(counting(&strikes, BOB, 100), 1);
        strikes.end_view(VIEW, 5, missing(&[BOB]));
        assert_eq!(counting(&strikes, BOB, 14), 1);
        assert_eq!(counting(&strikes, BOB, 15), 2);
        // What is signed needs no time.
        strikes.note_fault(BOB);
        strikes.end_view(VIEW, 5, missing(&[]));
        assert_eq!(counting(&strikes, BOB, 1), 3);
    }

    #[test]
    fn who_is_waited_for_in_change_after_change_has_twice_as_long_as_silence_lasts() {
        let mut strikes = Strikes::default();
        strikes.carry(BOB, Duration::from_secs(24));
        strikes.end_view(VIEW, 5, missing(&[BOB]));
        let counting = |after| strikes.of(BOB, BEGAN.after(Duration::from_secs(after)), SUSPECT);
        assert_eq!((counting(5), counting(6)), (1, 2));
        // It is what failed for want of it that counts, and not what went on with it.
        strikes.end_view(VIEW, 5, missing(&[EVE]));
        let waited: Vec<_> = strikes.fresh().collect();
        let view = Duration::from_secs(4);
        assert_eq!(waited, [(BOB, view), (EVE, view)]);
    }

    #[test]
    fn weather_strikes_nobody() {
        // A third of the others is not weather, and more is.
        let mut strikes = Strikes::default();
        assert!(!strikes.end_view(VIEW, 6, missing(&[BOB, EVE])));
        assert!(strikes.end_view(VIEW, 7, missing(&[BOB, EVE])));
        // One alone is never weather.
        assert!(Strikes::default().end_view(VIEW, 3, missing(&[BOB])));
        // Of those who are missing all count, and not those alone who were asked.
        let mut strikes = Strikes::default();
        let asked = BTreeSet::from([BOB]);
        let all = BTreeSet::from([BOB, EVE]);
        let missing = Missing {
            all,
            asked,
            ..Missing::default()
        };
        assert!(!strikes.end_view(VIEW, 5, missing));
    }

    #[test]
    fn those_who_are_missing_together_are_not_taken_for_weather_for_ever() {
        let mut strikes = Strikes::default();
        let both = || missing(&[BOB, EVE]);
        for _ in 0..MAX_WEATHER {
            assert!(!strikes.end_view(VIEW, 5, both()));
        }
        assert!(strikes.end_view(VIEW, 5, both()));
        // Nor anew when one of them is there for once.
        assert!(strikes.end_view(VIEW, 5, missing(&[BOB])));
        assert!(strikes.end_view(VIEW, 5, both()));
        assert_eq!((strikes.given(BOB), strikes.given(EVE)), (3, 2));
        // It may be weather again in another change.
        strikes.begin_change();
        assert!(!strikes.end_view(VIEW, 5, both()));
    }

    #[test]
    fn who_ends_views_early_makes_no_weather_of_those_between() {
        let mut strikes = Strikes::default();
        let both = || missing(&[BOB, EVE]);
        // One of them proposes and leaves the view before anything can be missed.
        for _ in 0..MAX_WEATHER {
            assert!(!strikes.end_view(VIEW, 5, both()));
            assert!(!strikes.end_view(VIEW, 5, missing(&[])));
        }
        assert!(strikes.end_view(VIEW, 5, both()));
    }

    #[test]
    fn what_is_signed_is_no_weather() {
        let mut strikes = Strikes::default();
        strikes.note_fault(EVE);
        assert!(strikes.end_view(VIEW, 5, missing(&[BOB, DAVE, FRED])));
        assert_eq!((strikes.given(EVE), strikes.given(BOB)), (1, 0));
    }

    #[test]
    fn excuses_wear_out() {
        let mut strikes = Strikes::default();
        for _ in 0..MAX_EXCUSED {
            assert!(strikes.excuse(BOB));
        }
        assert!(!strikes.excuse(BOB) && strikes.excuse(EVE));
    }
}
