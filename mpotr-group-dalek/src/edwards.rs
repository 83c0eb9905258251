//! edwards25519 by `curve25519-dalek`: `docs/spec/02-suites.md`, "Signature".

#![expect(
    clippy::arithmetic_side_effects,
    reason = "operators on points are those of a group: none overflows or panics"
)]

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};
use mpotr_crypto::Edwards;

/// edwards25519 by `curve25519-dalek`.
#[derive(Clone, Copy, Debug)]
pub struct Edwards25519;

impl Edwards for Edwards25519 {
    type Point = EdwardsPoint;

    fn decode(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
        CompressedEdwardsY(*bytes).decompress()
    }

    fn vartime_base_minus(s: &[u8; 32], k: &[u8; 64], point: &EdwardsPoint) -> [u8; 32] {
        // The library's order is (k, point, s): the factor of the base point comes last.
        EdwardsPoint::vartime_double_scalar_mul_basepoint(
            &Scalar::from_bytes_mod_order_wide(k),
            &-point,
            &Scalar::from_bytes_mod_order(*s),
        )
        .compress()
        .to_bytes()
    }
}
