//! The bounds of a model: who is there, who is Byzantine, how many views.

use crate::members::{Members, Seat};
use crate::proposal::Proposal;
use crate::view::View;

/// Whose turn a view is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turns {
    /// The seats in turn, A first. Which seat is first depends on a hash; to move the Byzantine seat covers that.
    Rotating,
    /// One seat in every view.
    Always(Seat),
}

/// One room at the end of one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Room {
    /// The old roster.
    pub members: Members,
    /// Those of them that are Byzantine.
    pub byzantine: Members,
    /// How many views there are, at most [`View::MAX`].
    pub views: u8,
    /// Whose turn each view is.
    pub turns: Turns,
    /// The smallest roster that anyone proposes.
    pub least: u32,
}

impl Room {
    /// Honest members A, B, and so on, who may also go on alone.
    #[must_use]
    pub fn of(members: u8, views: u8) -> Self {
        let seats = Seat::ALL.into_iter().take(usize::from(members));
        Self {
            members: Members::of(&seats.collect::<Vec<_>>()),
            byzantine: Members::NONE,
            views,
            turns: Turns::Rotating,
            least: 1,
        }
    }

    /// The same room with Byzantine members.
    #[must_use]
    pub fn with_byzantine(self, seats: &[Seat]) -> Self {
        Self {
            byzantine: Members::of(seats),
            ..self
        }
    }

    /// Two honest members and a Byzantine one whose turn it always is. It covers every room, however large, in which
    /// any number of members are Byzantine: invariant I1 speaks of two honest members, and whatever all others do, and
    /// whatever these two propose themselves, the one Byzantine member can do too.
    #[must_use]
    pub fn of_two_against_all(views: u8) -> Self {
        Self {
            turns: Turns::Always(Seat::C),
            ..Self::of(3, views).with_byzantine(&[Seat::C])
        }
    }

    /// Those that keep to the rules.
    #[must_use]
    pub const fn honest(&self) -> Members {
        self.members.without(self.byzantine)
    }

    /// The proposer of a view.
    #[must_use]
    pub fn proposer(&self, view: View) -> Option<Seat> {
        match self.turns {
            Turns::Always(seat) => Some(seat),
            Turns::Rotating => self.members.iter().cycle().nth(usize::from(view.number())),
        }
    }

    /// Every proposal that can be made in a view. Only a Byzantine proposer makes twins, and only where an honest
    /// member could confirm them.
    pub(crate) fn proposals(&self, view: View) -> Vec<Proposal> {
        let Some(proposer) = self.proposer(view) else {
            return Vec::new();
        };
        let first = self
            .members
            .rosters_with(proposer, self.least)
            .filter(|roster| !roster.and(self.honest()).is_empty())
            .map(|roster| Proposal::new(view, roster));
        if self.byzantine.contains(proposer) {
            first
                .flat_map(|proposal| [proposal, proposal.twin()])
                .collect()
        } else {
            first.collect()
        }
    }
}
