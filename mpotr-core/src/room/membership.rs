//! A member's part in one epoch, from when it is installed until the next one is. `docs/spec/06-epochs.md`.

pub(super) mod applicants;
pub(super) mod asked;
pub(super) mod ballot;
pub(super) mod excluding;
pub(super) mod hurry;
pub(super) mod owing;
pub(super) mod settling;
pub(super) mod strangers;
pub(super) mod strikes;
pub(super) mod talking;
pub(super) mod twins;
pub(super) mod window;

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::MemberIndex;

use super::changing::Changing;
use super::installing::Certificate;
use super::merging::Move;
use crate::epoch::Epoch;
use crate::time::Timestamp;
use crate::wire::{EpochName, Vote};
use strangers::Strangers;
use talking::Talk;
use twins::Twins;

/// A member's part in one epoch.
pub(super) struct Membership<S: CryptoSuite> {
    pub(super) epoch: Epoch<S>,
    /// The name of the epoch.
    pub(super) name: EpochName,
    /// Whether its members go over into another.
    pub(super) goes_over: Option<Move>,
    /// What this member sent in the run that led here.
    pub(super) certificate: Certificate,
    pub(super) talk: Talk,
    pub(super) changing: Changing,
    /// Those outside who want to come in.
    pub(super) strangers: Strangers<S>,
    /// Those outside of whom other members have said that they would come in.
    pub(super) met_through_others: BTreeSet<IdentityKey>,
    /// How often members were asked for what they committed to.
    pub(super) openings_asked: asked::Asked,
    /// Members whose identity another instance has shown to have.
    pub(super) twins: Twins,
    /// Members that have given up the epoch before, and with it this one, in which they have never been.
    pub(super) absent: BTreeSet<MemberIndex>,
    /// What is decided for the next epoch, of which the application was told.
    pub(super) decided: BTreeSet<Vote>,
}

impl<S: CryptoSuite> Membership<S> {
    /// An epoch begins.
    pub(super) fn begin(
        epoch: Epoch<S>,
        name: EpochName,
        certificate: Certificate,
        now: Timestamp,
    ) -> Self {
        Self {
            epoch,
            name,
            goes_over: None,
            certificate,
            talk: Talk::new(now),
            changing: Changing::default(),
            strangers: Strangers::default(),
            met_through_others: BTreeSet::new(),
            openings_asked: asked::Asked::default(),
            twins: Twins::default(),
            absent: BTreeSet::new(),
            decided: BTreeSet::new(),
        }
    }
}
