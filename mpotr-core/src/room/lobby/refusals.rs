//! Newcomers whom a member of the epoch has refused. `docs/spec/06-epochs.md`, "At the door".
//!
//! Each member says for itself whom it will be in a roster with, so a run with one that a member refuses comes to nothing. It is
//! asked for again, for a person may have said yes meanwhile, ever more seldom, and no change begins before the answer is there.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;

use crate::time::{Duration, Timestamp};

/// The time until a newcomer is asked for again doubles so many times: to 16 views.
const MAX_REFUSED: u32 = 4;
/// The most newcomers that are remembered.
const MAX_NEWCOMERS: usize = 256;
/// The most members that are remembered for each: one is enough to keep it out.
const MAX_MEMBERS: usize = 16;
/// After so many round trips nobody who was asked again has said no.
const ANSWERED: u32 = 2;

/// How long it takes to hear who refuses a newcomer.
pub(crate) const fn answered(round_trip: Duration) -> Duration {
    round_trip.saturating_mul(ANSWERED)
}

/// Newcomers that were refused.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    of: BTreeMap<IdentityKey, Refusal>,
}

#[derive(Debug)]
struct Refusal {
    by: BTreeSet<IdentityKey>,
    times: u32,
    /// Until when it is not asked for again.
    until: Timestamp,
    /// When that was asked which is not answered yet.
    asked: Option<Timestamp>,
}

impl Refusals {
    /// Members refuse a newcomer, though it may be to the same question.
    pub(crate) fn note(
        &mut self,
        now: Timestamp,
        view: Duration,
        newcomer: IdentityKey,
        by: impl IntoIterator<Item = IdentityKey>,
    ) {
        if !self.of.contains_key(&newcomer) && self.of.len() >= MAX_NEWCOMERS {
            let first = self.of.iter().min_by_key(|(_, it)| it.until);
            if let Some(first) = first.map(|(first, _)| *first) {
                self.of.remove(&first);
            }
        }
        let refusal = self.of.entry(newcomer).or_insert(Refusal {
            by: BTreeSet::new(),
            times: 0,
            until: now,
            asked: None,
        });
        let room = MAX_MEMBERS.saturating_sub(refusal.by.len());
        refusal.by.extend(by.into_iter().take(room));
        if now >= refusal.until {
            refusal.times = refusal.times.saturating_add(1).min(MAX_REFUSED);
            let views = 2_u32.saturating_pow(refusal.times);
            refusal.until = now.after(view.saturating_mul(views));
            refusal.asked = None;
        }
    }

    /// A member says that a newcomer has answered, and nobody refuses it now. Returns when it counts as let in by all, if it was
    /// refused before: that takes as long as an answer.
    pub(crate) fn ask(
        &mut self,
        now: Timestamp,
        newcomer: &IdentityKey,
        answered: Duration,
    ) -> Option<Timestamp> {
        let refusal = self.of.get_mut(newcomer)?;
        if now < refusal.until {
            return None;
        }
        Some(refusal.asked.get_or_insert(now).after(answered))
    }

    /// Until when a newcomer is not asked for.
    pub(crate) fn until(&self, now: Timestamp, newcomer: &IdentityKey) -> Option<Timestamp> {
        let until = self.of.get(newcomer)?.until;
        (now < until).then_some(until)
    }

    /// Whether a newcomer may be listed, as far as that goes by earlier refusals.
    pub(crate) fn allow(&self, now: Timestamp, newcomer: &IdentityKey, answered: Duration) -> bool {
        self.of.get(newcomer).is_none_or(|refusal| {
            let asked = refusal.asked.filter(|_| now >= refusal.until);
            asked.is_some_and(|asked| now >= asked.after(answered))
        })
    }

    /// Forgets the refusals that no longer hold, by newcomer and member.
    pub(crate) fn forget(&mut self, is_over: impl Fn(&IdentityKey, &IdentityKey) -> bool) {
        self.of.retain(|newcomer, refusal| {
            refusal.by.retain(|by| !is_over(newcomer, by));
            !refusal.by.is_empty()
        });
    }

    /// Who has refused whom.
    pub(crate) fn all(&self) -> impl Iterator<Item = (IdentityKey, IdentityKey)> {
        let refused = self.of.iter();
        refused.flat_map(|(newcomer, refusal)| refusal.by.iter().map(|by| (*newcomer, *by)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: Duration = Duration::from_secs(4);
    const ANSWERED: Duration = Duration::from_secs(1);
    const DAVE: IdentityKey = IdentityKey::new([4; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const CAROL: IdentityKey = IdentityKey::new([3; 32]);

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    #[test]
    fn who_was_refused_is_asked_for_ever_more_seldom() {
        let mut refusals = Refusals::default();
        assert!(refusals.allow(at(0), &DAVE, ANSWERED));
        assert_eq!(refusals.ask(at(0), &DAVE, ANSWERED), None);
        let mut now = 0;
        for wait in [8, 16, 32, 64, 64] {
            refusals.note(at(now), VIEW, DAVE, [BOB]);
            // To the same question by another.
            refusals.note(at(now + 1), VIEW, DAVE, [CAROL]);
            assert_eq!(refusals.until(at(now), &DAVE), Some(at(now + wait)));
            assert_eq!(refusals.ask(at(now + 1), &DAVE, ANSWERED), None);
            now += wait;
            assert_eq!(refusals.until(at(now), &DAVE), None);
            assert!(!refusals.allow(at(now), &DAVE, ANSWERED));
        }
        // This time nobody says no.
        assert_eq!(refusals.ask(at(now), &DAVE, ANSWERED), Some(at(now + 1)));
        assert_eq!(
            refusals.ask(at(now + 1), &DAVE, ANSWERED),
            Some(at(now + 1))
        );
        assert!(!refusals.allow(at(now), &DAVE, ANSWERED));
        assert!(refusals.allow(at(now + 1), &DAVE, ANSWERED));
    }

    #[test]
    fn who_is_refused_by_nobody_any_more_is_no_longer_kept_out() {
        let mut refusals = Refusals::default();
        refusals.note(at(0), VIEW, DAVE, [BOB, CAROL]);
        refusals.forget(|_, by| *by == BOB);
        assert_eq!(refusals.all().collect::<Vec<_>>(), [(DAVE, CAROL)]);
        assert!(!refusals.allow(at(0), &DAVE, ANSWERED));
        refusals.forget(|_, by| *by == CAROL);
        assert!(refusals.allow(at(0), &DAVE, ANSWERED));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut refusals = Refusals::default();
        for n in 0..1000_u64 {
            let key = |at: usize| n.to_be_bytes().get(at).copied().unwrap_or(9);
            let key = IdentityKey::new(std::array::from_fn(key));
            refusals.note(at(n), VIEW, key, [BOB]);
            refusals.note(at(n), VIEW, DAVE, [key]);
        }
        assert_eq!(refusals.of.len(), MAX_NEWCOMERS);
        assert!(refusals.of.values().all(|it| it.by.len() <= MAX_MEMBERS));
    }
}
