//! What has been said, and by whom: the statements on which a step may rest.

use crate::agreement::Agreement;
use crate::members::{Members, Seat};
use crate::proposal::Proposal;
use crate::rules::{Abandon, Reports};
use crate::state::{Member, State};
use crate::view::View;

/// What Byzantine members are taken to have said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Byzantine {
    /// Whatever the step needs: what they can sign they may have signed.
    SaysAnything,
    /// Nothing, except what an honest member shows.
    SaysNothing,
}

/// The statements of a state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statements<'a> {
    agreement: &'a Agreement,
    state: &'a State,
    byzantine: Byzantine,
}

impl<'a> Statements<'a> {
    pub(crate) const fn new(
        agreement: &'a Agreement,
        state: &'a State,
        byzantine: Byzantine,
    ) -> Self {
        Self {
            agreement,
            state,
            byzantine,
        }
    }

    pub(crate) const fn agreement(self) -> &'a Agreement {
        self.agreement
    }

    /// An honest member.
    pub(crate) const fn member(self, seat: Seat) -> &'a Member {
        self.state.member(seat)
    }

    pub(crate) const fn honest(self) -> Members {
        self.agreement.room.honest()
    }

    pub(crate) const fn is_byzantine(self, seat: Seat) -> bool {
        self.agreement.room.byzantine.contains(seat)
    }

    pub(crate) fn is_of_byzantine(self, proposal: Proposal) -> bool {
        let proposer = self.agreement.room.proposer(proposal.view);
        proposer.is_some_and(|proposer| self.is_byzantine(proposer))
    }

    /// Whether an honest proposer has used its turn.
    pub(crate) fn has_proposed(self, view: View) -> bool {
        self.state.proposed.iter().any(|p| p.view == view)
    }

    /// Rule 3: whether every honest member of a roster has reported the view of the proposal. A member that has
    /// installed enters no view, or its report says so.
    pub(crate) fn is_reported(self, proposal: Proposal) -> bool {
        let mut roster = proposal.roster.and(self.honest()).iter();
        self.agreement.rules.reports == Reports::None
            || proposal.view == View::ZERO
            || roster.all(|seat| self.member(seat).reported.contains(proposal.view))
    }

    /// Whether a proposal is there to be seen. One of a Byzantine proposer always is, once it can carry the reports;
    /// which of two twins is called the first is free, so it is the one that an honest member names first.
    pub(crate) fn is_proposed(self, proposal: Proposal) -> bool {
        if !self.is_of_byzantine(proposal) {
            return self.state.proposed.contains(proposal);
        }
        let first = Proposal::new(proposal.view, proposal.roster);
        let is_named = |seat| {
            let member = self.member(seat);
            member.confirmed.contains(first) || member.forsaken.contains(first)
        };
        self.is_reported(proposal) && (!proposal.twin || self.honest().iter().any(is_named))
    }

    /// Whether all confirmations of a proposal are there. A member that has installed it shows them all.
    pub(crate) fn is_certified(self, proposal: Proposal) -> bool {
        let has_confirmed = |seat| {
            if self.is_byzantine(seat) {
                self.byzantine == Byzantine::SaysAnything
            } else {
                self.member(seat).confirmed.contains(proposal)
            }
        };
        let mut honest = self.honest().iter();
        proposal.roster.iter().all(has_confirmed)
            || honest.any(|seat| self.member(seat).installed == Some(proposal))
    }

    /// Whether a member has signed INSTALLED for a proposal, with all confirmations.
    pub(crate) fn says_installed(self, seat: Seat, proposal: Proposal) -> bool {
        if self.is_byzantine(seat) {
            self.byzantine == Byzantine::SaysAnything && self.is_certified(proposal)
        } else {
            self.member(seat).installed == Some(proposal)
        }
    }

    /// Whether a member has signed that it will not install a proposal: FORSAKE, or INSTALLED for another.
    pub(crate) fn gave_up(self, seat: Seat, proposal: Proposal) -> bool {
        if self.is_byzantine(seat) {
            return self.byzantine == Byzantine::SaysAnything;
        }
        let member = self.member(seat);
        let is_heard = self.agreement.rules.abandon != Abandon::Unheard;
        (member.abandoned && is_heard)
            || member.forsaken.contains(proposal)
            || member.installed.is_some_and(|other| other != proposal)
    }

    /// Whether each of these members has signed that it will not install a proposal that lists it.
    pub(crate) fn all_gave_up(self, members: Members, proposal: Proposal) -> bool {
        let mut common = members.and(proposal.roster).iter();
        common.all(|seat| self.gave_up(seat, proposal))
    }
}
