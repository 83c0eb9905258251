//! What there is at one moment: every statement made so far, and where each member stands.

use crate::members::Seat;
use crate::proposal::{Proposal, ProposalSet};
use crate::view::{View, Views};

/// An honest member: what it has signed, and what it remembers.
///
/// The state does not hold what a member *knows* of the others. Statements are signed and are never taken back, so
/// whatever was said can be read at any later step, in any order, or never: a step may rest on any statements made
/// before it. That is a network that loses, duplicates, delays and re-orders, without a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Member {
    /// The view that it is in.
    pub view: View,
    /// The views for which it has signed a report. View 0 needs none.
    pub reported: Views,
    /// What it has signed a confirmation of.
    pub confirmed: ProposalSet,
    /// What it confirmed last, as far as it remembers.
    pub last: Option<Proposal>,
    /// What it has installed, and said so.
    pub installed: Option<Proposal>,
    /// What it has signed never to confirm or install.
    pub forsaken: ProposalSet,
    /// Whether it has signed that it gave up the parent.
    pub abandoned: bool,
    /// Whether it has lost its state.
    pub forgot: bool,
}

/// A state of the model. A Byzantine member has no state: whatever it can sign counts as said, to every member that may
/// hear it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The proposals of honest members.
    pub proposed: ProposalSet,
    members: [Member; 4],
}

impl State {
    /// A member.
    #[must_use]
    pub const fn member(&self, seat: Seat) -> &Member {
        let [a, b, c, d] = &self.members;
        match seat {
            Seat::A => a,
            Seat::B => b,
            Seat::C => c,
            Seat::D => d,
        }
    }

    pub(crate) const fn member_mut(&mut self, seat: Seat) -> &mut Member {
        let [a, b, c, d] = &mut self.members;
        match seat {
            Seat::A => a,
            Seat::B => b,
            Seat::C => c,
            Seat::D => d,
        }
    }
}

/// One step of an honest member.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// The proposer of a view, an honest one, publishes its proposal.
    Propose(Proposal),
    /// A member enters a view, its own clock says so, and reports it.
    Enter(Seat, View),
    /// A member confirms a proposal.
    Confirm(Seat, Proposal),
    /// A member installs what it confirmed.
    Install(Seat, Proposal),
    /// A member signs that it will never confirm or install a proposal.
    Forsake(Seat, Proposal),
    /// A member goes back to a proposal that it confirmed before its last one, and installs it.
    Adopt(Seat, Proposal),
    /// A member gives up the parent, aloud.
    Abandon(Seat),
    /// A member loses its state and goes on as if it had never confirmed.
    Forget(Seat),
}

impl State {
    /// Makes a step.
    pub(crate) fn make(&mut self, step: Step) {
        match step {
            Step::Propose(proposal) => self.proposed.insert(proposal),
            Step::Enter(seat, view) => {
                let member = self.member_mut(seat);
                member.view = view;
                member.reported.insert(view);
            }
            Step::Confirm(seat, proposal) => {
                let member = self.member_mut(seat);
                member.confirmed.insert(proposal);
                member.last = Some(proposal);
            }
            Step::Install(seat, proposal) | Step::Adopt(seat, proposal) => {
                self.member_mut(seat).installed = Some(proposal);
            }
            Step::Forsake(seat, proposal) => self.member_mut(seat).forsaken.insert(proposal),
            Step::Abandon(seat) => self.member_mut(seat).abandoned = true,
            Step::Forget(seat) => {
                let member = self.member_mut(seat);
                member.last = None;
                member.forgot = true;
            }
        }
    }
}
