//! What a suite that counts says was done.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::counting::{Counted, CountedGroup, Counts, count};
use mpotr_crypto::{CryptoSuite, EphemeralKeyPair, Group, Secret, VerifyingKey};

type Plain = <Suite as CryptoSuite>::Group;
type Counting = <Counted<Suite> as CryptoSuite>::Group;

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

#[test]
fn each_verification_is_counted_and_says_what_it_says_uncounted() {
    let key = EphemeralKeyPair::<Suite>::from_seed(&Secret::new([7; 32]));
    let signature = key.sign(b"text");
    let counted = VerifyingKey::<Counted<Suite>>::decode(&key.public()).unwrap();
    for (text, is_good) in [(b"text", true), (b"else", false)] {
        let (verified, counts) = count(|| counted.verify(text, &signature));
        assert_eq!(verified.is_ok(), is_good);
        let once = Counts {
            signatures: 1,
            ..Counts::NONE
        };
        assert_eq!(counts, once);
    }
    let (_signature, counts) = count(|| key.sign(b"text"));
    assert_eq!(counts, Counts::NONE);
}
