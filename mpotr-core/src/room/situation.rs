//! What holds at one moment in an epoch: what members have said, and what follows from it. `docs/spec/06-epochs.md`, "Changes".
//!
//! Nothing here changes anything. Each question has one answer, which all parts go by.

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{OfferDigest, Sid};

use super::changing::Change;
use super::context::Me;
use super::lobby::guests::GuestLists;
use super::lobby::neighbours::Neighbours;
use super::lobby::offering::Offering;
use super::membership::Membership;
use super::votes::Votes;
use crate::epoch::Epoch;
use crate::policy::{Policy, Rule, Word};
use crate::time::Timestamp;
use crate::wire::{Next, Vote};

/// What holds at one moment in an epoch.
pub(super) struct Situation<'a, S: CryptoSuite> {
    pub(super) now: Timestamp,
    pub(super) me: &'a Me<S>,
    pub(super) member: &'a Membership<S>,
    pub(super) offering: &'a Offering<S>,
    pub(super) neighbours: &'a Neighbours,
    pub(super) guest_lists: &'a GuestLists,
    pub(super) votes: &'a Votes,
}

impl<'a, S: CryptoSuite> Situation<'a, S> {
    pub(super) const fn epoch(&self) -> &'a Epoch<S> {
        &self.member.epoch
    }

    pub(super) const fn change(&self) -> Option<&'a Change> {
        self.member.changing.change.as_ref()
    }

    /// Members that still take part, by index.
    pub(super) fn present(&self) -> impl Iterator<Item = usize> {
        let epoch = self.epoch();
        (0..epoch.members())
            .filter(|member| epoch.is_present(*member) && !self.has_installed(*member))
    }

    /// The identities of the members that still take part.
    pub(super) fn roster_left(&self) -> BTreeSet<IdentityKey> {
        let present = self.present();
        present
            .filter_map(|member| self.epoch().identity(member))
            .collect()
    }

    /// What all members have said about the next epoch.
    fn said(&self) -> impl Iterator<Item = &'a Next> {
        let epoch = self.epoch();
        (0..epoch.members()).filter_map(|member| epoch.next_of(member))
    }

    /// Whether as many members vote for something as a rule asks for. Who is to be left out has no vote on it.
    pub(super) fn has_votes(&self, vote: &Vote, rule: &Rule) -> bool {
        rule.is_met(&self.words_on(vote))
    }

    /// What each member that is present says to what is voted for.
    pub(super) fn words_on(&self, vote: &Vote) -> Vec<(IdentityKey, Word)> {
        self.member.words_on(self.votes, vote)
    }

    /// Whether enough members ask that an identity be left out, and with proof if the policy asks for that.
    pub(super) fn is_excluded(&self, identity: &IdentityKey) -> bool {
        self.member.is_excluded(self.votes, identity)
    }

    /// The same of a member, by index.
    pub(super) fn is_member_excluded(&self, member: usize) -> bool {
        let identity = self.epoch().identity(member);
        identity.is_some_and(|identity| self.is_excluded(&identity))
    }

    /// Whether an identity was left out by a vote, and no vote to let it in has lifted that.
    pub(super) fn is_shut_out(&self, identity: &IdentityKey) -> bool {
        self.votes.exclusions.holds(identity) && !self.is_lifted(identity)
    }

    /// Whether the members let an identity in again, one at least of whom knows that it was left out.
    fn is_lifted(&self, identity: &IdentityKey) -> bool {
        let words = self.words_on(&Vote::Admit(*identity));
        let mut asking = words.iter().filter(|(_, word)| *word == Word::For);
        self.votes.policy.admit.is_met(&words)
            && asking.any(|(member, _)| self.votes.exclusions.is_known_to(identity, member))
    }

    /// Whether enough members ask for a policy that those who still take part can use.
    pub(super) fn wants_other_policy(&self) -> bool {
        self.next_policy(&self.roster_left()) != self.votes.policy
    }

    /// The policy of the next epoch as far as this member has heard: one that enough members ask for and that its roster can
    /// use, or else the present one.
    pub(super) fn next_policy(&self, roster: &BTreeSet<IdentityKey>) -> Policy {
        let votes = self.said().flat_map(|next| &next.votes);
        let fits = |vote: &&Vote| match vote {
            Vote::Policy(policy) => policy.check_for(roster).is_ok(),
            Vote::Refresh | Vote::Admit(_) | Vote::Exclude(_) | Vote::Merge(_) => false,
        };
        let wanted: BTreeSet<_> = votes.chain(&self.votes.cast).filter(fits).collect();
        let agreed = wanted
            .into_iter()
            .find(|vote| self.has_votes(vote, &self.votes.policy.change));
        match agreed {
            Some(Vote::Policy(policy)) => policy.clone(),
            Some(_) | None => self.votes.policy.clone(),
        }
    }

    /// Whether the members may go on under a policy: the present one, or one that enough of them ask for.
    pub(super) fn is_policy_agreed(&self, policy: &Policy) -> bool {
        let present = &self.votes.policy;
        policy == present || self.has_votes(&Vote::Policy(policy.clone()), &present.change)
    }

    /// Whether a roster may have a policy: the present one, whose rules hold for those who are left, or a new one that
    /// these can use.
    pub(super) fn may_have(&self, policy: &Policy, roster: &BTreeSet<IdentityKey>) -> bool {
        *policy == self.votes.policy || policy.check_for(roster).is_ok()
    }

    /// Those outside with an offer that was heard lately, the newest of each.
    fn joiners(
        &self,
        admits: impl Fn(&IdentityKey) -> bool,
    ) -> impl Iterator<Item = (IdentityKey, OfferDigest)> {
        let inside = self.roster_left();
        let fresh = self.me.times().fresh();
        let outside = |identity: &IdentityKey| {
            !inside.contains(identity)
                && !self.is_shut_out(identity)
                && !self.offering.is_stalling(identity, self.now)
                && admits(identity)
        };
        let parent = Some(self.member.name);
        let heard = self.offering.others(self.now, fresh, parent, outside);
        heard.into_iter()
    }

    /// Those outside whom this member would let in.
    pub(super) fn waiting(&self) -> impl Iterator<Item = IdentityKey> {
        let waiting = self.joiners(|identity| self.votes.admission.admits(identity));
        waiting.map(|(identity, _)| identity)
    }

    /// The offers of those outside whom the policy lets in.
    pub(super) fn admitted(&self) -> Vec<OfferDigest> {
        let rule = &self.votes.policy.admit;
        let admitted = self.joiners(|identity| {
            self.has_votes(&Vote::Admit(*identity), rule)
                && !self.is_excluded(identity)
                && self.votes.admission.admits(identity)
        });
        admitted.map(|(_, offer)| offer).collect()
    }

    /// Whether there is a reason for another epoch.
    pub(super) fn wants_change(&self) -> bool {
        let epoch = self.epoch();
        if epoch.members() == 1 {
            // Who is alone looks for others, and has no use for another epoch without them.
            return false;
        }
        let others = || (0..epoch.members()).filter(|member| *member != epoch.me());
        let gone = others().any(|member| epoch.is_closed(member));
        let asked = others().any(|member| {
            let said = epoch.next_of(member);
            said.is_some_and(|next| next.installed.is_none() && next.offer.is_some())
        });
        gone || asked
            || !self.admitted().is_empty()
            || self.present().any(|member| self.is_member_excluded(member))
            || self.wants_other_policy()
            || self.votes.cast.contains(&Vote::Refresh)
            || self.wants_merge()
    }

    /// The view in which at least half of the others are, if it is later than this member's.
    pub(super) fn later_view(&self) -> Option<u32> {
        let (epoch, change) = (self.epoch(), self.change()?);
        let others = self.present().filter(|member| *member != epoch.me());
        let mut views: Vec<_> = others
            .map(|member| epoch.next_of(member).map_or(0, |next| next.view))
            .collect();
        views.sort_unstable();
        let half = views.len().checked_div(2)?;
        let view = views.get(half).copied();
        view.filter(|view| *view > change.view)
    }

    /// The proposer of a view: the members of the old roster take turns, from one that its name picks.
    pub(super) fn proposer_of(&self, view: u32) -> Option<usize> {
        let members = u64::try_from(self.epoch().members()).ok()?;
        let name = self.member.name;
        let first = name.as_bytes().first_chunk();
        let first = first.map(|bytes| u64::from_be_bytes(*bytes))?;
        let turn = first.checked_rem(members)?.checked_add(u64::from(view))?;
        usize::try_from(turn.checked_rem(members)?).ok()
    }

    /// Whether a member may be left out of a roster, and if so, whether for a reason that needs no waiting.
    pub(super) fn may_be_left_out(&self, member: usize) -> bool {
        let (epoch, Some(change)) = (self.epoch(), self.change()) else {
            return false;
        };
        let spoke = epoch
            .next_of(member)
            // A member without an offer has not entered a view: it has stated votes, perhaps long ago.
            .is_some_and(|next| next.offer.is_some() && next.view >= change.view);
        !epoch.is_present(member)
            || self.has_installed(member)
            || self.is_member_excluded(member)
            || self.member.changing.unserved.may_be_left_out(member)
            || (!spoke && self.now >= self.suspect_at(member, change))
    }

    /// When a member may be left out for having said nothing. Who has spoken in this change has as long again in each view; who
    /// has not in all of it has the time that an answer to the own word takes.
    pub(super) fn suspect_at(&self, member: usize, change: &Change) -> Timestamp {
        let spoke = self.member.changing.spoke_at(member);
        let times = self.me.times();
        match spoke.filter(|spoke| *spoke >= change.began) {
            Some(spoke) => spoke.max(change.entered).after(times.suspect),
            None => {
                let answered = change.entered.after(times.gather);
                change.began.after(times.suspect).max(answered)
            }
        }
    }

    /// The offer of a member for this view, if it has said so and the offer is at hand.
    pub(super) fn offer_of(&self, member: usize) -> Option<OfferDigest> {
        self.offer_for(self.change()?.view, member)
    }

    /// The offer that a member has stated for a view, unless it has installed an epoch since.
    pub(super) fn offer_for(&self, view: u32, member: usize) -> Option<OfferDigest> {
        let next = self.epoch().next_of(member);
        let next = next.filter(|next| next.view == view && next.installed.is_none());
        next?.offer
    }

    /// Whether a member has said that it installed an epoch: it takes part in no other.
    pub(super) fn has_installed(&self, member: usize) -> bool {
        let said = self.epoch().next_of(member);
        said.is_some_and(|next| next.installed.is_some())
    }

    /// Whether more than half of the others have said that they installed an epoch. A single one says so to no effect.
    pub(super) fn others_have_gone(&self) -> bool {
        let members = self.epoch().members();
        let gone = (0..members)
            .filter(|member| self.has_installed(*member))
            .count();
        gone.saturating_mul(2) > members.saturating_sub(1)
    }

    /// Whether any member says that it installed a run.
    pub(super) fn installed(&self) -> BTreeSet<Sid> {
        self.said().filter_map(|next| next.installed).collect()
    }
}
