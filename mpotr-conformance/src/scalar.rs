//! Integers modulo the order L of the group: `docs/spec/02-suites.md`, "Group".

use mpotr_crypto::{CryptoSuite, Group, Scalar, random_scalar};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::vectors::array;

/// L - 1, L and L + 1, little-endian.
const BELOW_ORDER: &str = "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
const ABOVE_ORDER: &str = "eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

fn encoded<S: CryptoSuite>(scalar: &Scalar<S>) -> [u8; 32] {
    S::Group::encode_scalar(scalar)
}

/// Only integers below L decode, and to themselves.
pub fn non_canonical_encodings_are_refused<S: CryptoSuite>() {
    let decode = S::Group::decode_scalar;
    let mut high_bit = [0; 32];
    high_bit[31] = 0x80;
    for refused in [array(ORDER), array(ABOVE_ORDER), high_bit, [0xff; 32]] {
        assert!(decode(&refused).is_none(), "{refused:02x?}");
    }
    let mut one = [0; 32];
    one[0] = 1;
    for accepted in [[0; 32], one, array(BELOW_ORDER)] {
        assert_eq!(encoded::<S>(&decode(&accepted).unwrap()), accepted);
    }
    // 2^252 is below L, 2^253 is not.
    for (bit, is_canonical) in [(0x10, true), (0x20, false), (0x40, false)] {
        let mut power = [0; 32];
        power[31] = bit;
        assert_eq!(decode(&power).is_some(), is_canonical, "high byte {bit:#x}");
    }
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for _ in 0..64 {
        let scalar = random_scalar::<S::Group>(&mut rng);
        let canonical = encoded::<S>(&scalar);
        assert_eq!(encoded::<S>(&decode(&canonical).unwrap()), canonical);
        let mut flagged = canonical;
        flagged[31] |= 0x80;
        assert!(decode(&flagged).is_none(), "the high bit is not ignored");
    }
}

/// 64 bytes are an integer modulo L, little-endian.
pub fn wide_bytes_are_reduced<S: CryptoSuite>() {
    let wide = |low: [u8; 32], high: [u8; 32]| {
        let mut wide = [0; 64];
        wide[..32].copy_from_slice(&low);
        wide[32..].copy_from_slice(&high);
        S::Group::scalar_from_wide(&wide)
    };
    let one = S::Group::scalar_from_u128(1);
    assert_eq!(encoded::<S>(&wide(array(ORDER), [0; 32])), [0; 32]);
    assert_eq!(
        encoded::<S>(&wide(array(ABOVE_ORDER), [0; 32])),
        encoded::<S>(&one)
    );
    assert_eq!(
        encoded::<S>(&wide(array(BELOW_ORDER), [0; 32])),
        array(BELOW_ORDER)
    );
    assert_eq!(
        encoded::<S>(&wide([0; 32], array(ORDER))),
        [0; 32],
        "L times 2^256"
    );

    // low + 2^256 high, where 2^256 = 16 * 2^252 by way of four doublings.
    let mut power = [0; 32];
    power[31] = 0x10;
    let mut power = S::Group::decode_scalar(&power).unwrap();
    for _ in 0..4 {
        power = S::Group::scalar_add(&power, &power);
    }
    for (low, high) in [
        ([7; 32], [9; 32]),
        ([0xff; 32], [0xff; 32]),
        ([0; 32], [0xff; 32]),
    ] {
        let (low_part, high_part) = (wide(low, [0; 32]), wide(high, [0; 32]));
        let sum = S::Group::scalar_add(&low_part, &S::Group::scalar_mul(&power, &high_part));
        assert_eq!(encoded::<S>(&wide(low, high)), encoded::<S>(&sum));
    }
    assert_eq!(encoded::<S>(&S::Group::scalar_zero()), [0; 32]);
    assert_eq!(
        encoded::<S>(&S::Group::scalar_from_u128(u128::MAX))[..16],
        [0xff; 16]
    );
}

/// Addition, subtraction and multiplication obey the laws of a field.
pub fn field_laws<S: CryptoSuite>() {
    let (add, sub, mul) = (
        S::Group::scalar_add,
        S::Group::scalar_sub,
        S::Group::scalar_mul,
    );
    let equal = |a: &Scalar<S>, b: &Scalar<S>| assert_eq!(encoded::<S>(a), encoded::<S>(b));
    let (zero, one) = (S::Group::scalar_zero(), S::Group::scalar_from_u128(1));
    let last = S::Group::decode_scalar(&array(BELOW_ORDER)).unwrap();

    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let random = || random_scalar::<S::Group>(&mut rng);
    let mut scalars: Vec<_> = std::iter::repeat_with(random).take(5).collect();
    scalars.extend([zero.clone(), one.clone(), last.clone()].map(Into::into));
    for a in &scalars {
        equal(&add(a, &zero), a);
        equal(&mul(a, &one), a);
        equal(&mul(a, &zero), &zero);
        equal(&sub(a, a), &zero);
        equal(&sub(&sub(&zero, a), &sub(&zero, a)), &zero);
        equal(&mul(a, &last), &sub(&zero, a));
        equal(&add(a, a), &mul(a, &S::Group::scalar_from_u128(2)));
        for b in &scalars {
            equal(&add(a, b), &add(b, a));
            equal(&mul(a, b), &mul(b, a));
            equal(&sub(&add(a, b), b), a);
            equal(&add(&sub(a, b), b), a);
            for c in &scalars {
                equal(&add(&add(a, b), c), &add(a, &add(b, c)));
                equal(&mul(&mul(a, b), c), &mul(a, &mul(b, c)));
                equal(&mul(&add(a, b), c), &add(&mul(a, c), &mul(b, c)));
            }
        }
    }
}
