//! SEEDs that were heard and not answered. `docs/spec/14-light-runs.md`, "SEED".

use mpotr_gka::light::{ChangeBody as _, Seed, Signed};

/// The most SEEDs of one view: two of its proposer are the proof against it.
const MAX_OF_VIEW: usize = 2;
/// The most SEEDs that wait.
const MAX_SEEDS: usize = 16;

/// SEEDs, each signed by its proposer, that wait for what is to be heard before this member answers, or for their view.
#[derive(Debug, Default)]
pub(in crate::room) struct Seeds(Vec<Signed<Seed>>);

impl Seeds {
    /// Keeps a SEED. Returns whether it is news for which there is room.
    pub(super) fn keep(&mut self, seed: Signed<Seed>) -> bool {
        let view = seed.body().terms.view;
        let of_view = self.0.iter().filter(|it| it.body().terms.view == view);
        let has_room = of_view.count() < MAX_OF_VIEW && self.0.len() < MAX_SEEDS;
        let is_news = has_room && !self.0.contains(&seed);
        if is_news {
            self.0.push(seed);
            self.0.sort_by_key(|it| it.body().slot());
        }
        is_news
    }

    pub(super) fn contains(&self, seed: &Signed<Seed>) -> bool {
        self.0.contains(seed)
    }

    /// Those that wait, those of lower views first.
    pub(super) fn all(&self) -> Vec<Signed<Seed>> {
        self.0.clone()
    }

    pub(super) fn remove(&mut self, seed: &Signed<Seed>) {
        self.0.retain(|it| it != seed);
    }

    /// What is below a view is answered no more.
    pub(super) fn go_to(&mut self, view: u32) {
        self.0.retain(|it| it.body().terms.view >= view);
    }

    pub(in crate::room) fn clear(&mut self) {
        self.0.clear();
    }
}
