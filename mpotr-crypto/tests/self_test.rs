//! A backend that accepts what it should not is refused when it is picked: `docs/spec/02-suites.md`, "A backend proves
//! itself". (That the real backends pass is checked in `mpotr-conformance`.)

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one; operators on points and scalars are modular"
)]

use core::fmt::Debug;
use core::marker::PhantomData;

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};
use mpotr_backend_rustcrypto::{ChaCha20Poly1305Suite, Ed25519, Ristretto255};
use mpotr_crypto::adapter::{AeadAdapter, InPlaceAead};
use mpotr_crypto::aead::{AeadInOut, KeyInit};
use mpotr_crypto::digest::Digest;
use mpotr_crypto::self_test::{self, TrialFault};
use mpotr_crypto::{
    CryptoSuite, Edwards, Group, Secret, SignatureScheme, SuiteAead, SuiteId, check_supported,
};
use mpotr_group_dalek::Edwards25519;

/// What a double changes in the RustCrypto backend.
trait Change: Copy + Debug + Send + Sync + 'static {
    type Aead: SuiteAead;
    type Curve: Edwards;
    type Group: Group;
}

type RealAead = <ChaCha20Poly1305Suite as CryptoSuite>::Aead;

#[derive(Clone, Copy, Debug)]
struct Changed<C>(PhantomData<C>);

impl<C: Change> CryptoSuite for Changed<C> {
    const ID: SuiteId = SuiteId::ChaCha20Poly1305;
    const BACKEND: &'static str = "lax";
    type Aead = C::Aead;
    type Hash = <ChaCha20Poly1305Suite as CryptoSuite>::Hash;
    type Hmac = <ChaCha20Poly1305Suite as CryptoSuite>::Hmac;
    type Signature = OnCurve<C::Curve>;
    type Group = C::Group;
}

/// Signs as the real backend does and verifies on another curve.
struct OnCurve<E>(PhantomData<E>);

impl<E: Edwards> SignatureScheme for OnCurve<E> {
    type SigningKey = <Ed25519 as SignatureScheme>::SigningKey;
    type Curve = E;

    fn signing_key(seed: &Secret<32>) -> Self::SigningKey {
        Ed25519::signing_key(seed)
    }

    fn public_key(key: &Self::SigningKey) -> [u8; 32] {
        Ed25519::public_key(key)
    }
}

fn fault_of<C: Change>() -> String {
    let refusal = check_supported::<Changed<C>>().unwrap_err();
    assert_eq!(
        (refusal.suite, refusal.backend),
        (SuiteId::ChaCha20Poly1305, "lax")
    );
    // The verdict is kept, and is the same when it is asked for again.
    assert_eq!(check_supported::<Changed<C>>(), Err(refusal));
    refusal.reason.to_owned()
}

#[derive(Clone, Copy, Debug)]
struct Nothing;

impl Change for Nothing {
    type Aead = RealAead;
    type Curve = Edwards25519;
    type Group = Ristretto255;
}

#[test]
fn passes_a_backend_that_is_right() {
    assert_eq!(check_supported::<Changed<Nothing>>(), Ok(()));
    assert_eq!(self_test::run::<Changed<Nothing>>(), Ok(()));
}

/// A curve that multiplies the torsion out of keys, as a verifier with cofactor does in effect.
#[derive(Clone, Copy, Debug)]
struct WithoutTorsion;

impl Edwards for WithoutTorsion {
    type Point = EdwardsPoint;

    fn decode(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
        let point = CompressedEdwardsY(*bytes).decompress()?;
        let eighth = Scalar::from(8_u8).invert();
        Some(point.mul_by_cofactor() * eighth)
    }

    fn vartime_base_minus(s: &[u8; 32], k: &[u8; 64], point: &EdwardsPoint) -> [u8; 32] {
        Edwards25519::vartime_base_minus(s, k, point)
    }
}

/// A curve that multiplies by the low bits of k alone.
#[derive(Clone, Copy, Debug)]
struct Unreduced;

impl Edwards for Unreduced {
    type Point = EdwardsPoint;

