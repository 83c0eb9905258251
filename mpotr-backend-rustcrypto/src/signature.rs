//! Ed25519: signing by `ed25519-dalek`, the arithmetic of verification by `mpotr-group-dalek`.

use mpotr_crypto::ed25519::Signature;
use mpotr_crypto::signature::{Error, Signer};
use mpotr_crypto::{Secret, SignatureScheme, opaque_debug};
use mpotr_group_dalek::Edwards25519;

/// Ed25519: signing by `ed25519-dalek`.
#[derive(Clone, Copy, Debug)]
pub struct Ed25519;

impl SignatureScheme for Ed25519 {
    type SigningKey = SigningKey;
    type Curve = Edwards25519;

    fn signing_key(seed: &Secret<32>) -> SigningKey {
        SigningKey(Box::new(ed25519_dalek::SigningKey::from_bytes(
            seed.expose(),
        )))
    }

    fn public_key(key: &SigningKey) -> [u8; 32] {
        key.0.verifying_key().to_bytes()
    }
}

/// A key that signs. It stays in one place on the heap, and `ed25519-dalek` wipes it there when it is dropped.
pub struct SigningKey(Box<ed25519_dalek::SigningKey>);

impl Signer<Signature> for SigningKey {
    fn try_sign(&self, message: &[u8]) -> Result<Signature, Error> {
        self.0.try_sign(message)
    }
}

opaque_debug!(SigningKey);
