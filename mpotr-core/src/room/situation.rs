//! What holds at one moment in an epoch: what members have said, and what follows from it. `docs/spec/06-epochs.md`, "Changes".
//!
//! Nothing here changes anything. Each question has one answer, which all parts go by.

mod joining;
mod newcomers;
mod turns;
mod twins;

use std::cell::OnceCell;
use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{MemberIndex, OfferDigest, Sid};

use super::changing::Change;
use super::context::Me;
use super::lobby::guests::GuestLists;
use super::lobby::neighbours::Neighbours;
use super::lobby::newcomers::Newcomers;
use super::lobby::offering::Offering;
use super::membership::Membership;
use super::votes::Votes;
use crate::epoch::Epoch;
use crate::policy::{Policy, Rule, Word};
use crate::time::Timestamp;
use crate::wire::{Admitted, Next, Vote};

/// What holds at one moment in an epoch.
pub(super) struct Situation<'a, S: CryptoSuite> {
    pub(super) now: Timestamp,
    pub(super) me: &'a Me<S>,
    pub(super) member: &'a Membership<S>,
    pub(super) offering: &'a Offering<S>,
    pub(super) neighbours: &'a Neighbours,
    pub(super) guest_lists: &'a GuestLists,
    pub(super) newcomers: &'a Newcomers,
    pub(super) votes: &'a Votes,
    /// Whether light runs may lead on, by how many there were since the last full one and for how long.
    pub(super) may_go_on_light: bool,
    /// Whom the votes leave out: many questions ask for it, and it is found once.
    pub(super) voted_out: OnceCell<BTreeSet<IdentityKey>>,
}

