//! The two suites: `docs/spec/02-suites.md`.

use mpotr_crypto::hkdf::hmac::SimpleHmac;
use mpotr_crypto::{CryptoSuite, SuiteId};

use crate::{Aes256Gcm, ChaCha20Poly1305, Ed25519, Ristretto255, Sha512};

/// Suite 0x0001, ChaCha20-Poly1305.
#[derive(Clone, Copy, Debug)]
pub struct ChaCha20Poly1305Suite;

/// Suite 0x0002, AES-256-GCM.
#[derive(Clone, Copy, Debug)]
pub struct Aes256GcmSuite;

const BACKEND: &str = "ring";

impl CryptoSuite for ChaCha20Poly1305Suite {
    const ID: SuiteId = SuiteId::ChaCha20Poly1305;
    const BACKEND: &'static str = BACKEND;
    type Aead = ChaCha20Poly1305;
    type Hash = Sha512;
    type Hmac = SimpleHmac<Sha512>;
    type Signature = Ed25519;
    type Group = Ristretto255;
}

impl CryptoSuite for Aes256GcmSuite {
    const ID: SuiteId = SuiteId::Aes256Gcm;
    const BACKEND: &'static str = BACKEND;
    type Aead = Aes256Gcm;
    type Hash = Sha512;
    type Hmac = SimpleHmac<Sha512>;
    type Signature = Ed25519;
    type Group = Ristretto255;
}
