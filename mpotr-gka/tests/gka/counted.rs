//! A suite that counts what costs: signatures verified, and public products in its group.

use std::cell::Cell;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::{
    CryptoSuite, Edwards, Group, Secret, SignatureScheme, SuiteId, UnsupportedSuite,
};

type Signatures = <Suite as CryptoSuite>::Signature;
type Elements = <Suite as CryptoSuite>::Group;

thread_local! {
    static WORK: Cell<Work> = const { Cell::new(Work { signatures: 0, products: 0 }) };
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// Signatures verified.
    pub(crate) signatures: usize,
    /// Products of a public scalar and an element.
    pub(crate) products: usize,
}

/// What `work` did on this thread.
pub(crate) fn count<T>(work: impl FnOnce() -> T) -> (T, Work) {
    let before = WORK.get();
    let done = work();
    let after = WORK.get();
    let work = Work {
        signatures: after.signatures - before.signatures,
        products: after.products - before.products,
    };
    (done, work)
}

fn note(signatures: usize, products: usize) {
    let before = WORK.get();
    WORK.set(Work {
        signatures: before.signatures + signatures,
        products: before.products + products,
    });
}

/// The default suite, counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted;

impl CryptoSuite for Counted {
    const ID: SuiteId = Suite::ID;
    const BACKEND: &'static str = Suite::BACKEND;
    type Aead = <Suite as CryptoSuite>::Aead;
    type Hash = <Suite as CryptoSuite>::Hash;
    type Hmac = <Suite as CryptoSuite>::Hmac;
    type Signature = CountedSignatures;
    type Group = CountedElements;

    fn make_ready() -> Result<(), UnsupportedSuite> {
        Suite::make_ready()
    }
}

#[derive(Debug)]
pub(crate) struct CountedSignatures;

impl SignatureScheme for CountedSignatures {
    type SigningKey = <Signatures as SignatureScheme>::SigningKey;
    type Curve = CountedCurve;

    fn signing_key(seed: &Secret<32>) -> Self::SigningKey {
        Signatures::signing_key(seed)
    }

    fn public_key(key: &Self::SigningKey) -> [u8; 32] {
        Signatures::public_key(key)
    }
}

type Curve = <Signatures as SignatureScheme>::Curve;

#[derive(Debug)]
pub(crate) struct CountedCurve;

impl Edwards for CountedCurve {
    type Point = <Curve as Edwards>::Point;

    fn decode(bytes: &[u8; 32]) -> Option<Self::Point> {
        Curve::decode(bytes)
    }

    fn vartime_base_minus(s: &[u8; 32], k: &[u8; 64], a: &Self::Point) -> [u8; 32] {
        note(1, 0);
        Curve::vartime_base_minus(s, k, a)
    }
}

#[derive(Debug)]
pub(crate) struct CountedElements;

impl Group for CountedElements {
    type Scalar = <Elements as Group>::Scalar;
    type Element = <Elements as Group>::Element;

    fn scalar_from_wide(bytes: &[u8; 64]) -> Self::Scalar {
        Elements::scalar_from_wide(bytes)
    }

    fn decode_scalar(bytes: &[u8; 32]) -> Option<Self::Scalar> {
        Elements::decode_scalar(bytes)
    }

    fn encode_scalar(scalar: &Self::Scalar) -> [u8; 32] {
        Elements::encode_scalar(scalar)
    }

    fn scalar_add(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar {
        Elements::scalar_add(a, b)
    }

    fn scalar_sub(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar {
        Elements::scalar_sub(a, b)
    }

    fn scalar_mul(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar {
        Elements::scalar_mul(a, b)
    }

    fn identity() -> Self::Element {
        Elements::identity()
    }

    fn decode(bytes: &[u8; 32]) -> Option<Self::Element> {
        Elements::decode(bytes)
    }

    fn encode(element: &Self::Element) -> [u8; 32] {
        Elements::encode(element)
    }

    fn from_uniform_bytes(bytes: &[u8; 64]) -> Self::Element {
        Elements::from_uniform_bytes(bytes)
    }

    fn add(a: &Self::Element, b: &Self::Element) -> Self::Element {
        Elements::add(a, b)
    }

    fn sub(a: &Self::Element, b: &Self::Element) -> Self::Element {
        Elements::sub(a, b)
    }

    fn mul_base(scalar: &Self::Scalar) -> Self::Element {
        Elements::mul_base(scalar)
    }

    fn mul(element: &Self::Element, scalar: &Self::Scalar) -> Self::Element {
        Elements::mul(element, scalar)
    }

    fn vartime_multi_scalar_mul(
        scalars: &[Self::Scalar],
        elements: &[Self::Element],
    ) -> Self::Element {
        note(0, scalars.len());
        Elements::vartime_multi_scalar_mul(scalars, elements)
    }

    fn vartime_double_scalar_mul(
        a: &Self::Scalar,
        b: &Self::Scalar,
        element: &Self::Element,
    ) -> Self::Element {
        note(0, 2);
        Elements::vartime_double_scalar_mul(a, b, element)
    }

    fn sum<'a>(elements: impl IntoIterator<Item = &'a Self::Element>) -> Self::Element {
        Elements::sum(elements)
    }

    fn scalar_zero() -> Self::Scalar {
        Elements::scalar_zero()
    }

    fn scalar_from_u128(value: u128) -> Self::Scalar {
        Elements::scalar_from_u128(value)
    }
}
