//! ristretto255: `docs/spec/02-suites.md`, "Group".

use mpotr_crypto::self_test::vectors::rfc_9496;
use mpotr_crypto::{CryptoSuite, Element, Group, Scalar, random_scalar, vartime_double_scalar_mul};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::vectors::array;

fn small<S: CryptoSuite>(number: u128) -> Scalar<S> {
    S::Group::scalar_from_u128(number)
}

fn random_element<S: CryptoSuite>(rng: &mut ChaCha20Rng) -> Element<S> {
    let mut uniform = [0; 64];
    rng.fill_bytes(&mut uniform);
    S::Group::from_uniform_bytes(&uniform)
}

/// RFC 9496 appendix A.1: multiples of the generator, reached in every way there is.
pub fn multiples_of_the_generator<S: CryptoSuite>() {
    let generator = S::Group::mul_base(&small::<S>(1));
    let mut sum = S::Group::identity();
    for (multiple, encoding) in (0..).zip(rfc_9496::MULTIPLES_OF_THE_GENERATOR) {
        let encoding = array(encoding);
        let scalar = small::<S>(multiple);
        assert_eq!(S::Group::encode(&sum), encoding);
        assert_eq!(S::Group::encode(&S::Group::mul_base(&scalar)), encoding);
        assert_eq!(
            S::Group::encode(&S::Group::mul(&generator, &scalar)),
            encoding
        );
        assert_eq!(S::Group::decode(&encoding).unwrap(), sum);
        sum = S::Group::add(&sum, &generator);
    }
}

/// RFC 9496 appendix A.2, and valid encodings with the unused high bit set.
pub fn invalid_encodings_are_refused<S: CryptoSuite>() {
    for (fault, encodings) in rfc_9496::INVALID_ENCODINGS {
        for encoding in encodings {
            assert!(
                S::Group::decode(&array(encoding)).is_none(),
                "{fault}: {encoding}"
            );
        }
    }
    for encoding in rfc_9496::MULTIPLES_OF_THE_GENERATOR {
        let mut encoding = array(encoding);
        encoding[31] |= 0x80;
        assert!(
            S::Group::decode(&encoding).is_none(),
            "the high bit is not ignored"
        );
    }
}

/// RFC 9496 appendix A.3.
pub fn from_uniform_bytes<S: CryptoSuite>() {
    for (uniform, encoding) in rfc_9496::FROM_UNIFORM_BYTES {
        let element = S::Group::from_uniform_bytes(&array(uniform));
        assert_eq!(S::Group::encode(&element), array::<32>(encoding));
        assert_eq!(S::Group::decode(&array(encoding)).unwrap(), element);
    }
}

/// The identity is an element like any other: callers that forbid it check.
pub fn the_identity_decodes<S: CryptoSuite>() {
    let identity = S::Group::identity();
    assert_eq!(S::Group::encode(&identity), [0; 32]);
    assert_eq!(S::Group::decode(&[0; 32]).unwrap(), identity);
    assert_eq!(S::Group::sum([]), identity);
}

/// Products and differences that are the identity are results, not failures.
pub fn a_product_may_be_the_identity<S: CryptoSuite>() {
    let identity = S::Group::identity();
    let element = random_element::<S>(&mut ChaCha20Rng::seed_from_u64(1));
    let zero = S::Group::scalar_zero();
    assert_eq!(S::Group::mul_base(&zero), identity);
    assert_eq!(S::Group::mul(&element, &zero), identity);
    assert_eq!(S::Group::mul(&identity, &small::<S>(5)), identity);
    assert_eq!(S::Group::mul(&identity, &zero), identity);
    assert_eq!(S::Group::sub(&element, &element), identity);
    assert_eq!(S::Group::sub(&identity, &identity), identity);
    assert_eq!(S::Group::add(&identity, &identity), identity);
    let minus_one = S::Group::scalar_sub(&zero, &small::<S>(1));
    assert_eq!(
        S::Group::add(&S::Group::mul(&element, &minus_one), &element),
        identity
    );
    assert_eq!(
        vartime_double_scalar_mul::<S::Group>(&zero, &zero, &element),
        identity
    );
}

