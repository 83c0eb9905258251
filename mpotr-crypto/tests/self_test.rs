//! A backend that computes something else, or accepts what it should not, is refused when it is picked:
//! `docs/spec/02-suites.md`, "Backends". Each double changes one thing in the RustCrypto backend, and each
//! check of the self-test has one that it alone refuses. (That the real backends pass is checked in `mpotr-conformance`.)

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one; operators on points and scalars are modular"
)]

#[path = "self_test/aeads.rs"]
mod aeads;
#[path = "self_test/curves.rs"]
mod curves;
#[path = "self_test/groups.rs"]
mod groups;
#[path = "self_test/hashes.rs"]
mod hashes;
#[path = "self_test/signers.rs"]
mod signers;

use core::fmt::Debug;
use core::marker::PhantomData;

use mpotr_backend_rustcrypto::{ChaCha20Poly1305Suite, Ed25519, Ristretto255};
use mpotr_crypto::{
    CryptoSuite, Group, SignatureScheme, SuiteAead, SuiteHash, SuiteHmac, SuiteId, check_supported,
    self_test,
};

type RealAead = <ChaCha20Poly1305Suite as CryptoSuite>::Aead;
type RealHash = <ChaCha20Poly1305Suite as CryptoSuite>::Hash;
type RealHmac = <ChaCha20Poly1305Suite as CryptoSuite>::Hmac;

/// The parts of a backend, of which a double changes one.
trait Parts: Copy + Debug + Send + Sync + 'static {
    type Aead: SuiteAead;
    type Hash: SuiteHash;
    type Hmac: SuiteHmac;
    type Signature: SignatureScheme;
    type Group: Group;
}

#[derive(Clone, Copy, Debug)]
struct Double<P>(PhantomData<P>);

impl<P: Parts> CryptoSuite for Double<P> {
    const ID: SuiteId = SuiteId::ChaCha20Poly1305;
    const BACKEND: &'static str = "lax";
    type Aead = P::Aead;
    type Hash = P::Hash;
    type Hmac = P::Hmac;
    type Signature = P::Signature;
    type Group = P::Group;
}

/// The real backend with another part in place of one.
macro_rules! with_another {
    ($name:ident, $bound:path, $aead:ty, $hash:ty, $hmac:ty, $signature:ty, $group:ty) => {
        struct $name<T>(PhantomData<T>);

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}

        impl<T> Debug for $name<T> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl<T: $bound + Send + Sync + 'static> Parts for $name<T> {
            type Aead = $aead;
            type Hash = $hash;
            type Hmac = $hmac;
            type Signature = $signature;
            type Group = $group;
        }
    };
}

with_another!(
    WithAead,
    SuiteAead,
    T,
    RealHash,
    RealHmac,
    Ed25519,
    Ristretto255
);
with_another!(
    WithHash,
    SuiteHash,
    RealAead,
    T,
    RealHmac,
    Ed25519,
    Ristretto255
);
with_another!(
    WithHmac,
    SuiteHmac,
    RealAead,
    RealHash,
    T,
    Ed25519,
    Ristretto255
);
with_another!(
    WithSignature,
    SignatureScheme,
    RealAead,
    RealHash,
    RealHmac,
    T,
    Ristretto255
);
with_another!(WithGroup, Group, RealAead, RealHash, RealHmac, Ed25519, T);

/// Why a double is refused.
fn fault_of<P: Parts>() -> String {
    let refusal = check_supported::<Double<P>>().unwrap_err();
    assert_eq!(
        (refusal.suite, refusal.backend),
        (SuiteId::ChaCha20Poly1305, "lax")
    );
    // The verdict is kept, and is the same when it is asked for again.
    assert_eq!(check_supported::<Double<P>>(), Err(refusal));
    refusal.reason.to_owned()
}

#[test]
fn passes_a_backend_that_is_right() {
    type Right = Double<WithGroup<Ristretto255>>;
    assert_eq!(check_supported::<Right>(), Ok(()));
    assert_eq!(self_test::run::<Right>(), Ok(()));
}
