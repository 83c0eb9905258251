//! Ed25519 by *ring*, as RustCrypto signatures: `docs/spec/02-suites.md`, "Signature".
//!
//! *ring* verifies without cofactor and refuses S >= L, but takes keys and R of small order. The strict predicate of
//! `mpotr-crypto` refuses those before it asks. *ring* decodes a public key anew at each verification and has no call
//! that only decodes: `curve25519-dalek` says whether the bytes are a point.

use std::hint::black_box;

use curve25519_dalek::edwards::CompressedEdwardsY;
use mpotr_crypto::ed25519::Signature;
use mpotr_crypto::signature::{Error, Signer, Verifier};
use mpotr_crypto::{Secret, SignatureScheme};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// Ed25519 by *ring*.
#[derive(Clone, Copy, Debug)]
pub struct Ed25519;

impl SignatureScheme for Ed25519 {
    type SigningKey = SigningKey;
    type VerifyingKey = VerifyingKey;

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

    fn verifying_key(bytes: &[u8; 32]) -> Option<VerifyingKey> {
        CompressedEdwardsY(*bytes)
            .decompress()
            .map(|_point| VerifyingKey(*bytes))
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

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// A key that verifies, known to be a point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyingKey([u8; 32]);

impl Verifier<Signature> for VerifyingKey {
    fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), Error> {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(message, &signature.to_bytes())
            .map_err(|ring::error::Unspecified| Error::new())
    }
}
