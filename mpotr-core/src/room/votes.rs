//! What this member asks for, and what it knows of earlier votes. `docs/spec/06-epochs.md`, "Changes".
//!
//! It outlives epochs: who was admitted before there was one, and what is asked for until it is so.

pub(super) mod carried;
pub(super) mod exclusions;
pub(super) mod replacements;
pub(super) mod tries;

use std::collections::BTreeSet;

use mpotr_crypto::IdentityKey;

use crate::config::{Admission, RoomConfig};
use crate::error::VoteError;
use crate::policy::Policy;
use crate::wire::{EpochName, MAX_VOTES, Vote};
use carried::Carried;
use exclusions::Exclusions;
use replacements::Replacements;
use tries::Tries;

/// The most votes of a member about identities: a refresh and a policy always have a place beside them.
const MAX_IDENTITY_VOTES: usize = MAX_VOTES - 2;

/// The most other rooms with which a member asks to become one at one time.
const MAX_MERGES: usize = 4;

/// What this member asks for, under which policy, and what it knows of those who were left out.
#[derive(Debug)]
pub(super) struct Votes {
    /// The policy of the epoch, or without one that for which this member is ready.
    pub(super) policy: Policy,
    /// Whom this member is willing to be in a roster with.
    pub(super) admission: Admission,
    pub(super) cast: BTreeSet<Vote>,
    /// Identities that were left out by a vote: they are not let in again without one.
    pub(super) exclusions: Exclusions,
    /// Identities of which another instance came in.
    pub(super) replacements: Replacements,
    /// Identities for want of which views failed in epochs before.
    pub(super) carried: Carried,
    /// Members of this epoch that are proven to have cheated.
    pub(super) proven: BTreeSet<IdentityKey>,
    /// How often this room has tried to become one with another.
    pub(super) tries: Tries,
}

impl Votes {
    pub(super) fn new(config: &RoomConfig) -> Self {
        Self {
            policy: config.policy.clone(),
            admission: config.admission.clone(),
            cast: BTreeSet::new(),
            exclusions: Exclusions::default(),
            replacements: Replacements::default(),
            carried: Carried::default(),
            proven: BTreeSet::new(),
            tries: Tries::default(),
        }
    }

    /// Whether there is a place for a vote about an identity, which takes the place of the opposite one.
    ///
    /// # Errors
    /// As many votes stand as may be.
    pub(super) fn check_place_for(&self, vote: &Vote, opposite: &Vote) -> Result<(), VoteError> {
        let about_identities = |it: &&Vote| matches!(it, Vote::Admit(_) | Vote::Exclude(_));
        let has_place = self.cast.contains(vote)
            || self.cast.contains(opposite)
            || self.cast.iter().filter(about_identities).count() < MAX_IDENTITY_VOTES;
        has_place.then_some(()).ok_or(VoteError::TooMany)
    }

    /// Whether there is a place for the vote to become one with another room. Those with rooms that are no longer there give
    /// way.
    ///
    /// # Errors
    /// As many such votes stand as may be.
    pub(super) fn check_place_for_merge(
        &mut self,
        name: EpochName,
        is_there: impl Fn(EpochName) -> bool,
    ) -> Result<(), VoteError> {
        let merges = |it: &&Vote| matches!(it, Vote::Merge(other) if *other != name);
        if self.cast.iter().filter(merges).count() >= MAX_MERGES {
            self.cast.retain(|vote| match vote {
                Vote::Merge(other) => is_there(*other),
                Vote::Refresh | Vote::Admit(_) | Vote::Exclude(_) | Vote::Policy(_) => true,
            });
        }
        let has_place = self.cast.iter().filter(merges).count() < MAX_MERGES;
        has_place.then_some(()).ok_or(VoteError::TooMany)
    }

    /// The other rooms with which this member asks to become one.
    pub(super) fn merges(&self) -> impl Iterator<Item = EpochName> {
        self.cast.iter().filter_map(Vote::other_room)
    }

    /// Takes back the votes to become one with rooms that are this one.
    pub(super) fn forget_merges(&mut self, is_own: impl Fn(EpochName) -> bool) {
        self.cast
            .retain(|vote| !matches!(vote, Vote::Merge(name) if is_own(*name)));
    }

    /// This room and another have become one: what was asked for about others is to be asked anew.
    pub(super) fn have_merged(&mut self) {
        self.tries.have_merged();
        self.cast.retain(|vote| !matches!(vote, Vote::Merge(_)));
    }

    /// Asks for something, if there is room for it. Returns whether that is new.
    pub(super) fn vote(&mut self, vote: Vote) -> bool {
        self.cast.len() < MAX_VOTES && self.cast.insert(vote)
    }

