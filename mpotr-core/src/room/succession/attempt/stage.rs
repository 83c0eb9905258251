//! Where a member is in a run. `docs/spec/06-epochs.md`, "Runs".

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{Confirming, Contributing, Established, Run};

use super::Attempt;
use crate::room::installing::Certificate;

/// Where a member is in a run.
#[derive(Debug)]
pub(super) enum Stage<S: CryptoSuite> {
    Contributing(Contributing<S>),
    Confirming(Confirming<S>),
    /// All confirmations have verified: what is missing is leave to install it.
    Certified(Box<(Established<S>, Certificate)>),
}

impl<S: CryptoSuite> Attempt<S> {
    /// The run.
    pub(crate) const fn run(&self) -> &Run<S> {
        match &self.stage {
            Stage::Contributing(phase) => phase.run(),
            Stage::Confirming(phase) => phase.run(),
            Stage::Certified(certified) => &certified.0.run,
        }
    }

    /// Whether all confirmations are here and verify.
    pub(crate) const fn is_certified(&self) -> bool {
        matches!(self.stage, Stage::Certified(_))
    }

    pub(crate) const fn has_confirmed(&self) -> bool {
        matches!(self.stage, Stage::Confirming(_) | Stage::Certified(_))
    }
}
