//! In what others who are there differ from this member, so that they cannot be in one epoch. `docs/spec/06-epochs.md`, "Waiting".
//!
//! Nothing of it is proven: it is told, and changes nothing. Strangers can make up much, so little is kept.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, EphemeralKey, IdentityKey};
use mpotr_gka::{Offer, OfferDigest};

use crate::policy::Policy;
use crate::time::{Duration, Timestamp};
use crate::wire::OfferHint;

/// The most values of each kind.
const MAX_KEPT: usize = 8;
/// The most people: a person decides about each.
const MAX_PEOPLE: usize = 64;
/// So many words in the name of one are looked at, each of which costs a signature, until one is its own.
const MAX_LOOKS: u8 = 8;

/// What others have said of themselves.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// And who, by claimed identities.
    pub(crate) policies: BTreeMap<Policy, BTreeSet<IdentityKey>>,
    /// By their codes.
    pub(crate) suites: BTreeSet<u16>,
    pub(crate) versions: BTreeSet<u8>,
    /// Claimed identities that have signed for another policy, with an offer of a first epoch.
    differing: BTreeSet<IdentityKey>,
    /// The own offer by which this member has said which rules it keeps, and when: they are in no packet but its proposal.
    told: Option<(OfferDigest, Timestamp)>,
    /// Claimed identities that would be in an epoch with this member.
    people: BTreeMap<IdentityKey, Person>,
}

/// One that would be in an epoch with this member, and that this member does not let in.
#[derive(Debug)]
struct Person {
    /// When it was heard of last.
    last: Timestamp,
    /// Its newest offer of a first epoch, and the key that signs for it.
    offer: Option<(OfferDigest, EphemeralKey)>,
    /// Whether it has let this member in.
    lets_in: bool,
    /// How many words in its name were looked at.
    looks: u8,
}

fn keep<T: Ord>(kept: &mut BTreeSet<T>, values: impl IntoIterator<Item = T>) {
    for value in values {
        if kept.len() < MAX_KEPT {
            kept.insert(value);
        }
    }
}

impl Others {
    /// One who claims this identity would be in an epoch under another policy.
    pub(crate) fn note_policy(&mut self, policy: &Policy, claimed: Option<IdentityKey>) {
        if let Some(claimed) = claimed {
            // Who has begun again keeps those of before no more.
            self.forget_policies(&claimed, |of| of == policy);
        }
        if self.policies.len() >= MAX_KEPT && !self.policies.contains_key(policy) {
            return;
        }
        let by = self.policies.entry(policy.clone()).or_default();
        by.extend(claimed.filter(|_| by.len() < MAX_PEOPLE));
    }

    /// One who claims this identity keeps the rules that this member does.
    pub(crate) fn note_same(&mut self, claimed: &IdentityKey) {
        self.differing.remove(claimed);
        self.forget_policies(claimed, |_| false);
    }

    /// Whether anyone keeps other rules.
    pub(crate) fn is_any_differing(&self) -> bool {
        !self.policies.is_empty()
    }

    /// Whether one who claims this identity keeps other rules, by a proposal of its own.
    pub(crate) fn keeps_others(&self, claimed: &IdentityKey) -> bool {
        self.policies.values().any(|by| by.contains(claimed))
    }

    /// Forgets that one keeps these policies, but those that `keeps` names; what nobody keeps is forgotten.
    fn forget_policies(&mut self, claimed: &IdentityKey, keeps: impl Fn(&Policy) -> bool) {
        self.policies
            .retain(|policy, by| keeps(policy) || !by.remove(claimed) || !by.is_empty());
    }

    /// One who claims this identity has proposed a first epoch under another policy.
    pub(crate) fn note_differing(&mut self, claimed: IdentityKey) {
        if self.differing.len() < MAX_PEOPLE {
            self.differing.insert(claimed);
        }
    }

    /// This member has made a proposal with an own offer.
    pub(crate) const fn note_told(&mut self, now: Timestamp, own: OfferDigest) {
        self.told = Some((own, now));
    }

    /// Whether this member has said with an own offer which rules it keeps.
    pub(crate) fn were_told_by(&self, own: &OfferDigest) -> bool {
        self.told.is_some_and(|(by, _)| by == *own)
    }

    /// One that was told does as if it was not: this member says it once more, if it was so long ago.
    pub(crate) fn tell_again(&mut self, now: Timestamp, pause: Duration) {
        self.told.take_if(|(_, at)| now.since(*at) >= pause);
    }

    /// Whether it is known why one who claims this identity takes part in no run of this member: it keeps other rules.
    pub(crate) fn differs(&self, claimed: &IdentityKey) -> bool {
        self.differing.contains(claimed)
    }

    /// One who claims this identity would be in an epoch with this member. Of too many the one gives way that was heard of
    /// first. Returns whether it is news.
    pub(crate) fn note_person(&mut self, now: Timestamp, claimed: IdentityKey) -> bool {
        if self.people.len() >= MAX_PEOPLE && !self.people.contains_key(&claimed) {
            let first = self.people.iter().min_by_key(|(_, it)| it.last);
            if let Some(first) = first.map(|(first, _)| *first) {
                self.people.remove(&first);
            }
        }
        match self.people.get_mut(&claimed) {
            Some(person) => person.last = now,
            None => {
                let person = Person {
                    last: now,
                    offer: None,
                    lets_in: false,
                    looks: 0,
                };
                self.people.insert(claimed, person);
                return true;
            }
        }
        false
    }