    fn decode(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
        Edwards25519::decode(bytes)
    }

    fn vartime_base_minus(s: &[u8; 32], k: &[u8; 64], point: &EdwardsPoint) -> [u8; 32] {
        // k P = (k mod L) P + (k mod 8) T for P with a torsion part T: what a library gets that does not reduce.
        let torsion = point - point.mul_by_cofactor() * Scalar::from(8_u8).invert();
        let reduced = Scalar::from_bytes_mod_order_wide(k);
        let off =
            torsion * Scalar::from(k[0] % 8) - torsion * Scalar::from(reduced.to_bytes()[0] % 8);
        let right = CompressedEdwardsY(Edwards25519::vartime_base_minus(s, k, point));
        (right.decompress().unwrap() - off).compress().to_bytes()
    }
}

#[derive(Clone, Copy, Debug)]
struct LaxCurve<E>(PhantomData<E>);

impl<E: Edwards + Copy> Change for LaxCurve<E> {
    type Aead = RealAead;
    type Curve = E;
    type Group = Ristretto255;
}

#[test]
fn refuses_a_curve_that_forgets_torsion() {
    assert_eq!(
        fault_of::<LaxCurve<WithoutTorsion>>(),
        "it takes a signature under a key with a part of order 8 that the equation keeps"
    );
}

#[test]
fn refuses_a_curve_that_does_not_reduce_k() {
    assert_eq!(
        fault_of::<LaxCurve<Unreduced>>(),
        "it does not reduce k before it multiplies the key"
    );
}

/// A curve that takes what is no point for a point.
#[derive(Clone, Copy, Debug)]
struct NoPointIs<const BASE: bool>;

impl<const BASE: bool> Edwards for NoPointIs<BASE> {
    type Point = EdwardsPoint;

    fn decode(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
        let other = EdwardsPoint::mul_base(&Scalar::from(u8::from(BASE)));
        Some(CompressedEdwardsY(*bytes).decompress().unwrap_or(other))
    }

    fn vartime_base_minus(s: &[u8; 32], k: &[u8; 64], point: &EdwardsPoint) -> [u8; 32] {
        Edwards25519::vartime_base_minus(s, k, point)
    }
}

#[test]
fn refuses_a_curve_that_decodes_what_is_no_point() {
    assert_eq!(
        fault_of::<LaxCurve<NoPointIs<true>>>(),
        "it takes a key that is no point for the base point"
    );
    assert_eq!(
        fault_of::<LaxCurve<NoPointIs<false>>>(),
        "it takes a key that is no point for the identity"
    );
}

#[test]
fn no_signature_is_tried_twice() {
    let mut cases = self_test::SIGNATURES
        .iter()
        .map(|case| (case.key, case.message, case.signature))
        .collect::<Vec<_>>();
    let all = cases.len();
    cases.sort_unstable();
    cases.dedup();
    assert_eq!(cases.len(), all);
}

/// `[8]([S]B - R - [k]A)` is the identity: verification with cofactor, as RFC 8032 allows it.
fn verifies_with_cofactor(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let (r, s) = signature.split_first_chunk::<32>().unwrap();
    let s = Scalar::from_canonical_bytes(s.try_into().unwrap()).into_option();
    let points = [r, key].map(|bytes| CompressedEdwardsY(*bytes).decompress());
    let (Some(s), [Some(r_point), Some(a_point)]) = (s, points) else {
        return false;
    };
    let small_order = r_point.is_small_order() || a_point.is_small_order();
    let hash = sha512(&[r, key, message]);
    let k = Scalar::from_bytes_mod_order_wide(&hash);
    let difference = EdwardsPoint::mul_base(&s) - r_point - a_point * k;
    !small_order && difference.is_small_order()
}

fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    type Sha512 = <ChaCha20Poly1305Suite as CryptoSuite>::Hash;
    let hash = parts.iter().fold(Sha512::new(), Digest::chain_update);
    hash.finalize().into()
}

