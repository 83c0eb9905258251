//! The two suites: `docs/spec/02-suites.md`.

use mpotr_crypto::hkdf::hmac::SimpleHmac;
use mpotr_crypto::{CryptoSuite, SuiteId, UnsupportedSuite};

use crate::ffi::{HardwareAes, Sodium};
use crate::{Aes256Gcm, ChaCha20Poly1305, Ed25519, Ristretto255, Sha512};

/// Suite 0x0001, ChaCha20-Poly1305.
#[derive(Clone, Copy, Debug)]
pub struct ChaCha20Poly1305Suite;

/// Suite 0x0002, AES-256-GCM. Not on every CPU.
#[derive(Clone, Copy, Debug)]
pub struct Aes256GcmSuite;

const BACKEND: &str = "sodium";

impl CryptoSuite for ChaCha20Poly1305Suite {
    const ID: SuiteId = SuiteId::ChaCha20Poly1305;
    const BACKEND: &'static str = BACKEND;
    type Aead = ChaCha20Poly1305;
    type Hash = Sha512;
    type Hmac = SimpleHmac<Sha512>;
    type Signature = Ed25519;
    type Group = Ristretto255;

    fn make_ready() -> Result<(), UnsupportedSuite> {
        initialised::<Self>().map(|_sodium| ())
    }
}

impl CryptoSuite for Aes256GcmSuite {
    const ID: SuiteId = SuiteId::Aes256Gcm;
    const BACKEND: &'static str = BACKEND;
    type Aead = Aes256Gcm;
    type Hash = Sha512;
    type Hmac = SimpleHmac<Sha512>;
    type Signature = Ed25519;
    type Group = Ristretto255;

    fn make_ready() -> Result<(), UnsupportedSuite> {
        has_aes(initialised::<Self>()?.hardware_aes())
    }
}

fn initialised<S: CryptoSuite>() -> Result<Sodium, UnsupportedSuite> {
    Sodium::init().ok_or_else(|| unsupported::<S>("libsodium cannot be initialised"))
}

fn has_aes(aes: Option<HardwareAes>) -> Result<(), UnsupportedSuite> {
    aes.map(|_aes| ())
        .ok_or_else(|| unsupported::<Aes256GcmSuite>("the CPU lacks the instructions for it"))
}

fn unsupported<S: CryptoSuite>(reason: &'static str) -> UnsupportedSuite {
    UnsupportedSuite {
        suite: S::ID,
        backend: BACKEND,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::has_aes;

    #[test]
    fn without_hardware_aes_the_suite_is_unsupported_by_name() {
        assert_eq!(
            has_aes(None).unwrap_err().to_string(),
            "the sodium backend cannot compute the suite aes256gcm here: the CPU lacks the instructions for it"
        );
    }
}
