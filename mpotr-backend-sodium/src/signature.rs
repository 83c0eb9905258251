//! Ed25519: signing by libsodium, as RustCrypto signatures; the arithmetic of verification by `mpotr-group-dalek`:
//! `docs/spec/02-suites.md`, "Signature".
//!
//! libsodium's own verification is a verdict that differs between its versions: 1.0.22 verifies without cofactor, the
//! development branch after it takes an R that is off by a point of small order. Its functions on points refuse those
//! of mixed order, which the predicate decides by the equation.

use mpotr_crypto::ed25519::Signature;
use mpotr_crypto::signature::{Error, Signer};
use mpotr_crypto::{Secret, SignatureScheme, opaque_debug};
use mpotr_group_dalek::Edwards25519;

use crate::ffi::Sodium;

/// Ed25519 by libsodium.
#[derive(Clone, Copy, Debug)]
pub struct Ed25519;

impl SignatureScheme for Ed25519 {
    type SigningKey = SigningKey;
    type Curve = Edwards25519;

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

opaque_debug!(SigningKey);
