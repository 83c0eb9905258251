//! What is shown of the parent, beside the agreement on its successor: one message of C, and who brings it along.
//!
//! A member that freezes for a proposal states its *frontier*: whether it has the message. The *cut* of a proposal has it
//! if the frontier of anyone in its roster has. Members confirm a proposal with a cut. Asked of every state:
//!
//! > I2: who installs a proposal has shown exactly its cut, and all who install it have shown the same.
//!
//! | file | what |
//! |---|---|
//! | `state` | what there is at one moment, and what a step does |
//! | `guards` | when a member may make a step |
//! | `cases` | the searches whose results are published |

mod cases;
mod guards;
mod state;

use stateright::{Checker, Model, Property};

use crate::members::{Members, Seat};
use crate::proposal::Proposal;
use crate::view::View;
pub use cases::{CutCase, cases};
use guards::Guards;
pub use state::{CutState, CutStep, Half};

/// When a member shows the cut of what it confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shows {
    /// When it installs: it is held until then.
    AtInstall,
    /// When it confirms. It installs whatever it may by the other rules.
    AtConfirmation,
    /// When it confirms. It installs only what has the cut that it has shown.
    AtConfirmationGuarded,
}

/// The rules on the cut, so that each can be taken out. Those of the agreement hold besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CutRules {
    /// When the cut is shown.
    pub shows: Shows,
    /// A member shows nothing from when it freezes for a proposal until it enters a later view.
    pub freezes: bool,
    /// A member that has confirmed a proposal shows nothing until it installs one, in whatever view.
    pub stays_frozen: bool,
    /// A member confirms a proposal only in the view of that.
    pub in_its_view: bool,
    /// A member confirms only when it holds the whole cut.
    pub holds_cut: bool,
    /// All in a roster confirm one cut, or nobody installs.
    pub binds_cut: bool,
}

impl CutRules {
    /// Those of the protocol.
    pub const FULL: Self = Self {
        shows: Shows::AtInstall,
        freezes: true,
        stays_frozen: true,
        in_its_view: true,
        holds_cut: true,
        binds_cut: true,
    };
}

/// Three members A, B and C, two or more views, and one message of C.
#[derive(Clone, Copy, Debug)]
pub struct Cuts {
    /// By which rules the honest play.
    pub rules: CutRules,
    /// Whether C is Byzantine: it states each frontier to whom it likes.
    pub has_liar: bool,
    /// How many views there are.
    pub views: u8,
}

/// How a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CutOutcome {
    /// I2 holds in every state there is.
    Safe {
        /// How many there are.
        states: usize,
        /// In how many of them two have installed one proposal.
        together: usize,
    },
    /// I2 breaks, at the earliest after these steps.
    Broken(Vec<CutStep>),
}

impl Cuts {
    /// The name of invariant I2.
    pub const I2: &'static str = "I2";

    pub(crate) fn honest(&self) -> Members {
        let all = Members::of(&[Seat::A, Seat::B, Seat::C]);
        if self.has_liar {
            all.except(Seat::C)
        } else {
            all
        }
    }

    /// All that can be proposed. The members take turns, A first.
    fn proposals(&self) -> impl Iterator<Item = Proposal> {
        let turns = [Seat::A, Seat::B, Seat::C].into_iter().cycle();
        let all = Members::of(&[Seat::A, Seat::B, Seat::C]);
        let views = View::first(self.views).zip(turns);
        views.flat_map(move |(view, proposer)| {
            all.rosters_with(proposer, 1)
                .map(move |roster| Proposal::new(view, roster))
        })
    }

    /// Whether I2 holds.
    #[must_use]
    pub fn is_shown_right(&self, state: &CutState) -> bool {
        let members = || self.honest().iter().map(|seat| state.member(seat));
        let shows_cut = |member: &Half| {
            let installed = member.installed;
            installed.is_none_or(|installed| member.has_confirmed_with(installed) == member.shown)
        };
        let are_alike = |one: &Half, other: &Half| {
            one.installed.is_none() || one.installed != other.installed || one.shown == other.shown
        };
        members().all(shows_cut)
            && members().all(|one| members().all(|other| are_alike(one, other)))
    }

    /// Searches every state, up to the first in which I2 is broken.
    #[must_use]
    pub fn check(self) -> CutOutcome {
        let checker = self.checker().spawn_bfs().join();
        match checker.discovery(Self::I2) {
            Some(path) => CutOutcome::Broken(path.into_actions()),
            None => CutOutcome::Safe {
                states: checker.unique_state_count(),
                together: usize::from(checker.discovery(TOGETHER).is_some()),
            },
        }
    }
}

/// Two have installed one proposal: a search that never gets there shows nothing.
const TOGETHER: &str = "together";

fn are_together(model: &Cuts, state: &CutState) -> bool {
    let installed = |seat: Seat| state.member(seat).installed;
    let honest = || model.honest().iter();
    honest().any(|one| {
        let mut others = model.honest().except(one).iter();
        installed(one).is_some() && others.any(|other| installed(other) == installed(one))
    })
}

impl Model for Cuts {
    type State = CutState;
    type Action = CutStep;

    fn init_states(&self) -> Vec<CutState> {
        vec![CutState::default()]
    }

    fn actions(&self, state: &CutState, steps: &mut Vec<CutStep>) {
        let guards = Guards { model: self, state };
        for proposal in self.proposals() {
            if guards.may_propose(proposal) {
                steps.push(CutStep::Propose(proposal));
            }
            for seat in proposal.roster.and(self.honest()).iter() {
                if guards.may_freeze(seat, proposal) {
                    steps.push(CutStep::Freeze(seat, proposal));
                }
                let cuts = [false, true].into_iter();
                let confirmed = cuts.filter(|with| guards.may_confirm(seat, proposal, *with));
                steps.extend(confirmed.map(|with| CutStep::Confirm(seat, proposal, with)));
                if guards.may_install(seat, proposal) || guards.may_adopt(seat, proposal) {
                    steps.push(CutStep::Install(seat, proposal));
                }
            }
        }
        for seat in self.honest().iter() {
            if guards.may_hear(seat) {
                steps.push(CutStep::Hear(seat));
            }
            if guards.may_show(seat) {
                steps.push(CutStep::Show(seat));
            }
            let views = View::first(self.views);
            let entered = views.filter(|view| guards.may_enter(seat, *view));
            steps.extend(entered.map(|view| CutStep::Enter(seat, view)));
        }
    }

    fn next_state(&self, state: &CutState, step: CutStep) -> Option<CutState> {
        let mut next = state.clone();
        next.make(step, self.rules);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(Self::I2, |model: &Self, state| model.is_shown_right(state)),
            Property::sometimes(TOGETHER, are_together),
        ]
    }
}
