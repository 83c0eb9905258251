//! ChaCha20-Poly1305 and AES-256-GCM by libsodium: `docs/spec/02-suites.md`, "AEAD".
//!
//! After a failed open libsodium leaves zeros (ChaCha20-Poly1305) or bytes 0xd0 (AES-256-GCM).

use mpotr_crypto::adapter::{AeadAdapter, InPlaceAead};
use mpotr_crypto::opaque_debug;
use zeroize::Zeroizing;

use crate::ffi::{HardwareAes, Sodium};

/// ChaCha20-Poly1305 (RFC 8439) by libsodium.
pub type ChaCha20Poly1305 = AeadAdapter<ChaCha20Poly1305Key>;

/// AES-256-GCM (NIST SP 800-38D) by libsodium.
///
/// Without the instructions in the CPU there is no AES: sealing and opening fail.
pub type Aes256Gcm = AeadAdapter<Aes256GcmKey>;

/// A key of ChaCha20-Poly1305. Wiped when dropped.
pub struct ChaCha20Poly1305Key {
    key: Zeroizing<[u8; 32]>,
    sodium: Sodium,
}

impl InPlaceAead for ChaCha20Poly1305Key {
    fn new(key: &[u8; 32]) -> Self {
        Self {
            key: Zeroizing::new(*key),
            sodium: Sodium::ready(),
        }
    }

    fn seal(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        self.sodium
            .chacha20poly1305_seal(&self.key, nonce, data, text)
    }

    fn open(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8], tag: &[u8; 16]) -> Option<()> {
        self.sodium
            .chacha20poly1305_open(&self.key, nonce, data, text, tag)
    }
}

/// A key of AES-256-GCM. Wiped when dropped.
pub struct Aes256GcmKey {
    key: Zeroizing<[u8; 32]>,
    aes: Option<HardwareAes>,
}

impl InPlaceAead for Aes256GcmKey {
    fn new(key: &[u8; 32]) -> Self {
        Self {
            key: Zeroizing::new(*key),
            aes: Sodium::ready().hardware_aes(),
        }
    }

    fn seal(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        self.aes?.seal(&self.key, nonce, data, text)
    }

    fn open(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8], tag: &[u8; 16]) -> Option<()> {
        self.aes?.open(&self.key, nonce, data, text, tag)
    }
}

opaque_debug!(ChaCha20Poly1305Key, Aes256GcmKey);

#[cfg(test)]
mod tests {
    use mpotr_crypto::aead::AeadInOut;

    use super::{Aes256Gcm, Aes256GcmKey, Zeroizing};

    fn without_hardware() -> Aes256Gcm {
        Aes256Gcm::from(Aes256GcmKey {
            key: Zeroizing::new([1; 32]),
            aes: None,
        })
    }

    #[test]
    fn without_hardware_aes_sealing_fails_and_shows_no_plaintext() {
        let aead = without_hardware();
        let mut text = *b"the text of a message";
        let sealed = aead.encrypt_inout_detached(&[2; 12].into(), b"", text.as_mut_slice().into());
        assert!(sealed.is_err());
        assert_eq!(text, [0; 21]);
    }

    #[test]
    fn without_hardware_aes_opening_fails_and_wipes() {
        let aead = without_hardware();
        let mut text = [3; 21];
        let nonce = [2; 12].into();
        let tag = [4; 16].into();
        let opened = aead.decrypt_inout_detached(&nonce, b"", text.as_mut_slice().into(), &tag);
        assert!(opened.is_err());
        assert_eq!(text, [0; 21]);
    }
}
