//! What of members was asked for by name in a view, and for how long in vain. `docs/spec/06-epochs.md`, "Strikes".
//!
//! A member is struck for what it was asked for and did not give, and never for what was lost once. So it counts who asked, how
//! often, and between which moments.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_gka::MemberIndex;

use crate::time::{Duration, Timestamp};

/// Something must be asked for so often before a view can have failed for want of it.
const ENOUGH: u32 = 3;
/// And for so many round trips.
const PATIENCE: u32 = 4;

/// What a view waits for of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owed {
    /// That it is in the view, with an offer.
    Word,
    /// Its proposal.
    Proposal,
    /// Its contribution.
    Contribution,
    /// What it brings into the cut.
    Freeze,
    /// Its confirmation.
    Confirmation,
    /// With which cut it has confirmed.
    Cut,
}

/// How something was asked for.
#[derive(Clone, Copy, Debug)]
struct Questions {
    /// How often this member wanted it, and it was asked for, by this member or by another at that moment.
    times: u32,
    /// Whether this member has asked itself.
    is_own: bool,
    first: Timestamp,
    last: Timestamp,
}

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    questions: BTreeMap<(MemberIndex, Owed), Questions>,
    /// Members of whom another asked for something.
    by_others: BTreeSet<MemberIndex>,
}

impl Asked {
    /// Another view begins. What was not asked for enough counts on if it has not come: a view that others end early ends no
    /// question.
    pub(crate) fn go_on_with(&mut self, unanswered: &BTreeSet<(MemberIndex, Owed)>) {
        self.questions.retain(|asked, _| unanswered.contains(asked));
        self.by_others
            .retain(|member| unanswered.iter().any(|(other, _)| other == member));
    }

    /// This member lacks something of a member when it is its turn to ask. It does so itself, unless another just has.
    pub(crate) fn note(&mut self, now: Timestamp, member: MemberIndex, owed: Owed, is_own: bool) {
        let asked = self.questions.entry((member, owed)).or_insert(Questions {
            times: 0,
            is_own: false,
            first: now,
            last: now,
        });
        asked.times = asked.times.saturating_add(1);
        asked.is_own |= is_own;
        asked.last = now;
    }

    /// Another asks for something of a member, too.
    pub(crate) fn overhear(&mut self, member: MemberIndex) {
        self.by_others.insert(member);
    }

    /// Whether something that is missing when a view ends was asked for often and long enough, by this member and by another.
    pub(crate) fn is_enough(
        &self,
        now: Timestamp,
        round_trip: Duration,
        member: MemberIndex,
        owed: Owed,
    ) -> bool {
        self.is_enough_at(member, owed, round_trip, |_| now)
    }

    /// Whether something that has come was missing for as long as that.
    pub(crate) fn is_late(&self, round_trip: Duration, member: MemberIndex, owed: Owed) -> bool {
        self.is_enough_at(member, owed, round_trip, |asked| asked.last)
    }

    fn is_enough_at(
        &self,
        member: MemberIndex,
        owed: Owed,
        round_trip: Duration,
        until: impl Fn(&Questions) -> Timestamp,
    ) -> bool {
        let asked = self.questions.get(&(member, owed));
        self.by_others.contains(&member)
            && asked.is_some_and(|asked| {
                let patience = round_trip.saturating_mul(PATIENCE);
                asked.is_own && asked.times >= ENOUGH && until(asked).since(asked.first) >= patience
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: MemberIndex = MemberIndex::new(1);
    const ROUND_TRIP: Duration = Duration::from_millis(100);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Asked for at these moments, by this member itself at the first of them.
    fn asked(moments: &[u64], by_others: bool) -> Asked {
        let mut asked = Asked::default();
        for (place, moment) in moments.iter().enumerate() {
            asked.note(at(*moment), BOB, Owed::Contribution, place == 0);
        }
        if by_others {
            asked.overhear(BOB);
        }
        asked
    }

    fn is_enough(asked: &Asked, now: u64) -> bool {
        asked.is_enough(at(now), ROUND_TRIP, BOB, Owed::Contribution)
    }

    #[test]
    fn asked_three_times_in_four_round_trips_is_enough_and_less_is_not() {
        let thrice = asked(&[0, 100, 200], true);
        assert!(is_enough(&thrice, 400));
        assert!(!is_enough(&thrice, 399));
        assert!(!is_enough(&asked(&[0, 100], true), 9999));
        // Of something else.
        let other = thrice.is_enough(at(9999), ROUND_TRIP, BOB, Owed::Confirmation);
        assert!(!other);
    }

    #[test]
    fn one_asker_is_not_enough_whoever_it_is() {
        assert!(!is_enough(&asked(&[0, 100, 200], false), 9999));
        let mut by_others = Asked::default();
        by_others.overhear(BOB);
        for moment in [0, 100, 200] {
            by_others.note(at(moment), BOB, Owed::Contribution, false);
        }
        assert!(!is_enough(&by_others, 9999));
        by_others.note(at(300), BOB, Owed::Contribution, true);
        assert!(is_enough(&by_others, 9999));
    }

    #[test]
    fn what_comes_after_four_round_trips_is_late() {
        let is_late = |asked: &Asked| asked.is_late(ROUND_TRIP, BOB, Owed::Contribution);
        assert!(is_late(&asked(&[0, 100, 200, 400], true)));
        assert!(!is_late(&asked(&[0, 100, 200, 399], true)));
        assert!(!is_late(&Asked::default()));
    }

    #[test]
    fn each_view_is_asked_anew_but_for_what_a_short_one_left_open() {
        let mut asked = asked(&[0, 100], true);
        asked.go_on_with(&[(BOB, Owed::Contribution)].into());
        asked.note(at(500), BOB, Owed::Contribution, false);
        assert!(is_enough(&asked, 500));
        asked.go_on_with(&[(BOB, Owed::Confirmation)].into());
        assert!(!is_enough(&asked, 9999));
        asked.go_on_with(&BTreeSet::new());
        assert!(asked.by_others.is_empty());
    }
}
