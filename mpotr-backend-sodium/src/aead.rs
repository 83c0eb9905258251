//! ChaCha20-Poly1305 and AES-256-GCM by libsodium, as RustCrypto AEADs: `docs/spec/02-suites.md`, "AEAD".
//!
//! libsodium is given one buffer: where input and output differ, the input is copied to the output first. After a
//! failed open libsodium leaves zeros (ChaCha20-Poly1305) or bytes 0xd0 (AES-256-GCM); here the output is zeros.

use mpotr_crypto::aead::consts::{U12, U16, U32};
use mpotr_crypto::aead::inout::InOutBuf;
use mpotr_crypto::aead::{
    AeadCore, AeadInOut, Error, Key, KeyInit, KeySizeUser, Nonce, Tag, TagPosition,
};
use zeroize::{Zeroize, Zeroizing};

use crate::ffi::{HardwareAes, Sodium};

/// ChaCha20-Poly1305 (RFC 8439) by libsodium. The key is wiped when dropped.
pub struct ChaCha20Poly1305 {
    key: Zeroizing<[u8; 32]>,
    sodium: Sodium,
}

impl KeyInit for ChaCha20Poly1305 {
    fn new(key: &Key<Self>) -> Self {
        Self {
            key: Zeroizing::new((*key).into()),
            sodium: Sodium::ready(),
        }
    }
}

impl ChaCha20Poly1305 {
    fn seal(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        self.sodium
            .chacha20poly1305_seal(&self.key, nonce, data, text)
    }

    fn open(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8], tag: &[u8; 16]) -> Option<()> {
        self.sodium
            .chacha20poly1305_open(&self.key, nonce, data, text, tag)
    }
}

/// AES-256-GCM (NIST SP 800-38D) by libsodium. The key is wiped when dropped.
///
/// Without the instructions in the CPU there is no AES: sealing and opening fail.
pub struct Aes256Gcm {
    key: Zeroizing<[u8; 32]>,
    aes: Option<HardwareAes>,
}

impl KeyInit for Aes256Gcm {
    fn new(key: &Key<Self>) -> Self {
        Self {
            key: Zeroizing::new((*key).into()),
            aes: Sodium::ready().hardware_aes(),
        }
    }
}

impl Aes256Gcm {
    fn seal(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        self.aes?.seal(&self.key, nonce, data, text)
    }

    fn open(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8], tag: &[u8; 16]) -> Option<()> {
        self.aes?.open(&self.key, nonce, data, text, tag)
    }
}

/// The RustCrypto traits on `seal` and `open`.
macro_rules! aead_traits {
    ($name:ident) => {
        impl KeySizeUser for $name {
            type KeySize = U32;
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
                match self.seal(nonce.as_ref(), associated_data, text) {
                    Some(tag) => Ok(tag.into()),
                    None => {
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
                match self.open(nonce.as_ref(), associated_data, text, tag.as_ref()) {
                    Some(()) => Ok(()),
                    None => {
                        text.zeroize();
                        Err(Error)
                    }
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

aead_traits!(ChaCha20Poly1305);
aead_traits!(Aes256Gcm);

#[cfg(test)]
mod tests {
    use super::{AeadInOut, Aes256Gcm, Zeroizing};

    #[test]
    fn without_hardware_aes_sealing_fails_and_shows_no_plaintext() {
        let aead = Aes256Gcm {
            key: Zeroizing::new([1; 32]),
            aes: None,
        };
        let mut text = *b"the text of a message";
        let sealed = aead.encrypt_inout_detached(&[2; 12].into(), b"", text.as_mut_slice().into());
        assert!(sealed.is_err());
        assert_eq!(text, [0; 21]);
    }

    #[test]
    fn without_hardware_aes_opening_fails_and_wipes() {
        let aead = Aes256Gcm {
            key: Zeroizing::new([1; 32]),
            aes: None,
        };
        let mut text = [3; 21];
        let nonce = [2; 12].into();
        let tag = [4; 16].into();
        let opened = aead.decrypt_inout_detached(&nonce, b"", text.as_mut_slice().into(), &tag);
        assert!(opened.is_err());
        assert_eq!(text, [0; 21]);
    }
}
