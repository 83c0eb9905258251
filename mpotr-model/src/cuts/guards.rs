//! When an honest member may make a step: the rules on the cut, and of those of the agreement rule 1, 2 and ADOPT.

use super::{CutState, Cuts, Half, Shows};
use crate::members::Seat;
use crate::proposal::Proposal;
use crate::view::View;

/// The rules, applied to a state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guards<'a> {
    pub(super) model: &'a Cuts,
    pub(super) state: &'a CutState,
}

impl Guards<'_> {
    const fn member(&self, seat: Seat) -> &Half {
        self.state.member(seat)
    }

    fn is_byzantine(&self, seat: Seat) -> bool {
        !self.model.honest().contains(seat)
    }

    /// The message reaches a member once it is written: by C, before it froze, or by a liar at any time.
    pub(super) fn may_hear(&self, seat: Seat) -> bool {
        let author = self.member(Seat::C);
        let is_written = if self.is_byzantine(Seat::C) || seat != Seat::C {
            self.is_byzantine(Seat::C) || author.shown
        } else {
            self.is_open(author)
        };
        !self.member(seat).held && is_written
    }

    /// Whether a member shows what it has.
    fn is_open(&self, member: &Half) -> bool {
        let rules = self.model.rules;
        let is_frozen = member.frozen.is_some() && rules.freezes;
        let stays_frozen = member.last.is_some() && rules.stays_frozen;
        !is_frozen && !stays_frozen && member.installed.is_none()
    }

    pub(super) fn may_show(&self, seat: Seat) -> bool {
        let member = self.member(seat);
        member.held && !member.shown && self.is_open(member)
    }

    /// One proposal a view. The one of a liar is there when it is wanted.
    pub(super) fn may_propose(&self, proposal: Proposal) -> bool {
        !self
            .state
            .proposed
            .iter()
            .any(|other| other.view == proposal.view)
    }

    pub(super) fn may_enter(&self, seat: Seat, view: View) -> bool {
        let member = self.member(seat);
        member.view < view && member.installed.is_none()
    }

    pub(super) fn may_freeze(&self, seat: Seat, proposal: Proposal) -> bool {
        let member = self.member(seat);
        self.state.proposed.contains(proposal)
            && member.installed.is_none()
            && member.view == proposal.view
            && member.frozen.is_none()
    }

    /// Whether a cut of a proposal has the message, or can be taken to have it: a liar states each frontier.
    fn may_be_cut(&self, proposal: Proposal, with: bool) -> bool {
        let honest = proposal.roster.and(self.model.honest());
        let is_named = honest
            .iter()
            .any(|seat| self.member(seat).named.contains(proposal));
        let is_free = proposal.roster.iter().any(|seat| self.is_byzantine(seat));
        with == is_named || (with && is_free)
    }

    pub(super) fn may_confirm(&self, seat: Seat, proposal: Proposal, with: bool) -> bool {
        let member = self.member(seat);
        let rules = self.model.rules;
        let in_view = if rules.in_its_view {
            member.frozen == Some(proposal)
        } else {
            member.stated.contains(proposal)
        };
        let mut honest = proposal.roster.and(self.model.honest()).iter();
        in_view
            && member.installed.is_none()
            && member.last.is_none_or(|last| last.view < proposal.view)
            && honest.all(|other| self.member(other).stated.contains(proposal))
            && self.may_be_cut(proposal, with)
            && (member.held || !with || !rules.holds_cut)
    }

    /// Whether all in the roster have confirmed a proposal, with one cut.
    fn is_certified(&self, member: &Half, proposal: Proposal) -> bool {
        let mut honest = proposal.roster.and(self.model.honest()).iter();
        honest.all(|other| {
            let other = self.member(other);
            let is_same = other.has_confirmed_with(proposal) == member.has_confirmed_with(proposal);
            other.confirmed.contains(proposal) && (is_same || !self.model.rules.binds_cut)
        })
    }

    fn may_end_with(&self, member: &Half, proposal: Proposal) -> bool {
        let has_cut = !member.shown || member.has_confirmed_with(proposal);
        let is_guarded = self.model.rules.shows == Shows::AtConfirmationGuarded;
        member.installed.is_none()
            && member.confirmed.contains(proposal)
            && self.is_certified(member, proposal)
            && (has_cut || !is_guarded)
    }

    pub(super) fn may_install(&self, seat: Seat, proposal: Proposal) -> bool {
        let member = self.member(seat);
        member.last == Some(proposal) && self.may_end_with(member, proposal)
    }

    /// ADOPT, on the word of those who have installed something else: without FORSAKE, which adds more of the same.
    pub(super) fn may_adopt(&self, seat: Seat, proposal: Proposal) -> bool {
        let member = self.member(seat);
        let mut later = member.confirmed.iter().filter(|q| q.view > proposal.view);
        self.may_end_with(member, proposal)
            && later.all(|q| {
                let mut common = proposal.roster.and(q.roster).except(seat).iter();
                common.all(|other| {
                    let installed = self.member(other).installed;
                    self.is_byzantine(other) || installed.is_some_and(|it| it != q)
                })
            })
    }
}
