//! ChaCha20-Poly1305 and AES-256-GCM by *ring*, as RustCrypto AEADs: `docs/spec/02-suites.md`, "AEAD".
//!
//! *ring* works in place: where input and output differ, the input is copied to the output first. After a failed
//! open the output is zeros.

use std::hint::black_box;

use mpotr_crypto::aead::consts::{U12, U16, U32};
use mpotr_crypto::aead::inout::InOutBuf;
use mpotr_crypto::aead::{
    AeadCore, AeadInOut, Error, Key, KeyInit, KeySizeUser, Nonce, Tag, TagPosition,
};
use mpotr_crypto::zeroize::Zeroize;
use ring::aead::{self as ring_aead, Aad, Algorithm, LessSafeKey, UnboundKey};

/// A key as *ring* keeps it. *ring* checks lengths at run time; 32 bytes always make a key, and were there none,
/// every operation would fail.
struct RingKey(Option<LessSafeKey>);

impl RingKey {
    fn new(algorithm: &'static Algorithm, key: &[u8]) -> Self {
        Self(UnboundKey::new(algorithm, key).map(LessSafeKey::new).ok())
    }

    fn seal(
        &self,
        nonce: &[u8],
        associated_data: &[u8],
        text: &mut [u8],
    ) -> Result<ring_aead::Tag, Error> {
        let key = self.0.as_ref().ok_or(Error)?;
        let nonce = ring_aead::Nonce::try_assume_unique_for_key(nonce).map_err(opaque)?;
        key.seal_in_place_separate_tag(nonce, Aad::from(associated_data), text)
            .map_err(opaque)
    }

    fn open(
        &self,
        nonce: &[u8],
        associated_data: &[u8],
        text: &mut [u8],
        tag: &[u8],
    ) -> Result<(), Error> {
        let key = self.0.as_ref().ok_or(Error)?;
        let nonce = ring_aead::Nonce::try_assume_unique_for_key(nonce).map_err(opaque)?;
        let tag = ring_aead::Tag::try_from(tag).map_err(opaque)?;
        key.open_in_place_separate_tag(nonce, Aad::from(associated_data), tag, text, 0..)
            .map(|_text| ())
            .map_err(opaque)
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

fn opaque(_: ring::error::Unspecified) -> Error {
    Error
}

/// An AEAD of *ring* with a 32-byte key, a 12-byte nonce and a 16-byte tag behind the text.
macro_rules! ring_aead {
    ($(#[$doc:meta])* $name:ident, $algorithm:ident) => {
        $(#[$doc])*
        pub struct $name(RingKey);

        impl KeySizeUser for $name {
            type KeySize = U32;
        }

        impl KeyInit for $name {
            fn new(key: &Key<Self>) -> Self {
                Self(RingKey::new(&ring_aead::$algorithm, key))
            }
        }

        impl AeadCore for $name {
            type NonceSize = U12;
            type TagSize = U16;
            const TAG_POSITION: TagPosition = TagPosition::Postfix;
        }

        impl AeadInOut for $name {
            fn encrypt_inout_detached(
                &self,
                nonce: &Nonce<Self>,
                associated_data: &[u8],
                buffer: InOutBuf<'_, '_, u8>,
            ) -> Result<Tag<Self>, Error> {
                let text = buffer.into_out_with_copied_in();
                let sealed = self.0.seal(nonce, associated_data, text);
                match sealed.map(|tag| Tag::<Self>::try_from(tag.as_ref())) {
                    Ok(Ok(tag)) => Ok(tag),
                    Ok(Err(_)) | Err(Error) => {
                        // Never plaintext where the caller expects ciphertext.
                        text.zeroize();
                        Err(Error)
                    }
                }
            }

            fn decrypt_inout_detached(
                &self,
                nonce: &Nonce<Self>,
                associated_data: &[u8],
                buffer: InOutBuf<'_, '_, u8>,
                tag: &Tag<Self>,
            ) -> Result<(), Error> {
                let text = buffer.into_out_with_copied_in();
                self.0
                    .open(nonce, associated_data, text, tag)
                    .inspect_err(|_opaque| text.zeroize())
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

ring_aead! {
    /// ChaCha20-Poly1305 (RFC 8439) by *ring*.
    ChaCha20Poly1305, CHACHA20_POLY1305
}

ring_aead! {
    /// AES-256-GCM (NIST SP 800-38D) by *ring*.
    Aes256Gcm, AES_256_GCM
}
