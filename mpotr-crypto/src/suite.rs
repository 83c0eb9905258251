//! What a suite is: `docs/spec/02-suites.md`.

use crate::backend::{SignatureScheme, SuiteAead, SuiteHash, SuiteHmac};
use crate::group::Group;
use crate::suite_id::{SuiteId, UnsupportedSuite};
use crate::transcript::LabelledHash;

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
    type Aead: SuiteAead;

    /// SHA-512 (FIPS 180-4).
    type Hash: SuiteHash;

    /// HMAC (RFC 2104) on that hash; HKDF is built on it.
    type Hmac: SuiteHmac;

    /// Ed25519 (RFC 8032). Used through [`VerifyingKey`](crate::VerifyingKey), which makes verification
    /// one predicate in all backends.
    type Signature: SignatureScheme;

    /// ristretto255 (RFC 9496).
    type Group: Group;

    /// Makes the backend ready, and says what this machine lacks. It is not asked alone: [`check_supported`] asks, and
    /// then tries what the backend computes.
    ///
    /// [`check_supported`]: crate::check_supported
    ///
    /// # Errors
    /// [`UnsupportedSuite`], with what is missing.
    fn make_ready() -> Result<(), UnsupportedSuite> {
        Ok(())
    }
}

/// A scalar of the suite's group.
pub type Scalar<S> = <<S as CryptoSuite>::Group as Group>::Scalar;
/// An element of the suite's group.
pub type Element<S> = <<S as CryptoSuite>::Group as Group>::Element;
/// A transcript hash under way, by the suite's hash.
pub type TranscriptHash<S> = LabelledHash<<S as CryptoSuite>::Hash>;

/// The 64-byte output of a transcript hash, reduced modulo `L`: so wide that its bias is
/// below 2^-256. For public scalars; a secret one is [`SecretScalar::of_hash`](crate::SecretScalar::of_hash).
#[must_use]
pub fn hash_to_scalar<S: CryptoSuite>(transcript: TranscriptHash<S>) -> Scalar<S> {
    S::Group::scalar_from_wide(&transcript.finish())
}
