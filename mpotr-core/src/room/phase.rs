//! Where a member is: outside, in an epoch, or gone. `docs/spec/06-epochs.md`.
//!
//! ```text
//! Gathering ──installs an epoch──> Member ──installs the next──> Member
//!     ^                              │ │
//!     └─────── falls behind ─────────┘ └── leaves, is removed, gives up ──> Ended
//! ```
//!
//! What belongs to a phase is dropped with it: nothing is reset by hand.

use mpotr_crypto::CryptoSuite;

use super::changing::Change;
use super::membership::Membership;
use crate::epoch::Epoch;
use crate::wire::EpochName;

/// What is known of the time outside.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// Whether the others have gone on without this member, which was in an epoch before.
    pub(super) has_lost_epoch: bool,
}

/// Where a member is.
pub(super) enum Phase<S: CryptoSuite> {
    /// In no epoch: it makes offers, for a first epoch or to members of one.
    Gathering(Gathering),
    /// In an epoch.
    Member(Box<Membership<S>>),
    /// It has left: nothing happens here again.
    Ended,
}

impl<S: CryptoSuite> Phase<S> {
    pub(super) const fn is_member(&self) -> bool {
        matches!(self, Self::Member(_))
    }

    /// Whether a member looks for others to be in an epoch with: it is in none, or alone in one that the others have left.
    pub(super) fn gathers(&self) -> bool {
        match self {
            Self::Gathering(_) => true,
            Self::Member(member) => member.epoch.members() == 1,
            Self::Ended => false,
        }
    }

    pub(super) const fn has_ended(&self) -> bool {
        matches!(self, Self::Ended)
    }

    pub(super) fn member(&self) -> Option<&Membership<S>> {
        match self {
            Self::Member(member) => Some(member),
            Self::Gathering(_) | Self::Ended => None,
        }
    }

    pub(super) fn member_mut(&mut self) -> Option<&mut Membership<S>> {
        match self {
            Self::Member(member) => Some(member),
            Self::Gathering(_) | Self::Ended => None,
        }
    }

    /// Leaves the epoch, if this member is in one.
    pub(super) fn leave_for(&mut self, next: Self) -> Option<Box<Membership<S>>> {
        match std::mem::replace(self, next) {
            Self::Member(member) => Some(member),
            Self::Gathering(_) | Self::Ended => None,
        }
    }

    pub(super) fn epoch(&self) -> Option<&Epoch<S>> {
        self.member().map(|member| &member.epoch)
    }

    pub(super) fn epoch_mut(&mut self) -> Option<&mut Epoch<S>> {
        self.member_mut().map(|member| &mut member.epoch)
    }

    /// The change under way.
    pub(super) fn change(&self) -> Option<&Change> {
        self.member()?.changing.change.as_ref()
    }

    pub(super) fn change_mut(&mut self) -> Option<&mut Change> {
        self.member_mut()?.changing.change.as_mut()
    }

    /// The name of the epoch, or none.
    pub(super) fn name(&self) -> Option<EpochName> {
        self.member().map(|member| member.name)
    }

    /// The view ends by what a member did or wants, and not by the weather.
    pub(super) fn cut_short(&mut self) {
        if let Some(change) = self.change_mut() {
            change.is_cut_short = true;
        }
    }
}
