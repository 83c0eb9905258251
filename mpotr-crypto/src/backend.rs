//! What a backend is: a crate that computes the parts of which all suites are made. `docs/spec/02-suites.md`,
//! "Backends".
//!
//! A backend says once what computes each part. The suites are written once over that ([`ChaCha20Poly1305Suite`],
//! [`Aes256GcmSuite`]), so that a new suite is one more part here and the compiler asks every backend for it.
//!
//! [`ChaCha20Poly1305Suite`]: crate::ChaCha20Poly1305Suite
//! [`Aes256GcmSuite`]: crate::Aes256GcmSuite

use aead::consts::{U12, U16, U32};
use aead::{AeadCore, AeadInOut, KeyInit, KeySizeUser};
use digest::consts::U64;
use digest::{Digest, HashMarker, OutputSizeUser, block_api::BlockSizeUser};
use hkdf::HmacImpl;
use signature::Signer;

use crate::edwards::Edwards;
use crate::group::Group;
use crate::secret::Secret;
use crate::suite_id::SuiteId;

/// Who computes the suites.
///
/// All backends are byte-compatible, and none draws randomness.
pub trait Backend: Copy + core::fmt::Debug + Send + Sync + 'static {
    /// Its name, as features, options and reports have it.
    const NAME: &'static str;

    /// ChaCha20-Poly1305 (RFC 8439).
    type ChaCha20Poly1305: SuiteAead;

    /// AES-256-GCM (NIST SP 800-38D).
    type Aes256Gcm: SuiteAead;

    /// SHA-512 (FIPS 180-4).
    type Hash: SuiteHash;

    /// HMAC (RFC 2104) on that hash. One of the two of the `hmac` crate: `Hmac`, which hashes a key once for all that it is
    /// used for, if the library shows the hash's blocks, or else `SimpleHmac`.
    type Hmac: SuiteHmac;

    /// Ed25519 (RFC 8032).
    type Signature: SignatureScheme;

    /// ristretto255 (RFC 9496).
    type Group: Group;

    /// Makes the backend ready to compute a suite.
    ///
    /// # Errors
    /// What this machine lacks for the suite.
    fn make_ready(suite: SuiteId) -> Result<(), &'static str> {
        let _any = suite;
        Ok(())
    }
}

/// What the AEAD of every suite is: a key of 32 bytes, a nonce of 12 and a tag of 16. Any type that fits is one.
pub trait SuiteAead:
    KeyInit
    + KeySizeUser<KeySize = U32>
    + AeadInOut
    + AeadCore<NonceSize = U12, TagSize = U16>
    + Send
    + Sync
{
}

impl<T> SuiteAead for T where
    T: KeyInit
        + KeySizeUser<KeySize = U32>
        + AeadInOut
        + AeadCore<NonceSize = U12, TagSize = U16>
        + Send
        + Sync
{
}

/// What the hash of every suite is: 64 bytes of output. Any type that fits is one.
pub trait SuiteHash:
    Digest
    + OutputSizeUser<OutputSize = U64>
    + BlockSizeUser
    + HashMarker
    + Clone
    + Default
    + Send
    + Sync
{
}

impl<T> SuiteHash for T where
    T: Digest
        + OutputSizeUser<OutputSize = U64>
        + BlockSizeUser
        + HashMarker
        + Clone
        + Default
        + Send
        + Sync
{
}

/// What the HMAC of every suite is: 64 bytes of output. Any type that fits is one.
pub trait SuiteHmac: HmacImpl + OutputSizeUser<OutputSize = U64> {}

impl<T: HmacImpl + OutputSizeUser<OutputSize = U64>> SuiteHmac for T {}

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
