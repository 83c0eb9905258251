//! Ed25519: signing by RFC 8032, and the strict predicate.

use super::vectors::rfc_8032::ED25519;
use super::{SIGNATURES, TrialFault, ensure, hex};
use crate::ed25519_strict::{EphemeralKey, EphemeralKeyPair, SignatureBytes, VerifyingKey};
use crate::secret::Secret;
use crate::suite::CryptoSuite;

/// Signs, and verifies by the predicate over the backend's hash and curve.
pub(super) fn check<S: CryptoSuite>() -> Result<(), TrialFault> {
    let [_, _, test_3, ..] = ED25519;
    let pair = EphemeralKeyPair::<S>::from_seed(&Secret::new(hex(test_3.seed)?));
    ensure(
        *pair.public().as_bytes() == hex(test_3.public)?,
        "it makes another Ed25519 key of a seed",
    )?;
    ensure(
        *pair.sign(&hex::<2>(test_3.message)?).as_bytes() == hex(test_3.signature)?,
        "it makes another Ed25519 signature of a message",
    )?;
    verification(|key, message, signature| {
        VerifyingKey::<S>::decode(&EphemeralKey::new(*key)).is_some_and(|key| {
            key.verify(message, &SignatureBytes::new(*signature))
                .is_ok()
        })
    })
}

/// Holds the strict predicate against whatever verifies: a key, a message, a signature.
///
/// # Errors
/// The [`TrialFault`] of the first case with another verdict.
pub fn verification(
    accepts: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
) -> Result<(), TrialFault> {
    SIGNATURES.iter().try_for_each(|case| {
        let [r, s] = case.signature;
        let mut signature = [0; 64];
        let (first, second) = signature.split_at_mut(32);
        first.copy_from_slice(&hex::<32>(r)?);
        second.copy_from_slice(&hex::<32>(s)?);
        let accepted = accepts(&hex(case.key)?, case.message, &signature);
        ensure(accepted == case.accepted, case.fault)
    })
}
