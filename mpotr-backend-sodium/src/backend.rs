//! What of a suite libsodium computes: `docs/spec/02-suites.md`, "Backends".

use mpotr_crypto::hkdf::hmac::SimpleHmac;
use mpotr_crypto::{Backend, SuiteId};

use crate::ffi::{HardwareAes, Sodium};
use crate::{Aes256Gcm, ChaCha20Poly1305, Ed25519, Ristretto255, Sha512};

/// libsodium, with the arithmetic of signature verification from curve25519-dalek.
#[derive(Clone, Copy, Debug)]
pub struct Libsodium;

impl Backend for Libsodium {
    const NAME: &'static str = "sodium";
    type ChaCha20Poly1305 = ChaCha20Poly1305;
    type Aes256Gcm = Aes256Gcm;
    type Hash = Sha512;
    type Hmac = SimpleHmac<Sha512>;
    type Signature = Ed25519;
    type Group = Ristretto255;

    fn make_ready(suite: SuiteId) -> Result<(), &'static str> {
        let sodium = Sodium::init().ok_or("libsodium cannot be initialised")?;
        if suite == SuiteId::Aes256Gcm {
            return has_aes(sodium.hardware_aes());
        }
        Ok(())
    }
}

fn has_aes(aes: Option<HardwareAes>) -> Result<(), &'static str> {
    aes.map(|_aes| ())
        .ok_or("the CPU lacks the instructions for it")
}

#[cfg(test)]
mod tests {
    use super::has_aes;

    #[test]
    fn without_hardware_aes_the_suite_is_unsupported() {
        assert_eq!(has_aes(None), Err("the CPU lacks the instructions for it"));
    }
}
