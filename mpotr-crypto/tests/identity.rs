//! Identities and fingerprints: `docs/spec/01-overview.md`, "Identity" and "Fingerprint".

#![expect(
    clippy::unwrap_used,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one"
)]

use mpotr_backend_rustcrypto::{Aes256GcmSuite, ChaCha20Poly1305Suite as Suite};
use mpotr_crypto::{Fingerprint, IdentityKey, IdentityKeyPair, Secret};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// The generator, RFC 9496 appendix A.1: the public key of the secret 1.
const GENERATOR: &str = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";

/// The order of the group, little-endian.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

fn array(hexadecimal: &str) -> [u8; 32] {
    hex::decode(hexadecimal).unwrap().try_into().unwrap()
}

fn one() -> [u8; 32] {
    let mut one = [0; 32];
    one[0] = 1;
    one
}

#[test]
fn the_public_key_is_the_secret_times_the_generator() {
    let pair = IdentityKeyPair::from_secret::<Suite>(&Secret::new(one())).unwrap();
    assert_eq!(pair.public().as_bytes(), &array(GENERATOR));
    assert_eq!(pair.secret().expose(), &one());
    assert_eq!(pair.scalar::<Suite>().encoded().expose(), &one());
}

#[test]
fn a_stored_identity_comes_back_the_same_in_every_suite() {
    let pair = IdentityKeyPair::random::<Suite>(&mut ChaCha20Rng::seed_from_u64(1));
    let same = IdentityKeyPair::from_secret::<Aes256GcmSuite>(pair.secret()).unwrap();
    assert_eq!(pair.public(), same.public());
    assert_eq!(pair.secret(), same.secret());
}

#[test]
fn two_random_identities_differ() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let [a, b] = [(); 2].map(|()| IdentityKeyPair::random::<Suite>(&mut rng));
    assert_ne!(a.public(), b.public());
    assert_ne!(a.secret(), b.secret());
}

#[test]
fn a_secret_that_is_zero_or_not_canonical_is_refused() {
    for refused in [[0; 32], array(ORDER), [0xff; 32]] {
        assert!(IdentityKeyPair::from_secret::<Suite>(&Secret::new(refused)).is_none());
    }
    let mut last = array(ORDER);
    last[0] -= 1;
    assert!(IdentityKeyPair::from_secret::<Suite>(&Secret::new(last)).is_some());
}

#[test]
fn debug_shows_the_public_key_alone() {
    let pair = IdentityKeyPair::from_secret::<Suite>(&Secret::new(one())).unwrap();
    assert_eq!(format!("{pair:?}"), format!("IdentityKeyPair({GENERATOR})"));
}

/// Computed with Python's `hashlib` from the formula in the specification.
#[test]
fn fingerprints_have_known_answers() {
    let counting = std::array::from_fn(|index| u8::try_from(index).unwrap());
    for (key, fingerprint) in [
        (
            array(GENERATOR),
            "45503 75767 72325 36867 59770 12105 87437 79490",
        ),
        (counting, "13285 91787 35706 71840 59081 37312 03327 51012"),
        ([0; 32], "36072 26475 25375 00124 50851 42679 69963 31555"),
    ] {
        let key = IdentityKey::new(key);
        assert_eq!(Fingerprint::of::<Suite>(&key).to_string(), fingerprint);
        assert_eq!(
            Fingerprint::of::<Aes256GcmSuite>(&key).to_string(),
            fingerprint
        );
    }
}
