//! What holds at one moment in an epoch: what members have said, and what follows from it. `docs/spec/06-epochs.md`, "Changes".
//!
//! Nothing here changes anything. Each question has one answer, which all parts go by.

use std::collections::{BTreeMap, BTreeSet};

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

/// How much speaks for it that a newcomer has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Trust {
    /// This member has verified it.
    is_proven: bool,
    /// So many others say so.
    trusted: usize,
}

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

    /// The same to a newcomer, by a vote for whom it is or for what it has answered with.
    fn words_on_newcomer(&self, newcomer: &Admitted) -> Vec<(IdentityKey, Word)> {
        let vote = Vote::Admit(newcomer.identity);
        let mut words = self.words_on(&vote);
        let epoch = self.epoch();
        let present = epoch.indices().filter(|member| epoch.is_present(*member));
        let have_checked = present.filter(|member| {
            let said = epoch.next_of(*member);
            said.is_some_and(|next| next.admitted.contains(newcomer))
        });
        let have_checked: BTreeSet<_> = have_checked.filter_map(|it| epoch.identity(it)).collect();
        for (identity, word) in &mut words {
            if have_checked.contains(identity) && *word == Word::Nothing {
                *word = Word::For;
            }
        }
        words
    }

    /// Whether enough members ask that an identity be left out, and with proof if the policy asks for that.
    pub(super) fn is_excluded(&self, identity: &IdentityKey) -> bool {
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

    /// Whether this member lets an identity in that is outside, as far as it is asked.
    pub(super) fn lets_in(&self, identity: &IdentityKey) -> bool {
        !self.roster_left().contains(identity)
            && !self.is_shut_out(identity)
            && !self.is_excluded(identity)
            && self.votes.admission.admits(identity)
    }

    /// Whether who has answered under an identity is stated: this member lets it in, or another instance of it is inside, and is
    /// asked by that.
    pub(super) fn may_state(&self, identity: &IdentityKey) -> bool {
        let is_inside = self.member.place_of(identity).is_some();
        self.lets_in(identity) || (is_inside && self.votes.replacements.allow(identity))
    }

    /// Whether the place of a member may go to another instance of its identity, which has shown itself by this offer: the member
    /// does not object, and the last time is long ago.
    pub(super) fn may_replace(&self, newcomer: &Admitted) -> bool {
        let identity = &newcomer.identity;
        let place = self.member.place_of(identity);
        place.is_some_and(|place| place != self.epoch().me() && !self.has_installed(place))
            && !self.is_excluded(identity)
            && self.votes.replacements.allow(identity)
            && !self.member.is_objected(identity, &newcomer.offer)
    }

    /// Whether it goes to it now: the member was asked, and has said nothing for long.
    pub(super) fn is_replacement(&self, newcomer: &Admitted) -> bool {
        let suspect = self.me.times().suspect;
        let from = self.member.replaced_from(&newcomer.identity, suspect);
        self.may_replace(newcomer)
            && self.answered().contains(newcomer)
            && from.is_some_and(|from| self.now >= from)
    }

    /// When the next member counts as dead of which another instance has shown itself.
    pub(super) fn next_replacement(&self) -> Option<Timestamp> {
        let members = self.epoch().indices();
        let from = members.filter_map(|member| self.dead_from(member));
        from.filter(|from| *from > self.now).min()
    }

    /// From when on a member counts as dead of which another instance has shown itself.
    fn dead_from(&self, member: MemberIndex) -> Option<Timestamp> {
        let identity = self.epoch().identity(member)?;
        let suspect = self.me.times().suspect;
        self.member.replaced_from(&identity, suspect)
    }

    /// The first view from this one on whose proposer takes part, does not count as dead, and is not to be left out by votes or
    /// strikes.
    pub(super) fn first_view_from(&self, view: u32) -> u32 {
        let has_ended =
            |member| !self.epoch().is_present(member) || self.is_member_excluded(member);
        let lives = |view: &u32| {
            let proposer = self.proposer_of(*view);
            let dead_from = proposer.and_then(|proposer| self.dead_from(proposer));
            dead_from.is_none_or(|from| self.now < from)
                && !proposer.is_some_and(|it| has_ended(it) || self.is_passed_over(it))
        };
        let mut views = view..=self.view_of_turns(view);
        views.find(lives).unwrap_or(view)
    }

    /// Whether a roster has another instance of a member in its place.
    pub(super) fn is_replaced(&self, member: MemberIndex, offers: &[OfferDigest]) -> bool {
        let identity = self.epoch().identity(member);
        let answered = self.answered().into_iter();
        let mut twins = answered.filter(|it| Some(it.identity) == identity);
        twins.any(|it| offers.contains(&it.offer) && self.is_replacement(&it))
    }

    /// The newcomers who have answered some member in this view, by what it has said.
    pub(super) fn answered(&self) -> BTreeSet<Admitted> {
        let view = self.view();
        let said = self.present().filter_map(|it| self.epoch().next_of(it));
        let of_view = said.filter(|next| next.view == view);
        of_view.flat_map(|next| &next.admitted).copied().collect()
    }

    /// The offers of newcomers who have answered some member, and which are not at hand.
    pub(super) fn unheard(&self) -> Vec<OfferDigest> {
        let offers: Vec<_> = self.answered().into_iter().map(|it| it.offer).collect();
        self.offering.missing(&offers)
    }

    /// Whether a newcomer may be listed in this view: a member says that it has answered, and there are the votes.
    pub(super) fn may_be_listed(&self, newcomer: &Admitted) -> bool {
        let rule = &self.votes.policy.admit;
        self.answered().contains(newcomer) && rule.is_met(&self.words_on_newcomer(newcomer))
    }

    /// The newcomers whom others say to have answered, and for whom this member's word is wanted, too.
    pub(super) fn to_second(&self) -> Vec<Admitted> {
        let epoch = self.epoch();
        let own = epoch.next_of(epoch.me());
        let is_own = |it: &Admitted| own.is_some_and(|next| next.admitted.contains(it));
        let rule = &self.votes.policy.admit;
        let is_wanted = |it: &Admitted| {
            self.lets_in(&it.identity) && (is_own(it) || !rule.is_met(&self.words_on_newcomer(it)))
        };
        self.answered_elsewhere().filter(is_wanted).collect()
    }

    /// The newcomers who have answered another member in this view.
    fn answered_elsewhere(&self) -> impl Iterator<Item = Admitted> {
        let (epoch, view) = (self.epoch(), self.view());
        let others = self.present().filter(move |it| *it != epoch.me());
        let said = others.filter_map(move |it| epoch.next_of(it));
        let of_view = said.filter(move |next| next.view == view);
        of_view.flat_map(|next| &next.admitted).copied()
    }

    /// The offers of the newcomers whom the policy lets in, in a view that takes any.
    pub(super) fn admitted(&self) -> Vec<OfferDigest> {
        if !self.takes_newcomers() {
            return Vec::new();
        }
        let is_let_in = |it: &Admitted| {
            !self.offering.is_spent(&it.offer)
                && self.offering.offer(&it.offer).is_some()
                && (self.is_replacement(it)
                    || (self.lets_in(&it.identity) && self.may_be_listed(it)))
        };
        let admitted = self.answered().into_iter().filter(is_let_in);
        // Of one identity, one: that for which most speaks.
        let mut one_each: BTreeMap<IdentityKey, (Trust, OfferDigest)> = BTreeMap::new();
        for it in admitted {
            let Some(trust) = self.trust_in(&it) else {
                continue;
            };
            let most = one_each.entry(it.identity).or_insert((trust, it.offer));
            if trust > most.0 {
                *most = (trust, it.offer);
            }
        }
        // Who was there when others failed the room goes first.
        let is_alive = |identity: &IdentityKey| self.newcomers.is_alive(identity);
        if one_each.keys().any(is_alive) {
            one_each.retain(|identity, _| is_alive(identity));
        }
        one_each.into_values().map(|(_, offer)| offer).collect()
    }

    /// How much speaks for it that a newcomer has answered; nothing, if only members say so that have said it before of one
    /// who was not there.
    fn trust_in(&self, newcomer: &Admitted) -> Option<Trust> {
        let is_proven = self.member.strangers.has_proven(newcomer);
        let trusted = self
            .named_by(newcomer)
            .filter(|member| !self.newcomers.doubts(self.now, member))
            .count();
        (is_proven || trusted > 0).then_some(Trust { is_proven, trusted })
    }

    /// The other members that say in this view that a newcomer has answered.
    pub(super) fn named_by(&self, newcomer: &Admitted) -> impl Iterator<Item = IdentityKey> {
        let (epoch, view) = (self.epoch(), self.view());
        let others = self.present().filter(move |it| *it != epoch.me());
        let naming = others.filter(move |member| {
            let said = epoch.next_of(*member);
            said.is_some_and(|next| next.view == view && next.admitted.contains(newcomer))
        });
        naming.filter_map(|member| epoch.identity(member))
    }

    /// Whether newcomers are listed in this view: members' own changes go first, and a view that failed for want of a newcomer is
    /// followed by some without any.
    pub(super) fn takes_newcomers(&self) -> bool {
        self.newcomers.may_come(self.now) && !self.wants_own_change()
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
        gone || self.votes.cast.contains(&Vote::Refresh)
            || self.present().any(wants_refresh)
            || self.present().any(|member| self.is_member_excluded(member))
            || self.wants_other_policy()
    }

    /// Whether there is a reason for another epoch.
    pub(super) fn wants_change(&self) -> bool {
        let epoch = self.epoch();
        if epoch.members() == 1 {
            // Who is alone looks for others, and has no use for another epoch without them.
            return false;
        }
        let mut others = epoch.other_members();
        let asked = others.any(|member| {
            let said = epoch.next_of(member);
            said.is_some_and(|next| next.installed.is_none() && next.offer.is_some())
        });
        asked || self.wants_own_change() || !self.admitted().is_empty() || self.wants_merge()
    }

    /// The view that more than half of the others have come to that take part, if it is later than this member's; of those
    /// the one that has every proposer once, if it is further: what one member states moves nobody by itself, and what many
    /// state nobody by more than that at a time.
    pub(super) fn later_view(&self) -> Option<u32> {
        let (epoch, change) = (self.epoch(), self.change()?);
        let takes_part =
            |member: &MemberIndex| *member != epoch.me() && !self.may_be_left_out(*member);
        let others = self.present().filter(takes_part);
        let said = others.filter_map(|member| epoch.next_of(member));
        let mut views: Vec<_> = said
            .filter(|next| next.offer.is_some())
            .map(|next| next.view)
            .collect();
        views.sort_unstable();
        let most_have_come = views.len().checked_sub(1)?.checked_div(2)?;
        let view = (*views.get(most_have_come)?).min(self.view_of_turns(change.view));
        (view > change.view).then_some(view)
    }

    /// The first later view whose proposer has not left it, if that of this member's view has left this one: nobody who has not
    /// taken part here will. How far a proposer says that it has gone moves nobody.
    pub(super) fn view_of_proposer(&self) -> Option<u32> {
        let view = self.change()?.view;
        let has_left = |view: u32| {
            let proposer = self.proposer_of(view);
            let said = proposer.and_then(|proposer| self.epoch().next_of(proposer));
            said.is_some_and(|next| next.installed.is_none() && next.view > view)
        };
        if !has_left(view) {
            return None;
        }
        let mut later = view.checked_add(1)?..=self.view_of_turns(view);
        later.find(|view| !has_left(*view))
    }

    /// The last of the views from this one on in which each member has had its turn.
    fn view_of_turns(&self, view: u32) -> u32 {
        let members = u32::try_from(self.epoch().members()).unwrap_or(u32::MAX);
        view.saturating_add(members)
    }

    /// The proposer of a view: the members of the old roster take turns, from one that its name picks. The last view, which
    /// none follows, has none: it would be one member's for ever.
    pub(super) fn proposer_of(&self, view: u32) -> Option<MemberIndex> {
        view.checked_add(1)?;
        let members = u64::try_from(self.epoch().members()).ok()?;
        let name = self.member.name;
        let first = name.as_bytes().first_chunk();
        let first = first.map(|bytes| u64::from_be_bytes(*bytes))?;
        let turn = first.checked_rem(members)?.checked_add(u64::from(view))?;
        let turn = usize::try_from(turn.checked_rem(members)?).ok()?;
        Some(MemberIndex::of(turn))
    }

    /// Whether a member may be left out of a roster.
    pub(super) fn may_be_left_out(&self, member: MemberIndex) -> bool {
        self.has_gone(member) || self.is_struck(member)
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
        !epoch.is_present(member)
            || self.has_installed(member)
            || self.is_member_excluded(member)
            || (!spoke && self.now >= self.suspect_at(member, change))
    }

    /// When a member may be left out for having said nothing. Who has spoken in this change has as long again in each view; who
    /// has not in all of it has the time that an answer to the own word takes.
    pub(super) fn suspect_at(&self, member: MemberIndex, change: &Change) -> Timestamp {
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

    /// Whether more than half of the others have said that they installed an epoch. A single one says so to no effect.
    pub(super) fn others_have_gone(&self) -> bool {
        let members = self.epoch().members();
        let gone = self
            .epoch()
            .indices()
            .filter(|member| self.has_installed(*member))
            .count();
        gone.saturating_mul(2) > members.saturating_sub(1)
    }

    /// Whether any member says that it installed a run.
    pub(super) fn installed(&self) -> BTreeSet<Sid> {
        self.said().filter_map(|next| next.installed).collect()
    }
}
