//! A room is not entered with a backend that does not pass its trial.

use mpotr_backend_rustcrypto::{ChaCha20Poly1305Suite, Ed25519, Ristretto255};
use mpotr_core::gka::RoomId;
use mpotr_core::{Admission, Room, RoomConfig, Timestamp};
use mpotr_crypto::{CryptoSuite, IdentityKeyPair, SuiteId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// Says that it computes AES-256-GCM, and computes ChaCha20-Poly1305: a library that was linked in place of another.
#[derive(Clone, Copy, Debug)]
struct Mistaken;

impl CryptoSuite for Mistaken {
    const ID: SuiteId = SuiteId::Aes256Gcm;
    const BACKEND: &'static str = "mistaken";
    type Aead = <ChaCha20Poly1305Suite as CryptoSuite>::Aead;
    type Hash = <ChaCha20Poly1305Suite as CryptoSuite>::Hash;
    type Hmac = <ChaCha20Poly1305Suite as CryptoSuite>::Hmac;
    type Signature = Ed25519;
    type Group = Ristretto255;
}

#[test]
fn a_backend_that_fails_its_trial_makes_no_room() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let identity = IdentityKeyPair::random::<Mistaken>(&mut rng);
    let config = RoomConfig::new(RoomId::of_name::<Mistaken>("tea"), Admission::Open);
    let refused = Room::<Mistaken>::new(config, identity, Timestamp::default(), &mut rng);
    assert_eq!(
        refused.map(|_room| ()).unwrap_err().to_string(),
        "the mistaken backend cannot compute the suite aes256gcm here: its AEAD seals to other bytes"
    );
}
