//! Members that bring into a cut what they do not serve. `docs/spec/06-epochs.md`, "Changes".
//!
//! A cut is whole when all is here that those who take part had seen. One that names a message which it does not send, and
//! which nobody else has, keeps the others from it for ever, so there is an exit: it may be left out. Each member goes by what it
//! saw itself. An honest member serves what it names, but the transport may lose that: so one view does not count, nor what
//! was hardly asked for.

use std::collections::{BTreeMap, BTreeSet};

/// After so many views in a row that failed for want of what a member brought into the cut, it may be left out.
const MAX_VIEWS: u32 = 3;

/// How many views in a row have failed for want of what a member brought into the cut, by its index.
#[derive(Debug, Default)]
pub(crate) struct Unserved(BTreeMap<usize, u32>);

impl Unserved {
    /// A view has failed in which all had said what they bring into the cut; these did not serve it when they were asked.
    pub(crate) fn note(&mut self, reporters: &BTreeSet<usize>) {
        self.0.retain(|member, _| reporters.contains(member));
        for member in reporters {
            let views = self.0.entry(*member).or_insert(0);
            *views = views.saturating_add(1);
        }
    }

    /// Whether a member may be left out of the next roster.
    pub(crate) fn may_be_left_out(&self, member: usize) -> bool {
        self.0.get(&member).is_some_and(|views| *views >= MAX_VIEWS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(views: &[&[usize]]) -> Unserved {
        let mut unserved = Unserved::default();
        for reporters in views {
            unserved.note(&reporters.iter().copied().collect());
        }
        unserved
    }

    #[test]
    fn who_does_not_serve_what_it_names_in_three_views_in_a_row_may_be_left_out() {
        assert!(!after(&[&[2], &[2]]).may_be_left_out(2));
        let unserved = after(&[&[2], &[1, 2], &[2]]);
        assert!(unserved.may_be_left_out(2));
        assert!(!unserved.may_be_left_out(1));
    }

    #[test]
    fn who_serves_once_begins_anew() {
        assert!(!after(&[&[2], &[2], &[], &[2], &[2]]).may_be_left_out(2));
    }
}
