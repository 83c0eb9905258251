//! Groups of which one operation is another.

use curve25519_dalek::Scalar;
use mpotr_backend_rustcrypto::Ristretto255;
use mpotr_crypto::Group;

use super::{WithGroup, fault_of};

type Element = <Ristretto255 as Group>::Element;

/// What is wrong with a group.
mod wrong {
    pub(super) const DECODES_TOO_MUCH: u8 = 0;
    pub(super) const REDUCES_A_SCALAR_THAT_IT_DECODES: u8 = 1;
    pub(super) const REFUSES_THE_LARGEST_SCALAR: u8 = 2;
    pub(super) const SUBTRACTS_SCALARS_THE_OTHER_WAY_ROUND: u8 = 3;
    pub(super) const REDUCES_HALF_OF_A_WIDE_SCALAR: u8 = 4;
    pub(super) const MULTIPLIES_SCALARS_ONCE_MORE: u8 = 5;
    pub(super) const ADDS_SCALARS_AND_ONE: u8 = 6;
    pub(super) const DOES_NOT_DECODE_THE_IDENTITY: u8 = 7;
    pub(super) const HAS_ANOTHER_IDENTITY: u8 = 8;
    pub(super) const HAS_ANOTHER_GENERATOR: u8 = 9;
    pub(super) const ENCODES_THE_OPPOSITE: u8 = 10;
    pub(super) const MAPS_HALF_OF_UNIFORM_BYTES: u8 = 11;
    pub(super) const MULTIPLIES_ONCE_MORE: u8 = 12;
    pub(super) const ADDS_TWICE: u8 = 13;
    pub(super) const ADDS_WHERE_IT_SUBTRACTS: u8 = 14;
    pub(super) const FORGETS_THE_FIRST_OF_TWO_PRODUCTS: u8 = 15;
    pub(super) const FORGETS_THE_LAST_OF_MANY_PRODUCTS: u8 = 16;
    pub(super) const FAILS_TO_MULTIPLY_BY_ZERO: u8 = 17;
    pub(super) const FAILS_TO_SUBTRACT_FROM_ITSELF: u8 = 18;
    pub(super) const FAILS_TO_MULTIPLY_THE_GENERATOR_BY_ZERO: u8 = 19;
}

/// ristretto255 with one thing wrong.
#[derive(Debug)]
struct WrongGroup<const WRONG: u8>;

type Real = Ristretto255;

impl<const WRONG: u8> Group for WrongGroup<WRONG> {
    type Scalar = Scalar;
    type Element = Element;

    fn scalar_from_wide(bytes: &[u8; 64]) -> Scalar {
        let mut bytes = *bytes;
        if WRONG == wrong::REDUCES_HALF_OF_A_WIDE_SCALAR {
            bytes[32..].fill(0);
        }
        Real::scalar_from_wide(&bytes)
    }

    fn decode_scalar(bytes: &[u8; 32]) -> Option<Scalar> {
        let decoded = Real::decode_scalar(bytes);
        match WRONG {
            wrong::REDUCES_A_SCALAR_THAT_IT_DECODES => Some(Scalar::from_bytes_mod_order(*bytes)),
            wrong::REFUSES_THE_LARGEST_SCALAR => decoded.filter(|it| *it != -Scalar::ONE),
            _ => decoded,
        }
    }

    fn encode_scalar(scalar: &Scalar) -> [u8; 32] {
        Real::encode_scalar(scalar)
    }

    fn scalar_add(a: &Scalar, b: &Scalar) -> Scalar {
        match WRONG {
            wrong::ADDS_SCALARS_AND_ONE => a + b + Scalar::ONE,
            _ => a + b,
        }
    }

    fn scalar_sub(a: &Scalar, b: &Scalar) -> Scalar {
        match WRONG {
            wrong::SUBTRACTS_SCALARS_THE_OTHER_WAY_ROUND => b - a,
            _ => a - b,
        }
    }

    fn scalar_mul(a: &Scalar, b: &Scalar) -> Scalar {
        match WRONG {
            wrong::MULTIPLIES_SCALARS_ONCE_MORE => a * b * b,
            _ => a * b,
        }
    }

    fn identity() -> Element {
        match WRONG {
            wrong::HAS_ANOTHER_IDENTITY => Real::mul_base(&Scalar::ONE),
            _ => Real::identity(),
        }
    }

    fn decode(bytes: &[u8; 32]) -> Option<Element> {
        let mut bytes = *bytes;
        if WRONG == wrong::DECODES_TOO_MUCH {
            // Ignores the high bit, as decoders of edwards25519 do.
            bytes[31] &= 0x7f;
        }
        let decoded = Real::decode(&bytes);
        match WRONG {
            wrong::DOES_NOT_DECODE_THE_IDENTITY => decoded.filter(|it| *it != Real::identity()),
            _ => decoded,
        }
    }

    fn encode(element: &Element) -> [u8; 32] {
        match WRONG {
            wrong::ENCODES_THE_OPPOSITE => Real::encode(&Real::sub(&Real::identity(), element)),
            _ => Real::encode(element),
        }
    }

    fn from_uniform_bytes(bytes: &[u8; 64]) -> Element {
        let mut bytes = *bytes;
        if WRONG == wrong::MAPS_HALF_OF_UNIFORM_BYTES {
            bytes[32..].fill(0);
        }
        Real::from_uniform_bytes(&bytes)
    }