/// Addition obeys the laws of a group, and multiplication by a scalar is distributive over it.
pub fn group_laws<S: CryptoSuite>() {
    let (add, sub, mul) = (S::Group::add, S::Group::sub, S::Group::mul);
    let identity = S::Group::identity();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    for _ in 0..8 {
        let [a, b, c] = [(); 3].map(|()| random_element::<S>(&mut rng));
        let [x, y] = [(); 2].map(|()| random_scalar::<S::Group>(&mut rng));
        assert_eq!(S::Group::decode(&S::Group::encode(&a)).unwrap(), a);
        assert_eq!(add(&a, &identity), a);
        assert_eq!(sub(&a, &identity), a);
        assert_eq!(add(&a, &b), add(&b, &a));
        assert_eq!(add(&add(&a, &b), &c), add(&a, &add(&b, &c)));
        assert_eq!(sub(&add(&a, &b), &b), a);
        assert_eq!(sub(&identity, &sub(&a, &b)), sub(&b, &a));
        assert_eq!(S::Group::sum([&a, &b, &c]), add(&add(&a, &b), &c));
        assert_eq!(
            mul(&mul(&a, &x), &y),
            mul(&a, &S::Group::scalar_mul(&x, &y))
        );
        assert_eq!(
            add(&mul(&a, &x), &mul(&a, &y)),
            mul(&a, &S::Group::scalar_add(&x, &y))
        );
        assert_eq!(add(&mul(&a, &x), &mul(&b, &x)), mul(&add(&a, &b), &x));
        let base = S::Group::mul_base(&small::<S>(1));
        assert_eq!(S::Group::mul_base(&x), mul(&base, &x));
        let double = vartime_double_scalar_mul::<S::Group>(&x, &y, &a);
        assert_eq!(double, add(&S::Group::mul_base(&x), &mul(&a, &y)));
        assert_ne!(a, b);
    }
}

/// `a G + b P` is right at the edges too, by the trait's method and by the free function.
pub fn double_multiplication_is_the_sum_of_two_products<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let generator = S::Group::mul_base(&small::<S>(1));
    let minus_one = S::Group::scalar_sub(&S::Group::scalar_zero(), &small::<S>(1));
    let random: [Scalar<S>; 2] = [(); 2].map(|()| (*random_scalar::<S::Group>(&mut rng)).clone());
    let scalars = [
        S::Group::scalar_zero(),
        small::<S>(1),
        small::<S>(u128::MAX),
        minus_one,
    ]
    .into_iter()
    .chain(random)
    .collect::<Vec<_>>();
    let elements = [
        S::Group::identity(),
        generator,
        random_element::<S>(&mut rng),
    ];
    for element in &elements {
        for a in &scalars {
            for b in &scalars {
                let expected = S::Group::add(&S::Group::mul_base(a), &S::Group::mul(element, b));
                assert_eq!(S::Group::vartime_double_scalar_mul(a, b, element), expected);
                assert_eq!(
                    vartime_double_scalar_mul::<S::Group>(a, b, element),
                    expected
                );
            }
        }
    }
}

/// A sum of products is the sum of its products, for every number of terms, and over the shorter of two lists.
pub fn multi_scalar_multiplication_is_the_sum_of_products<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut scalars: Vec<Scalar<S>> = (0..40)
        .map(|_| (*random_scalar::<S::Group>(&mut rng)).clone())
        .collect();
    let mut elements: Vec<_> = (0..40).map(|_| random_element::<S>(&mut rng)).collect();
    // Terms that vanish, and a pair that cancels.
    scalars[1] = S::Group::scalar_zero();
    elements[3] = S::Group::identity();
    scalars[5] = S::Group::scalar_sub(&S::Group::scalar_zero(), &scalars[4]);
    elements[5] = elements[4].clone();
    let naive = |scalars: &[Scalar<S>], elements: &[Element<S>]| {
        let products = scalars
            .iter()
            .zip(elements)
            .map(|(scalar, element)| S::Group::mul(element, scalar));
        S::Group::sum(&products.collect::<Vec<_>>())
    };
    let product = S::Group::vartime_multi_scalar_mul;
    for terms in [0, 1, 2, 6, 40] {
        let (scalars, elements) = (&scalars[..terms], &elements[..terms]);
        assert_eq!(
            product(scalars, elements),
            naive(scalars, elements),
            "{terms} terms"
        );
    }
    for (left, right) in [(0, 3), (3, 0), (2, 7), (7, 2)] {
        let shorter = left.min(right);
        assert_eq!(
            product(&scalars[..left], &elements[..right]),
            naive(&scalars[..shorter], &elements[..shorter]),
            "{left} scalars, {right} elements"
        );
    }
    assert_eq!(
        product(&scalars[4..6], &elements[4..6]),
        S::Group::identity()
    );
    // Beyond the number of terms at which `curve25519-dalek` goes from Straus to Pippenger.
    let scalars: Vec<_> = scalars.iter().cycle().take(200).cloned().collect();
    let elements: Vec<_> = elements.iter().cycle().take(200).cloned().collect();
    assert_eq!(
        product(&scalars, &elements),
        naive(&scalars, &elements),
        "200 terms"
    );
}
