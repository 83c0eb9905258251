//! What is measured over all sizes: one pair of methods on one backend.

use std::fmt;

use mpotr::{AgreementId, AuthenticationId, Backend};

/// One pair of methods on one backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Series {
    /// How the members agree on a key.
    pub(super) agreement: AgreementId,
    /// How they show one another who they are.
    pub(super) authentication: AuthenticationId,
    /// Who computes.
    pub(super) backend: Backend,
}

impl Series {
    /// The methods alone, as people call them.
    pub(super) fn methods(&self) -> String {
        format!("{} + {}", self.agreement.name(), self.authentication.name())
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.methods(), self.backend)
    }
}