    fn add(a: &Element, b: &Element) -> Element {
        let sum = Real::add(a, b);
        match WRONG {
            wrong::ADDS_TWICE => Real::add(&sum, b),
            _ => sum,
        }
    }

    fn sub(a: &Element, b: &Element) -> Element {
        match WRONG {
            wrong::ADDS_WHERE_IT_SUBTRACTS => Real::add(a, b),
            wrong::FAILS_TO_SUBTRACT_FROM_ITSELF if a == b => *a,
            _ => Real::sub(a, b),
        }
    }

    fn mul_base(scalar: &Scalar) -> Element {
        match WRONG {
            wrong::HAS_ANOTHER_GENERATOR => Real::mul_base(&(scalar + scalar)),
            wrong::FAILS_TO_MULTIPLY_THE_GENERATOR_BY_ZERO if *scalar == Scalar::ZERO => {
                Real::mul_base(&Scalar::ONE)
            }
            _ => Real::mul_base(scalar),
        }
    }

    fn mul(element: &Element, scalar: &Scalar) -> Element {
        match WRONG {
            wrong::MULTIPLIES_ONCE_MORE if *scalar != Scalar::ZERO => {
                Real::mul(element, &(scalar + Scalar::ONE))
            }
            wrong::FAILS_TO_MULTIPLY_BY_ZERO if *scalar == Scalar::ZERO => *element,
            _ => Real::mul(element, scalar),
        }
    }

    fn vartime_double_scalar_mul(a: &Scalar, b: &Scalar, element: &Element) -> Element {
        match WRONG {
            wrong::FORGETS_THE_FIRST_OF_TWO_PRODUCTS => Real::mul(element, b),
            _ => Real::vartime_double_scalar_mul(a, b, element),
        }
    }

    fn vartime_multi_scalar_mul(scalars: &[Scalar], elements: &[Element]) -> Element {
        let most = match WRONG {
            wrong::FORGETS_THE_LAST_OF_MANY_PRODUCTS => elements.len() - 1,
            _ => elements.len(),
        };
        Real::vartime_multi_scalar_mul(&scalars[..most], &elements[..most])
    }
}

fn fault<const WRONG: u8>() -> String {
    fault_of::<WithGroup<WrongGroup<WRONG>>>()
}

#[test]
fn refuses_a_group_that_decodes_too_much() {
    assert_eq!(
        fault::<{ wrong::DECODES_TOO_MUCH }>(),
        "it takes a ristretto255 encoding whose y is 0, or whose high bit is set"
    );
}

#[test]
fn refuses_a_group_with_other_scalars() {
    assert_eq!(
        fault::<{ wrong::REDUCES_A_SCALAR_THAT_IT_DECODES }>(),
        "it takes a scalar that is not below L"
    );
    for fault in [
        fault::<{ wrong::REFUSES_THE_LARGEST_SCALAR }>(),
        fault::<{ wrong::SUBTRACTS_SCALARS_THE_OTHER_WAY_ROUND }>(),
    ] {
        assert_eq!(fault, "it does not take the scalar L - 1");
    }
    assert_eq!(
        fault::<{ wrong::REDUCES_HALF_OF_A_WIDE_SCALAR }>(),
        "it reduces scalars to others"
    );
    for fault in [
        fault::<{ wrong::MULTIPLIES_SCALARS_ONCE_MORE }>(),
        fault::<{ wrong::ADDS_SCALARS_AND_ONE }>(),
    ] {
        assert_eq!(fault, "its scalars are no field modulo L");
    }
}

#[test]
fn refuses_a_group_with_other_encodings() {
    for fault in [
        fault::<{ wrong::DOES_NOT_DECODE_THE_IDENTITY }>(),
        fault::<{ wrong::HAS_ANOTHER_IDENTITY }>(),
    ] {
        assert_eq!(fault, "it does not take 32 zero bytes for the identity");
    }
    for fault in [
        fault::<{ wrong::HAS_ANOTHER_GENERATOR }>(),
        fault::<{ wrong::ENCODES_THE_OPPOSITE }>(),
    ] {
        assert_eq!(fault, "it has other ristretto255 encodings");
    }
    assert_eq!(
        fault::<{ wrong::MAPS_HALF_OF_UNIFORM_BYTES }>(),
        "it maps uniform bytes to other elements"
    );
}

#[test]
fn refuses_a_group_with_other_operations() {
    for fault in [
        fault::<{ wrong::MULTIPLIES_ONCE_MORE }>(),
        fault::<{ wrong::ADDS_TWICE }>(),
        fault::<{ wrong::ADDS_WHERE_IT_SUBTRACTS }>(),
        fault::<{ wrong::FORGETS_THE_FIRST_OF_TWO_PRODUCTS }>(),
        fault::<{ wrong::FORGETS_THE_LAST_OF_MANY_PRODUCTS }>(),
    ] {
        assert_eq!(fault, "its ristretto255 is not the group");
    }
    for fault in [
        fault::<{ wrong::FAILS_TO_MULTIPLY_BY_ZERO }>(),
        fault::<{ wrong::FAILS_TO_SUBTRACT_FROM_ITSELF }>(),
        fault::<{ wrong::FAILS_TO_MULTIPLY_THE_GENERATOR_BY_ZERO }>(),
    ] {
        assert_eq!(fault, "it fails where a result is the identity");
    }
}
