//! A suite that counts the work of its group and leaves the rest as it is: what the report says of operations is what
//! was done, not what a formula says should have been.
//!
//! | counted as | calls |
//! |---|---|
//! | multiplication | [`Group::mul`] |
//! | base multiplication | [`Group::mul_base`] |
//! | term | each product in [`Group::vartime_multi_scalar_mul`]; two in [`Group::vartime_double_scalar_mul`] |
//! | addition | [`Group::add`], [`Group::sub`], and each element in [`Group::sum`] |
//!
//! The additions inside a multiplication belong to it. Ed25519 works in a group of its own and is not counted; neither
//! are encodings and decodings.

use std::cell::Cell;
use std::marker::PhantomData;

use mpotr::crypto::Group;
use mpotr::{CryptoSuite, SuiteId, UnsupportedSuite};

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts::NONE) };
}

/// Operations in the suite's group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    /// A secret scalar times some element.
    pub(super) multiplications: u64,
    /// A secret scalar times the generator.
    pub(super) base_multiplications: u64,
    /// Public products that a multi-scalar multiplication sums up.
    pub(super) terms: u64,
    /// Additions and subtractions of elements.
    pub(super) additions: u64,
}

impl Counts {
    const NONE: Self = Self {
        multiplications: 0,
        base_multiplications: 0,
        terms: 0,
        additions: 0,
    };

    /// Scalar multiplications of every kind.
    pub(super) const fn scalar_multiplications(&self) -> u64 {
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
        }
    }
}

/// What `work` did on this thread with suites that count.
pub(super) fn count<T>(work: impl FnOnce() -> T) -> (T, Counts) {
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

/// Suite `S`, with the operations of its group counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted<S>(PhantomData<S>);

impl<S: CryptoSuite> CryptoSuite for Counted<S> {
    const ID: SuiteId = S::ID;
    const BACKEND: &'static str = S::BACKEND;
    type Aead = S::Aead;
    type Hash = S::Hash;
    type Hmac = S::Hmac;
    type Signature = S::Signature;
    type Group = CountedGroup<S::Group>;

    fn make_ready() -> Result<(), UnsupportedSuite> {
        S::make_ready()
    }
}

/// Group `G`, with its operations counted.
#[derive(Debug)]
pub(super) struct CountedGroup<G>(PhantomData<G>);

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

#[cfg(test)]
mod tests {
    use mpotr::CryptoSuite;
    use mpotr::crypto::Group;

    use super::{Counted, CountedGroup, Counts, count};
    use crate::suite::AnySuite;

    type Plain = <AnySuite as CryptoSuite>::Group;
    type Counting = <Counted<AnySuite> as CryptoSuite>::Group;

    #[test]
    fn each_operation_is_counted_once_and_gives_what_it_gives_uncounted() {
        counts_each_operation_once::<Plain>();
    }

    fn counts_each_operation_once<G: Group>() {
        let [two, three] = [2, 3].map(G::scalar_from_u128);
        let element = G::mul_base(&three);
        let elements = [element.clone(), element.clone(), element.clone()];
        let none = Counts::NONE;

        let (product, counts) = count(|| CountedGroup::<G>::mul(&element, &two));
        assert_eq!(product, G::mul(&element, &two));
        assert_eq!(
            counts,
            Counts {
                multiplications: 1,
                ..none
            }
        );

        let (product, counts) = count(|| CountedGroup::<G>::mul_base(&two));
        assert_eq!(product, G::mul_base(&two));
        assert_eq!(
            counts,
            Counts {
                base_multiplications: 1,
                ..none
            }
        );

        let (product, counts) =
            count(|| CountedGroup::<G>::vartime_double_scalar_mul(&two, &three, &element));
        assert_eq!(
            product,
            G::vartime_double_scalar_mul(&two, &three, &element)
        );
        assert_eq!(counts, Counts { terms: 2, ..none });

        // The shorter of the two slices decides, as in the group itself.
        let scalars = [two.clone(), three.clone()];
        let (product, counts) =
            count(|| CountedGroup::<G>::vartime_multi_scalar_mul(&scalars, &elements));
        assert_eq!(product, G::vartime_multi_scalar_mul(&scalars, &elements));
        assert_eq!(counts, Counts { terms: 2, ..none });

        let (sum, counts) = count(|| CountedGroup::<G>::sum(&elements));
        assert_eq!(sum, G::sum(&elements));
        assert_eq!(
            counts,
            Counts {
                additions: 3,
                ..none
            }
        );

        let (sum, counts) =
            count(|| CountedGroup::<G>::sub(&CountedGroup::<G>::add(&element, &sum), &element));
        assert_eq!(sum, G::sum(&elements));
        assert_eq!(
            counts,
            Counts {
                additions: 2,
                ..none
            }
        );
    }

    #[test]
    fn what_is_free_is_not_counted() {
        let ((), counts) = count(|| {
            let bytes = Counting::encode(&Counting::identity());
            assert!(Counting::decode(&bytes).is_some());
            let zero = Counting::scalar_zero();
            assert_eq!(
                Counting::encode_scalar(&Counting::scalar_mul(&zero, &zero)),
                [0; 32]
            );
        });
        assert_eq!(counts, Counts::NONE);
    }

    #[test]
    fn another_thread_counts_for_itself() {
        let ((), counts) = count(|| {
            let two = Plain::scalar_from_u128(2);
            std::thread::spawn(move || Counting::mul_base(&two))
                .join()
                .unwrap();
        });
        assert_eq!(counts, Counts::NONE);
    }
}
