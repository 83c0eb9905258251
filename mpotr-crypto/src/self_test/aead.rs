//! The suite's AEAD, through [`AeadKey`]: known answers, and everything that must not open.

use digest::Digest;

use super::vectors::gcm::AES_256_GCM;
use super::vectors::rfc_8439::CHACHA20_POLY1305;
use super::{TrialFault, ensure, hex};
use crate::aead_key::{AEAD_TAG_LENGTH, AeadKey};
use crate::secret::Secret;
use crate::suite::CryptoSuite;
use crate::suite_id::SuiteId;

/// The first 32 bytes of the SHA-512 of what [`long_text`] seals to, under key, nonce and associated data of the vector.
const CHACHA20_POLY1305_LONG: &str =
    "139e5053390a713d2b0d9830ab22828ed907522495d8151e602ee589d2d6bd6d";
const AES_256_GCM_LONG: &str = "89d2ddb2eed023f8084ddf823c873047d5d2d122a31befc490f132d7cf7cfb3e";

/// Longer than any hexadecimal text of a vector, in bytes.
const BUFFER: usize = 160;

/// Into the code for many blocks at once of every library, and out of step with the blocks of all.
fn long_text() -> Vec<u8> {
    (0..=250).cycle().take(1_115).collect()
}

pub(super) fn check<S: CryptoSuite>() -> Result<(), TrialFault> {
    let [section_2_8_2, ..] = CHACHA20_POLY1305;
    let [.., test_case_16] = AES_256_GCM;
    let (vector, expected) = match S::ID {
        SuiteId::ChaCha20Poly1305 => (section_2_8_2, CHACHA20_POLY1305_LONG),
        SuiteId::Aes256Gcm => (test_case_16, AES_256_GCM_LONG),
    };
    let mut buffers = [[0; BUFFER]; 3];
    let [data, text, sealed] = &mut buffers;
    let data = decoded(vector.associated_data, data)?;
    let text = decoded(vector.text, text)?;
    let sealed = decoded(vector.sealed, sealed)?;
    let nonce = hex(vector.nonce)?;
    let key = AeadKey::<S>::new(&Secret::new(hex(vector.key)?));

    ensure(
        key.seal(&nonce, data, text) == sealed,
        "its AEAD seals to other bytes",
    )?;
    let opened = key.open(&nonce, data, sealed);
    ensure(
        opened.is_ok_and(|opened| *opened == text),
        "its AEAD does not open what it must",
    )?;
    let long = long_text();
    let long_sealed = key.seal(&nonce, data, &long);
    let hash = S::Hash::digest(&long_sealed);
    ensure(
        hash.starts_with(&hex::<32>(expected)?),
        "its AEAD seals a long text to other bytes",
    )?;
    let opened = key.open(&nonce, data, &long_sealed);
    ensure(
        opened.is_ok_and(|opened| *opened == long),
        "its AEAD does not open a long text",
    )?;
    refusals(&key, &nonce, data, sealed)
}

/// One bit of anything changed, and it does not open.
fn refusals<S: CryptoSuite>(
    key: &AeadKey<S>,
    nonce: &[u8; 12],
    data: &[u8],
    sealed: &[u8],
) -> Result<(), TrialFault> {
    let body = sealed.len().saturating_sub(AEAD_TAG_LENGTH);
    for at in 0..sealed.len() {
        let fault = if at < body {
            "its AEAD opens a text that was changed"
        } else {
            "its AEAD opens under a tag that was changed"
        };
        let changed = flipped(sealed, at);
        ensure(key.open(nonce, data, &changed).is_err(), fault)?;
    }
    let tag = sealed
        .last_chunk()
        .ok_or(TrialFault("a vector of its self-test is damaged"))?;
    ensure(
        key.open_array(nonce, data, [0_u8; 7], tag).is_err(),
        "its AEAD opens a short text under the tag of another",
    )?;
    ensure(
        key.open(nonce, &flipped(data, 0), sealed).is_err()
            && key.open(nonce, &[], sealed).is_err(),
        "its AEAD opens under other associated data",
    )?;
    let mut other = *nonce;
    if let Some(first) = other.first_mut() {
        *first ^= 1;
    }
    ensure(
        key.open(&other, data, sealed).is_err(),
        "its AEAD opens under another nonce",
    )?;
    let shorter = sealed.get(1..).unwrap_or_default();
    ensure(
        key.open(nonce, data, shorter).is_err() && key.open(nonce, data, &[]).is_err(),
        "its AEAD opens what was cut",
    )
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    if let Some(byte) = changed.get_mut(at) {
        *byte ^= 1;
    }
    changed
}

/// The bytes of a vector of any length.
fn decoded<'a>(text: &str, buffer: &'a mut [u8; BUFFER]) -> Result<&'a [u8], TrialFault> {
    base16ct::lower::decode(text, buffer)
        .map_err(|_error| TrialFault("a vector of its self-test is damaged"))
}
