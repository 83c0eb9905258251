//! Whom the first epoch that this member enters must have. `docs/spec/06-epochs.md`, "Proposals".

use std::collections::BTreeSet;

use mpotr_crypto::IdentityKey;
use mpotr_gka::OfferDigest;

use crate::config::{Admission, RoomConfig};

/// Whom the first epoch must have. Once it is there nobody is expected: those who leave it do not stop the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// How many members, if that was asked for.
    members: Option<usize>,
    /// These, whatever else.
    identities: BTreeSet<IdentityKey>,
}

impl Expected {
    /// As the application asked for it.
    pub(crate) fn new(config: &RoomConfig, me: IdentityKey) -> Self {
        let identities = match &config.admission {
            Admission::Only(identities) => {
                identities.iter().filter(|it| **it != me).copied().collect()
            }
            Admission::Ask(_) | Admission::Open => BTreeSet::new(),
        };
        Self {
            members: config.members,
            identities,
        }
    }

    /// Whether it is known when all are there, so that nobody else is waited for.
    pub(crate) fn is_fixed(&self) -> bool {
        self.members.is_some() || !self.identities.is_empty()
    }

    /// The offers to propose for a first epoch, of all candidates; none while one is missing.
    pub(crate) fn choose(
        &self,
        mut candidates: Vec<OfferDigest>,
        identity: impl Fn(&OfferDigest) -> Option<IdentityKey>,
    ) -> Vec<OfferDigest> {
        let members = self.members.unwrap_or(2);
        let here = candidates.iter().filter_map(identity).collect();
        if candidates.len() < members || !self.are_among(&here) {
            return Vec::new();
        }
        if self.members.is_some() {
            candidates.truncate(members);
        }
        candidates
    }

    /// Whether a proposal may have so many members: the number that was asked for is that of a first epoch, and an epoch
    /// that exists already has its own.
    pub(crate) fn allows(&self, members: usize, is_first: bool) -> bool {
        match self.members {
            Some(expected) if is_first => members == expected,
            Some(_) | None => members >= 2,
        }
    }

    /// How many members the first epoch is to have, this one included; two at least.
    pub(crate) fn want(&self) -> usize {
        let named = self.identities.len().saturating_add(1);
        self.members.unwrap_or(named).max(2)
    }

    /// Whether all who are expected are among these.
    pub(crate) fn are_among(&self, identities: &BTreeSet<IdentityKey>) -> bool {
        self.identities.is_subset(identities)
    }

    /// Takes note that the first epoch is there.
    pub(crate) fn have_come(&mut self) {
        self.members = None;
        self.identities.clear();
    }
}
