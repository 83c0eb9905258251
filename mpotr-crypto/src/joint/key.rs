//! Keys of a joint signature: each member's part, and their sum.

use super::decode_key;
use crate::byte_newtype;
use crate::group::Group;
use crate::secret_scalar::SecretScalar;
use crate::suite::{CryptoSuite, Element, Scalar};

byte_newtype! {
    /// A member's part `F` of a joint key, encoded: 32 bytes.
    PartKey
}

impl PartKey {
    /// The element; `None` if the encoding is not canonical, or that of the identity.
    #[must_use]
    pub fn element<S: CryptoSuite>(&self) -> Option<Element<S>> {
        decode_key::<S>(self.as_bytes())
    }
}

/// The secret `f` of a part, with the part.
pub struct PartSecret<S: CryptoSuite> {
    secret: SecretScalar<S>,
    element: Element<S>,
}

impl<S: CryptoSuite> PartSecret<S> {
    /// The part of a secret, which is not zero.
    #[must_use]
    pub fn new(secret: SecretScalar<S>) -> Self {
        Self {
            element: secret.mul_base(),
            secret,
        }
    }

    /// `F`, encoded.
    #[must_use]
    pub fn public(&self) -> PartKey {
        PartKey::new(S::Group::encode(&self.element))
    }

    /// `F`.
    #[must_use]
    pub const fn element(&self) -> &Element<S> {
        &self.element
    }

    /// `f`.
    pub(super) const fn secret(&self) -> &SecretScalar<S> {
        &self.secret
    }

    /// The secret `f + tweak` of the part `F + tweak G`. The one before it is erased.
    #[must_use]
    pub fn tweaked(self, tweak: &Scalar<S>) -> Self {
        let moved = self
            .secret
            .with(|secret| SecretScalar::new(S::Group::scalar_add(secret, tweak)));
        let by = S::Group::mul_base(tweak);
        Self {
            element: S::Group::add(&self.element, &by),
            secret: moved,
        }
    }
}

impl<S: CryptoSuite> core::fmt::Debug for PartSecret<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PartSecret({})", self.public())
    }
}

/// The joint key `X` of some members: the sum of their parts, which is not the identity.
pub struct JointKey<S: CryptoSuite> {
    element: Element<S>,
    encoded: [u8; 32],
}

impl<S: CryptoSuite> JointKey<S> {
    /// The key of a sum of parts; `None` if that is the identity, whose logarithm is known to all.
    #[must_use]
    pub fn new(sum: Element<S>) -> Option<Self> {
        let encoded = S::Group::encode(&sum);
        (encoded != [0; 32]).then_some(Self {
            element: sum,
            encoded,
        })
    }

    /// The key of these parts.
    #[must_use]
    pub fn sum<'a>(parts: impl IntoIterator<Item = &'a Element<S>>) -> Option<Self> {
        Self::new(S::Group::sum(parts))
    }

    /// `X`.
    #[must_use]
    pub const fn element(&self) -> &Element<S> {
        &self.element
    }

    /// `X`, encoded.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.encoded
    }
}

impl<S: CryptoSuite> Clone for JointKey<S> {
    fn clone(&self) -> Self {
        Self {
            element: self.element.clone(),
            encoded: self.encoded,
        }
    }
}

impl<S: CryptoSuite> core::fmt::Debug for JointKey<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "JointKey({})", PartKey::new(self.encoded))
    }
}
