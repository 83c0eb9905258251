//! The suite's AEAD, through [`AeadKey`]: known answers, and everything that must not open.

use digest::Digest;

use super::{Fault, ensure, hex};
use crate::aead_key::{AEAD_TAG_LENGTH, AeadKey};
use crate::secret::Secret;
use crate::suite::CryptoSuite;
use crate::suite_id::SuiteId;

/// A published seal, and what the same key, nonce and associated data make of a long text.
struct Vector {
    key: &'static str,
    nonce: &'static str,
    associated_data: &'static str,
    text: &'static str,
    sealed: &'static str,
    /// The first 32 bytes of the SHA-512 of what [`long_text`] seals to.
    long: &'static str,
}

/// RFC 8439 section 2.8.2.
const CHACHA20_POLY1305: Vector = Vector {
    key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    nonce: "070000004041424344454647",
    associated_data: "50515253c0c1c2c3c4c5c6c7",
    text: "4c616469657320616e642047656e746c656d656e206f662074686520636c6173\
           73206f66202739393a204966204920636f756c64206f6666657220796f75206f\
           6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73\
           637265656e20776f756c642062652069742e",
    sealed: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6\
             3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36\
             92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
             3ff4def08e4b7a9de576d26586cec64b6116\
             1ae10b594f09e26a7e902ecbd0600691",
    long: "139e5053390a713d2b0d9830ab22828ed907522495d8151e602ee589d2d6bd6d",
};

/// McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16.
const AES_256_GCM: Vector = Vector {
    key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
    nonce: "cafebabefacedbaddecaf888",
    associated_data: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    text: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
           1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662\
             76fc6ece0f4e1768cddf8853bb2d551b",
    long: "89d2ddb2eed023f8084ddf823c873047d5d2d122a31befc490f132d7cf7cfb3e",
};

/// Longer than any hexadecimal text of a vector, in bytes.
const BUFFER: usize = 160;

/// Into the code for many blocks at once of every library, and out of step with the blocks of all.
fn long_text() -> Vec<u8> {
    (0..=250).cycle().take(1_115).collect()
}

pub(super) fn check<S: CryptoSuite>() -> Result<(), Fault> {
    let vector = match S::ID {
        SuiteId::ChaCha20Poly1305 => CHACHA20_POLY1305,
        SuiteId::Aes256Gcm => AES_256_GCM,
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
        hash.starts_with(&hex::<32>(vector.long)?),
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
) -> Result<(), Fault> {
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
        .ok_or(Fault("a vector of its self-test is damaged"))?;
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
fn decoded<'a>(text: &str, buffer: &'a mut [u8; BUFFER]) -> Result<&'a [u8], Fault> {
    base16ct::lower::decode(text, buffer)
        .map_err(|_error| Fault("a vector of its self-test is damaged"))
}
