//! Ed25519 by `ed25519-dalek`.

use ed25519_dalek::{SigningKey, VerifyingKey};
use mpotr_crypto::{Secret, SignatureScheme};

/// Ed25519 by `ed25519-dalek`. Its keys implement the RustCrypto traits themselves.
#[derive(Clone, Copy, Debug)]
pub struct Ed25519;

impl SignatureScheme for Ed25519 {
    type SigningKey = SigningKey;
    type VerifyingKey = VerifyingKey;

    fn signing_key(seed: &Secret<32>) -> SigningKey {
        SigningKey::from_bytes(seed.expose())
    }

    fn public_key(key: &SigningKey) -> [u8; 32] {
        key.verifying_key().to_bytes()
    }

    fn verifying_key(bytes: &[u8; 32]) -> Option<VerifyingKey> {
        VerifyingKey::from_bytes(bytes).ok()
    }
}
