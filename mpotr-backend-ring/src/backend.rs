//! What of a suite *ring* computes: `docs/spec/02-suites.md`, "Backends".

use mpotr_crypto::Backend;
use mpotr_crypto::hkdf::hmac::SimpleHmac;

use crate::{Aes256Gcm, ChaCha20Poly1305, Ed25519, Ristretto255, Sha512};

/// *ring*, with group arithmetic from curve25519-dalek.
#[derive(Clone, Copy, Debug)]
pub struct Ring;

impl Backend for Ring {
    const NAME: &'static str = "ring";
    type ChaCha20Poly1305 = ChaCha20Poly1305;
    type Aes256Gcm = Aes256Gcm;
    type Hash = Sha512;
    type Hmac = SimpleHmac<Sha512>;
    type Signature = Ed25519;
    type Group = Ristretto255;
}
