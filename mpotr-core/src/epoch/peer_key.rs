//! The key of a member, decoded when it first signs something: most of the members of a large room say little.
//! `docs/spec/02-suites.md`, "Signature".

use std::sync::OnceLock;

use mpotr_crypto::{CryptoSuite, EphemeralKey, VerifyingKey};

/// `E` of a member.
pub(super) struct PeerKey<S: CryptoSuite> {
    encoded: EphemeralKey,
    decoded: OnceLock<Option<VerifyingKey<S>>>,
}

impl<S: CryptoSuite> PeerKey<S> {
    pub(super) const fn new(encoded: EphemeralKey) -> Self {
        Self {
            encoded,
            decoded: OnceLock::new(),
        }
    }

    /// The key; `None` if E is no point: nothing that the member signs verifies.
    pub(super) fn get(&self) -> Option<&VerifyingKey<S>> {
        self.decoded
            .get_or_init(|| VerifyingKey::decode(&self.encoded))
            .as_ref()
    }
}
