//! The backends agree, result by result: `docs/spec/02-suites.md`, "Backends".

#![expect(
    clippy::unwrap_used,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one"
)]

use mpotr_backend_ring as ring;
use mpotr_backend_rustcrypto as rustcrypto;
use mpotr_backend_sodium as sodium;
use mpotr_conformance::run::{Entry, journal};
use mpotr_conformance::signature::off_by_torsion;
use mpotr_crypto::{
    AeadKey, Backend, CryptoSuite, EphemeralKey, EphemeralKeyPair, Group, Secret, SignatureBytes,
    SuiteId, SuiteVisitor, TranscriptHash, VerifyingKey, check_supported, label, visit_suite,
};
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::{collection, prop_assert_eq};

const SEED: u64 = 0x6d70_4f54_5221;
const ROUNDS: u32 = 100;

/// Writes down a seeded run.
struct Journal;

impl SuiteVisitor for Journal {
    type Output = Vec<Entry>;

    fn visit<S: CryptoSuite>(self) -> Vec<Entry> {
        journal::<S>(SEED, ROUNDS)
    }
}

/// Asserts that a backend, where it can compute the suite, writes down the same.
fn assert_same<B: Backend>(suite: SuiteId, expected: &[Entry]) {
    let Ok(journal) = visit_suite::<B, _>(suite, Journal) else {
        return;
    };
    assert_eq!(expected.len(), journal.len());
    for (expected, entry) in expected.iter().zip(&journal) {
        assert_eq!(expected, entry);
    }
}

#[test]
fn one_seed_gives_the_same_bytes_in_every_suite() {
    for suite in SuiteId::ALL {
        let expected = visit_suite::<rustcrypto::RustCrypto, _>(suite, Journal).unwrap();
        assert_same::<ring::Ring>(suite, &expected);
        assert_same::<sodium::Libsodium>(suite, &expected);
    }
}

/// Runs a function for one suite of each backend and asserts that all give the same.
macro_rules! agree {
    ($suite:ident, $function:ident($($input:expr),*)) => {{
        let expected = $function::<rustcrypto::$suite>($($input),*);
        prop_assert_eq!(&$function::<ring::$suite>($($input),*), &expected);
        if check_supported::<sodium::$suite>().is_ok() {
            prop_assert_eq!(&$function::<sodium::$suite>($($input),*), &expected);
        }
    }};
}

fn decode_element<S: CryptoSuite>(bytes: &[u8; 32]) -> Option<[u8; 32]> {
    S::Group::decode(bytes).map(|element| S::Group::encode(&element))
}

fn decode_scalar<S: CryptoSuite>(bytes: &[u8; 32]) -> Option<[u8; 32]> {
    S::Group::decode_scalar(bytes).map(|scalar| S::Group::encode_scalar(&scalar))
}

fn decode_key<S: CryptoSuite>(bytes: &[u8; 32]) -> bool {
    VerifyingKey::<S>::decode(&EphemeralKey::new(*bytes)).is_some()
}

fn product<S: CryptoSuite>(uniform: &[u8; 64], wide: &[u8; 64]) -> [[u8; 32]; 2] {
    let element = S::Group::from_uniform_bytes(uniform);
    let scalar = S::Group::scalar_from_wide(wide);
    [
        S::Group::mul(&element, &scalar),
        S::Group::mul_base(&scalar),
    ]
    .map(|e| S::Group::encode(&e))
}

fn hash<S: CryptoSuite>(message: &[u8]) -> [u8; 64] {
    TranscriptHash::<S>::new(label::OFFER)
        .bytes(message)
        .finish()
}

fn seal<S: CryptoSuite>(key: [u8; 32], nonce: &[u8; 12], data: &[u8], text: &[u8]) -> Vec<u8> {
    let key = AeadKey::<S>::new(&Secret::new(key));
    let sealed = key.seal(nonce, data, text);
    assert_eq!(*key.open(nonce, data, &sealed).unwrap(), text);
    sealed
}

fn sign<S: CryptoSuite>(seed: [u8; 32], message: &[u8]) -> [u8; 64] {
    *EphemeralKeyPair::<S>::from_seed(&Secret::new(seed))
        .sign(message)
        .as_bytes()
}

fn verify<S: CryptoSuite>(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::<S>::decode(&EphemeralKey::new(*key)).is_some_and(|key| {
        key.verify(message, &SignatureBytes::new(*signature))
            .is_ok()
    })
}

fn public_key<S: CryptoSuite>(seed: [u8; 32]) -> [u8; 32] {
    *EphemeralKeyPair::<S>::from_seed(&Secret::new(seed))
        .public()
        .as_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn on_what_decodes(mut bytes: [u8; 32], high_bits in 0_u8..=0xff) {
        agree!(ChaCha20Poly1305Suite, decode_element(&bytes));
        agree!(ChaCha20Poly1305Suite, decode_scalar(&bytes));
        agree!(ChaCha20Poly1305Suite, decode_key(&bytes));
        // Near the limits: elements and scalars have high bits that are zero.
        bytes[0] &= 0xfe;
        bytes[31] &= high_bits & 0x7f;
        agree!(ChaCha20Poly1305Suite, decode_element(&bytes));
        agree!(ChaCha20Poly1305Suite, decode_scalar(&bytes));
        agree!(ChaCha20Poly1305Suite, decode_key(&bytes));
    }

    #[test]
    fn on_products(uniform in any::<[u8; 64]>(), wide in any::<[u8; 64]>()) {
        agree!(ChaCha20Poly1305Suite, product(&uniform, &wide));
    }

    #[test]
    fn on_hashes(message in collection::vec(any::<u8>(), 0..1000)) {
        agree!(ChaCha20Poly1305Suite, hash(&message));
    }

    #[test]
    fn on_seals(
        key: [u8; 32],
        nonce: [u8; 12],
        data in collection::vec(any::<u8>(), 0..200),
        text in collection::vec(any::<u8>(), 0..1000),
    ) {
        agree!(ChaCha20Poly1305Suite, seal(key, &nonce, &data, &text));
        agree!(Aes256GcmSuite, seal(key, &nonce, &data, &text));
    }

    #[test]
    fn on_signatures(
        seed: [u8; 32],
        message in collection::vec(any::<u8>(), 0..300),
        bit in 0_usize..512,
        torsion in 0_usize..8,
    ) {
        agree!(ChaCha20Poly1305Suite, sign(seed, &message));
        agree!(ChaCha20Poly1305Suite, public_key(seed));
        let key = public_key::<ring::ChaCha20Poly1305Suite>(seed);
        let mut signature = sign::<ring::ChaCha20Poly1305Suite>(seed, &message);
        agree!(ChaCha20Poly1305Suite, verify(&key, &message, &signature));
        signature[bit / 8] ^= 1 << (bit % 8);
        agree!(ChaCha20Poly1305Suite, verify(&key, &message, &signature));
        // R off by a point of small order, which a cofactor hides: right for none of them alone.
        let (key, signature) = off_by_torsion(&seed, &message, torsion);
        agree!(ChaCha20Poly1305Suite, verify(&key, &message, &signature));
        prop_assert_eq!(verify::<ring::ChaCha20Poly1305Suite>(&key, &message, &signature), torsion == 0);
    }
}
