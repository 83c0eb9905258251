//! Ed25519: signing by *ring*, as RustCrypto signatures; the arithmetic of verification by `mpotr-group-dalek`:
//! `docs/spec/02-suites.md`, "Signature".
//!
//! *ring* verifies too, and gives a verdict alone; it has no arithmetic to decide by.

use std::hint::black_box;

use mpotr_crypto::ed25519::Signature;
use mpotr_crypto::signature::{Error, Signer};
use mpotr_crypto::{Secret, SignatureScheme, opaque_debug};
use mpotr_group_dalek::Edwards25519;
use ring::signature::{Ed25519KeyPair, KeyPair};

/// Ed25519 by *ring*.
#[derive(Clone, Copy, Debug)]
pub struct Ed25519;

impl SignatureScheme for Ed25519 {
    type SigningKey = SigningKey;
    type Curve = Edwards25519;

    fn signing_key(seed: &Secret<32>) -> SigningKey {
        SigningKey(
            Ed25519KeyPair::from_seed_unchecked(seed.expose())
                .map(Box::new)
                .ok(),
        )
    }

    fn public_key(key: &SigningKey) -> [u8; 32] {
        let pair = key.0.as_deref();
        let public = pair.and_then(|pair| pair.public_key().as_ref().try_into().ok());
        // No key stands for y = 0, which has small order: no one accepts it.
        public.unwrap_or_default()
    }
}

/// A key that signs. *ring* checks the length of a seed at run time; 32 bytes always make a key, and were there
/// none, signing would fail.
///
/// The key stays in one place on the heap and is overwritten there when it is dropped.
pub struct SigningKey(Option<Box<Ed25519KeyPair>>);

impl Signer<Signature> for SigningKey {
    fn try_sign(&self, message: &[u8]) -> Result<Signature, Error> {
        let pair = self.0.as_ref().ok_or_else(Error::new)?;
        Signature::from_slice(pair.sign(message).as_ref())
    }
}

impl Drop for SigningKey {
    /// Overwrites the key with that of a seed of zeros (one multiplication of the base point); `black_box` keeps
    /// the compiler from leaving the write out.
    fn drop(&mut self) {
        if let (Some(pair), Ok(zeros)) = (
            self.0.as_deref_mut(),
            Ed25519KeyPair::from_seed_unchecked(&[0; 32]),
        ) {
            *pair = zeros;
            black_box(&*pair);
        }
    }
}

opaque_debug!(SigningKey);
