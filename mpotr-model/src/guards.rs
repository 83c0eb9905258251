//! When an honest member may make a step: rules 1 to 5, in the order of [`Rules`].

use crate::members::{Members, Seat};
use crate::proposal::Proposal;
use crate::rules::{Abandon, Adopt, Forsake, Install, Reports, Rising, Rules};
use crate::state::Member;
use crate::statements::Statements;
use crate::view::View;

/// The rules, applied to what has been said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guards<'a> {
    pub(crate) said: Statements<'a>,
}

impl Guards<'_> {
    const fn rules(self) -> Rules {
        self.said.agreement().rules
    }

    /// Whether a member has given up the parent, and keeps to it.
    fn has_left(self, member: &Member) -> bool {
        member.abandoned && self.rules().abandon != Abandon::HeardNotKept
    }

    /// Whether a member has neither installed nor given up, as far as it remembers.
    fn is_open(self, member: &Member) -> bool {
        !self.has_left(member) && (member.installed.is_none() || member.forgot)
    }

    /// Rule 1: whether a member may still sign proposals and confirmations for this parent.
    fn takes_part(self, member: &Member) -> bool {
        self.is_open(member) || (!self.has_left(member) && !self.rules().stop_after_install)
    }

    /// Rule 1: whether a view is high enough for a member.
    fn rises(self, member: &Member, proposal: Proposal) -> bool {
        let is_entered = member.forgot || member.view <= proposal.view;
        let last = member.last.map(|last| last.view);
        match self.rules().rising {
            Rising::Strictly => is_entered && last.is_none_or(|last| last < proposal.view),
            Rising::SameView => is_entered && last.is_none_or(|last| last <= proposal.view),
            Rising::NotAtAll => true,
        }
    }

    /// Whether a member's own FORSAKE keeps it from a proposal.
    fn is_forsaken(self, member: &Member, proposal: Proposal) -> bool {
        self.rules().forsake_binds && member.forsaken.contains(proposal)
    }

    /// Whether a member that has entered a view is kept from installing below it. No rule says so.
    fn is_barred(self, member: &Member, proposal: Proposal) -> bool {
        self.rules().entering_bars_installing && member.view > proposal.view
    }

    /// Whether the proposer may publish a proposal: its first of this view, and one that it would confirm.
    pub(crate) fn may_propose(self, proposer: Seat, proposal: Proposal) -> bool {
        let member = self.said.member(proposer);
        !self.said.has_proposed(proposal.view)
            && self.takes_part(member)
            && self.rises(member, proposal)
            && self.said.is_reported(proposal)
    }

    /// Whether a member may enter a view: the next by its own timer, a later one when its proposer calls.
    pub(crate) fn may_enter(self, seat: Seat, view: View) -> bool {
        let member = self.said.member(seat);
        let may_report = match self.rules().reports {
            Reports::None => false,
            Reports::Entered => !self.has_left(member),
            Reports::EnteredNotInstalled => self.is_open(member),
        };
        may_report && member.view < view
    }

    /// Rule 1: whether a member may confirm a proposal.
    pub(crate) fn may_confirm(self, seat: Seat, proposal: Proposal) -> bool {
        let member = self.said.member(seat);
        let is_new = !member.confirmed.contains(proposal)
            || (member.forgot && member.last != Some(proposal));
        is_new
            && self.takes_part(member)
            && self.rises(member, proposal)
            && !self.is_forsaken(member, proposal)
            && self.said.is_proposed(proposal)
    }

    /// Whether a member may still install a proposal that it confirmed and whose confirmations are all there.
    fn may_end_with(self, member: &Member, proposal: Proposal) -> bool {
        member.installed.is_none()
            && self.is_open(member)
            && !self.is_forsaken(member, proposal)
            && !self.is_barred(member, proposal)
            && member.confirmed.contains(proposal)
            && self.said.is_certified(proposal)
    }

    /// Rule 2: whether a member may install a proposal.
    pub(crate) fn may_install(self, seat: Seat, proposal: Proposal) -> bool {
        let member = self.said.member(seat);
        let is_last = member.last == Some(proposal);
        (is_last || self.rules().install == Install::AnyConfirmed)
            && self.may_end_with(member, proposal)
    }

    /// Rule 4: whether a member may sign FORSAKE for a proposal.
    pub(crate) fn may_forsake(self, seat: Seat, proposal: Proposal) -> bool {
        let member = self.said.member(seat);
        let everyone = self.said.agreement().room.members;
        let has_reason = match self.rules().forsake {
            Forsake::Never => false,
            Forsake::Confirmed => {
                let is_confirmed = member.confirmed.contains(proposal);
                is_confirmed && self.is_overtaken(seat, proposal, proposal.roster)
            }
            Forsake::Listed => self.is_overtaken(seat, proposal, proposal.roster),
            Forsake::ListedByAny => self.is_overtaken(seat, proposal, everyone),
            Forsake::Unasked => true,
        };
        has_reason
            && member.installed.is_none()
            && self.is_open(member)
            && !member.forsaken.contains(proposal)
            && self.said.is_proposed(proposal)
            && self.is_worth_forsaking(seat, proposal)
    }

    /// Whether a member holds a certificate of an earlier proposal that another member, one of these, has installed.
    fn is_overtaken(self, seat: Seat, proposal: Proposal, by: Members) -> bool {
        let confirmed = self.said.member(seat).confirmed.iter();
        let mut earlier = confirmed.filter(|earlier| earlier.view < proposal.view);
        earlier.any(|earlier| {
            let mut others = earlier.roster.and(by).except(seat).iter();
            self.said.is_certified(earlier)
                && others.any(|other| self.said.says_installed(other, earlier))
        })
    }

    /// A proposal of a Byzantine proposer is always there. Until another honest member has confirmed it nobody reads a
    /// FORSAKE for it, and to sign it later is the same: that keeps the states few.
    fn is_worth_forsaking(self, seat: Seat, proposal: Proposal) -> bool {
        let mut others = self.said.honest().except(seat).iter();
        !self.said.is_of_byzantine(proposal)
            || others.any(|other| self.said.member(other).confirmed.contains(proposal))
    }

    /// Rule 4: whether a member may go back to a proposal that it confirmed before its last one.
    pub(crate) fn may_adopt(self, seat: Seat, proposal: Proposal) -> bool {
        let member = self.said.member(seat);
        if member.last == Some(proposal) || !self.may_end_with(member, proposal) {
            return false;
        }
        let others = proposal.roster.except(seat);
        let is_installed_by = |other| self.said.says_installed(other, proposal);
        // What was confirmed after P. Where one view has two confirmations, either may have been the later.
        let is_later = |q: &Proposal| *q != proposal && q.view >= proposal.view;
        let mut later = member.confirmed.iter().filter(is_later);
        match self.rules().adopt {
            Adopt::Never => false,
            Adopt::AnyInstalled => others.iter().any(is_installed_by),
            Adopt::OneCommon => later.all(|q| others.and(q.roster).iter().any(is_installed_by)),
            Adopt::AllCommonOfLast => {
                let last = member.last;
                last.is_some_and(|q| self.said.all_gave_up(others, q))
            }
            Adopt::AllCommon => later.all(|q| self.said.all_gave_up(others, q)),
        }
    }

    /// Rule 5: whether a member may give up the parent aloud.
    pub(crate) fn may_abandon(self, seat: Seat) -> bool {
        let member = self.said.member(seat);
        self.rules().abandon != Abandon::Unheard && !member.abandoned && member.installed.is_none()
    }

    /// Whether a member may lose its state and go on under its old name: once, and only if rule 1 lets it.
    pub(crate) fn may_forget(self, seat: Seat) -> bool {
        let member = self.said.member(seat);
        !self.rules().new_instance_after_loss && !member.forgot && member.last.is_some()
    }

    /// Whether a member can still end with a proposal if all in its roster do what they may. The Byzantine do nothing.
    pub(crate) fn can_finish(self, seat: Seat, proposal: Proposal) -> bool {
        let member = self.said.member(seat);
        let is_last = member.last == Some(proposal);
        let everyone = proposal.roster.iter().all(|other| {
            let confirmed = self.said.member(other).confirmed.contains(proposal);
            !self.said.is_byzantine(other) && (confirmed || self.may_confirm(other, proposal))
        });
        everyone
            && (is_last || self.may_confirm(seat, proposal))
            && !self.said.is_certified(proposal)
            && !self.is_forsaken(member, proposal)
            && !self.is_barred(member, proposal)
    }
}
