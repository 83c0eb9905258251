//! Identities, for programs that name no suite: they are the same in all of them.

use mpotr_core::crypto::{Fingerprint, IdentityKey, IdentityKeyPair};

use crate::{DefaultSuite, SystemRng};

/// A fresh long-term identity. To be kept: other people know a member by its public key.
#[must_use]
pub fn new_identity() -> IdentityKeyPair {
    IdentityKeyPair::random::<DefaultSuite>(&mut SystemRng::default())
}

/// What people compare of an identity: eight groups of five digits.
#[must_use]
pub fn fingerprint(identity: &IdentityKey) -> Fingerprint {
    Fingerprint::of::<DefaultSuite>(identity)
}
