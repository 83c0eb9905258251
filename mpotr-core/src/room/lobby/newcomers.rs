//! What a member remembers of newcomers over epochs. `docs/spec/06-epochs.md`, "Newcomers".
//!
//! They cost the room nothing: after a view that failed for want of one there are views without any, for twice as long each time.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;
use mpotr_gka::MAX_MEMBERS;

use super::refusals::Refusals;
use crate::time::{Duration, Timestamp};

/// The time without newcomers doubles so many times: to 16 views.
const MAX_FAILED: u32 = 4;
/// The time for which those are waited for who were told who is there doubles so many times.
const MAX_PATIENCE: u32 = 4;
/// After so many views that ended for a wrong tag newcomers come in by a full run.
const WRONG_TAGS: u32 = 2;
/// The most of those who failed views that are remembered.
const MAX_FAILING: usize = 256;

/// One for want of whom views have failed.
#[derive(Debug, Default)]
struct Failing {
    times: u32,
    /// Until when it is not listed.
    until: Timestamp,
    /// Who had named it: a member may lie about one that is outside.
    by: BTreeSet<IdentityKey>,
}

/// A view that has failed for want of newcomers.
#[derive(Debug, Default)]
pub(crate) struct Failed {
    /// Those for want of whom, each with the members that had named it; nobody, if for want of a member.
    pub(crate) silent: BTreeMap<IdentityKey, BTreeSet<IdentityKey>>,
    /// Those who took part in it.
    pub(crate) alive: BTreeSet<IdentityKey>,
    /// The other members that had said that the silent ones were there.
    pub(crate) by: BTreeSet<IdentityKey>,
}

/// What is remembered of newcomers.
#[derive(Debug, Default)]
pub(crate) struct Newcomers {
    /// When one knocked last.
    knocked: Option<Timestamp>,
    /// How many views have failed for want of one, in a row.
    failed: u32,
    /// Until when none is listed.
    until: Timestamp,
    /// How often views have failed for want of what one has to show that comes in by a light run.
    unready: BTreeMap<IdentityKey, u32>,
    /// How many views have ended since one did not convince a member.
    wrong_tags: u32,
    /// Those who took part in the last view that failed so: they go first.
    alive: BTreeSet<IdentityKey>,
    /// Those for want of whom views have failed.
    failing: BTreeMap<IdentityKey, Failing>,
    /// Members that had said of such a one that it was there, how often in a row, and until when their word counts for nothing.
    doubted: BTreeMap<IdentityKey, (u32, Timestamp)>,
    /// Those whom members have refused.
    pub(crate) refusals: Refusals,
}

impl Newcomers {
    /// One has knocked.
    pub(crate) const fn note_knock(&mut self, now: Timestamp) {
        self.knocked = Some(now);
    }

    /// Whether one has knocked since then.
    pub(crate) fn have_knocked_since(&self, then: Timestamp) -> bool {
        self.knocked.is_some_and(|at| at > then)
    }

    /// So many times as long as at first these are waited for, who were told who is there: for want of whom views have failed may be
    /// far away.
    pub(crate) fn patience(&self, newcomers: impl Iterator<Item = IdentityKey>) -> u32 {
        let unready = newcomers.filter_map(|it| self.unready.get(&it));
        let times = unready.copied().max().unwrap_or(0);
        2_u32.saturating_pow(times.min(MAX_PATIENCE))
    }

    /// Views have failed for want of what these have to show. Of too many those are forgotten that were noted before.
    pub(crate) fn note_unready(&mut self, newcomers: impl Iterator<Item = IdentityKey>) {
        for newcomer in newcomers {
            if self.unready.len() >= MAX_FAILING {
                self.unready.clear();
            }
            let times = self.unready.entry(newcomer).or_insert(0);
            *times = times.saturating_add(1);
        }
    }

    /// Those are in by now.
    pub(crate) fn forget_unready(&mut self, members: &BTreeSet<IdentityKey>) {
        self.unready.retain(|it, _| !members.contains(it));
    }

