//! The checks of signatures catch a lax verifier: `docs/spec/02-suites.md`, "Signature".

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one; operators on points and scalars are modular"
)]

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use mpotr_conformance::signature::{off_by_torsion, torsion_pairs_taken, wrong_verdicts};
use mpotr_crypto::self_test;
use proptest::collection;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sha2::{Digest, Sha512};

/// `[8]([S]B - R - [k]A)` is the identity: verification with cofactor, as RFC 8032 allows it, otherwise strict.
fn with_cofactor(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    difference(key, message, signature).is_some_and(|difference| difference.is_small_order())
}

/// A cofactor of 4: points of order 8 are seen.
fn with_half_the_cofactor(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    difference(key, message, signature)
        .is_some_and(|difference| (difference * Scalar::from(4_u8)) == EdwardsPoint::default())
}

fn difference(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Option<EdwardsPoint> {
    let (r, s) = signature.split_first_chunk::<32>().unwrap();
    let s = Scalar::from_canonical_bytes(s.try_into().unwrap()).into_option()?;
    let [r_point, a_point] = [r, key].map(|bytes| {
        let point = CompressedEdwardsY(*bytes).decompress()?;
        (!point.is_small_order() && point.compress().to_bytes() == *bytes).then_some(point)
    });
    let hash = Sha512::new()
        .chain_update(r)
        .chain_update(key)
        .chain_update(message);
    let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    Some(EdwardsPoint::mul_base(&s) - r_point? - a_point? * k)
}

#[test]
fn torsion_pairs_show_a_cofactor() {
    assert_eq!(torsion_pairs_taken(with_cofactor).len(), 14);
    // Order 2 and 4 alone.
    assert_eq!(torsion_pairs_taken(with_half_the_cofactor).len(), 6);
}

#[test]
fn the_edge_cases_show_a_cofactor() {
    for wrong in [
        wrong_verdicts(with_cofactor),
        wrong_verdicts(with_half_the_cofactor),
    ] {
        assert!(
            wrong.iter().any(|name| name.starts_with("R off by")),
            "{wrong:?}"
        );
        assert!(
            wrong.iter().any(|name| name.ends_with("k odd")),
            "{wrong:?}"
        );
    }
}

#[test]
fn the_self_test_shows_a_cofactor() {
    let fault = self_test::verification(with_cofactor).unwrap_err();
    assert!(fault.0.contains("R is off by"), "{fault}");
    let fault = self_test::verification(with_half_the_cofactor).unwrap_err();
    assert!(fault.0.contains("R is off by"), "{fault}");
}

proptest! {
    #[test]
    fn drawn_signatures_show_a_cofactor(
        seed: [u8; 32],
        message in collection::vec(any::<u8>(), 0..300),
        torsion in 1_usize..8,
    ) {
        let (key, signature) = off_by_torsion(&seed, &message, torsion);
        prop_assert!(with_cofactor(&key, &message, &signature));
        prop_assert_eq!(with_half_the_cofactor(&key, &message, &signature), torsion % 2 == 0);
        let (key, signature) = off_by_torsion(&seed, &message, 0);
        prop_assert!(with_half_the_cofactor(&key, &message, &signature));
    }
}
