//! Ed25519 by libsodium, as RustCrypto signatures: `docs/spec/02-suites.md`, "Signature".
//!
//! libsodium verifies without cofactor and refuses S >= L, keys and R of small order, and non-canonical keys: nearly
//! the strict predicate of `mpotr-crypto`, which runs before it all the same. It decodes a public key anew at each
//! verification.

use mpotr_crypto::ed25519::Signature;
use mpotr_crypto::signature::{Error, Signer, Verifier};
use mpotr_crypto::{Secret, SignatureScheme};

use crate::ffi::Sodium;

/// Ed25519 by libsodium.
#[derive(Clone, Copy, Debug)]
pub struct Ed25519;

impl SignatureScheme for Ed25519 {
    type SigningKey = SigningKey;
    type VerifyingKey = VerifyingKey;

    fn signing_key(seed: &Secret<32>) -> SigningKey {
        let mut public = [0; 32];
        let secret = Secret::fill_with(|secret| {
            public = Sodium::ready().ed25519_key_pair(seed.expose(), secret);
        });
        SigningKey { secret, public }
    }

    fn public_key(key: &SigningKey) -> [u8; 32] {
        key.public
    }

    fn verifying_key(bytes: &[u8; 32]) -> Option<VerifyingKey> {
        Sodium::ready()
            .ed25519_is_point(bytes)
            .then_some(VerifyingKey(*bytes))
    }
}

/// A key that signs. The secret is wiped when dropped.
pub struct SigningKey {
    /// As libsodium keeps it: the seed, then the public key.
    secret: Secret<64>,
    public: [u8; 32],
}

impl Signer<Signature> for SigningKey {
    fn try_sign(&self, message: &[u8]) -> Result<Signature, Error> {
        Ok(Signature::from_bytes(
            &Sodium::ready().ed25519_sign(self.secret.expose(), message),
        ))
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
        let valid = Sodium::ready().ed25519_verify(&self.0, message, &signature.to_bytes());
        valid.then_some(()).ok_or_else(Error::new)
    }
}