    /// A view has ended since one that was to come in has not convinced a member, it is said: anyone inside may have made it so.
    pub(crate) const fn note_wrong_tag(&mut self) {
        self.wrong_tags = self.wrong_tags.saturating_add(1);
    }

    /// One that has come in was not convinced of all who are inside, it says. One of those, or itself, has lied: the next show who they
    /// are, and are shown, where all see it.
    pub(crate) const fn note_declined(&mut self, is_so: bool) {
        if is_so {
            self.wrong_tags = WRONG_TAGS;
        }
    }

    /// Whether those who come in do so where all see that they are who they say: by a full run.
    pub(crate) const fn prove_to_all(&self) -> bool {
        self.wrong_tags >= WRONG_TAGS
    }

    /// Until when none is listed.
    pub(crate) const fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether one has knocked within `fresh`.
    pub(crate) fn are_there(&self, now: Timestamp, fresh: Duration) -> bool {
        self.knocked.is_some_and(|at| now.since(at) <= fresh)
    }

    /// A view with some has failed: for want of them, or of a member. When newcomers are listed again, the word of the members that had said that they were
    /// there lists nobody here for as long again, and longer each time: who makes newcomers up keeps the others out of a few views,
    /// and not for ever.
    pub(crate) fn have_failed(&mut self, now: Timestamp, view: Duration, failed: Failed) {
        let views = |times: u32| view.saturating_mul(2_u32.saturating_pow(times.min(MAX_FAILED)));
        // It was long ago.
        let forgets = |until: Timestamp| now.since(until) > views(MAX_FAILED);
        self.failing.retain(|_, it| !forgets(it.until));
        self.doubted.retain(|_, (_, until)| !forgets(*until));
        let Failed { silent, alive, by } = failed;
        let is_of_newcomers = !silent.is_empty();
        let is_any_new = !is_of_newcomers || self.charge(now, silent, views);
        self.alive = alive;
        if is_any_new {
            self.failed = self.failed.saturating_add(1).min(MAX_FAILED);
            // Those who took part do not wait for the one that did not; but if the next view fails, too, all do.
            let is_excused = self.failed == 1 && is_of_newcomers && !self.alive.is_empty();
            let pause = if is_excused {
                Duration::ZERO
            } else {
                views(self.failed)
            };
            self.until = self.until.max(now.after(pause));
        }
        let listed_again = self.until.max(now);
        for member in by {
            if self.doubted.len() >= MAX_MEMBERS && !self.doubted.contains_key(&member) {
                continue;
            }
            let (times, until) = self.doubted.entry(member).or_insert((0, now));
            *times = times.saturating_add(1).min(MAX_FAILED);
            *until = listed_again.after(views(*times));
        }
    }

    /// Those for want of whom a view has failed are not listed for a while, longer each time. Returns whether a view has failed for
    /// want of any of them for the first time, as far as is remembered.
    fn charge(
        &mut self,
        now: Timestamp,
        silent: BTreeMap<IdentityKey, BTreeSet<IdentityKey>>,
        views: impl Fn(u32) -> Duration,
    ) -> bool {
        let mut is_any_new = false;
        for (identity, by) in silent {
            is_any_new |= !self.failing.contains_key(&identity);
            if self.failing.len() >= MAX_FAILING && !self.failing.contains_key(&identity) {
                let first = self.failing.iter().min_by_key(|(_, it)| it.until);
                if let Some(first) = first.map(|(first, _)| *first) {
                    self.failing.remove(&first);
                }
            }
            let failing = self.failing.entry(identity).or_default();
            failing.times = failing.times.saturating_add(1).min(MAX_FAILED);
            failing.until = now.after(views(failing.times));
            let room = MAX_MEMBERS.saturating_sub(failing.by.len());
            failing.by.extend(by.into_iter().take(room));
        }
        is_any_new
    }