impl<'a, S: CryptoSuite> Situation<'a, S> {
    pub(super) const fn epoch(&self) -> &'a Epoch<S> {
        &self.member.epoch
    }

    pub(super) const fn change(&self) -> Option<&'a Change> {
        self.member.changing.change.as_ref()
    }

    /// The view of the change under way, or of the one that would begin now.
    pub(super) fn view(&self) -> u32 {
        self.change().map_or(0, |change| change.view)
    }

    /// Members that still take part, by index.
    pub(super) fn present(&self) -> impl Iterator<Item = MemberIndex> {
        let epoch = self.epoch();
        epoch
            .indices()
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
    pub(super) fn said(&self) -> impl Iterator<Item = &'a Next> {
        let epoch = self.epoch();
        epoch.indices().filter_map(|member| epoch.next_of(member))
    }

    /// Whether as many members vote for something as a rule asks for. Who is to be left out has no vote on it.
    pub(super) fn has_votes(&self, vote: &Vote, rule: &Rule) -> bool {
        rule.is_met(&self.words_on(vote))
    }

    /// What each member that is present says to what is voted for.
    pub(super) fn words_on(&self, vote: &Vote) -> Vec<(IdentityKey, Word)> {
        self.member.words_on(self.votes, vote)
    }

    /// The members whom votes leave out.
    fn voted_out(&self) -> &BTreeSet<IdentityKey> {
        self.voted_out
            .get_or_init(|| self.member.voted_out(self.votes))
    }

    /// Whether enough members ask that an identity be left out, and with proof if the policy asks for that.
    pub(super) fn is_excluded(&self, identity: &IdentityKey) -> bool {
        if self.member.is_there(identity) {
            return self.voted_out().contains(identity);
        }
        self.member.is_excluded(self.votes, identity)
    }

    /// The same of a member, by index.
    pub(super) fn is_member_excluded(&self, member: MemberIndex) -> bool {
        let identity = self.epoch().identity(member);
        identity.is_some_and(|identity| self.is_excluded(&identity))
    }

    /// Whether an identity was left out by a vote, and no vote to let it in has lifted that.
    pub(super) fn is_shut_out(&self, identity: &IdentityKey) -> bool {
        self.votes.exclusions.holds(identity) && !self.is_lifted(identity)
    }

    /// Whether the members let an identity in again, one at least of whom knows that it was left out.
    pub(super) fn is_lifted(&self, identity: &IdentityKey) -> bool {
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

    /// Whether there is a reason for another epoch, newcomers aside.
    pub(super) fn wants_own_change(&self) -> bool {
        let epoch = self.epoch();
        let others = || epoch.other_members();
        let gone = others().any(|member| epoch.is_closed(member));
        let wants_refresh = |member| {
            let said = epoch.next_of(member);
            said.is_some_and(|next| next.votes.contains(&Vote::Refresh))
        };
        let absent = self
            .present()
            .any(|member| self.member.is_absent(member) || self.member.withholds(member));
        gone || absent
            || self.votes.cast.contains(&Vote::Refresh)
            || self.present().any(wants_refresh)
            || self.present().any(|member| self.is_member_excluded(member))
            || self.wants_other_policy()
    }

    /// Whether a member is not to be waited for: it no longer takes part, or says nothing.
    pub(super) fn has_gone(&self, member: MemberIndex) -> bool {
        let (epoch, Some(change)) = (self.epoch(), self.change()) else {
            return false;
        };
        let spoke = epoch
            .next_of(member)
            // A member without an offer has not entered a view: it has stated votes, perhaps long ago. Who is in a later one
            // takes no part in this: it has as long as who is silent.
            .is_some_and(|next| next.offer.is_some() && next.view == change.view);
        // This member is there, though it states nothing in the view of a light run.
        let spoke = spoke || member == epoch.me();
        epoch.has_said_last_word(member)
            || self.member.is_absent(member)
            || self.has_installed(member)
            || self.is_member_excluded(member)
            || (!spoke && self.now >= self.suspect_at(member, change))
    }

    /// From when on a member is silent that was asked whether it is there, for another instance of its identity, and has said
    /// nothing since.
    pub(super) fn silent_from(&self, member: MemberIndex) -> Option<Timestamp> {
        let identity = self.epoch().identity(member)?;
        let suspect = self.me.times().suspect;
        self.member.silent_from(&identity, suspect)
    }

    /// When a member may be left out for having said nothing. Who has spoken in this change has as long again in each view; who
    /// has not in all of it has the time that an answer to the own word takes, from when it was asked for another instance of its
    /// identity if that was before.
    pub(super) fn suspect_at(&self, member: MemberIndex, change: &Change) -> Timestamp {
        let spoke = self.member.changing.spoke_at(member);
        let times = self.me.times();
        match spoke.filter(|spoke| *spoke >= change.began) {
            Some(spoke) => spoke.max(change.entered).after(times.suspect),
            None => {
                let answered = change.entered.after(times.gather);
                let silent = change.began.after(times.suspect);
                let silent_before = self.silent_from(member).map(|from| from.min(silent));
                silent_before.unwrap_or(silent).max(answered)
            }
        }
    }

    /// The offer of a member for this view, if it has said so and the offer is at hand.
    pub(super) fn offer_of(&self, member: MemberIndex) -> Option<OfferDigest> {
        self.offer_for(self.change()?.view, member)
    }

    /// The offer that a member has stated for a view, unless it has installed an epoch since.
    pub(super) fn offer_for(&self, view: u32, member: MemberIndex) -> Option<OfferDigest> {
        let next = self.epoch().next_of(member);
        let next = next.filter(|next| next.view == view && next.installed.is_none());
        next?.offer
    }

    /// Whether a member has said that it installed an epoch: it takes part in no other.
    pub(super) fn has_installed(&self, member: MemberIndex) -> bool {
        let said = self.epoch().next_of(member);
        said.is_some_and(|next| next.installed.is_some())
    }

    /// Whether more than half of the others have said that they installed an epoch. A single one says so to no effect; but who is
    /// out goes by those who are not, for nobody else will.
    pub(super) fn others_have_gone(&self) -> bool {
        let epoch = self.epoch();
        let out = self.voted_out();
        let is_out = |member| epoch.identity(member).is_some_and(|it| out.contains(&it));
        let am_out = is_out(epoch.me());
        let counts = |member: &MemberIndex| !am_out || !is_out(*member);
        let others: Vec<_> = epoch.other_members().filter(counts).collect();
        let gone = others.iter().filter(|it| self.has_installed(**it)).count();
        gone.saturating_mul(2) > others.len()
    }

    /// Whether this member is out by votes, and those who are not have said nothing for as long as an old epoch answers: they have
    /// gone on, and nobody is left who could say so.
    pub(super) fn is_left_alone(&self) -> bool {
        let (epoch, Some(change)) = (self.epoch(), self.change()) else {
            return false;
        };
        let out = self.voted_out();
        let is_out = |member| epoch.identity(member).is_some_and(|it| out.contains(&it));
        let staying = epoch.other_members().filter(|member| !is_out(*member));
        let heard = staying.filter_map(|member| self.member.talk.heard_at(member));
        let last = heard.chain([change.began]).max().unwrap_or(change.began);
        is_out(epoch.me()) && self.now.since(last) >= self.me.times().drain
    }

    /// Whether this member's part is over by what the members decided, and not by its own word: they have gone on while there were
    /// the votes to leave it out, or with another instance of it in its place.
    pub(super) fn is_put_out(&self) -> bool {
        let is_meant = self.is_excluded(&self.me.public());
        let is_meant = is_meant || self.member.is_replaced(&self.me.public());
        self.member.changing.is_put_out || (is_meant && self.others_have_gone())
    }

    /// Whether any member says that it installed a run.
    pub(super) fn installed(&self) -> BTreeSet<Sid> {
        self.said().filter_map(|next| next.installed).collect()
    }

    /// The newcomers who have answered some member in this view, by what it has said.
    pub(super) fn answered(&self) -> BTreeSet<Admitted> {
        let view = self.view();
        let said = self.present().filter_map(|it| self.epoch().next_of(it));
        let of_view = said.filter(|next| next.view == view);
        of_view.flat_map(|next| &next.admitted).copied().collect()
    }
}
