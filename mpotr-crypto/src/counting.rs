//! A suite that counts what costs and leaves the rest as it is: what a measurement or a test says of operations is what
//! was done, not what a formula says should have been. With the feature `counting`.
//!
//! | counted as | calls |
//! |---|---|
//! | multiplication | [`Group::mul`] |
//! | base multiplication | [`Group::mul_base`] |
//! | term | each product in [`Group::vartime_multi_scalar_mul`]; two in [`Group::vartime_double_scalar_mul`] |
//! | addition | [`Group::add`], [`Group::sub`], and each element in [`Group::sum`] |
//! | signature | [`Edwards::vartime_base_minus`], once in each verification |
//!
//! The additions inside a multiplication belong to it. Of Ed25519, which works in a group of its own, only the
//! signatures that are verified are counted. Encodings and decodings are not.

use std::cell::Cell;
use std::marker::PhantomData;

use crate::{CryptoSuite, Edwards, Group, Secret, SignatureScheme, SuiteId, UnsupportedSuite};

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts::NONE) };
}

/// Operations in the suite's group, and signatures verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// A secret scalar times some element.
    pub multiplications: u64,
    /// A secret scalar times the generator.
    pub base_multiplications: u64,
    /// Public products that a multi-scalar multiplication sums up.
    pub terms: u64,
    /// Additions and subtractions of elements.
    pub additions: u64,
    /// Signatures verified.
    pub signatures: u64,
}

impl Counts {
    /// None at all.
    pub const NONE: Self = Self {
        multiplications: 0,
        base_multiplications: 0,
        terms: 0,
        additions: 0,
        signatures: 0,
    };

    /// Scalar multiplications of every kind.
    #[must_use]
    pub const fn scalar_multiplications(&self) -> u64 {
        self.multiplications
            .saturating_add(self.base_multiplications)
            .saturating_add(self.terms)
    }

    const fn since(&self, earlier: &Self) -> Self {
        Self {
            multiplications: self.multiplications.saturating_sub(earlier.multiplications),
            base_multiplications: self
                .base_multiplications
                .saturating_sub(earlier.base_multiplications),
            terms: self.terms.saturating_sub(earlier.terms),
            additions: self.additions.saturating_sub(earlier.additions),
            signatures: self.signatures.saturating_sub(earlier.signatures),
        }
    }
}

/// What `work` did on this thread with suites that count.
pub fn count<T>(work: impl FnOnce() -> T) -> (T, Counts) {
    let before = COUNTS.get();
    let done = work();
    (done, COUNTS.get().since(&before))
}

fn note(one: impl FnOnce(&mut Counts)) {
    let mut counts = COUNTS.get();
    one(&mut counts);
    COUNTS.set(counts);
}

fn note_terms(terms: usize) {
    let terms = u64::try_from(terms).unwrap_or(u64::MAX);
    note(|counts| counts.terms = counts.terms.saturating_add(terms));
}

fn note_addition() {
    note(|counts| counts.additions = counts.additions.saturating_add(1));
}

/// Suite `S`, with its operations counted.
#[derive(Clone, Copy, Debug)]
pub struct Counted<S>(PhantomData<S>);

impl<S: CryptoSuite> CryptoSuite for Counted<S> {
    const ID: SuiteId = S::ID;
    const BACKEND: &'static str = S::BACKEND;
    type Aead = S::Aead;
    type Hash = S::Hash;
    type Hmac = S::Hmac;
    type Signature = CountedSignature<S::Signature>;
    type Group = CountedGroup<S::Group>;

    fn make_ready() -> Result<(), UnsupportedSuite> {
        S::make_ready()
    }
}

/// Signatures `S`, with each verification counted.
#[derive(Debug)]
pub struct CountedSignature<S>(PhantomData<S>);

impl<S: SignatureScheme> SignatureScheme for CountedSignature<S> {
    type SigningKey = S::SigningKey;
    type Curve = CountedCurve<S::Curve>;

    fn signing_key(seed: &Secret<32>) -> Self::SigningKey {
        S::signing_key(seed)
    }

    fn public_key(key: &Self::SigningKey) -> [u8; 32] {
        S::public_key(key)
    }
}

/// Curve `E`, with its verifications counted.
#[derive(Debug)]
pub struct CountedCurve<E>(PhantomData<E>);

impl<E: Edwards> Edwards for CountedCurve<E> {
    type Point = E::Point;

    fn decode(bytes: &[u8; 32]) -> Option<Self::Point> {
        E::decode(bytes)
    }

    fn vartime_base_minus(s: &[u8; 32], k: &[u8; 64], point: &Self::Point) -> [u8; 32] {
        note(|counts| counts.signatures = counts.signatures.saturating_add(1));
        E::vartime_base_minus(s, k, point)
    }
}

/// Group `G`, with its operations counted.
#[derive(Debug)]
pub struct CountedGroup<G>(PhantomData<G>);

impl<G: Group> Group for CountedGroup<G> {
    type Scalar = G::Scalar;
    type Element = G::Element;

    fn scalar_from_wide(bytes: &[u8; 64]) -> Self::Scalar {
        G::scalar_from_wide(bytes)
    }

    fn decode_scalar(bytes: &[u8; 32]) -> Option<Self::Scalar> {
        G::decode_scalar(bytes)
    }

    fn encode_scalar(scalar: &Self::Scalar) -> [u8; 32] {
        G::encode_scalar(scalar)
    }

    fn scalar_add(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar {
        G::scalar_add(a, b)
    }

    fn scalar_sub(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar {
        G::scalar_sub(a, b)
    }

    fn scalar_mul(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar {
        G::scalar_mul(a, b)
    }

    fn identity() -> Self::Element {
        G::identity()
    }

    fn decode(bytes: &[u8; 32]) -> Option<Self::Element> {
        G::decode(bytes)
    }

    fn encode(element: &Self::Element) -> [u8; 32] {
        G::encode(element)
    }

    fn from_uniform_bytes(bytes: &[u8; 64]) -> Self::Element {
        G::from_uniform_bytes(bytes)
    }

    fn add(a: &Self::Element, b: &Self::Element) -> Self::Element {
        note_addition();
        G::add(a, b)
    }

    fn sub(a: &Self::Element, b: &Self::Element) -> Self::Element {
        note_addition();
        G::sub(a, b)
    }

    fn mul_base(scalar: &Self::Scalar) -> Self::Element {
        note(|counts| {
            counts.base_multiplications = counts.base_multiplications.saturating_add(1);
        });
        G::mul_base(scalar)
    }

    fn mul(element: &Self::Element, scalar: &Self::Scalar) -> Self::Element {
        note(|counts| counts.multiplications = counts.multiplications.saturating_add(1));
        G::mul(element, scalar)
    }

    fn vartime_multi_scalar_mul(
        scalars: &[Self::Scalar],
        elements: &[Self::Element],
    ) -> Self::Element {
        note_terms(scalars.len().min(elements.len()));
        G::vartime_multi_scalar_mul(scalars, elements)
    }

    fn vartime_double_scalar_mul(
        a: &Self::Scalar,
        b: &Self::Scalar,
        element: &Self::Element,
    ) -> Self::Element {
        note_terms(2);
        G::vartime_double_scalar_mul(a, b, element)
    }

    fn sum<'a>(elements: impl IntoIterator<Item = &'a Self::Element>) -> Self::Element {
        G::sum(elements.into_iter().inspect(|_element| note_addition()))
    }

    fn scalar_zero() -> Self::Scalar {
        G::scalar_zero()
    }

    fn scalar_from_u128(value: u128) -> Self::Scalar {
        G::scalar_from_u128(value)
    }
}
