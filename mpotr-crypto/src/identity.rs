//! Long-term identities: `docs/spec/01-overview.md`, "Identity".
//!
//! An identity is a ristretto255 key pair `A = a G`, used for Diffie-Hellman and for the deniable group proof
//! alone. It never signs alone: the group proof is a ring signature that anyone who knows the trapdoor makes too.

use rand_core::CryptoRng;

use crate::byte_newtype;
use crate::group::Group;
use crate::label;
use crate::secret::Secret;
use crate::secret_scalar::SecretScalar;
use crate::suite::{CryptoSuite, TranscriptHash};

byte_newtype! {
    /// A public identity key `A`: an encoded element of ristretto255, 32 bytes.
    IdentityKey
}

/// A long-term identity key pair. The same in every suite, since all share the group.
pub struct IdentityKeyPair {
    secret: Secret<32>,
    public: IdentityKey,
}

impl IdentityKeyPair {
    /// A fresh identity.
    pub fn random<S: CryptoSuite>(rng: &mut dyn CryptoRng) -> Self {
        Self::of(&SecretScalar::<S>::random(rng))
    }

    /// The identity of a stored secret: the canonical encoding of a non-zero scalar. Else `None`.
    #[must_use]
    pub fn from_secret<S: CryptoSuite>(secret: &Secret<32>) -> Option<Self> {
        let scalar = SecretScalar::<S>::decode(secret)?;
        (*secret != Secret::new([0; 32])).then(|| Self::of(&scalar))
    }

    fn of<S: CryptoSuite>(scalar: &SecretScalar<S>) -> Self {
        Self {
            secret: Secret::fill_with(|out| *out = *scalar.encoded().expose()),
            public: IdentityKey::new(S::Group::encode(&scalar.mul_base())),
        }
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> IdentityKey {
        self.public
    }

    /// The secret as it is stored.
    #[must_use]
    pub const fn secret(&self) -> &Secret<32> {
        &self.secret
    }

    /// The secret scalar `a`, for one computation.
    #[must_use]
    pub fn scalar<S: CryptoSuite>(&self) -> SecretScalar<S> {
        // The encoding was canonical when the pair was made.
        SecretScalar::decode(&self.secret)
            .unwrap_or_else(|| SecretScalar::new(S::Group::scalar_zero()))
    }
}

impl core::fmt::Debug for IdentityKeyPair {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "IdentityKeyPair({})", self.public)
    }
}

/// An identity key in a form that two people can compare aloud: eight groups of five decimal digits.
///
/// Each group is five bytes of `H("fingerprint", A)`, big-endian, modulo 100,000: about 132 bits in all, so
/// that finding a second key for a fingerprint is out of reach. Specification: `docs/spec/01-overview.md`, "Fingerprint".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u32; 8]);

impl Fingerprint {
    /// The fingerprint of a key.
    #[must_use]
    pub fn of<S: CryptoSuite>(key: &IdentityKey) -> Self {
        let hash = TranscriptHash::<S>::new(label::FINGERPRINT)
            .bytes(key.as_bytes())
            .finish();
        let mut groups = [0; 8];
        for (group, bytes) in groups.iter_mut().zip(hash.chunks_exact(5)) {
            let number = bytes
                .iter()
                .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
            *group = u32::try_from(number % 100_000).unwrap_or(0);
        }
        Self(groups)
    }
}

impl core::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (index, group) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{group:05}")?;
        }
        Ok(())
    }
}
