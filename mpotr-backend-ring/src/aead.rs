//! ChaCha20-Poly1305 and AES-256-GCM by *ring*: `docs/spec/02-suites.md`, "AEAD".

use std::hint::black_box;

use mpotr_crypto::adapter::{AeadAdapter, InPlaceAead};
use mpotr_crypto::opaque_debug;
use ring::aead::{self, Aad, Algorithm, LessSafeKey, Nonce, Tag, UnboundKey};

/// ChaCha20-Poly1305 (RFC 8439) by *ring*.
pub type ChaCha20Poly1305 = AeadAdapter<ChaCha20Poly1305Key>;

/// AES-256-GCM (NIST SP 800-38D) by *ring*.
pub type Aes256Gcm = AeadAdapter<Aes256GcmKey>;

/// A key of one of *ring*'s algorithms.
macro_rules! ring_key {
    ($(#[$doc:meta])* $name:ident, $algorithm:ident) => {
        $(#[$doc])*
        pub struct $name(RingKey);

        opaque_debug!($name);

        impl InPlaceAead for $name {
            fn new(key: &[u8; 32]) -> Self {
                Self(RingKey::new(&aead::$algorithm, key))
            }

            fn seal(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
                self.0.seal(*nonce, data, text)
            }

            fn open(
                &self,
                nonce: &[u8; 12],
                data: &[u8],
                text: &mut [u8],
                tag: &[u8; 16],
            ) -> Option<()> {
                self.0.open(*nonce, data, text, *tag)
            }
        }
    };
}

ring_key! {
    /// A key of ChaCha20-Poly1305.
    ChaCha20Poly1305Key, CHACHA20_POLY1305
}

ring_key! {
    /// A key of AES-256-GCM.
    Aes256GcmKey, AES_256_GCM
}

/// A key as *ring* keeps it. *ring* checks lengths at run time; 32 bytes always make a key, and if they did not, every
/// operation would fail.
struct RingKey(Option<LessSafeKey>);

impl RingKey {
    fn new(algorithm: &'static Algorithm, key: &[u8; 32]) -> Self {
        Self(UnboundKey::new(algorithm, key).map(LessSafeKey::new).ok())
    }

    fn seal(&self, nonce: [u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        let key = self.0.as_ref()?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(data), text);
        tag.ok()?.as_ref().try_into().ok()
    }

    fn open(&self, nonce: [u8; 12], data: &[u8], text: &mut [u8], tag: [u8; 16]) -> Option<()> {
        let key = self.0.as_ref()?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.open_in_place_separate_tag(nonce, Aad::from(data), Tag::from(tag), text, 0..)
            .map(|_text| ())
            .ok()
    }
}

impl Drop for RingKey {
    /// Overwrites the key with that of zeros; `black_box` keeps the compiler from leaving the write out.
    fn drop(&mut self) {
        if let Some(algorithm) = self.0.as_ref().map(LessSafeKey::algorithm) {
            self.0 = UnboundKey::new(algorithm, &[0; 32])
                .map(LessSafeKey::new)
                .ok();
            black_box(&self.0);
        }
    }
}
