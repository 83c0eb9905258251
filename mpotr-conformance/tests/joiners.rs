//! The proof of a joiner is the same bytes with every backend, and each accepts what another made:
//! `docs/spec/04-key-agreement.md`, "Proof of a joiner".

use mpotr_backend_ring as ring;
use mpotr_backend_rustcrypto as rustcrypto;
use mpotr_backend_sodium as sodium;
use mpotr_crypto::{CryptoSuite, IdentityKeyPair, SignatureBytes, VerifyingKey, check_supported};
use mpotr_gka::{
    Challenge, EpochName, JoinerProof, KnownIdentities, Offer, OfferSecrets, OwnChallenge, RoomId,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// A challenge and what answers to it.
#[derive(Debug, PartialEq)]
struct Answered {
    challenge: Challenge,
    offer: Offer,
    signature: SignatureBytes,
    proofs: [JoinerProof; 2],
}

/// The joiner's proof, and the one that its host makes up.
fn answer<S: CryptoSuite>(seed: u64) -> Option<Answered> {
    check_supported::<S>().ok()?;
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let [host, joiner] = [(); 2].map(|()| IdentityKeyPair::random::<S>(&mut rng));
    let room = RoomId::of_name::<S>("door");
    let epoch = EpochName::new([3; 16]);
    let own = OwnChallenge::<S>::draw(room, epoch, 5, &host, &mut rng);
    let (offer, secrets) = OfferSecrets::<S>::generate(room, Some(epoch), &joiner, 0, &mut rng);
    let digest = offer.digest::<S>();
    let signed = own.challenge().signed_by_joiner::<S>(&digest);
    let proof = own.checked().prove(&digest, &joiner, &mut rng)?;
    let made_up = own.simulate(&offer, &mut rng)?;
    Some(Answered {
        challenge: *own.challenge(),
        signature: secrets.ephemeral().sign(&signed),
        offer,
        proofs: [proof, made_up],
    })
}

fn accepts<S: CryptoSuite>(answered: &Answered) -> bool {
    let Some(checked) = answered.challenge.check::<S>() else {
        return false;
    };
    let signed = answered
        .challenge
        .signed_by_joiner::<S>(&answered.offer.digest::<S>());
    let key = VerifyingKey::<S>::decode(&answered.offer.ephemeral);
    let known = KnownIdentities::new();
    key.is_some_and(|key| key.verify(&signed, &answered.signature).is_ok())
        && answered
            .proofs
            .iter()
            .all(|proof| checked.verifies(&answered.offer, &known, proof))
}

macro_rules! all_backends {
    ($suite:ident) => {
        for seed in 0..20 {
            let expected = answer::<rustcrypto::$suite>(seed);
            let by_ring = answer::<ring::$suite>(seed);
            let by_sodium = answer::<sodium::$suite>(seed);
            assert!(expected.is_some() && by_ring.is_some());
            assert_eq!(by_ring, expected);
            if by_sodium.is_some() {
                assert_eq!(by_sodium, expected);
            }
            for answered in [expected, by_ring, by_sodium].iter().flatten() {
                assert!(accepts::<rustcrypto::$suite>(answered));
                assert!(accepts::<ring::$suite>(answered));
                assert!(
                    check_supported::<sodium::$suite>().is_err()
                        || accepts::<sodium::$suite>(answered)
                );
                let mut wrong = answer::<rustcrypto::$suite>(seed).into_iter();
                assert!(wrong.all(|mut wrong| {
                    wrong.challenge.view = 6;
                    !accepts::<ring::$suite>(&wrong)
                }));
            }
        }
    };
}

#[test]
fn one_seed_gives_the_same_challenge_and_proof_with_every_backend() {
    all_backends!(ChaCha20Poly1305Suite);
    all_backends!(Aes256GcmSuite);
}
