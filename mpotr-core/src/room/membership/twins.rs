//! Another instance of a member's identity, which asks to take its place. `docs/spec/06-epochs.md`, "One identity, one member".
//!
//! A member that died comes back with its identity and nothing else. Its place in the epoch is asked by name whether it lives:
//! what is stated inside the epoch of the other is that question. Who lives objects; who says nothing for `suspect` is replaced.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{MemberIndex, OfferDigest, Sid};

use super::Membership;
use crate::room::succession::attempt::Attempt;
use crate::time::{Duration, Timestamp};
use crate::wire::{Admitted, MAX_ADMITTED, MAX_OBJECTED};

/// The members of an epoch whose identity another instance has shown to have.
#[derive(Debug, Default)]
pub(crate) struct Twins {
    asked: BTreeMap<IdentityKey, Asked>,
}

/// When a member was asked whether it is there.
#[derive(Debug)]
struct Asked {
    since: Timestamp,
    /// When the other instance was stated last.
    stated: Timestamp,
    /// With which offers.
    offers: BTreeSet<OfferDigest>,
}

impl Twins {
    /// Takes note that a member's identity is stated as that of another instance, too. `heard` is when the member said anything
    /// last: who has since it was asked is asked anew by the next offer, and so is who was not asked for `suspect`.
    fn note(
        &mut self,
        now: Timestamp,
        stated: &Admitted,
        heard: Option<Timestamp>,
        suspect: Duration,
    ) {
        let asked = self.asked.entry(stated.identity).or_insert(Asked {
            since: now,
            stated: now,
            offers: BTreeSet::new(),
        });
        let is_news = !asked.offers.contains(&stated.offer);
        let has_spoken = heard.is_some_and(|heard| heard >= asked.since);
        if is_news && (has_spoken || now.since(asked.stated) > suspect) {
            asked.since = now;
            asked.offers.clear();
        }
        asked.stated = now;
        if is_news {
            if asked.offers.len() >= MAX_OBJECTED {
                asked.offers.pop_first();
            }
            asked.offers.insert(stated.offer);
        }
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// The index of a member that still takes part, by its identity.
    pub(crate) fn place_of(&self, identity: &IdentityKey) -> Option<MemberIndex> {
        let epoch = &self.epoch;
        let mut members = epoch.indices().filter(|member| epoch.is_present(*member));
        members.find(|member| epoch.identity(*member).as_ref() == Some(identity))
    }

    /// Takes note of the other instances of members that are stated.
    pub(crate) fn note_twins(
        &mut self,
        now: Timestamp,
        stated: &BTreeSet<Admitted>,
        suspect: Duration,
    ) {
        for newcomer in stated {
            let Some(member) = self.place_of(&newcomer.identity) else {
                continue;
            };
            let heard = self.talk.heard_at(member);
            self.twins.note(now, newcomer, heard, suspect);
        }
    }

    /// Objects to those who would take this member's place, as they are stated. Returns whether one is news.
    pub(crate) fn object(&mut self, me: &IdentityKey, stated: &BTreeSet<Admitted>) -> bool {
        let others = stated.iter().filter(|it| it.identity == *me);
        let others: BTreeSet<_> = others.map(|it| it.offer).collect();
        let Some(next) = self.epoch.own_next() else {
            return false;
        };
        if others.iter().all(|offer| next.objected.contains(offer)) {
            return false;
        }
        // What is no longer stated goes first, if there are too many.
        let mut objected: Vec<_> = others.iter().copied().take(MAX_OBJECTED).collect();
        let before = next.objected.iter().filter(|it| !others.contains(it));
        let rest = MAX_OBJECTED.saturating_sub(objected.len());
        objected.extend(before.copied().take(rest));
        objected.sort_unstable();
        next.objected = objected;
        true
    }

    /// Objects to these offers of newcomers, as far as there is room beside those under the own identity, and no longer to those
    /// that are `welcome`. Returns whether that is news.
    pub(crate) fn refuse(&mut self, refused: &[OfferDigest], welcome: &[OfferDigest]) -> bool {
        let Some(next) = self.epoch.own_next() else {
            return false;
        };
        let stays = |it: &&OfferDigest| !welcome.contains(it);
        let mut objected: BTreeSet<_> = next.objected.iter().filter(stays).copied().collect();
        for offer in refused {
            if objected.len() < MAX_OBJECTED {
                objected.insert(*offer);
            }
        }
        let is_news = !objected.iter().eq(&next.objected);
        next.objected = objected.into_iter().collect();
        is_news
    }

    /// Whether a member objects to an offer under its identity: it is there.
    pub(crate) fn is_objected(&self, identity: &IdentityKey, offer: &OfferDigest) -> bool {
        let member = self.place_of(identity);
        let said = member.and_then(|member| self.epoch.next_of(member));
        said.is_some_and(|next| next.objected.contains(offer))
    }

    /// From when on a member that says nothing counts as dead, of which another instance has shown itself. Of itself this member
    /// knows better.
    pub(crate) fn replaced_from(
        &self,
        identity: &IdentityKey,
        suspect: Duration,
    ) -> Option<Timestamp> {
        let asked = self.twins.asked.get(identity)?;
        let place = self.place_of(identity)?;
        if place == self.epoch.me() {
            return None;
        }
        let heard = self.talk.heard_at(place);
        let since = heard.map_or(asked.since, |heard| heard.max(asked.since));
        Some(since.after(suspect))
    }

    /// From when on a member is silent that has said nothing since it was asked for another instance of its identity.
    pub(crate) fn silent_from(
        &self,
        identity: &IdentityKey,
        suspect: Duration,
    ) -> Option<Timestamp> {
        let since = self.twins.asked.get(identity)?.since;
        let heard = self.talk.heard_at(self.place_of(identity)?);
        let has_spoken = heard.is_some_and(|heard| heard >= since);
        let from = self.replaced_from(identity, suspect)?;
        (!has_spoken).then_some(from)
    }

    /// Whether a member objects to a run in which another instance has its place.
    pub(crate) fn objects_to(&self, attempt: &Attempt<S>) -> bool {
        let mut joining = attempt.newcomers();
        joining.any(|it| self.is_objected(&it.identity, &it.offer))
    }

    /// The other instances of members that come in by a run to which this member contributed.
    pub(crate) fn replaced_in(&self, run: Sid) -> Vec<Admitted> {
        let joining = self.changing.joining_in(&run);
        let instances = joining.filter(|it| self.place_of(&it.identity).is_some());
        instances.collect()
    }

    /// This member installs a run: names the instances that have the places of members there, so that these can learn it.
    pub(crate) fn name_instances(&mut self, run: Sid) {
        let instances = self.replaced_in(run);
        if let Some(next) = self.epoch.own_next().filter(|_| !instances.is_empty()) {
            let others = std::mem::take(&mut next.admitted).into_iter();
            let others = others.filter(|it| !instances.contains(it));
            let rest = MAX_ADMITTED.saturating_sub(instances.len());
            let mut admitted: Vec<_> = others.take(rest).collect();
            admitted.extend(&instances);
            admitted.sort_unstable();
            admitted.truncate(MAX_ADMITTED);
            next.admitted = admitted;
        }
    }

    /// Whether more than half of the others have gone on with another instance of this identity, by what they have said. The word
    /// of one is no reason to go for good.
    pub(crate) fn is_replaced(&self, me: &IdentityKey) -> bool {
        let members = self.epoch.indices();
        let said = members.filter_map(|member| self.epoch.next_of(member));
        let with_another = said.filter(|next| {
            let mut admitted = next.admitted.iter();
            next.installed.is_some() && admitted.any(|it| it.identity == *me)
        });
        let others = self.epoch.members().saturating_sub(1);
        with_another.count().saturating_mul(2) > others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: IdentityKey = IdentityKey::new([1; 32]);
    const SUSPECT: Duration = Duration::from_secs(15);

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    fn stated(offer: u8) -> Admitted {
        Admitted {
            identity: ALICE,
            offer: OfferDigest::new([offer; 32]),
        }
    }

    #[test]
    fn who_has_spoken_since_it_was_asked_is_asked_anew() {
        let mut twins = Twins::default();
        twins.note(at(10), &stated(1), Some(at(5)), SUSPECT);
        twins.note(at(12), &stated(2), Some(at(5)), SUSPECT);
        assert_eq!(twins.asked[&ALICE].since, at(10));
        twins.note(at(14), &stated(2), Some(at(13)), SUSPECT);
        assert_eq!(twins.asked[&ALICE].since, at(10));
        twins.note(at(15), &stated(3), Some(at(13)), SUSPECT);
        assert_eq!(twins.asked[&ALICE].since, at(15));
    }

    #[test]
    fn who_was_asked_long_ago_is_asked_anew() {
        let mut twins = Twins::default();
        twins.note(at(10), &stated(1), None, SUSPECT);
        twins.note(at(20), &stated(1), None, SUSPECT);
        twins.note(at(30), &stated(2), None, SUSPECT);
        assert_eq!(twins.asked[&ALICE].since, at(10));
        twins.note(at(46), &stated(3), None, SUSPECT);
        assert_eq!(twins.asked[&ALICE].since, at(46));
    }

    #[test]
    fn what_is_kept_of_offers_is_bounded() {
        let mut twins = Twins::default();
        for offer in 0..=u8::MAX {
            twins.note(at(10), &stated(offer), None, SUSPECT);
        }
        assert_eq!(twins.asked[&ALICE].offers.len(), MAX_OBJECTED);
    }
}