    /// Until when an identity is not listed by the word of a member, since views have failed for want of it. Where one member alone
    /// had named it in those, the word of the others counts.
    pub(crate) fn fails_until(
        &self,
        now: Timestamp,
        identity: &IdentityKey,
        by: &IdentityKey,
    ) -> Option<Timestamp> {
        let failing = self.failing.get(identity);
        let failing = failing.filter(|it| it.by.contains(by) || it.by.len() > 1)?;
        (now < failing.until).then_some(failing.until)
    }

    /// Until when a member does not state an identity, since views have failed for want of it, or another has refused it.
    pub(crate) fn waits_until(
        &self,
        now: Timestamp,
        identity: &IdentityKey,
        by: &IdentityKey,
    ) -> Option<Timestamp> {
        let fails = self.fails_until(now, identity, by);
        fails.max(self.refusals.until(now, identity))
    }

    /// Whether a member's word on who is there counts for nothing.
    pub(crate) fn doubts(&self, now: Timestamp, member: &IdentityKey) -> bool {
        let doubted = self.doubted.get(member);
        doubted.is_some_and(|(_, until)| now < *until)
    }

    /// An epoch has let some in. Those who are still outside knock again.
    pub(crate) fn have_come(&mut self) {
        self.knocked = None;
        self.failed = 0;
        self.wrong_tags = 0;
        self.until = Timestamp::default();
        self.alive.clear();
    }

    /// Whether newcomers are listed by now.
    pub(crate) fn may_come(&self, now: Timestamp) -> bool {
        now >= self.until
    }

