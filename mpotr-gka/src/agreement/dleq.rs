//! A proof that two elements have one discrete logarithm, `Z = z G` and `X = z W` (Chaum, Pedersen 1992), made
//! non-interactive by hashing. `docs/spec/04-key-agreement.md`, "DLEQ proof".
//!
//! ```text
//! prove:   k random, c = H("dleq", sid, i, Z, W, X, k G, k W), s = k + c z      proof (c, s), 64 bytes
//! verify:  c = H("dleq", sid, i, Z, W, X, s G - c Z, s W - c X)
//! ```

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{CryptoSuite, Group, ScalarBytes, Secret, Transcript, hash_to_scalar, label};

use crate::run::{Element, Scalar, Sid};

/// What is proved: `log_G Z = log_W X`, by member `prover` of run `sid`.
pub(super) struct Claim<'a, S: CryptoSuite> {
    pub(super) sid: Sid,
    pub(super) prover: u32,
    pub(super) z: &'a Element<S>,
    pub(super) w: &'a Element<S>,
    pub(super) x: &'a Element<S>,
}

/// A proof (c, s).
pub(super) struct Proof {
    pub(super) challenge: ScalarBytes,
    pub(super) response: ScalarBytes,
}

impl<S: CryptoSuite> Claim<'_, S> {
    fn challenge(&self, a: &Element<S>, b: &Element<S>) -> Scalar<S> {
        let hash = Transcript::<S>::new(label::DLEQ)
            .bytes(self.sid.as_bytes())
            .u32(self.prover);
        hash_to_scalar(
            [self.z, self.w, self.x, a, b]
                .into_iter()
                .fold(hash, |hash, element| hash.bytes(&S::Group::encode(element))),
        )
    }

    /// Proves the claim with the secret `z`. The nonce is hedged: it depends on the secret, on fresh randomness and on
    /// the run, so a failing source of randomness alone does not reveal `z`.
    pub(super) fn prove(&self, secret: &Scalar<S>, rng: &mut dyn CryptoRng) -> Proof {
        let fresh = Secret::<32>::random(rng);
        let encoded = Zeroizing::new(S::Group::encode_scalar(secret));
        let nonce: Zeroizing<Scalar<S>> = Zeroizing::new(hash_to_scalar(
            Transcript::<S>::new(label::DLEQ_NONCE)
                .bytes(&*encoded)
                .bytes(fresh.expose())
                .bytes(self.sid.as_bytes())
                .u32(self.prover),
        ));
        let challenge = self.challenge(&S::Group::mul_base(&nonce), &S::Group::mul(self.w, &nonce));
        let response = S::Group::scalar_add(&nonce, &S::Group::scalar_mul(&challenge, secret));
        Proof {
            challenge: ScalarBytes::new(S::Group::encode_scalar(&challenge)),
            response: ScalarBytes::new(S::Group::encode_scalar(&response)),
        }
    }

    /// Whether the proof shows the claim.
    pub(super) fn verify(&self, proof: &Proof) -> bool {
        let (Some(challenge), Some(response)) = (
            S::Group::decode_scalar(proof.challenge.as_bytes()),
            S::Group::decode_scalar(proof.response.as_bytes()),
        ) else {
            return false;
        };
        let a = S::Group::sub(
            &S::Group::mul_base(&response),
            &S::Group::mul(self.z, &challenge),
        );
        let b = S::Group::sub(
            &S::Group::mul(self.w, &response),
            &S::Group::mul(self.x, &challenge),
        );
        S::Group::encode_scalar(&self.challenge(&a, &b)) == *proof.challenge.as_bytes()
    }
}
