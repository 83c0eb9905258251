//! Whose word lets somebody in, and whose leaves somebody out. `docs/spec/06-epochs.md`, "Changes".

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{Beacon, FaultKind, OfferDigest};

use super::Room;
use crate::config::Admission;
use crate::error::WishError;
use crate::event::Event;
use crate::policy::{Policy, PolicyError, Rule, Word};
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{MAX_WISHES, Wish};

/// The most wishes of a member when it adds one by itself, for whoever asks to come in: strangers leave room for what a person
/// asks for.
const MAX_AUTOMATIC: usize = MAX_WISHES / 2;

/// The most wishes of a member about identities: a refresh and a policy always have a place beside them.
const MAX_IDENTITY_WISHES: usize = MAX_WISHES - 2;

impl<S: CryptoSuite> Room<S> {
    /// Is willing to be in a roster with this identity, and asks that it be let in, as far as the policy asks for this
    /// member's word. One that was left out by a vote is welcome again. It may come before anything was heard of the
    /// identity, and is kept until the identity is in, be it that other members have to ask for it too. Under
    /// [`Admission::Only`] it adds nobody.
    ///
    /// # Errors
    /// [`WishError::TooMany`]; nothing has changed then.
    pub fn admit(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), WishError> {
        self.check_place_for(&Wish::Admit(identity), &Wish::Exclude(identity))?;
        match &mut self.config.admission {
            Admission::Only(identities) if !identities.contains(&identity) => return Ok(()),
            Admission::Only(_) | Admission::Open => {}
            Admission::Ask(identities) => {
                identities.insert(identity);
            }
        }
        self.wishes.remove(&Wish::Exclude(identity));
        if !self.wish(now, Wish::Admit(identity)) {
            // Who asks again has not been heard, it may be.
            self.say_next();
        }
        self.after_epoch(now);
        Ok(())
    }

    /// Asks that a member be left out of the next epoch, as far as the policy asks for this member's word.
    ///
    /// # Errors
    /// [`WishError::TooMany`]; nothing has changed then.
    pub fn exclude(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), WishError> {
        self.vote_out(now, identity)?;
        self.after_epoch(now);
        Ok(())
    }

    fn vote_out(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), WishError> {
        if identity != self.identity.public() {
            self.check_place_for(&Wish::Exclude(identity), &Wish::Admit(identity))?;
            self.wishes.remove(&Wish::Admit(identity));
            self.wish(now, Wish::Exclude(identity));
        }
        Ok(())
    }

    /// Whether there is a place for a wish about an identity, which takes the place of the opposite one.
    fn check_place_for(&self, wish: &Wish, opposite: &Wish) -> Result<(), WishError> {
        let about_identities = |it: &&Wish| matches!(it, Wish::Admit(_) | Wish::Exclude(_));
        let has_place = self.wishes.contains(wish)
            || self.wishes.contains(opposite)
            || self.wishes.iter().filter(about_identities).count() < MAX_IDENTITY_WISHES;
        has_place.then_some(()).ok_or(WishError::TooMany)
    }

    /// Asks for another policy, as far as the present one asks for this member's word. The last such wish counts.
    ///
    /// # Errors
    /// Nobody would read it, or it asks for what the members of the present epoch cannot give
    /// ([`Policy::check_for`]): such a wish counts for nobody.
    pub fn change_policy(&mut self, now: Timestamp, policy: Policy) -> Result<(), PolicyError> {
        if self.epoch.is_some() {
            policy.check_for(&self.roster_left())?;
        } else {
            policy.check()?;
        }
        self.wishes.retain(|wish| !matches!(wish, Wish::Policy(_)));
        if policy == self.config.policy {
            self.say_next();
        } else {
            self.wish(now, Wish::Policy(policy));
        }
        self.after_epoch(now);
        Ok(())
    }

    /// The identities of the members that still take part.
    fn roster_left(&self) -> BTreeSet<IdentityKey> {
        let epoch = self.epoch.as_ref();
        let present = self.present().into_iter();
        present
            .filter_map(|member| epoch?.identity(member))
            .collect()
    }

