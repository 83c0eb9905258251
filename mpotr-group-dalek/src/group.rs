//! ristretto255 by `curve25519-dalek`: `docs/spec/02-suites.md`, "Group".
//!
//! Elements stay decoded, so that only `decode` and `encode` pay for a square root, and long sums are Straus
//! (below 190 terms) or Pippenger.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "operators on scalars and points are modular: none overflows or panics"
)]

use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};
use curve25519_dalek::{RistrettoPoint, Scalar, ristretto::CompressedRistretto};
use mpotr_crypto::Group;

/// ristretto255 by `curve25519-dalek`.
#[derive(Clone, Copy, Debug)]
pub struct Ristretto255;

impl Group for Ristretto255 {
    type Scalar = Scalar;
    type Element = RistrettoPoint;

    fn scalar_from_wide(bytes: &[u8; 64]) -> Scalar {
        Scalar::from_bytes_mod_order_wide(bytes)
    }

    fn decode_scalar(bytes: &[u8; 32]) -> Option<Scalar> {
        Scalar::from_canonical_bytes(*bytes).into()
    }

    fn encode_scalar(scalar: &Scalar) -> [u8; 32] {
        scalar.to_bytes()
    }

    fn scalar_add(a: &Scalar, b: &Scalar) -> Scalar {
        a + b
    }

    fn scalar_sub(a: &Scalar, b: &Scalar) -> Scalar {
        a - b
    }

    fn scalar_mul(a: &Scalar, b: &Scalar) -> Scalar {
        a * b
    }

    fn identity() -> RistrettoPoint {
        RistrettoPoint::identity()
    }

    fn decode(bytes: &[u8; 32]) -> Option<RistrettoPoint> {
        CompressedRistretto(*bytes).decompress()
    }

    fn encode(element: &RistrettoPoint) -> [u8; 32] {
        element.compress().to_bytes()
    }

    fn from_uniform_bytes(bytes: &[u8; 64]) -> RistrettoPoint {
        RistrettoPoint::from_uniform_bytes(bytes)
    }

    fn add(a: &RistrettoPoint, b: &RistrettoPoint) -> RistrettoPoint {
        a + b
    }

    fn sub(a: &RistrettoPoint, b: &RistrettoPoint) -> RistrettoPoint {
        a - b
    }

    fn mul_base(scalar: &Scalar) -> RistrettoPoint {
        RistrettoPoint::mul_base(scalar)
    }

    fn mul(element: &RistrettoPoint, scalar: &Scalar) -> RistrettoPoint {
        element * scalar
    }

    fn vartime_double_scalar_mul(
        a: &Scalar,
        b: &Scalar,
        element: &RistrettoPoint,
    ) -> RistrettoPoint {
        // The library's order is (b, element, a): the factor of the base point comes last.
        RistrettoPoint::vartime_double_scalar_mul_basepoint(b, element, a)
    }

    fn vartime_multi_scalar_mul(scalars: &[Scalar], elements: &[RistrettoPoint]) -> RistrettoPoint {
        // The library wants equal lengths; the contract is the shorter of the two.
        let terms = scalars.len().min(elements.len());
        RistrettoPoint::vartime_multiscalar_mul(
            scalars.iter().take(terms),
            elements.iter().take(terms),
        )
    }
}
