//! Group key agreement and authentication, from offers to an established epoch, honest and otherwise.
//!
//! Every check is generic over the suite; the macro below runs it for both suites of the RustCrypto backend. What an
//! insider does by hand is computed in `spec` from the specification alone, not with the code under test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one"
)]

use mpotr_crypto::{Element, Scalar};
use mpotr_gka::{AgreementId, AuthenticationId, Methods};

/// Runs checks that are generic over the suite, as a test each, in both suites.
macro_rules! checks {
    ($($check:ident),+ $(,)?) => {
        mod chacha20poly1305 {
            use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
            $(#[test] fn $check() { super::$check::<ChaCha20Poly1305Suite>(); })+
        }
        mod aes256gcm {
            use mpotr_backend_rustcrypto::Aes256GcmSuite;
            $(#[test] fn $check() { super::$check::<Aes256GcmSuite>(); })+
        }
    };
}

mod attribution;
mod codec;
mod contributions;
mod cost;
mod crew;
mod deniability;
mod inner_keys;
mod invented;
mod joiners;
mod keys;
mod limits;
mod offers;
mod proofs;
mod roster;
mod slots;
mod soundness;
mod spec;
mod terms;

/// The default: Burmester-Desmedt and the group proof.
const DEFAULT: Methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);

/// All four combinations.
fn combinations() -> impl Iterator<Item = Methods> {
    AgreementId::ALL.into_iter().flat_map(|agreement| {
        AuthenticationId::ALL.map(|authentication| Methods::new(agreement, authentication))
    })
}
