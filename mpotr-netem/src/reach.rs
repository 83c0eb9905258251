//! Who reaches whom.

use std::collections::BTreeSet;

/// Who does not reach whom. At first, everyone reaches everyone.
#[derive(Clone, Debug)]
pub(crate) struct Reach<A> {
    /// Those on one side of a partition; empty for none.
    apart: BTreeSet<A>,
    /// From whom to whom nothing passes.
    blocked: BTreeSet<(A, A)>,
    /// Whom nothing reaches, and from whom nothing comes.
    unplugged: BTreeSet<A>,
}

impl<A: Copy + Ord> Reach<A> {
    pub(crate) const fn everyone() -> Self {
        Self {
            apart: BTreeSet::new(),
            blocked: BTreeSet::new(),
            unplugged: BTreeSet::new(),
        }
    }

    pub(crate) fn part(&mut self, apart: BTreeSet<A>) {
        self.apart = apart;
    }

    pub(crate) fn block(&mut self, from: &[A], to: &[A]) {
        for from in from {
            self.blocked.extend(to.iter().map(|to| (*from, *to)));
        }
    }

    pub(crate) fn unplug(&mut self, member: A) {
        self.unplugged.insert(member);
    }

    pub(crate) fn plug_in(&mut self, member: A) {
        self.unplugged.remove(&member);
    }

    pub(crate) fn passes(&self, from: A, to: A) -> bool {
        self.apart.contains(&from) == self.apart.contains(&to)
            && !self.blocked.contains(&(from, to))
            && !self.unplugged.contains(&from)
            && !self.unplugged.contains(&to)
    }
}
