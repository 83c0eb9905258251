//! ristretto255 by libsodium: `docs/spec/02-suites.md`, "Group".
//!
//! libsodium knows no decoded element: an [`Element`] is its canonical encoding, checked once when it is decoded.
//! Each operation decodes its inputs and encodes its result again. Sums of products are made term by term.
//!
//! libsodium reports a product that is the identity as a failure. Products that are the identity happen honestly
//! (every contribution of a run of two members is one); here the identity is a result like any other.

use mpotr_crypto::Group;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::ffi::Sodium;

/// ristretto255 by libsodium.
#[derive(Clone, Copy, Debug)]
pub struct Ristretto255;

/// A scalar: its canonical encoding, below the order of the group. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Scalar([u8; 32]);

impl core::fmt::Debug for Scalar {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Scalar(..)")
    }
}

/// An element: its canonical encoding, known to be one.
#[derive(Clone, Copy, PartialEq, Eq, Zeroize)]
pub struct Element([u8; 32]);

impl Element {
    const IDENTITY: Self = Self([0; 32]);

    /// The result of an operation on elements, none of which can fail; a product that is the identity comes as `None`.
    fn of(result: Option<[u8; 32]>) -> Self {
        result.map_or(Self::IDENTITY, Self)
    }
}

impl core::fmt::Debug for Element {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Element(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

impl Group for Ristretto255 {
    type Scalar = Scalar;
    type Element = Element;

    fn scalar_from_wide(bytes: &[u8; 64]) -> Scalar {
        Scalar(Sodium::ready().scalar_reduce(bytes))
    }

    fn decode_scalar(bytes: &[u8; 32]) -> Option<Scalar> {
        // Canonical is what reduction leaves as it is. The scalar may be secret: no early exit.
        let mut wide = Zeroizing::new([0; 64]);
        wide.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        let scalar = Self::scalar_from_wide(&wide);
        bool::from(scalar.0.ct_eq(bytes)).then_some(scalar)
    }

    fn encode_scalar(scalar: &Scalar) -> [u8; 32] {
        scalar.0
    }

    fn scalar_add(a: &Scalar, b: &Scalar) -> Scalar {
        Scalar(Sodium::ready().scalar_add(&a.0, &b.0))
    }

    fn scalar_sub(a: &Scalar, b: &Scalar) -> Scalar {
        Scalar(Sodium::ready().scalar_sub(&a.0, &b.0))
    }

    fn scalar_mul(a: &Scalar, b: &Scalar) -> Scalar {
        Scalar(Sodium::ready().scalar_mul(&a.0, &b.0))
    }

    fn identity() -> Element {
        Element::IDENTITY
    }

    fn decode(bytes: &[u8; 32]) -> Option<Element> {
        Sodium::ready()
            .element_is_valid(bytes)
            .then_some(Element(*bytes))
    }

    fn encode(element: &Element) -> [u8; 32] {
        element.0
    }

    fn from_uniform_bytes(bytes: &[u8; 64]) -> Element {
        Element(Sodium::ready().element_from_hash(bytes))
    }

    fn add(a: &Element, b: &Element) -> Element {
        Element::of(Sodium::ready().element_add(&a.0, &b.0))
    }

    fn sub(a: &Element, b: &Element) -> Element {
        Element::of(Sodium::ready().element_sub(&a.0, &b.0))
    }

    fn mul_base(scalar: &Scalar) -> Element {
        Element::of(Sodium::ready().element_mul_base(&scalar.0))
    }

    fn mul(element: &Element, scalar: &Scalar) -> Element {
        Element::of(Sodium::ready().element_mul(&scalar.0, &element.0))
    }
}
