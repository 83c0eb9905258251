//! Secret scalars of the group: `docs/spec/02-suites.md`, "Group".

use core::marker::PhantomData;

use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::group::{Group, random_scalar};
use crate::secret::Secret;
use crate::stack::wiping_stack;
use crate::suite::{CryptoSuite, Element, Scalar, TranscriptHash};

/// A secret scalar, in one place for all its life like any [`Secret`].
///
/// It is kept as its canonical encoding. It is decoded only while a computation needs it ([`SecretScalar::with`]).
pub struct SecretScalar<S: CryptoSuite> {
    encoded: Secret<32>,
    suite: PhantomData<fn() -> S>,
}

impl<S: CryptoSuite> SecretScalar<S> {
    /// A uniform non-zero scalar from 64 bytes of `rng`.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        wiping_stack(|| {
            let mut scalar = random_scalar::<S::Group>(rng);
            Self::take(&mut scalar)
        })
    }

    /// The output of a transcript hash, reduced modulo `L`: so wide that its bias is below 2^-256.
    #[must_use]
    pub fn of_hash(transcript: TranscriptHash<S>) -> Self {
        let wide = transcript.finish_secret();
        wiping_stack(|| Self::new(S::Group::scalar_from_wide(wide.expose())))
    }

    /// Takes what was computed from secrets, within [`wiping_stack`] as a rule.
    #[must_use]
    pub fn new(mut scalar: Scalar<S>) -> Self {
        Self::take(&mut scalar)
    }

    /// The same, of a scalar that is wiped where it is.
    fn take(scalar: &mut Scalar<S>) -> Self {
        let encoded = Secret::new(S::Group::encode_scalar(scalar));
        scalar.zeroize();
        Self {
            encoded,
            suite: PhantomData,
        }
    }

    /// The scalar of a canonical encoding, else `None`.
    #[must_use]
    pub fn decode(encoded: &Secret<32>) -> Option<Self> {
        wiping_stack(|| S::Group::decode_scalar(encoded.expose()).map(Self::new))
    }

    /// The canonical encoding: 32 bytes, little-endian, below `L`.
    #[must_use]
    pub const fn encoded(&self) -> &Secret<32> {
        &self.encoded
    }

    /// The same scalar in a second place.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            encoded: Secret::fill_with(|out| *out = *self.encoded.expose()),
            suite: PhantomData,
        }
    }

    /// Computes with the scalar.
    pub fn with<T>(&self, compute: impl FnOnce(&Scalar<S>) -> T) -> T {
        wiping_stack(|| {
            let decoded = S::Group::decode_scalar(self.encoded.expose());
            // The encoding is that of a scalar.
            let scalar = Zeroizing::new(decoded.unwrap_or_else(S::Group::scalar_zero));
            compute(&scalar)
        })
    }

    /// `self * G`, in constant time.
    #[must_use]
    pub fn mul_base(&self) -> Element<S> {
        self.with(S::Group::mul_base)
    }

    /// `self * element`, in constant time.
    #[must_use]
    pub fn mul(&self, element: &Element<S>) -> Element<S> {
        self.with(|scalar| S::Group::mul(element, scalar))
    }

    /// `self * factor` modulo `L`.
    #[must_use]
    pub fn times(&self, factor: &Scalar<S>) -> Self {
        self.with(|scalar| Self::new(S::Group::scalar_mul(scalar, factor)))
    }
}

impl<S: CryptoSuite> core::fmt::Debug for SecretScalar<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretScalar(..)")
    }
}
