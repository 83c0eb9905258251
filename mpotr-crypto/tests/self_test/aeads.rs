//! AEADs that seal to other bytes, or open too much or too little.

use std::sync::Mutex;

use mpotr_crypto::adapter::{AeadAdapter, InPlaceAead};
use mpotr_crypto::aead::{AeadInOut, KeyInit};
use mpotr_crypto::check_supported;

use super::{Double, RealAead, WithAead, fault_of};

/// ChaCha20-Poly1305 in one buffer.
struct Real(RealAead);

impl Real {
    fn seal(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        let key = &self.0;
        let sealed = key.encrypt_inout_detached(nonce.into(), data, text.into());
        sealed.ok().map(Into::into)
    }
}

/// An AEAD that looks at the first `N` bytes of a tag alone.
struct LaxAead<const N: usize>(Real);

impl<const N: usize> InPlaceAead for LaxAead<N> {
    fn new(key: &[u8; 32]) -> Self {
        Self(Real(RealAead::new(key.into())))
    }

    fn seal(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        self.0.seal(nonce, data, text)
    }

    fn open(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8], tag: &[u8; 16]) -> Option<()> {
        // A stream cipher: sealing the ciphertext again gives the text, and sealing that the right tag.
        self.seal(nonce, data, text)?;
        let right = self.seal(nonce, data, &mut text.to_vec())?;
        (right[..N] == tag[..N]).then_some(())
    }
}

#[test]
fn refuses_an_aead_that_looks_at_no_tag() {
    assert_eq!(
        fault_of::<WithAead<AeadAdapter<LaxAead<0>>>>(),
        "its AEAD opens a text that was changed"
    );
}

#[test]
fn refuses_an_aead_that_looks_at_a_part_of_the_tag() {
    assert_eq!(
        fault_of::<WithAead<AeadAdapter<LaxAead<15>>>>(),
        "its AEAD opens under a tag that was changed"
    );
    type Whole = Double<WithAead<AeadAdapter<LaxAead<16>>>>;
    assert_eq!(check_supported::<Whole>(), Ok(()));
}

/// What is wrong with an AEAD.
mod wrong {
    pub(super) const ANOTHER_NONCE: u8 = 0;
    pub(super) const OPENS_NOTHING: u8 = 1;
    pub(super) const ANOTHER_NONCE_FOR_LONG: u8 = 2;
    pub(super) const OPENS_NOTHING_LONG: u8 = 3;
    pub(super) const LOOKS_AT_NO_TAG_OF_SHORT: u8 = 4;
    pub(super) const LOOKS_AT_NO_DATA: u8 = 5;
    pub(super) const LOOKS_AT_NO_NONCE: u8 = 6;
    pub(super) const OPENS_WHAT_WAS_CUT: u8 = 7;
}

/// Longer than any vector of one AEAD.
const LONG: usize = 1000;
/// Shorter than any.
const SHORT: usize = 8;

/// What was sealed last under a key.
#[derive(Default)]
struct Last {
    nonce: [u8; 12],
    data: Vec<u8>,
    length: usize,
    tag: [u8; 16],
}

/// ChaCha20-Poly1305 with one thing wrong. It goes by what it sealed last where it should look at what it is given.
struct WrongAead<const WRONG: u8> {
    real: Real,
    last: Mutex<Last>,
}

impl<const WRONG: u8> InPlaceAead for WrongAead<WRONG> {
    fn new(key: &[u8; 32]) -> Self {
        Self {
            real: Real(RealAead::new(key.into())),
            last: Mutex::default(),
        }
    }

    fn seal(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        let mut other = *nonce;
        let is_long = text.len() > LONG;
        if WRONG == wrong::ANOTHER_NONCE || is_long && WRONG == wrong::ANOTHER_NONCE_FOR_LONG {
            other[0] ^= 1;
        }
        let tag = self.real.seal(&other, data, text)?;
        if !is_long {
            *self.last.lock().unwrap() = Last {
                nonce: *nonce,
                data: data.to_vec(),
                length: text.len(),
                tag,
            };
        }
        Some(tag)
    }

    fn open(&self, nonce: &[u8; 12], data: &[u8], text: &mut [u8], tag: &[u8; 16]) -> Option<()> {
        let last = self.last.lock().unwrap();
        match WRONG {
            wrong::OPENS_NOTHING => return None,
            wrong::OPENS_NOTHING_LONG if text.len() > LONG => return None,
            wrong::LOOKS_AT_NO_TAG_OF_SHORT if text.len() < SHORT => return Some(()),
            wrong::OPENS_WHAT_WAS_CUT if text.len() + 1 == last.length => {
                return (last.tag == *tag).then_some(());
            }
            _ => {}
        }
        let data = match WRONG {
            wrong::LOOKS_AT_NO_DATA => &last.data,
            _ => data,
        };
        let nonce = match WRONG {
            wrong::LOOKS_AT_NO_NONCE => &last.nonce,
            _ => nonce,
        };
        let key = &self.real.0;
        let opened = key.decrypt_inout_detached(nonce.into(), data, text.into(), tag.into());
        opened.ok()
    }
}

#[test]
fn refuses_an_aead_with_anything_else_wrong() {
    fn fault<const WRONG: u8>() -> String {
        fault_of::<WithAead<AeadAdapter<WrongAead<WRONG>>>>()
    }
    assert_eq!(
        [
            fault::<{ wrong::ANOTHER_NONCE }>(),
            fault::<{ wrong::OPENS_NOTHING }>(),
            fault::<{ wrong::ANOTHER_NONCE_FOR_LONG }>(),
            fault::<{ wrong::OPENS_NOTHING_LONG }>(),
            fault::<{ wrong::LOOKS_AT_NO_TAG_OF_SHORT }>(),
            fault::<{ wrong::LOOKS_AT_NO_DATA }>(),
            fault::<{ wrong::LOOKS_AT_NO_NONCE }>(),
            fault::<{ wrong::OPENS_WHAT_WAS_CUT }>(),
        ],
        [
            "its AEAD seals to other bytes",
            "its AEAD does not open what it must",
            "its AEAD seals a long text to other bytes",
            "its AEAD does not open a long text",
            "its AEAD opens a short text under the tag of another",
            "its AEAD opens under other associated data",
            "its AEAD opens under another nonce",
            "its AEAD opens what was cut",
        ]
    );
}
