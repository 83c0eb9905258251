//! Ed25519: signing by RFC 8032, and the strict predicate.

use super::{Fault, SIGNATURES, ensure, hex};
use crate::ed25519_strict::{EphemeralKey, EphemeralKeyPair, SignatureBytes, VerifyingKey};
use crate::secret::Secret;
use crate::suite::CryptoSuite;

/// RFC 8032 section 7.1, "TEST 3".
const SEED: &str = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
const PUBLIC: &str = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
const MESSAGE: [u8; 2] = [0xaf, 0x82];
const SIGNATURE: &str = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

/// Signs, and verifies by the predicate over the backend's hash and curve.
pub(super) fn check<S: CryptoSuite>() -> Result<(), Fault> {
    let pair = EphemeralKeyPair::<S>::from_seed(&Secret::new(hex(SEED)?));
    ensure(
        *pair.public().as_bytes() == hex(PUBLIC)?,
        "it makes another Ed25519 key of a seed",
    )?;
    ensure(
        *pair.sign(&MESSAGE).as_bytes() == hex(SIGNATURE)?,
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
/// The [`Fault`] of the first case with another verdict.
pub fn verification(accepts: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool) -> Result<(), Fault> {
    SIGNATURES.iter().try_for_each(|case| {
        let accepted = accepts(&hex(case.key)?, case.message, &hex(case.signature)?);
        ensure(accepted == case.accepted, case.fault)
    })
}
