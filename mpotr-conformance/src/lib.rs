//! The checks that every backend passes, written once over [`CryptoSuite`]: `docs/spec/02-suites.md`.
//!
//! A check is a public function `check::<S>()` that panics where the contract is broken. One line makes a test of
//! each of them for one suite of one backend:
//!
//! ```
//! mpotr_conformance::conformance!(my_backend, mpotr_backend_rustcrypto::ChaCha20Poly1305Suite);
//! ```
//!
//! | module | what is checked | against |
//! |---|---|---|
//! | [`aead`] | AEAD, and [`AeadKey`](mpotr_crypto::AeadKey) on it | RFC 8439, the GCM specification, NIST's validation vectors, Wycheproof |
//! | [`hash`] | SHA-512, HMAC and HKDF on it | FIPS 180-4, RFC 5869, Wycheproof |
//! | [`signature`] | Ed25519 and the strict predicate | RFC 8032, Wycheproof, forgeries made here |
//! | [`scalar`] | the scalar field | its laws |
//! | [`group`] | ristretto255 | RFC 9496, its laws |
//! | [`joint`] | the joint signature | values of a second implementation |
//! | [`cpace`] | CPace over the group and the hash | the vectors of its draft; `pakery` in a test |
//! | [`run`] | that backends agree | each other: [`run::journal`] writes down every result of a seeded run |

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::missing_panics_doc,
    reason = "tests that live in a library, so that every backend can run them: to panic is how they report"
)]

use mpotr_crypto::{CryptoSuite, check_supported};

pub mod aead;
pub mod cpace;
pub mod group;
pub mod hash;
pub mod joint;
pub mod run;
pub mod scalar;
pub mod signature;
mod vectors;

/// Runs a check where the backend can compute the suite; elsewhere its refusal must name suite and backend, and a
/// caller that uses it all the same must get nothing.
pub fn check<S: CryptoSuite>(check: fn()) {
    match check_supported::<S>() {
        Ok(()) => check(),
        Err(unsupported) => {
            assert_eq!(
                (unsupported.suite, unsupported.backend),
                (S::ID, S::BACKEND)
            );
            aead::fails_closed::<S>();
        }
    }
}

/// Makes a module of tests, one for each check, for one suite of one backend.
#[macro_export]
macro_rules! conformance {
    ($module:ident, $suite:ty) => {
        mod $module {
            $crate::conformance! { @modules $suite;
                aead {
                    published_vectors
                    wycheproof
                    sealing_is_deterministic_and_16_bytes_longer
                    input_and_output_may_be_two_buffers
                    a_failed_open_yields_nothing
                    opens_a_fixed_length_alike
                    a_failed_open_shows_no_plaintext_in_the_buffer
                }
                hash {
                    published_vectors
                    in_pieces_is_as_in_one
                    a_clone_goes_its_own_way
                    hkdf_rfc_5869
                    hmac_wycheproof
                    hkdf_wycheproof
                }
                signature {
                    published_vectors
                    wycheproof
                    signing_is_deterministic
                    strict_predicate
                    torsion_pair
                    the_self_test_is_what_it_says
                    small_order_and_non_canonical_keys_do_not_decode
                    bytes_that_are_no_point_do_not_decode
                }
                scalar {
                    non_canonical_encodings_are_refused
                    wide_bytes_are_reduced
                    field_laws
                }
                group {
                    multiples_of_the_generator
                    invalid_encodings_are_refused
                    from_uniform_bytes
                    the_identity_decodes
                    a_product_may_be_the_identity
                    group_laws
                    double_multiplication_is_the_sum_of_two_products
                    multi_scalar_multiplication_is_the_sum_of_products
                }
                joint {
                    the_example_of_the_specification
                }
                cpace {
                    published_vectors
                    published_shares
                    the_same_secret_in_the_same_run_alone_succeeds
                    a_damaged_or_reflected_tag_shows_nothing
                }
                run {
                    a_journal_depends_on_its_seed_alone
                }
            }
        }
    };
    (@modules $suite:ty; $($file:ident { $($check:ident)* })*) => {
        $(mod $file {
            $(#[test]
            fn $check() {
                $crate::check::<$suite>($crate::$file::$check::<$suite>);
            })*
        })*
    };
}
