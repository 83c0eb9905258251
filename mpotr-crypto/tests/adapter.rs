//! What the adapters add to a library's own AEAD and hash. (The algorithms are checked for every backend in
//! `mpotr-conformance`.)

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
use mpotr_crypto::CryptoSuite;
use mpotr_crypto::adapter::{AeadAdapter, HashAdapter, InPlaceAead, Sha512State};
use mpotr_crypto::aead::AeadInOut;
use mpotr_crypto::aead::inout::InOutBuf;
use mpotr_crypto::digest::Digest;

/// An AEAD that leaves its mark on the text, and works or does not.
struct Marking {
    works: bool,
}

fn mark(nonce: &[u8; 12], data: &[u8], text: &mut [u8]) {
    let mark = data.iter().fold(nonce[0], |mark, byte| mark ^ byte);
    text.iter_mut().for_each(|byte| *byte ^= mark);
}

impl InPlaceAead for Marking {
    fn new(_: &[u8; 32]) -> Self {
        Self { works: true }
    }

    fn seal(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        mark(nonce, data, text);
        self.works.then_some([7; 16])
    }

    fn open(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8], tag: &[u8; 16]) -> Option<()> {
        mark(nonce, data, text);
        (self.works && tag == &[7; 16]).then_some(())
    }
}

#[test]
fn seals_and_opens_from_one_buffer_to_another() {
    let aead = AeadAdapter::from(Marking { works: true });
    let (nonce, mut sealed, mut opened) = ([1; 12].into(), [0; 4], [0; 4]);
    let buffer = InOutBuf::new(b"text", &mut sealed).unwrap();
    let tag = aead.encrypt_inout_detached(&nonce, &[2], buffer).unwrap();
    assert_eq!(
        (sealed, tag.into()),
        (b"text".map(|byte| byte ^ 3), [7; 16])
    );
    let buffer = InOutBuf::new(&sealed, &mut opened).unwrap();
    let done = aead.decrypt_inout_detached(&nonce, &[2], buffer, &tag);
    assert_eq!((done.is_ok(), &opened), (true, b"text"));
}

#[test]
fn shows_no_plaintext_where_sealing_fails() {
    let aead = AeadAdapter::from(Marking { works: false });
    let mut text = *b"the text of a message";
    let sealed = aead.encrypt_inout_detached(&[1; 12].into(), &[2], text.as_mut_slice().into());
    assert!(sealed.is_err());
    assert_eq!(text, [0; 21]);
}

#[test]
fn shows_nothing_where_opening_fails() {
    let aead = AeadAdapter::from(Marking { works: true });
    let mut text = [3; 21];
    let (nonce, wrong) = ([1; 12].into(), [8; 16].into());
    let opened = aead.decrypt_inout_detached(&nonce, &[2], text.as_mut_slice().into(), &wrong);
    assert!(opened.is_err());
    assert_eq!(text, [0; 21]);
}

/// SHA-512 of another library in the shape that the adapter takes.
#[derive(Clone)]
struct State(RealHash);

type RealHash = <ChaCha20Poly1305Suite as CryptoSuite>::Hash;

impl Sha512State for State {
    fn new() -> Self {
        Self(RealHash::default())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finish(self, hash: &mut [u8; 64]) {
        self.0.finalize_into(hash.into());
    }
}

#[test]
fn after_a_reset_a_hash_is_as_new() {
    type Sha512 = HashAdapter<State>;
    let mut hash = Sha512::default();
    hash.update(b"forgotten");
    Digest::reset(&mut hash);
    hash.update(b"abc");
    assert_eq!(hash.finalize_reset(), RealHash::digest(b"abc"));
    assert_eq!(hash.finalize_reset(), RealHash::digest(b""));
}

#[test]
fn debug_shows_nothing_of_a_key_or_a_state() {
    let aead = AeadAdapter::from(Marking { works: true });
    assert_eq!(format!("{aead:?}"), "AeadAdapter(..)");
    let hash = HashAdapter::<State>::default();
    assert_eq!(format!("{hash:?}"), "HashAdapter(..)");
}