    /// The newest offer of one of them.
    pub(crate) fn note_offer<S: CryptoSuite>(&mut self, offer: &Offer) {
        let person = self.people.get_mut(&offer.identity);
        let is_same = |it: &Person| it.offer.is_some_and(|(_, key)| key == offer.ephemeral);
        if let Some(person) = person.filter(|it| !is_same(it)) {
            person.offer = Some((offer.digest::<S>(), offer.ephemeral));
        }
    }

    /// Which of them has made an offer whose digest begins so, and that offer.
    pub(crate) fn maker_of(
        &self,
        hint: OfferHint,
    ) -> Option<(IdentityKey, (OfferDigest, EphemeralKey))> {
        let mut offers = self.people.iter().filter_map(|(claimed, person)| {
            let offer = person.offer?;
            (OfferHint::of(&offer.0) == hint).then_some((*claimed, offer))
        });
        offers.next()
    }

    /// A word in the name of one of them is to be looked at. Returns whether it may be: anyone can make words that are wrong.
    pub(crate) fn take_look(&mut self, claimed: &IdentityKey) -> bool {
        let person = self.people.get_mut(claimed);
        person.filter(|it| it.looks < MAX_LOOKS).is_some_and(|it| {
            it.looks = it.looks.saturating_add(1);
            true
        })
    }

    /// One of them has let this member in.
    pub(crate) fn note_welcome(&mut self, claimed: &IdentityKey) {
        if let Some(person) = self.people.get_mut(claimed) {
            person.lets_in = true;
        }
    }

    /// Whether one of them has let this member in.
    pub(crate) fn is_waited_for_by(&self, claimed: &IdentityKey) -> bool {
        self.people.get(claimed).is_some_and(|it| it.lets_in)
    }

    /// Those who were heard of within `fresh`.
    pub(crate) fn people(
        &self,
        now: Timestamp,
        fresh: Duration,
    ) -> impl Iterator<Item = IdentityKey> {
        let people = self.people.iter();
        let there = people.filter(move |(_, it)| now.since(it.last) <= fresh);
        there.map(|(claimed, _)| *claimed)
    }

    /// Others are there for these suites.
    pub(crate) fn note_suites(&mut self, suites: impl IntoIterator<Item = u16>) {
        keep(&mut self.suites, suites);
    }

    /// Others speak this version.
    pub(crate) fn note_version(&mut self, version: u8) {
        keep(&mut self.versions, [version]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Rule;

    #[test]
    fn what_strangers_make_up_is_bounded() {
        let mut others = Others::default();
        for made_up in 0..=u8::MAX {
            others.note_version(made_up);
            others.note_suites([u16::from(made_up)]);
            let policy = Policy {
                exclude: Rule::Founders([IdentityKey::new([made_up; 32])].into()),
                ..Policy::default()
            };
            others.note_policy(&policy, None);
            others.note_policy(&Policy::default(), Some(IdentityKey::new([made_up; 32])));
        }
        assert_eq!(
            (others.versions.len(), others.suites.len()),
            (MAX_KEPT, MAX_KEPT)
        );
        assert_eq!(others.policies.len(), MAX_KEPT);
        assert_eq!(others.policies[&Policy::default()].len(), MAX_PEOPLE);
    }

    #[test]
    fn who_begins_again_keeps_the_rules_of_before_no_more() {
        let [one, two] = [1, 2].map(|number| IdentityKey::new([number; 32]));
        let policy = |evidence| Policy {
            evidence,
            ..Policy::default()
        };
        let mut others = Others::default();
        for claimed in [one, two] {
            others.note_policy(&policy(true), Some(claimed));
        }
        others.note_same(&two);
        assert!(others.keeps_others(&one) && !others.keeps_others(&two));
        others.note_policy(&policy(false), Some(one));
        assert_eq!(others.policies.keys().collect::<Vec<_>>(), [&policy(false)]);
        others.note_same(&one);
        assert!(!others.is_any_differing());
    }

    #[test]
    fn few_words_in_the_name_of_one_are_looked_at() {
        let one = IdentityKey::new([1; 32]);
        let mut others = Others::default();
        assert!(!others.take_look(&one));
        for now in 0..2 {
            others.note_person(Timestamp::from_millis(now), one);
        }
        let looks = (0..1000).filter(|_| others.take_look(&one)).count();
        assert_eq!(looks, usize::from(MAX_LOOKS));
    }

    #[test]
    fn of_too_many_people_those_heard_of_last_are_kept() {
        let mut others = Others::default();
        let at = |number: u8| Timestamp::from_millis(u64::from(number));
        for number in 1..=u8::MAX {
            others.note_person(at(number), IdentityKey::new([number; 32]));
            others.note_differing(IdentityKey::new([number; 32]));
        }
        assert_eq!(others.differing.len(), MAX_PEOPLE);
        let fresh = |millis| {
            let people = others.people(at(u8::MAX), Duration::from_millis(millis));
            people.count()
        };
        assert_eq!((fresh(1000), fresh(9)), (MAX_PEOPLE, 10));
    }
}
