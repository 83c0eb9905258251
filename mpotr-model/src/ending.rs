//! How a state ends when everything that was said is delivered at last.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::agreement::Agreement;
use crate::members::Seat;
use crate::proposal::Proposal;
use crate::state::{State, Step};
use crate::statements::Byzantine;

/// Where honest members are once everything is delivered, when nobody proposes or confirms from then on and the
/// Byzantine say nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Two have installed the same epoch.
    pub together: bool,
    /// One is listed in an epoch that another has installed, has installed nothing, and has not given up: it can
    /// neither install that epoch nor finish, by what was said so far, what it confirmed later.
    pub stranded: bool,
    /// As before, and no proposal that is on the table can still be finished by it either.
    pub stuck: bool,
    /// One is listed in an epoch that another has installed, and has installed another one. Both are right to say that
    /// the other left.
    pub split: bool,
}

/// How many states end in each way.
#[derive(Debug, Default)]
pub(crate) struct Census {
    together: AtomicU64,
    stranded: AtomicU64,
    stuck: AtomicU64,
    split: AtomicU64,
}

impl Census {
    pub(crate) fn add(&self, ending: Ending) {
        for (count, ends_so) in [
            (&self.together, ending.together),
            (&self.stranded, ending.stranded),
            (&self.stuck, ending.stuck),
            (&self.split, ending.split),
        ] {
            count.fetch_add(u64::from(ends_so), Ordering::Relaxed);
        }
    }

    /// Together, stranded, stuck, split.
    pub(crate) fn counts(&self) -> [u64; 4] {
        [&self.together, &self.stranded, &self.stuck, &self.split]
            .map(|count| count.load(Ordering::Relaxed))
    }
}

impl Agreement {
    /// How a state ends.
    #[must_use]
    pub fn ending(&self, state: &State) -> Ending {
        let settled = self.settle(state.clone());
        let honest = self.room.honest();
        let mut ending = Ending::default();
        for listed in honest.iter() {
            let own = settled.member(listed).installed;
            let others = honest.except(listed).iter();
            let epochs = others.filter_map(|other| settled.member(other).installed);
            for epoch in epochs.filter(|epoch| epoch.roster.contains(listed)) {
                match own {
                    Some(own) if own == epoch => ending.together = true,
                    Some(_) => ending.split = true,
                    None if settled.member(listed).abandoned => {}
                    None => {
                        ending.stranded = true;
                        ending.stuck |= !self.can_go_on(&settled, listed);
                    }
                }
            }
        }
        ending
    }

    /// Delivers everything: every honest member installs, forsakes and adopts what it may, until nothing changes.
    #[must_use]
    pub fn settle(&self, mut state: State) -> State {
        while let Some(step) = self.next_obliged(&state) {
            state.make(step);
        }
        state
    }

    /// A step that needs nothing but delivery. To install comes before to forsake, and that before to adopt.
    #[must_use]
    pub fn next_obliged(&self, state: &State) -> Option<Step> {
        let guards = self.guards(state, Byzantine::SaysNothing);
        let find = |may: &dyn Fn(Seat, Proposal) -> bool| {
            self.listings()
                .find(|(seat, proposal)| may(*seat, *proposal))
        };
        let install = || find(&|seat, proposal| guards.may_install(seat, proposal));
        let forsake = || find(&|seat, proposal| guards.may_forsake(seat, proposal));
        let adopt = || find(&|seat, proposal| guards.may_adopt(seat, proposal));
        install()
            .map(|(seat, proposal)| Step::Install(seat, proposal))
            .or_else(|| forsake().map(|(seat, proposal)| Step::Forsake(seat, proposal)))
            .or_else(|| adopt().map(|(seat, proposal)| Step::Adopt(seat, proposal)))
    }

    /// Whether a member that has installed nothing can still finish something on the table.
    fn can_go_on(&self, settled: &State, seat: Seat) -> bool {
        let guards = self.guards(settled, Byzantine::SaysNothing);
        let mut listing = self.listings().filter(|(listed, _)| *listed == seat);
        listing.any(|(_, proposal)| guards.can_finish(seat, proposal))
    }
}
