//! The prime-order group ristretto255 (RFC 9496) and its scalar field: `docs/spec/02-suites.md`, "Group".
//!
//! No RustCrypto trait fits both a library with decoded points and one that works on encodings, so this is a
//! trait of our own, kept to what the protocol uses. Decoded elements are an associated type: a backend keeps
//! its own representation.

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Scalars and elements of ristretto255. Written additively; `G` is the generator of RFC 9496 section 4.
///
/// Functions named `vartime_` may take a time that depends on their input and are for public values only.
pub trait Group: core::fmt::Debug + Send + Sync + 'static {
    /// An integer modulo the group's order `L = 2^252 + 27742317777372353535851937790883648493`.
    type Scalar: Clone + Zeroize + Send + Sync;
    /// A decoded element. Most are public; one that is a key is wiped after use.
    type Element: Clone + PartialEq + Eq + Zeroize + core::fmt::Debug + Send + Sync;

    /// 64 bytes, little-endian, reduced modulo `L`.
    fn scalar_from_wide(bytes: &[u8; 64]) -> Self::Scalar;
    /// The scalar of a canonical encoding (32 bytes, little-endian, below `L`), else `None`.
    fn decode_scalar(bytes: &[u8; 32]) -> Option<Self::Scalar>;
    /// The canonical encoding of a scalar.
    fn encode_scalar(scalar: &Self::Scalar) -> [u8; 32];
    /// `a + b` modulo `L`.
    fn scalar_add(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar;
    /// `a - b` modulo `L`.
    fn scalar_sub(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar;
    /// `a * b` modulo `L`.
    fn scalar_mul(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar;

    /// The identity element.
    fn identity() -> Self::Element;
    /// The element of a canonical encoding (RFC 9496 section 4.3.1), else `None`. The identity, 32 zero bytes, decodes:
    /// callers that forbid it check.
    fn decode(bytes: &[u8; 32]) -> Option<Self::Element>;
    /// The canonical encoding (RFC 9496 section 4.3.2).
    fn encode(element: &Self::Element) -> [u8; 32];
    /// Maps 64 uniform bytes to an element (RFC 9496 section 4.3.4).
    fn from_uniform_bytes(bytes: &[u8; 64]) -> Self::Element;
    /// `a + b`.
    fn add(a: &Self::Element, b: &Self::Element) -> Self::Element;
    /// `a - b`.
    fn sub(a: &Self::Element, b: &Self::Element) -> Self::Element;
    /// `scalar * G`, in constant time.
    fn mul_base(scalar: &Self::Scalar) -> Self::Element;
    /// `scalar * element`, in constant time.
    fn mul(element: &Self::Element, scalar: &Self::Scalar) -> Self::Element;

    /// `sum_k scalars[k] * elements[k]` over the shorter of the two slices, for public values.
    fn vartime_multi_scalar_mul(
        scalars: &[Self::Scalar],
        elements: &[Self::Element],
    ) -> Self::Element {
        scalars
            .iter()
            .zip(elements)
            .fold(Self::identity(), |sum, (scalar, element)| {
                Self::add(&sum, &Self::mul(element, scalar))
            })
    }

    /// `a * G + b * element`, for public values: the equation of a Schnorr proof.
    fn vartime_double_scalar_mul(
        a: &Self::Scalar,
        b: &Self::Scalar,
        element: &Self::Element,
    ) -> Self::Element {
        Self::add(&Self::mul_base(a), &Self::mul(element, b))
    }

    /// `sum_k elements[k]`.
    fn sum<'a>(elements: impl IntoIterator<Item = &'a Self::Element>) -> Self::Element {
        elements
            .into_iter()
            .fold(Self::identity(), |sum, element| Self::add(&sum, element))
    }

    /// The scalar zero.
    fn scalar_zero() -> Self::Scalar {
        Self::scalar_from_u128(0)
    }

    /// A small public number as a scalar: a count, or a 128-bit coefficient.
    fn scalar_from_u128(value: u128) -> Self::Scalar {
        let mut wide = [0; 64];
        let (low, _) = wide.split_at_mut(16);
        low.copy_from_slice(&value.to_le_bytes());
        Self::scalar_from_wide(&wide)
    }
}

/// A uniform non-zero secret scalar from 64 bytes of `rng`; wiped when dropped. One that stays is a
/// [`SecretScalar`](crate::SecretScalar).
pub fn random_scalar<G: Group>(rng: &mut dyn CryptoRng) -> Zeroizing<G::Scalar> {
    let mut wide = Zeroizing::new([0; 64]);
    loop {
        rng.fill_bytes(&mut *wide);
        let scalar = Zeroizing::new(G::scalar_from_wide(&wide));
        let encoded = Zeroizing::new(G::encode_scalar(&scalar));
        if bool::from(encoded.ct_ne(&[0; 32])) {
            return scalar;
        }
    }
}

/// [`Group::vartime_double_scalar_mul`] by its name alone: `a * G + b * element`, for public values.
#[must_use]
pub fn vartime_double_scalar_mul<G: Group>(
    a: &G::Scalar,
    b: &G::Scalar,
    element: &G::Element,
) -> G::Element {
    G::vartime_double_scalar_mul(a, b, element)
}
