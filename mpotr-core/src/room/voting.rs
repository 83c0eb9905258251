//! Whose word lets somebody in, and whose leaves somebody out. `docs/spec/06-epochs.md`, "Changes".

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{Beacon, FaultKind, OfferDigest};

use super::Room;
use crate::config::Admission;
use crate::event::Event;
use crate::policy::{Policy, Rule};
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{MAX_WISHES, Wish};

impl<S: CryptoSuite> Room<S> {
    /// Is willing to be in a roster with this identity, and asks that it be let in, as far as the policy asks for this
    /// member's word. One that was left out by a vote is welcome again. It may come before anything was heard of the
    /// identity. Under [`Admission::Only`] it adds nobody.
    pub fn admit(&mut self, now: Timestamp, identity: IdentityKey) {
        match &mut self.config.admission {
            Admission::Only(identities) if !identities.contains(&identity) => return,
            Admission::Only(_) | Admission::Open => {}
            Admission::Ask(identities) => {
                identities.insert(identity);
            }
        }
        self.banned.remove(&identity);
        self.wish(now, Wish::Admit(identity));
    }

    /// Asks that a member be left out of the next epoch, as far as the policy asks for this member's word.
    pub fn exclude(&mut self, now: Timestamp, identity: IdentityKey) {
        if identity != self.identity.public() {
            self.wish(now, Wish::Exclude(identity));
        }
    }

    /// Asks for another policy, as far as the present one asks for this member's word. The last such wish counts.
    /// One with a rule of more than [`MAX_FOUNDERS`](crate::MAX_FOUNDERS) founders is none: nobody would read it.
    pub fn change_policy(&mut self, now: Timestamp, policy: Policy) {
        if !policy.is_readable() {
            return;
        }
        self.wishes.retain(|wish| !matches!(wish, Wish::Policy(_)));
        if policy == self.config.policy {
            self.say_next(now);
        } else {
            self.wish(now, Wish::Policy(policy));
        }
    }

    /// The policy of the room, or without an epoch the one that this member is ready for.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.config.policy
    }

    /// The policy of the next epoch as far as this member has heard: one that enough members ask for, or else the present
    /// one.
    pub(super) fn next_policy(&self) -> Policy {
        let epoch = self.epoch.iter();
        let said =
            epoch.flat_map(|epoch| (0..epoch.members()).filter_map(|member| epoch.next_of(member)));
        let wishes = said.flat_map(|next| &next.wishes).chain(&self.wishes);
        let wanted: BTreeSet<_> = wishes
            .filter(|wish| matches!(wish, Wish::Policy(_)))
            .collect();
        let agreed = wanted
            .into_iter()
            .find(|wish| self.has_votes(wish, &self.config.policy.change));
        match agreed {
            Some(Wish::Policy(policy)) => policy.clone(),
            Some(_) | None => self.config.policy.clone(),
        }
    }

    /// Whether the members may go on under a policy: the present one, or one that enough of them ask for.
    pub(super) fn is_policy_agreed(&self, policy: &Policy) -> bool {
        *policy == self.config.policy
            || self.has_votes(&Wish::Policy(policy.clone()), &self.config.policy.change)
    }

    /// A member of this epoch is proven to have cheated: it is to be left out, as far as the policy goes by this member's
    /// word.
    pub(super) fn note_cheat(&mut self, now: Timestamp, member: IdentityKey, kind: FaultKind) {
        if member != self.identity.public() && self.prove(now, member) {
            self.events.push_back(Event::Cheated { member, kind });
        }
    }

    /// Takes note that there is proof against a member, and votes by it. Returns whether that is news.
    pub(super) fn prove(&mut self, now: Timestamp, member: IdentityKey) -> bool {
        let is_news = self.proven.insert(member);
        if is_news && self.config.exclude_cheats {
            self.exclude(now, member);
        }
        is_news
    }

    /// Asks for an epoch with fresh keys.
    pub fn refresh(&mut self, now: Timestamp) {
        self.wish(now, Wish::Refresh);
    }

    fn wish(&mut self, now: Timestamp, wish: Wish) {
        if self.wishes.len() < MAX_WISHES && self.wishes.insert(wish) && self.epoch.is_some() {
            // A vote counts when the others have heard it.
            self.say_next(now);
        }
        self.timers.set(Timer::Change, now);
    }

    /// Asks for the admission of those who wait, where this member admits whoever may come.
    pub(super) fn vote_on_candidates(&mut self, now: Timestamp) {
        let admission = &self.config.admission;
        let waiting = self.joiners(now, |identity| admission.admits(identity));
        for (identity, _) in waiting {
            if self.wishes.len() < MAX_WISHES {
                self.wishes.insert(Wish::Admit(identity));
            }
        }
    }

    /// Members that still take part, by index.
    pub(super) fn present(&self) -> Vec<usize> {
        let Some(epoch) = &self.epoch else {
            return Vec::new();
        };
        (0..epoch.members())
            .filter(|member| epoch.is_present(*member) && !self.has_installed(*member))
            .collect()
    }

    /// Whether a wish has the votes that a rule asks for. Who is to be left out has no vote on it.
    pub(super) fn has_votes(&self, wish: &Wish, rule: &Rule) -> bool {
        let Some(epoch) = &self.epoch else {
            return false;
        };
        let voters: Vec<_> = (0..epoch.members())
            .filter(|member| epoch.is_present(*member))
            .filter(|member| {
                if *member == epoch.me() {
                    self.wishes.contains(wish)
                } else {
                    epoch
                        .next_of(*member)
                        .is_some_and(|next| next.wishes.contains(wish))
                }
            })
            .filter_map(|member| epoch.identity(member))
            .filter(|identity| !matches!(wish, Wish::Exclude(member) if member == identity))
            .collect();
        match rule {
            Rule::Anyone => !voters.is_empty(),
            Rule::Quorum(votes) => voters.len() >= usize::from(*votes),
            Rule::Founders(founders) => voters.iter().any(|voter| founders.contains(voter)),
        }
    }

    pub(super) fn is_excluded(&self, identity: &IdentityKey) -> bool {
        let policy = &self.config.policy;
        (!policy.evidence || self.proven.contains(identity))
            && self.has_votes(&Wish::Exclude(*identity), &policy.exclude)
    }

    /// Those outside with an offer that was heard lately, the newest of each.
    fn joiners(
        &self,
        now: Timestamp,
        admits: impl Fn(&IdentityKey) -> bool,
    ) -> Vec<(IdentityKey, OfferDigest)> {
        let Some(epoch) = &self.epoch else {
            return Vec::new();
        };
        let inside: BTreeSet<_> = self
            .present()
            .into_iter()
            .filter_map(|m| epoch.identity(m))
            .collect();
        let fresh = self.config.timers.advertise.saturating_mul(3);
        let outside = |identity: &IdentityKey| {
            !inside.contains(identity)
                && !self.banned.contains(identity)
                && !self.offering.is_stalling(identity, now)
                && admits(identity)
        };
        self.offering
            .others(now, fresh, Beacon::new(*self.handle.as_bytes()), outside)
            .into_iter()
            .collect()
    }

    /// Those outside whom the policy lets in.
    pub(super) fn admitted(&self, now: Timestamp) -> Vec<(IdentityKey, OfferDigest)> {
        let rule = &self.config.policy.admit;
        self.joiners(now, |identity| {
            self.has_votes(&Wish::Admit(*identity), rule)
                && !self.is_excluded(identity)
                && self.config.admission.admits(identity)
        })
    }
}
