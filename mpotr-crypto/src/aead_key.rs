//! One key of a suite's AEAD, with the contract in which backends differ: after a failed open the caller gets nothing
//! and the buffer is wiped (`docs/spec/02-suites.md`, "AEAD").

use aead::{AeadInOut, KeyInit, inout::InOutBuf};
use zeroize::{Zeroize, Zeroizing};

use crate::secret::SecretRef;
use crate::suite::CryptoSuite;

/// Length of the tag that sealing appends, in bytes.
pub const AEAD_TAG_LENGTH: usize = 16;

/// A sealed text does not open: wrong key, nonce, associated data, text or tag. Opaque on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed text does not open")]
pub struct OpenError;

/// A 32-byte AEAD key. The caller answers for never sealing twice under one (key, nonce).
///
/// It is as large as the backend's state, which the backend wipes, and is made where it is used: on the stack, for one text.
/// One that stays belongs in a `Box`, so that moving it leaves no copy behind.
pub struct AeadKey<S: CryptoSuite>(S::Aead);

impl<S: CryptoSuite> AeadKey<S> {
    /// The key of these bytes: a [`Secret`](crate::Secret) or a part of one.
    #[must_use]
    pub fn new<'a>(key: impl Into<SecretRef<'a, 32>>) -> Self {
        Self(S::Aead::new(key.into().expose().into()))
    }

    /// Seals `text` and appends the tag.
    ///
    /// Where the backend fails (an unsupported suite that nobody asked about, a text over 2^36 bytes) there is nothing
    /// to send: the result is empty, which nobody opens.
    #[must_use]
    pub fn seal(&self, nonce: &[u8; 12], associated_data: &[u8], text: &[u8]) -> Vec<u8> {
        let mut buffer = Vec::with_capacity(text.len().saturating_add(AEAD_TAG_LENGTH));
        buffer.extend_from_slice(text);
        if self
            .0
            .encrypt_in_place(nonce.into(), associated_data, &mut buffer)
            .is_err()
        {
            // Never plaintext where ciphertext is expected.
            buffer.zeroize();
        }
        buffer
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    /// [`OpenError`]; the working copy is wiped.
    pub fn open(
        &self,
        nonce: &[u8; 12],
        associated_data: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let mut buffer = Zeroizing::new(sealed.to_vec());
        match self
            .0
            .decrypt_in_place(nonce.into(), associated_data, &mut *buffer)
        {
            Ok(()) => Ok(buffer),
            Err(aead::Error) => Err(OpenError),
        }
    }

    /// Opens a sealed text of a fixed length, its tag apart, without memory of its own on the heap.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_array<const N: usize>(
        &self,
        nonce: &[u8; 12],
        associated_data: &[u8],
        mut text: [u8; N],
        tag: &[u8; AEAD_TAG_LENGTH],
    ) -> Result<[u8; N], OpenError> {
        let buffer = InOutBuf::from(text.as_mut_slice());
        self.0
            .decrypt_inout_detached(nonce.into(), associated_data, buffer, tag.into())
            .map_err(|_opaque| OpenError)?;
        Ok(text)
    }
}

impl<S: CryptoSuite> core::fmt::Debug for AeadKey<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AeadKey(..)")
    }
}
