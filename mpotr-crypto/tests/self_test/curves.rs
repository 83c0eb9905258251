//! Curves, and verifiers, with another predicate.

use core::marker::PhantomData;

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};
use mpotr_backend_rustcrypto::Ed25519;
use mpotr_crypto::digest::Digest;
use mpotr_crypto::self_test::{self, TrialFault};
use mpotr_crypto::{Edwards, Secret, SignatureScheme};
use mpotr_group_dalek::Edwards25519;

use super::{RealHash, WithSignature, fault_of};

type LaxCurve<E> = WithSignature<OnCurve<E>>;

/// Signs as the real backend does and verifies on another curve.
struct OnCurve<E>(PhantomData<E>);

impl<E: Edwards> SignatureScheme for OnCurve<E> {
    type SigningKey = <Ed25519 as SignatureScheme>::SigningKey;
    type Curve = E;

    fn signing_key(seed: &Secret<32>) -> Self::SigningKey {
        Ed25519::signing_key(seed)
    }

    fn public_key(key: &Self::SigningKey) -> [u8; 32] {
        Ed25519::public_key(key)
    }
}

/// A curve that multiplies the torsion out of keys, as a verifier with cofactor does in effect.
#[derive(Clone, Copy, Debug)]
struct WithoutTorsion;

impl Edwards for WithoutTorsion {
    type Point = EdwardsPoint;

    fn decode(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
        let point = CompressedEdwardsY(*bytes).decompress()?;
        let eighth = Scalar::from(8_u8).invert();
        Some(point.mul_by_cofactor() * eighth)
    }

    fn vartime_base_minus(s: &[u8; 32], k: &[u8; 64], point: &EdwardsPoint) -> [u8; 32] {
        Edwards25519::vartime_base_minus(s, k, point)
    }
}

/// A curve that multiplies by the low bits of k alone.
#[derive(Clone, Copy, Debug)]
struct Unreduced;

impl Edwards for Unreduced {
    type Point = EdwardsPoint;

    fn decode(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
        Edwards25519::decode(bytes)
    }

    fn vartime_base_minus(s: &[u8; 32], k: &[u8; 64], point: &EdwardsPoint) -> [u8; 32] {
        // k P = (k mod L) P + (k mod 8) T for P with a torsion part T: what a library gets that does not reduce.
        let torsion = point - point.mul_by_cofactor() * Scalar::from(8_u8).invert();
        let reduced = Scalar::from_bytes_mod_order_wide(k);
        let off =
            torsion * Scalar::from(k[0] % 8) - torsion * Scalar::from(reduced.to_bytes()[0] % 8);
        let right = CompressedEdwardsY(Edwards25519::vartime_base_minus(s, k, point));
        (right.decompress().unwrap() - off).compress().to_bytes()
    }
}

#[test]
fn refuses_a_curve_that_forgets_torsion() {
    assert_eq!(
        fault_of::<LaxCurve<WithoutTorsion>>(),
        "it takes a signature under a key with a part of order 8 that the equation keeps"
    );
}

#[test]
fn refuses_a_curve_that_does_not_reduce_k() {
    assert_eq!(
        fault_of::<LaxCurve<Unreduced>>(),
        "it does not reduce k before it multiplies the key"
    );
}

/// A curve that takes what is no point for a point.
#[derive(Clone, Copy, Debug)]
struct NoPointIs<const BASE: bool>;

impl<const BASE: bool> Edwards for NoPointIs<BASE> {
    type Point = EdwardsPoint;

    fn decode(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
        let other = EdwardsPoint::mul_base(&Scalar::from(u8::from(BASE)));
        Some(CompressedEdwardsY(*bytes).decompress().unwrap_or(other))
    }

    fn vartime_base_minus(s: &[u8; 32], k: &[u8; 64], point: &EdwardsPoint) -> [u8; 32] {
        Edwards25519::vartime_base_minus(s, k, point)
    }
}

#[test]
fn refuses_a_curve_that_decodes_what_is_no_point() {
    assert_eq!(
        fault_of::<LaxCurve<NoPointIs<true>>>(),
        "it takes a key that is no point for the base point"
    );
    assert_eq!(
        fault_of::<LaxCurve<NoPointIs<false>>>(),
        "it takes a key that is no point for the identity"
    );
}

#[test]
fn no_signature_is_tried_twice() {
    let mut cases = self_test::SIGNATURES
        .iter()
        .map(|case| (case.key, case.message, case.signature))
        .collect::<Vec<_>>();
    let all = cases.len();
    cases.sort_unstable();
    cases.dedup();
    assert_eq!(cases.len(), all);
}

/// `[8]([S]B - R - [k]A)` is the identity: verification with cofactor, as RFC 8032 allows it.
fn verifies_with_cofactor(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let (r, s) = signature.split_first_chunk::<32>().unwrap();
    let s = Scalar::from_canonical_bytes(s.try_into().unwrap()).into_option();
    let points = [r, key].map(|bytes| CompressedEdwardsY(*bytes).decompress());
    let (Some(s), [Some(r_point), Some(a_point)]) = (s, points) else {
        return false;
    };
    let small_order = r_point.is_small_order() || a_point.is_small_order();
    let hash = sha512(&[r, key, message]);
    let k = Scalar::from_bytes_mod_order_wide(&hash);
    let difference = EdwardsPoint::mul_base(&s) - r_point - a_point * k;
    !small_order && difference.is_small_order()
}

fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    let hash = parts.iter().fold(RealHash::new(), Digest::chain_update);
    hash.finalize().into()
}

#[test]
fn a_verifier_with_cofactor_has_a_fault() {
    assert_eq!(
        self_test::verification(verifies_with_cofactor),
        Err(TrialFault(
            "it takes a signature whose R is off by a point of order 8"
        ))
    );
}
