//! What there is at one moment: what each member has stated, and what it has shown.

use super::{CutRules, Shows};
use crate::members::Seat;
use crate::proposal::{Proposal, ProposalSet};
use crate::view::View;

/// An honest member. What it has stated may be read at any later step, or never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Half {
    /// The view that it is in.
    pub view: View,
    /// Whether it has the message.
    pub held: bool,
    /// Whether it has shown the message.
    pub shown: bool,
    /// What it has frozen for in the view that it is in.
    pub frozen: Option<Proposal>,
    /// What it has stated a frontier for.
    pub stated: ProposalSet,
    /// Those of them whose frontier has the message.
    pub named: ProposalSet,
    /// What it has confirmed.
    pub confirmed: ProposalSet,
    /// Those of them that it has confirmed with a cut that has the message.
    pub with: ProposalSet,
    /// What it confirmed last.
    pub last: Option<Proposal>,
    /// What it has installed, and said so.
    pub installed: Option<Proposal>,
}

impl Half {
    /// Whether it has confirmed a proposal with a cut that has the message.
    #[must_use]
    pub fn has_confirmed_with(&self, proposal: Proposal) -> bool {
        self.with.contains(proposal)
    }
}

/// A state of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CutState {
    /// What was proposed.
    pub proposed: ProposalSet,
    members: [Half; 3],
}

/// One step of an honest member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CutStep {
    /// The message reaches a member; or C, where it is honest, has written it.
    Hear(Seat),
    /// A member shows the message.
    Show(Seat),
    /// The proposer of a view publishes its proposal.
    Propose(Proposal),
    /// A member enters a view.
    Enter(Seat, View),
    /// A member freezes for a proposal, and states its frontier.
    Freeze(Seat, Proposal),
    /// A member confirms a proposal with a cut that has the message, or has not.
    Confirm(Seat, Proposal, bool),
    /// A member installs what it confirmed, last or before.
    Install(Seat, Proposal),
}

impl CutState {
    /// A member. D is not in the room.
    #[must_use]
    pub const fn member(&self, seat: Seat) -> &Half {
        let [a, b, c] = &self.members;
        match seat {
            Seat::A => a,
            Seat::B => b,
            Seat::C | Seat::D => c,
        }
    }

    const fn member_mut(&mut self, seat: Seat) -> &mut Half {
        let [a, b, c] = &mut self.members;
        match seat {
            Seat::A => a,
            Seat::B => b,
            Seat::C | Seat::D => c,
        }
    }

    /// Makes a step.
    pub(crate) fn make(&mut self, step: CutStep, rules: CutRules) {
        match step {
            CutStep::Hear(seat) => self.member_mut(seat).held = true,
            CutStep::Show(seat) => self.member_mut(seat).shown = true,
            CutStep::Propose(proposal) => self.proposed.insert(proposal),
            CutStep::Enter(seat, view) => {
                let member = self.member_mut(seat);
                member.view = view;
                member.frozen = None;
            }
            CutStep::Freeze(seat, proposal) => {
                let member = self.member_mut(seat);
                member.frozen = Some(proposal);
                member.stated.insert(proposal);
                // It may name what it holds for a cut that it has confirmed.
                if member.shown || !member.with.is_empty() {
                    member.named.insert(proposal);
                }
            }
            CutStep::Confirm(seat, proposal, with) => {
                let member = self.member_mut(seat);
                member.confirmed.insert(proposal);
                member.last = Some(proposal);
                if with {
                    member.with.insert(proposal);
                    member.shown |= member.held && rules.shows != Shows::AtInstall;
                }
            }
            CutStep::Install(seat, proposal) => {
                let member = self.member_mut(seat);
                member.installed = Some(proposal);
                member.shown |= member.held && member.has_confirmed_with(proposal);
            }
        }
    }
}
