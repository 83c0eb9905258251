//! The model: one room under one set of rules.

use stateright::{Model, Property};

use crate::ending::Census;
use crate::guards::Guards;
use crate::members::Seat;
use crate::proposal::Proposal;
use crate::room::Room;
use crate::rules::Rules;
use crate::state::{State, Step};
use crate::statements::{Byzantine, Statements};
use crate::view::View;

/// The agreement on the successor of one epoch.
#[derive(Debug)]
pub struct Agreement {
    /// Who is there.
    pub room: Room,
    /// By which rules the honest play.
    pub rules: Rules,
    pub(crate) census: Census,
    proposals: Vec<Proposal>,
    listings: Vec<(Seat, Proposal)>,
}

/// Why a sequence of steps is no path of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// How many steps were made before.
    pub after: usize,
    /// The step that the rules do not allow then.
    pub step: Step,
}

impl Agreement {
    /// The name of invariant I1.
    pub const I1: &'static str = "I1";

    /// A model.
    #[must_use]
    pub fn new(room: Room, rules: Rules) -> Self {
        let proposals: Vec<_> = View::first(room.views)
            .flat_map(|view| room.proposals(view))
            .collect();
        let listed_honest = |proposal: &Proposal| proposal.roster.and(room.honest());
        let listings = proposals
            .iter()
            .flat_map(|p| listed_honest(p).iter().map(|seat| (seat, *p)));
        Self {
            room,
            rules,
            census: Census::default(),
            listings: listings.collect(),
            proposals,
        }
    }

    pub(crate) const fn guards<'a>(&'a self, state: &'a State, byzantine: Byzantine) -> Guards<'a> {
        Guards {
            said: Statements::new(self, state, byzantine),
        }
    }

    /// Each proposal there can be, with each honest member in its roster.
    pub(crate) fn listings(&self) -> impl Iterator<Item = (Seat, Proposal)> {
        self.listings.iter().copied()
    }

    /// Whether invariant I1 holds: if honest X installs P, honest Y installs Q, Y is in P and X is in Q, then P = Q.
    #[must_use]
    pub fn is_agreed(&self, state: &State) -> bool {
        let honest = self.room.honest();
        let installed = |seat: Seat| state.member(seat).installed;
        honest.iter().all(|x| {
            honest.iter().all(|y| {
                installed(x)
                    .zip(installed(y))
                    .is_none_or(|(p, q)| p == q || !p.roster.contains(y) || !q.roster.contains(x))
            })
        })
    }

    /// Makes steps one after another from the start.
    ///
    /// # Errors
    /// The first step that the rules do not allow where it stands.
    pub fn replay(&self, steps: &[Step]) -> Result<State, Refused> {
        let mut state = State::default();
        for (after, step) in steps.iter().copied().enumerate() {
            let mut allowed = Vec::new();
            self.actions(&state, &mut allowed);
            if !allowed.contains(&step) {
                return Err(Refused { after, step });
            }
            state.make(step);
        }
        Ok(state)
    }
}

impl Model for Agreement {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let guards = self.guards(state, Byzantine::SaysAnything);
        for proposal in self.proposals.iter().copied() {
            let proposer = self.room.proposer(proposal.view);
            let honest = proposer.filter(|proposer| self.room.honest().contains(*proposer));
            if honest.is_some_and(|proposer| guards.may_propose(proposer, proposal)) {
                steps.push(Step::Propose(proposal));
            }
        }
        for (seat, proposal) in self.listings() {
            if guards.may_confirm(seat, proposal) {
                steps.push(Step::Confirm(seat, proposal));
            }
            if guards.may_install(seat, proposal) {
                steps.push(Step::Install(seat, proposal));
            }
            if guards.may_forsake(seat, proposal) {
                steps.push(Step::Forsake(seat, proposal));
            }
            if guards.may_adopt(seat, proposal) {
                steps.push(Step::Adopt(seat, proposal));
            }
        }
        for seat in self.room.honest().iter() {
            let views = View::first(self.room.views);
            let entered = views.filter(|view| guards.may_enter(seat, *view));
            steps.extend(entered.map(|view| Step::Enter(seat, view)));
            if guards.may_abandon(seat) {
                steps.push(Step::Abandon(seat));
            }
            if guards.may_forget(seat) {
                steps.push(Step::Forget(seat));
            }
        }
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        next.make(step);
        Some(next)
    }

    /// I1 alone: the checker stops at the first property that breaks, and a second one would let it run past a shortest
    /// counterexample.
    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(Self::I1, |model, state| {
            // The checker asks once for each state, which makes this the place to count.
            model.census.add(model.ending(state));
            model.is_agreed(state)
        })]
    }
}
