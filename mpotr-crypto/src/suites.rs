//! The suites that there are, each written once over a backend: `docs/spec/02-suites.md`, "The suites".

use core::marker::PhantomData;

use crate::backend::Backend;
use crate::self_test::check_supported;
use crate::suite::CryptoSuite;
use crate::suite_id::{SuiteId, UnsupportedSuite};

/// What a program does once its suite is known: a generic function that [`visit_suite`] calls with the type that was chosen.
pub trait SuiteVisitor {
    /// What comes of it.
    type Output;

    /// Does it with suite `S`, which this machine can compute.
    fn visit<S: CryptoSuite>(self) -> Self::Output;
}

/// Suites that differ in their AEAD, which is the part of a backend that has the name of the suite's id.
macro_rules! suites {
    ($($(#[$doc:meta])* $suite:ident: $id:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $suite<B>(PhantomData<B>);

            impl<B: Backend> CryptoSuite for $suite<B> {
                const ID: SuiteId = SuiteId::$id;
                const BACKEND: &'static str = B::NAME;
                type Aead = B::$id;
                type Hash = B::Hash;
                type Hmac = B::Hmac;
                type Signature = B::Signature;
                type Group = B::Group;

                fn make_ready() -> Result<(), UnsupportedSuite> {
                    B::make_ready(Self::ID).map_err(|reason| UnsupportedSuite {
                        suite: Self::ID,
                        backend: B::NAME,
                        reason,
                    })
                }
            }
        )+

        /// Calls `visitor` with the type of `suite` on backend `B`, once the backend has shown that it computes it.
        ///
        /// # Errors
        /// What [`check_supported`] says. `visitor` is not called then.
        pub fn visit_suite<B: Backend, V: SuiteVisitor>(
            suite: SuiteId,
            visitor: V,
        ) -> Result<V::Output, UnsupportedSuite> {
            match suite {
                $(SuiteId::$id => {
                    check_supported::<$suite<B>>()?;
                    Ok(visitor.visit::<$suite<B>>())
                })+
            }
        }
    };
}

suites! {
    /// Suite 0x0001: ChaCha20-Poly1305, SHA-512, Ed25519, ristretto255.
    ChaCha20Poly1305Suite: ChaCha20Poly1305;
    /// Suite 0x0002: AES-256-GCM, SHA-512, Ed25519, ristretto255. Not every backend has it on every machine.
    Aes256GcmSuite: Aes256Gcm;
}

/// Names the suites of a backend in its crate: `suites_of!(Ring)` makes `ChaCha20Poly1305Suite` and `Aes256GcmSuite` there.
#[macro_export]
macro_rules! suites_of {
    ($backend:ty) => {
        /// Suite 0x0001, ChaCha20-Poly1305, on this backend.
        pub type ChaCha20Poly1305Suite = $crate::ChaCha20Poly1305Suite<$backend>;

        /// Suite 0x0002, AES-256-GCM, on this backend.
        pub type Aes256GcmSuite = $crate::Aes256GcmSuite<$backend>;
    };
}
