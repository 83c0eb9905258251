//! What of a suite the RustCrypto crates compute: `docs/spec/02-suites.md`, "Backends".

use mpotr_crypto::Backend;
use mpotr_crypto::hkdf::hmac::Hmac;

use crate::{ChaCha20Poly1305, Ed25519, Ristretto255};

/// The RustCrypto crates and curve25519-dalek.
#[derive(Clone, Copy, Debug)]
pub struct RustCrypto;

impl Backend for RustCrypto {
    const NAME: &'static str = "rustcrypto";
    type ChaCha20Poly1305 = ChaCha20Poly1305;
    type Aes256Gcm = aes_gcm::Aes256Gcm;
    type Hash = sha2::Sha512;
    type Hmac = Hmac<sha2::Sha512>;
    type Signature = Ed25519;
    type Group = Ristretto255;
}
