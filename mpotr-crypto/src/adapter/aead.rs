//! An AEAD that works in place and keeps the tag apart.

use aead::consts::{U12, U16, U32};
use aead::inout::InOutBuf;
use aead::{AeadCore, AeadInOut, Error, Key, KeyInit, KeySizeUser, Nonce, Tag, TagPosition};
use zeroize::Zeroize;

/// One key of an AEAD, as a library computes it in one buffer. The key is wiped when dropped.
pub trait InPlaceAead: Send + Sync {
    /// The key of these 32 bytes.
    fn new(key: &[u8; 32]) -> Self;

    /// Seals `text` in place and gives the tag; `None` where the library cannot.
    fn seal(&self, nonce: &[u8; 12], associated_data: &[u8], text: &mut [u8]) -> Option<[u8; 16]>;

    /// Opens `text` in place; `None` where it does not open. The buffer may then hold anything: the caller wipes it.
    fn open(
        &self,
        nonce: &[u8; 12],
        associated_data: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Option<()>;
}

/// An [`InPlaceAead`] as a RustCrypto AEAD.
///
/// Where input and output differ, the input is copied to the output first. After a failure the output is zeros: never
/// plaintext where the caller expects ciphertext, nor text that did not open.
pub struct AeadAdapter<T>(T);

impl<T: InPlaceAead> From<T> for AeadAdapter<T> {
    fn from(key: T) -> Self {
        Self(key)
    }
}

impl<T> KeySizeUser for AeadAdapter<T> {
    type KeySize = U32;
}

impl<T: InPlaceAead> KeyInit for AeadAdapter<T> {
    fn new(key: &Key<Self>) -> Self {
        Self(T::new(key.as_ref()))
    }
}

impl<T> AeadCore for AeadAdapter<T> {
    type NonceSize = U12;
    type TagSize = U16;
    const TAG_POSITION: TagPosition = TagPosition::Postfix;
}

impl<T: InPlaceAead> AeadInOut for AeadAdapter<T> {
    fn encrypt_inout_detached(
        &self,
        nonce: &Nonce<Self>,
        associated_data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
    ) -> Result<Tag<Self>, Error> {
        let text = buffer.into_out_with_copied_in();
        let Some(tag) = self.0.seal(nonce.as_ref(), associated_data, text) else {
            text.zeroize();
            return Err(Error);
        };
        Ok(tag.into())
    }

    fn decrypt_inout_detached(
        &self,
        nonce: &Nonce<Self>,
        associated_data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
        tag: &Tag<Self>,
    ) -> Result<(), Error> {
        let text = buffer.into_out_with_copied_in();
        let Some(()) = self
            .0
            .open(nonce.as_ref(), associated_data, text, tag.as_ref())
        else {
            text.zeroize();
            return Err(Error);
        };
        Ok(())
    }
}

impl<T> core::fmt::Debug for AeadAdapter<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AeadAdapter(..)")
    }
}
