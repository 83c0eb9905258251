//! The contract of an AEAD key: `docs/spec/02-suites.md`, "AEAD". (The algorithms are checked for every backend in
//! `mpotr-conformance`.)

use mpotr_crypto::aead::consts::{U12, U16, U32};
use mpotr_crypto::aead::inout::InOutBuf;
use mpotr_crypto::aead::{
    AeadCore, AeadInOut, Error, Key, KeyInit, KeySizeUser, Nonce, Tag, TagPosition,
};
use mpotr_crypto::{
    AeadKey, CryptoSuite, OpenError, Secret, SuiteId, UnsupportedSuite, check_supported,
};

/// An AEAD that always fails and leaves in its buffer what it was given, as one without its hardware might.
struct Broken;

impl KeySizeUser for Broken {
    type KeySize = U32;
}

impl KeyInit for Broken {
    fn new(_: &Key<Self>) -> Self {
        Self
    }
}

impl AeadCore for Broken {
    type NonceSize = U12;
    type TagSize = U16;
    const TAG_POSITION: TagPosition = TagPosition::Postfix;
}

impl AeadInOut for Broken {
    fn encrypt_inout_detached(
        &self,
        _: &Nonce<Self>,
        _: &[u8],
        _: InOutBuf<'_, '_, u8>,
    ) -> Result<Tag<Self>, Error> {
        Err(Error)
    }

    fn decrypt_inout_detached(
        &self,
        _: &Nonce<Self>,
        _: &[u8],
        _: InOutBuf<'_, '_, u8>,
        _: &Tag<Self>,
    ) -> Result<(), Error> {
        Err(Error)
    }
}

#[derive(Clone, Copy, Debug)]
struct BrokenSuite;

impl CryptoSuite for BrokenSuite {
    const ID: SuiteId = SuiteId::Aes256Gcm;
    const BACKEND: &'static str = "broken";
    type Aead = Broken;
    type Hash = <mpotr_backend_rustcrypto::Aes256GcmSuite as CryptoSuite>::Hash;
    type Hmac = <mpotr_backend_rustcrypto::Aes256GcmSuite as CryptoSuite>::Hmac;
    type Signature = mpotr_backend_rustcrypto::Ed25519;
    type Group = mpotr_backend_rustcrypto::Ristretto255;

    fn make_ready() -> Result<(), UnsupportedSuite> {
        Err(UnsupportedSuite {
            suite: Self::ID,
            backend: Self::BACKEND,
            reason: "it is broken",
        })
    }
}

#[test]
fn a_seal_that_fails_yields_no_plaintext() {
    let key = AeadKey::<BrokenSuite>::new(&Secret::new([1; 32]));
    assert_eq!(key.seal(&[2; 12], b"data", b"the text of a message"), b"");
}

#[test]
fn an_open_that_fails_yields_nothing() {
    let key = AeadKey::<BrokenSuite>::new(&Secret::new([1; 32]));
    assert_eq!(key.open(&[2; 12], b"data", &[3; 40]), Err(OpenError));
    assert_eq!(
        key.open(&[2; 12], b"data", &[3; 15]),
        Err(OpenError),
        "shorter than a tag"
    );
    assert_eq!(
        key.open_array(&[2; 12], b"data", [3; 7], &[3; 16]),
        Err(OpenError)
    );
}

#[test]
fn a_refusal_says_which_suite_which_backend_and_why() {
    assert_eq!(
        check_supported::<BrokenSuite>().unwrap_err().to_string(),
        "the broken backend cannot compute the suite aes256gcm here: it is broken"
    );
}

#[test]
fn debug_shows_nothing_of_a_key() {
    let key = AeadKey::<BrokenSuite>::new(&Secret::new([1; 32]));
    assert_eq!(format!("{key:?}"), "AeadKey(..)");
}
