//! What a suite is: `docs/spec/02-suites.md`.

use aead::consts::{U12, U16, U32};
use aead::{AeadCore, AeadInOut, KeyInit, KeySizeUser};
use digest::consts::U64;
use digest::{Digest, HashMarker, OutputSizeUser, block_api::BlockSizeUser};
use hkdf::HmacImpl;
use signature::Signer;

use crate::codec::{DecodeError, DecodeErrorKind, Decoder, Encoder};
use crate::edwards::Edwards;
use crate::group::Group;
use crate::secret::Secret;
use crate::self_test;

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
    pub const fn from_u16(id: u16) -> Option<Self> {
        match id {
            0x0001 => Some(Self::ChaCha20Poly1305),
            0x0002 => Some(Self::Aes256Gcm),
            _ => None,
        }
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

/// A suite as one backend computes it.
///
/// All backends of one suite are byte-compatible: a room whose members sit on different backends works,
/// and one seeded run gives the same bytes on all of them. No backend draws randomness.
pub trait CryptoSuite: Copy + core::fmt::Debug + Send + Sync + 'static {
    /// The id on the wire.
    const ID: SuiteId;
    /// The name of the backend: `rustcrypto`, `ring` or `sodium`.
    const BACKEND: &'static str;

    /// Authenticated encryption with a 32-byte key, a 12-byte nonce and a 16-byte tag. Used through
    /// [`AeadKey`](crate::AeadKey), which adds the contract on failed opens.
    type Aead: KeyInit
        + KeySizeUser<KeySize = U32>
        + AeadInOut
        + AeadCore<NonceSize = U12, TagSize = U16>
        + Send
        + Sync;

    /// SHA-512 (FIPS 180-4).
    type Hash: Digest
        + OutputSizeUser<OutputSize = U64>
        + BlockSizeUser
        + HashMarker
        + Clone
        + Default
        + Send
        + Sync;

    /// HMAC (RFC 2104) on that hash; HKDF is built on it. One of the two of the `hmac` crate: `Hmac`, which hashes a key once
    /// for all that it is used for, if the library shows the hash's blocks, or else `SimpleHmac`.
    type Hmac: HmacImpl + OutputSizeUser<OutputSize = U64>;

    /// Ed25519 (RFC 8032). Used through [`VerifyingKey`](crate::VerifyingKey), which makes verification
    /// one predicate in all backends.
    type Signature: SignatureScheme;

    /// ristretto255 (RFC 9496).
    type Group: Group;

    /// Makes the backend ready, and says what this machine lacks. [`check_supported`](Self::check_supported) calls it
    /// first.
    ///
    /// # Errors
    /// [`UnsupportedSuite`], with what is missing.
    fn make_ready() -> Result<(), UnsupportedSuite> {
        Ok(())
    }

    /// Makes the backend ready and says whether it can compute the suite on this machine. It has to prove itself first,
    /// once in the life of the process: see [`self_test`].
    ///
    /// # Errors
    /// [`UnsupportedSuite`], with what is missing, or what the backend gets wrong.
    fn check_supported() -> Result<(), UnsupportedSuite> {
        Self::make_ready()?;
        self_test::once::<Self>()
    }
}

/// A scalar of the suite's group.
pub type Scalar<S> = <<S as CryptoSuite>::Group as Group>::Scalar;
/// An element of the suite's group.
pub type Element<S> = <<S as CryptoSuite>::Group as Group>::Element;

/// Ed25519 in one backend: what signs is the library's; verification is this crate's, on the arithmetic of a curve.
pub trait SignatureScheme: Send + Sync + 'static {
    /// A key that signs; wiped when dropped.
    type SigningKey: Signer<ed25519::Signature> + Send + Sync;
    /// What verification computes with. One implementation serves all backends of this project
    /// (`docs/decisions/0008-one-arithmetic-for-verification.md`).
    type Curve: Edwards;

    /// The signing key of a 32-byte seed (RFC 8032 section 5.1.5).
    fn signing_key(seed: &Secret<32>) -> Self::SigningKey;

    /// The 32-byte public key of a signing key.
    fn public_key(key: &Self::SigningKey) -> [u8; 32];
}