#[test]
fn a_verifier_with_cofactor_has_a_fault() {
    assert_eq!(
        self_test::verification(verifies_with_cofactor),
        Err(TrialFault(
            "it takes a signature whose R is off by a point of order 8"
        ))
    );
}

/// ristretto255 that reduces what it decodes.
#[derive(Debug)]
struct LaxGroup;

type Element = <Ristretto255 as Group>::Element;

/// Functions of a group that are those of the real one.
macro_rules! as_it_is {
    ($(fn $name:ident($($input:ident: $of:ty),*) -> $to:ty;)+) => {
        $(fn $name($($input: $of),*) -> $to {
            Ristretto255::$name($($input),*)
        })+
    };
}

impl Group for LaxGroup {
    type Scalar = Scalar;
    type Element = Element;

    /// Ignores the high bit, as decoders of edwards25519 do.
    fn decode(bytes: &[u8; 32]) -> Option<Element> {
        let mut bytes = *bytes;
        bytes[31] &= 0x7f;
        Ristretto255::decode(&bytes)
    }

    as_it_is! {
        fn scalar_from_wide(bytes: &[u8; 64]) -> Scalar;
        fn decode_scalar(bytes: &[u8; 32]) -> Option<Scalar>;
        fn encode_scalar(scalar: &Scalar) -> [u8; 32];
        fn scalar_add(a: &Scalar, b: &Scalar) -> Scalar;
        fn scalar_sub(a: &Scalar, b: &Scalar) -> Scalar;
        fn scalar_mul(a: &Scalar, b: &Scalar) -> Scalar;
        fn identity() -> Element;
        fn encode(element: &Element) -> [u8; 32];
        fn from_uniform_bytes(bytes: &[u8; 64]) -> Element;
        fn add(a: &Element, b: &Element) -> Element;
        fn sub(a: &Element, b: &Element) -> Element;
        fn mul_base(scalar: &Scalar) -> Element;
        fn mul(element: &Element, scalar: &Scalar) -> Element;
    }
}

#[derive(Clone, Copy, Debug)]
struct WithLaxGroup;

impl Change for WithLaxGroup {
    type Aead = RealAead;
    type Curve = Edwards25519;
    type Group = LaxGroup;
}

#[test]
fn refuses_a_group_that_decodes_too_much() {
    assert_eq!(
        fault_of::<WithLaxGroup>(),
        "it takes a ristretto255 encoding whose y is 0, or whose high bit is set"
    );
}

/// An AEAD that looks at the first `N` bytes of a tag alone.
struct LaxAead<const N: usize>(RealAead);

impl<const N: usize> InPlaceAead for LaxAead<N> {
    fn new(key: &[u8; 32]) -> Self {
        Self(RealAead::new(key.into()))
    }

    fn seal(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        let sealed = self
            .0
            .encrypt_inout_detached(nonce.into(), data, text.into());
        sealed.ok().map(Into::into)
    }

    fn open(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8], tag: &[u8; 16]) -> Option<()> {
        // A stream cipher: sealing the ciphertext again gives the text, and sealing that the right tag.
        self.seal(nonce, data, text)?;
        let right = self.seal(nonce, data, &mut text.to_vec())?;
        (right[..N] == tag[..N]).then_some(())
    }
}

#[derive(Clone, Copy, Debug)]
struct WithLaxAead<const N: usize>;

impl<const N: usize> Change for WithLaxAead<N> {
    type Aead = AeadAdapter<LaxAead<N>>;
    type Curve = Edwards25519;
    type Group = Ristretto255;
}

#[test]
fn refuses_an_aead_that_looks_at_no_tag() {
    assert_eq!(
        fault_of::<WithLaxAead<0>>(),
        "its AEAD opens a text that was changed"
    );
}

#[test]
fn refuses_an_aead_that_looks_at_a_part_of_the_tag() {
    assert_eq!(
        fault_of::<WithLaxAead<15>>(),
        "its AEAD opens under a tag that was changed"
    );
    assert_eq!(check_supported::<Changed<WithLaxAead<16>>>(), Ok(()));
}
