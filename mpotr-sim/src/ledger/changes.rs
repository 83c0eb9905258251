//! Changes that people asked for, and how long each took.

use std::collections::BTreeSet;

use mpotr_core::crypto::IdentityKey;
use mpotr_core::{Duration, Timestamp};

use super::Ledger;

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Fresh keys.
    Refresh,
    /// To be in.
    Enter(IdentityKey),
    /// That a member be no longer in: itself, or another.
    Out(IdentityKey),
}

/// A change that a person asked for while there was an epoch.
#[derive(Clone, Debug)]
pub(crate) struct AskedChange {
    pub(crate) asked: Asked,
    pub(crate) at: Timestamp,
    /// How long it took.
    pub(crate) took: Option<Duration>,
}

impl Ledger {
    /// A person asks for a change. Before the first epoch nothing changes yet.
    pub(crate) fn ask(&mut self, asked: Asked) {
        if self.epochs.is_empty() {
            return;
        }
        self.changes.push(AskedChange {
            asked,
            at: self.now,
            took: None,
        });
    }

    /// Changes that have not come about.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &AskedChange> {
        self.changes.iter().filter(|change| change.took.is_none())
    }

    /// Those changes have come about that all honest members who stay see: they are in one epoch, which was first
    /// installed after the change was asked for and has it.
    pub(crate) fn settle_changes(&mut self) {
        if self.pending().next().is_none() {
            return;
        }
        // Who is voted out need not know of it for the change to come about.
        let staying = self
            .staying()
            .filter(|(_, person)| !self.excluded.contains(&person.identity));
        let staying: BTreeSet<_> = staying.map(|(_, person)| person.present).collect();
        let together = staying.first().copied().flatten();
        let together = together.filter(|_| staying.len() == 1);
        let Some(record) = together.and_then(|sid| self.epochs.get(&sid)) else {
            return;
        };
        let (now, began) = (self.now, record.began);
        let roster = record.roster.clone();
        for change in &mut self.changes {
            let has_it = match change.asked {
                Asked::Refresh => true,
                Asked::Enter(identity) => roster.contains(&identity),
                Asked::Out(identity) => !roster.contains(&identity),
            };
            if change.took.is_none() && began > change.at && has_it {
                change.took = Some(now.since(change.at));
            }
        }
    }
}
