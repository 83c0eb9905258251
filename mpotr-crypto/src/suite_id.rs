//! The suites by their ids: `docs/spec/02-suites.md`, "The suites".

use crate::codec::{DecodeError, DecodeErrorKind, Decoder, Encoder};

/// The two-byte id of a suite on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SuiteId {
    /// `0x0001`: ChaCha20-Poly1305 (RFC 8439), SHA-512, Ed25519, ristretto255.
    ChaCha20Poly1305,
    /// `0x0002`: AES-256-GCM (NIST SP 800-38D), SHA-512, Ed25519, ristretto255.
    Aes256Gcm,
}

impl SuiteId {
    /// Every suite that exists, in the order of preference of an offer.
    pub const ALL: [Self; 2] = [Self::ChaCha20Poly1305, Self::Aes256Gcm];

    /// The id on the wire.
    #[must_use]
    pub const fn to_u16(self) -> u16 {
        match self {
            Self::ChaCha20Poly1305 => 0x0001,
            Self::Aes256Gcm => 0x0002,
        }
    }

    /// The suite with this id, if there is one.
    #[must_use]
    pub fn from_u16(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.to_u16() == id)
    }

    /// The name by which the program and the documents call the suite.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChaCha20Poly1305 => "chacha20poly1305",
            Self::Aes256Gcm => "aes256gcm",
        }
    }

    /// Writes the id.
    pub fn encode(self, out: &mut Encoder) {
        out.u16(self.to_u16());
    }

    /// Reads an id.
    ///
    /// # Errors
    /// [`DecodeErrorKind::UnknownValue`] for an id that no suite has.
    pub fn decode(input: &mut Decoder<'_>, field: &'static str) -> Result<Self, DecodeError> {
        let at = input.offset();
        let id = input.u16(field)?;
        Self::from_u16(id)
            .ok_or_else(|| DecodeError::new(at, field, DecodeErrorKind::UnknownValue(id.into())))
    }
}

impl core::fmt::Display for SuiteId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// This machine, or this build, cannot compute a suite with a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {backend} backend cannot compute the suite {suite} here: {reason}")]
pub struct UnsupportedSuite {
    /// The suite asked for.
    pub suite: SuiteId,
    /// The backend asked for.
    pub backend: &'static str,
    /// What is missing.
    pub reason: &'static str,
}
