//! SEEDs that were heard and not answered. `docs/spec/14-light-runs.md`, "SEED".

use mpotr_gka::light::{ChangeBody as _, Seed, Signed};

use crate::time::Timestamp;

/// The most SEEDs of one view: two of its proposer are the proof against it.
const MAX_OF_VIEW: usize = 2;
/// The most SEEDs that wait.
const MAX_SEEDS: usize = 16;

/// SEEDs, each signed by its proposer, that wait for what is to be heard before this member answers, or for their view.
#[derive(Debug, Default)]
pub(in crate::room) struct Seeds(Vec<Waiting>);

/// A SEED that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) seed: Signed<Seed>,
    /// When it was heard.
    pub(super) heard: Timestamp,
}

impl Seeds {
    /// Keeps a SEED. Returns whether it is news for which there is room.
    pub(super) fn keep(&mut self, heard: Timestamp, seed: Signed<Seed>) -> bool {
        let view = seed.body().terms.view;
        let of_view = self.0.iter().filter(|it| it.seed.body().terms.view == view);
        let has_room = of_view.count() < MAX_OF_VIEW && self.0.len() < MAX_SEEDS;
        let is_news = has_room && !self.contains(&seed);
        if is_news {
            self.0.push(Waiting { seed, heard });
            self.0.sort_by_key(|it| it.seed.body().slot());
        }
        is_news
    }

    pub(super) fn contains(&self, seed: &Signed<Seed>) -> bool {
        self.0.iter().any(|it| it.seed == *seed)
    }

    /// Those that wait, those of lower views first.
    pub(super) fn all(&self) -> Vec<Waiting> {
        self.0.clone()
    }

    pub(super) fn remove(&mut self, seed: &Signed<Seed>) {
        self.0.retain(|it| it.seed != *seed);
    }

    /// What is below a view is answered no more.
    pub(super) fn go_to(&mut self, view: u32) {
        self.0.retain(|it| it.seed.body().terms.view >= view);
    }

    pub(in crate::room) fn clear(&mut self) {
        self.0.clear();
    }
}