    /// The policy of the room, or without an epoch the one that this member is ready for.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.config.policy
    }

    /// Whether enough members ask for a policy that those who still take part can use.
    pub(super) fn wants_other_policy(&self) -> bool {
        self.next_policy(&self.roster_left()) != self.config.policy
    }

    /// The policy of the next epoch as far as this member has heard: one that enough members ask for and that its roster can
    /// use, or else the present one.
    pub(super) fn next_policy(&self, roster: &BTreeSet<IdentityKey>) -> Policy {
        let epoch = self.epoch.iter();
        let said =
            epoch.flat_map(|epoch| (0..epoch.members()).filter_map(|member| epoch.next_of(member)));
        let wishes = said.flat_map(|next| &next.wishes).chain(&self.wishes);
        let fits = |wish: &&Wish| match wish {
            Wish::Policy(policy) => policy.check_for(roster).is_ok(),
            Wish::Refresh | Wish::Admit(_) | Wish::Exclude(_) => false,
        };
        let wanted: BTreeSet<_> = wishes.filter(fits).collect();
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

    /// Whether a roster may have a policy: the present one, whose rules hold for those who are left, or a new one that
    /// these can use.
    pub(super) fn may_have(&self, policy: &Policy, roster: &BTreeSet<IdentityKey>) -> bool {
        *policy == self.config.policy || policy.check_for(roster).is_ok()
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
            // With wishes enough about others, this one can be asked for when one of those is taken back: the proof stays.
            let _has_no_place = self.vote_out(now, member);
        }
        is_news
    }

    /// Asks for an epoch with fresh keys.
    pub fn refresh(&mut self, now: Timestamp) {
        self.ask_for_refresh(now);
        self.after_epoch(now);
    }

    pub(super) fn ask_for_refresh(&mut self, now: Timestamp) {
        self.wish(now, Wish::Refresh);
    }

    /// Asks for something, at once. Returns whether that is new.
    fn wish(&mut self, now: Timestamp, wish: Wish) -> bool {
        let is_news = self.wishes.len() < MAX_WISHES && self.wishes.insert(wish);
        if is_news {
            // A vote counts when the others have heard it.
            self.say_next();
        }
        self.timers.set(Timer::Change, now);
        is_news
    }

    /// Asks for the admission of those who wait, where this member admits whoever may come. Where it takes the word of
    /// others too, they have to hear this member's before there is a change: all such votes of one moment go out together.
    pub(super) fn vote_on_candidates(&mut self, now: Timestamp) {
        let admission = &self.config.admission;
        let waiting = self.joiners(now, |identity| admission.admits(identity));
        let mut is_news = false;
        for (identity, _) in waiting {
            if self.wishes.len() < MAX_AUTOMATIC {
                is_news |= self.wishes.insert(Wish::Admit(identity));
            }
        }
        if is_news {
            self.vote_soon(now);
        }
    }

    /// States the wishes that the others have not heard, in a moment.
    pub(super) fn vote_soon(&mut self, now: Timestamp) {
        let soon = now.after(self.config.timers.gather);
        self.timers.set_if_idle(Timer::Vote, soon);
    }

    /// States the wishes, unless a change has done so meanwhile.
    pub(super) fn vote(&mut self) {
        let Some(epoch) = &self.epoch else { return };
        let said = epoch.next_of(epoch.me());
        let said = said.map_or(&[][..], |next| &next.wishes);
        if !self.wishes.iter().eq(said) && epoch.is_present(epoch.me()) {
            self.say_next();
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
        rule.is_met(&self.words_on(wish))
    }

    /// What each member that is present says to a wish.
    fn words_on(&self, wish: &Wish) -> Vec<(IdentityKey, Word)> {
        let Some(epoch) = &self.epoch else {
            return Vec::new();
        };
        let word = |member: usize| {
            let identity = epoch.identity(member)?;
            let asks = if member == epoch.me() {
                self.wishes.contains(wish)
            } else {
                let said = epoch.next_of(member);
                said.is_some_and(|next| next.wishes.contains(wish))
            };
            let word = if *wish == Wish::Exclude(identity) {
                Word::NoVote
            } else if asks {
                Word::For
            } else {
                Word::Nothing
            };
            Some((identity, word))
        };
        let present = (0..epoch.members()).filter(|member| epoch.is_present(*member));
        present.filter_map(word).collect()
    }

    pub(super) fn is_excluded(&self, identity: &IdentityKey) -> bool {
        let policy = &self.config.policy;
        (!policy.evidence || self.proven.contains(identity))
            && self.has_votes(&Wish::Exclude(*identity), &policy.exclude)
    }

    /// Whether an identity was left out by a vote, and no vote to let it in has lifted that.
    pub(super) fn is_shut_out(&self, identity: &IdentityKey) -> bool {
        self.exclusions.holds(identity) && !self.is_lifted(identity)
    }

    /// Whether the members let an identity in again, one at least of whom knows that it was left out.
    fn is_lifted(&self, identity: &IdentityKey) -> bool {
        let words = self.words_on(&Wish::Admit(*identity));
        let mut asking = words.iter().filter(|(_, word)| *word == Word::For);
        self.config.policy.admit.is_met(&words)
            && asking.any(|(member, _)| self.exclusions.is_known_to(identity, member))
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
                && !self.is_shut_out(identity)
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