    /// Asks for fresh keys, in any case. Returns whether that is new.
    pub(super) fn want_refresh(&mut self) -> bool {
        self.cast.insert(Vote::Refresh)
    }

    /// Is willing to be in a roster with an identity. Returns whether it may be asked for: under [`Admission::Only`] nobody
    /// is added.
    pub(super) fn accept(&mut self, identity: IdentityKey) -> bool {
        match &mut self.admission {
            Admission::Only(identities) if !identities.contains(&identity) => return false,
            Admission::Only(_) | Admission::Open => {}
            Admission::Ask(identities) => {
                identities.insert(identity);
            }
        }
        self.cast.remove(&Vote::Exclude(identity));
        true
    }

    /// Whether this member is willing to be in a first epoch with an identity: not with one that was left out by a vote, unless
    /// a person has let it in since.
    pub(super) fn takes(&self, identity: &IdentityKey) -> bool {
        let is_out = self.exclusions.holds(identity);
        self.admission.admits(identity) && (!is_out || self.cast.contains(&Vote::Admit(*identity)))
    }

    /// Takes back what was asked for. An identity that is not in yet is asked about again. Returns whether there was anything
    /// to take back.
    pub(super) fn withdraw(&mut self, vote: &Vote, is_in: impl Fn(&IdentityKey) -> bool) -> bool {
        let is_withdrawn = self.cast.remove(vote);
        match (vote, &mut self.admission) {
            (Vote::Admit(identity), Admission::Ask(identities)) if !is_in(identity) => {
                identities.remove(identity) || is_withdrawn
            }
            _ => is_withdrawn,
        }
    }

    /// Another epoch begins, without those who were voted out. Returns whether its policy is another.
    pub(super) fn begin_epoch(
        &mut self,
        policy: &Policy,
        roster: &BTreeSet<IdentityKey>,
        voted_out: impl IntoIterator<Item = IdentityKey>,
    ) -> bool {
        let is_other = self.policy != *policy;
        self.policy.clone_from(policy);
        self.exclusions.begin_epoch(roster, voted_out);
        // What the new roster fulfils is not asked for.
        self.cast.retain(|vote| match vote {
            Vote::Refresh => false,
            Vote::Admit(identity) => !roster.contains(identity),
            Vote::Exclude(identity) => roster.contains(identity),
            Vote::Policy(wanted) => wanted != policy,
            Vote::Merge(_) => true,
        });
        self.proven.clear();
        is_other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const EVE: IdentityKey = IdentityKey::new([3; 32]);

    fn votes(admission: Admission) -> Votes {
        let room = mpotr_gka::RoomId::new([0; 32]);
        Votes::new(&RoomConfig::new(room, admission))
    }

    #[test]
    fn a_fixed_list_accepts_nobody_else() {
        let mut votes = votes(Admission::Only([BOB].into()));
        assert!(votes.accept(BOB));
        assert!(!votes.accept(EVE));
        assert!(!votes.admission.admits(&EVE));
    }

    #[test]
    fn an_admission_that_is_taken_back_is_asked_about_again_unless_it_was_used() {
        let mut votes = votes(Admission::Ask(BTreeSet::new()));
        for identity in [BOB, EVE] {
            assert!(votes.accept(identity));
        }
        assert!(votes.withdraw(&Vote::Admit(EVE), |identity| *identity == BOB));
        assert!(!votes.withdraw(&Vote::Admit(BOB), |identity| *identity == BOB));
        assert!(votes.admission.admits(&BOB) && !votes.admission.admits(&EVE));
    }

    #[test]
    fn an_epoch_ends_what_it_fulfils_and_nothing_else() {
        let mut votes = votes(Admission::Open);
        let other = Policy {
            evidence: !votes.policy.evidence,
            ..votes.policy.clone()
        };
        let stays = [
            Vote::Admit(EVE),
            Vote::Exclude(BOB),
            Vote::Policy(other.clone()),
        ];
        let goes = [Vote::Refresh, Vote::Admit(BOB), Vote::Exclude(EVE)];
        for vote in stays.iter().chain(&goes) {
            assert!(votes.vote(vote.clone()));
        }
        votes.proven.insert(BOB);
        let policy = votes.policy.clone();
        assert!(!votes.begin_epoch(&policy, &[ALICE, BOB].into(), [EVE]));
        assert!(votes.cast.iter().eq(&BTreeSet::from(stays)));
        assert!(votes.proven.is_empty() && votes.exclusions.holds(&EVE));
        assert!(votes.begin_epoch(&other, &[ALICE, BOB].into(), []));
        assert_eq!(votes.policy, other);
    }
}
