//! How an epoch of a transcript began. `docs/spec/10-transcripts.md`, "File".
//!
//! ```text
//! run = proposal offer{N} contribution{N} confirmation{N}       of a full run, N as in the proposal
//!     | seed cut                                                of a light run, from the epoch before
//!     | joined                                                  of a light run by which the keeper came in
//! ```

use mpotr_core::wire::EpochName;
use mpotr_core::{Policy, RunRecord};
use mpotr_crypto::{CryptoSuite, Decoder, SuiteId};
use mpotr_gka::Sid;
use mpotr_gka::light::{ChangeBody as _, JoinRecord, LightRecord};

use crate::entry::Entry;

/// The run that led to an epoch, as it was read: nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SectionRun {
    /// A full run. Lists are in cycle order, each with as many elements as the proposal has offers.
    Full(Box<RunRecord>),
    /// A light run from the epoch before.
    Light(Box<LightRecord>),
    /// A light run by which the keeper of the transcript came in.
    Joined(Box<JoinRecord>),
}

impl SectionRun {
    /// The full run; `None` if it was a light one.
    #[must_use]
    pub fn full(&self) -> Option<&RunRecord> {
        match self {
            Self::Full(run) => Some(run),
            Self::Light(_) | Self::Joined(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn full_mut(&mut self) -> Option<&mut RunRecord> {
        match self {
            Self::Full(run) => Some(run),
            Self::Light(_) | Self::Joined(_) => None,
        }
    }

    /// The light run; `None` if it was a full one.
    #[must_use]
    pub fn light(&self) -> Option<&LightRecord> {
        match self {
            Self::Full(_) | Self::Joined(_) => None,
            Self::Light(run) => Some(run),
        }
    }

    /// The same, to be changed.
    pub fn light_mut(&mut self) -> Option<&mut LightRecord> {
        match self {
            Self::Full(_) | Self::Joined(_) => None,
            Self::Light(run) => Some(run),
        }
    }

    /// The suite; `None` of a light run, which is of that of its parent.
    #[must_use]
    pub fn suite(&self) -> Option<SuiteId> {
        match self {
            Self::Full(run) => Some(run.proposal.suite),
            Self::Joined(run) => Some(run.suite),
            Self::Light(_) => None,
        }
    }

    /// The policy of the epoch; `None` if it does not decode.
    #[must_use]
    pub fn policy(&self) -> Option<Policy> {
        match self {
            Self::Full(run) => Some(run.proposal.policy.clone()),
            Self::Light(run) => {
                let policy = &run.seed.body().terms.policy;
                Decoder::whole(policy, Policy::decode).ok()
            }
            Self::Joined(run) => Decoder::whole(run.policy(), Policy::decode).ok(),
        }
    }

    /// The name of the epoch.
    #[must_use]
    pub fn name(&self) -> EpochName {
        match self {
            Self::Full(run) => run.proposal.name,
            Self::Light(run) => EpochName::new(*run.seed.body().terms.handle.as_bytes()),
            Self::Joined(run) => run.name(),
        }
    }

    /// By what members of the epoch before speak of the run; `None` of one of which the keeper knows only what it was told.
    #[must_use]
    pub fn spoken_of<S: CryptoSuite>(&self) -> Option<Sid> {
        match self {
            Self::Full(run) => Some(run.proposal.sid::<S>(run.offers.iter())),
            Self::Light(run) => Some(Sid::new(*run.seed.body().digest::<S>().as_bytes())),
            Self::Joined(_) => None,
        }
    }

    /// Its records.
    pub(crate) fn entries(&self) -> Box<dyn Iterator<Item = Entry> + '_> {
        match self {
            Self::Full(run) => {
                let sealed = run.confirmations.iter().zip(&run.payloads);
                let sealed =
                    sealed.map(|(it, payload)| Entry::Confirmation(it.clone(), payload.clone()));
                let first = core::iter::once(Entry::Proposal(run.proposal.clone()));
                Box::new(
                    first
                        .chain(run.offers.iter().cloned().map(Entry::Offer))
                        .chain(run.contributions.iter().cloned().map(Entry::Contribution))
                        .chain(sealed),
                )
            }
            Self::Light(run) => {
                let seed = Entry::Seed(Box::new(run.seed.clone()));
                let cut = Entry::Cut(Box::new(run.cut.clone()), run.key_commitment);
                Box::new([seed, cut].into_iter())
            }
            Self::Joined(run) => Box::new(core::iter::once(Entry::Joined(run.clone()))),
        }
    }
}
