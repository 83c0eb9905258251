//! SEEDs that were heard and not answered. `docs/spec/14-light-runs.md`, "SEED".

use mpotr_gka::light::{ChangeBody as _, Seed, Signed};

use crate::time::{Duration, Timestamp};

/// The most SEEDs of one view: two of its proposer are the proof against it.
const MAX_OF_VIEW: usize = 2;
/// The most SEEDs that wait.
const MAX_SEEDS: usize = 16;

/// SEEDs, each signed by its proposer, that wait for what is to be heard before this member answers, or for their view.
#[derive(Debug, Default)]
pub(in crate::room) struct Seeds {
    waiting: Vec<Waiting>,
    /// When one was asked for last, since others wait for the answer to it.
    asked: Option<Timestamp>,
}

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
        let has_room = self.all_of(view).count() < MAX_OF_VIEW && self.waiting.len() < MAX_SEEDS;
        let is_news = has_room && !self.contains(&seed);
        if is_news {
            self.waiting.push(Waiting { seed, heard });
            self.waiting.sort_by_key(|it| it.seed.body().slot());
        }
        is_news
    }

    pub(super) fn contains(&self, seed: &Signed<Seed>) -> bool {
        self.waiting.iter().any(|it| it.seed == *seed)
    }

    /// Those that wait, those of lower views first.
    pub(super) fn all(&self) -> Vec<Waiting> {
        self.waiting.clone()
    }

    /// Others wait for this member to answer a SEED of a view. Returns whether it asks for that: no such one is here, and it
    /// has asked for none for so long.
    pub(super) fn ask_for(&mut self, now: Timestamp, view: u32, pause: Duration) -> bool {
        let is_here = self.all_of(view).next().is_some();
        let has_asked = self.asked.is_some_and(|at| now.since(at) < pause);
        let asks = !is_here && !has_asked;
        if asks {
            self.asked = Some(now);
        }
        asks
    }

    fn all_of(&self, view: u32) -> impl Iterator<Item = &Waiting> {
        let of_view = move |it: &&Waiting| it.seed.body().terms.view == view;
        self.waiting.iter().filter(of_view)
    }

    pub(super) fn remove(&mut self, seed: &Signed<Seed>) {
        self.waiting.retain(|it| it.seed != *seed);
    }

    /// What is below a view is answered no more.
    pub(super) fn go_to(&mut self, view: u32) {
        self.waiting.retain(|it| it.seed.body().terms.view >= view);
    }

    pub(in crate::room) fn clear(&mut self) {
        self.waiting.clear();
    }
}
