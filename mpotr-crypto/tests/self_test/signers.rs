//! Signers that are not those of RFC 8032.

use mpotr_backend_rustcrypto::Ed25519;
use mpotr_crypto::digest::Digest;
use mpotr_crypto::ed25519::Signature;
use mpotr_crypto::signature::{Error, Signer};
use mpotr_crypto::{Secret, SignatureScheme};
use mpotr_group_dalek::Edwards25519;

use super::{RealHash, WithSignature, fault_of};

type RealKey = <Ed25519 as SignatureScheme>::SigningKey;

/// Takes the seed in the other order of its bytes.
struct ReversedSeed;

impl SignatureScheme for ReversedSeed {
    type SigningKey = RealKey;
    type Curve = Edwards25519;

    fn signing_key(seed: &Secret<32>) -> RealKey {
        let mut reversed = *seed.expose();
        reversed.reverse();
        Ed25519::signing_key(&Secret::new(reversed))
    }

    fn public_key(key: &RealKey) -> [u8; 32] {
        Ed25519::public_key(key)
    }
}

/// Signs the hash of a message: what it signs verifies under no key of RFC 8032 but for the hash.
struct OfTheHash;

struct HashSigner(RealKey);

impl Signer<Signature> for HashSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Signature, Error> {
        self.0.try_sign(&RealHash::digest(message))
    }
}

impl SignatureScheme for OfTheHash {
    type SigningKey = HashSigner;
    type Curve = Edwards25519;

    fn signing_key(seed: &Secret<32>) -> HashSigner {
        HashSigner(Ed25519::signing_key(seed))
    }

    fn public_key(key: &HashSigner) -> [u8; 32] {
        Ed25519::public_key(&key.0)
    }
}

#[test]
fn refuses_a_signer_that_makes_another_key_of_a_seed() {
    assert_eq!(
        fault_of::<WithSignature<ReversedSeed>>(),
        "it makes another Ed25519 key of a seed"
    );
}

#[test]
fn refuses_a_signer_that_signs_something_else() {
    assert_eq!(
        fault_of::<WithSignature<OfTheHash>>(),
        "it makes another Ed25519 signature of a message"
    );
}