    /// Whether one took part in the last view that failed for want of another.
    pub(crate) fn is_alive(&self, identity: &IdentityKey) -> bool {
        self.alive.contains(identity)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::IdentityKey;

    use super::{Failed, MAX_FAILING, Newcomers};
    use crate::time::{Duration, Timestamp};

    const VIEW: Duration = Duration::from_secs(8);

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    fn key(n: u8) -> IdentityKey {
        IdentityKey::new([n; 32])
    }

    fn by(member: IdentityKey) -> Failed {
        Failed {
            by: [member].into(),
            ..Failed::default()
        }
    }

    fn is_failing(
        newcomers: &Newcomers,
        now: Timestamp,
        identity: &IdentityKey,
        by: &IdentityKey,
    ) -> bool {
        newcomers.fails_until(now, identity, by).is_some()
    }

    fn of(silent: &[u8], alive: &[u8]) -> Failed {
        Failed {
            silent: silent
                .iter()
                .map(|it| (key(*it), [key(99)].into()))
                .collect(),
            alive: alive.iter().copied().map(key).collect(),
            ..Failed::default()
        }
    }

    #[test]
    fn who_fails_views_again_and_again_keeps_nobody_else_waiting() {
        let mut newcomers = Newcomers::default();
        newcomers.have_failed(at(0), VIEW, of(&[1], &[]));
        assert!(newcomers.may_come(at(16)) && is_failing(&newcomers, at(15), &key(1), &key(99)));
        for (failed, views) in [(100, 4), (200, 8), (360, 16), (600, 16)] {
            newcomers.have_failed(at(failed), VIEW, of(&[1], &[]));
            let until = failed + 8 * views;
            assert!(is_failing(&newcomers, at(until - 1), &key(1), &key(99)));
            assert!(!is_failing(&newcomers, at(until), &key(1), &key(99)));
            assert!(
                newcomers.may_come(at(failed))
                    && !is_failing(&newcomers, at(failed), &key(2), &key(99))
            );
        }
        // It was long ago.
        newcomers.have_failed(at(2000), VIEW, of(&[3], &[]));
        newcomers.have_failed(at(2100), VIEW, of(&[1], &[]));
        assert!(
            !newcomers.may_come(at(2100)) && !is_failing(&newcomers, at(2116), &key(1), &key(99))
        );
    }

    #[test]
    fn who_lies_about_one_that_is_outside_keeps_it_out_of_no_view_of_another() {
        let mut newcomers = Newcomers::default();
        newcomers.have_failed(at(0), VIEW, of(&[1], &[]));
        assert!(is_failing(&newcomers, at(0), &key(1), &key(99)));
        assert!(!is_failing(&newcomers, at(0), &key(1), &key(98)));
        // Two say so, and it is not there.
        let mut again = of(&[1], &[]);
        again.silent.insert(key(1), [key(98)].into());
        newcomers.have_failed(at(20), VIEW, again);
        assert!(is_failing(&newcomers, at(51), &key(1), &key(97)));
        assert!(!is_failing(&newcomers, at(52), &key(1), &key(97)));
    }

    #[test]
    fn who_took_part_waits_for_one_that_did_not_once_at_most() {
        let mut newcomers = Newcomers::default();
        newcomers.have_failed(at(0), VIEW, of(&[1], &[2]));
        assert!(newcomers.may_come(at(0)));
        newcomers.have_failed(at(8), VIEW, of(&[2], &[3]));
        assert!(!newcomers.may_come(at(39)) && newcomers.may_come(at(40)));
        // For want of a member there are views without newcomers, no matter who took part.
        newcomers.have_come();
        newcomers.have_failed(at(50), VIEW, of(&[], &[2]));
        assert!(!newcomers.may_come(at(65)) && newcomers.may_come(at(66)));
    }

    #[test]
    fn what_is_remembered_of_those_who_failed_views_is_bounded() {
        let mut newcomers = Newcomers::default();
        for n in 0..=u16::MAX / 64 {
            let mut identity = [0; 32];
            identity[..2].copy_from_slice(&n.to_be_bytes());
            let silent = [(IdentityKey::new(identity), [key(99)].into())].into();
            let failed = Failed {
                silent,
                ..Failed::default()
            };
            newcomers.have_failed(at(0), VIEW, failed);
        }
        assert_eq!(newcomers.failing.len(), MAX_FAILING);
    }

    #[test]
    fn after_a_failure_newcomers_wait_for_2_to_16_views() {
        let mut newcomers = Newcomers::default();
        assert!(newcomers.may_come(at(0)));
        for views in [2, 4, 8, 16, 16] {
            newcomers.have_failed(at(100), VIEW, Failed::default());
            assert!(!newcomers.may_come(at(99 + 8 * views)));
            assert!(newcomers.may_come(at(100 + 8 * views)));
        }
        newcomers.have_come();
        assert!(newcomers.may_come(at(100)));
        newcomers.have_failed(at(100), VIEW, Failed::default());
        assert!(newcomers.may_come(at(116)));
    }

    #[test]
    fn who_named_one_that_was_not_there_is_doubted_for_longer_than_newcomers_wait() {
        let mallory = IdentityKey::new([1; 32]);
        let mut newcomers = Newcomers::default();
        newcomers.have_failed(at(0), VIEW, by(mallory));
        assert!(newcomers.may_come(at(16)) && newcomers.doubts(at(31), &mallory));
        assert!(!newcomers.doubts(at(32), &mallory));
        // One that was let in excuses nothing, but time does.
        newcomers.have_come();
        newcomers.have_failed(at(40), VIEW, by(mallory));
        assert!(newcomers.may_come(at(56)) && newcomers.doubts(at(87), &mallory));
        assert!(!newcomers.doubts(at(88), &mallory));
        newcomers.have_come();
        newcomers.have_failed(at(300), VIEW, by(mallory));
        assert!(!newcomers.doubts(at(332), &mallory));
    }

    #[test]
    fn who_took_part_is_remembered_until_the_next_comes() {
        let key = IdentityKey::new([1; 32]);
        let mut newcomers = Newcomers::default();
        newcomers.have_failed(at(0), VIEW, of(&[2], &[1]));
        assert!(newcomers.is_alive(&key));
        newcomers.have_come();
        assert!(!newcomers.is_alive(&key));
    }
}
