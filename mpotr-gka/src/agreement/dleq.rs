//! A proof that two elements have one discrete logarithm, `Z = z G` and `X = z W` (Chaum, Pedersen 1992), made
//! non-interactive by hashing. `docs/spec/04-key-agreement.md`, "DLEQ proof".
//!
//! ```text
//! W        = Z_{i+1} - Z_{i-1}
//! prove:   k random, c = H("dleq", sid, i, Z, W, X, k G, k W) mod L, s = k + c z    proof (c, s), 64 bytes
//! verify:  c = H("dleq", sid, i, Z, W, X, s G - c Z, s W - c X) mod L
//! ```

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Encoder, Group, ScalarBytes, Secret, SecretScalar,
    TranscriptHash, hash_to_scalar, label, vartime_double_scalar_mul,
};

use crate::run::Run;
use mpotr_crypto::{Element, Scalar};

/// A proof (c, s).
pub(super) struct Proof {
    challenge: ScalarBytes,
    response: ScalarBytes,
}

impl Proof {
    pub(super) fn encode(&self, out: &mut Encoder) {
        self.challenge.encode(out);
        self.response.encode(out);
    }

    /// Reads a proof. Its scalars are decoded when it is verified.
    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            challenge: ScalarBytes::decode(input, "c")?,
            response: ScalarBytes::decode(input, "s")?,
        })
    }
}

/// What member i proves its X for: Z and W, with all that the challenge says of them.
pub(super) struct Base<'a, S: CryptoSuite> {
    z: &'a Element<S>,
    w: Element<S>,
    /// The hash over label, sid, i, Z and W.
    prefix: TranscriptHash<S>,
    /// The hash over what the nonce depends on, without the secrets.
    nonce_prefix: TranscriptHash<S>,
}

/// An X as element and as bytes.
pub(super) struct Image<'a, S: CryptoSuite> {
    pub(super) element: &'a Element<S>,
    pub(super) encoded: &'a [u8; 32],
}

impl<'a, S: CryptoSuite> Base<'a, S> {
    pub(super) fn of(run: &'a Run<S>, prover: usize) -> Option<Self> {
        let member = run.members().get(prover)?;
        let [before, after] = run.shares_beside(prover)?;
        let index = u32::try_from(prover).ok()?;
        let w = S::Group::sub(after, before);
        let start = |label| {
            TranscriptHash::<S>::new(label)
                .bytes(run.sid().as_bytes())
                .u32(index)
        };
        Some(Self {
            z: member.share()?,
            prefix: start(label::DLEQ)
                .bytes(member.offer.share.as_bytes())
                .bytes(&S::Group::encode(&w)),
            nonce_prefix: start(label::DLEQ_NONCE),
            w,
        })
    }

    /// `W`.
    pub(super) const fn element(&self) -> &Element<S> {
        &self.w
    }

    fn challenge(&self, x: &[u8; 32], a: &Element<S>, b: &Element<S>) -> Scalar<S> {
        hash_to_scalar::<S>(
            self.prefix
                .clone()
                .bytes(x)
                .bytes(&S::Group::encode(a))
                .bytes(&S::Group::encode(b)),
        )
    }

    /// Proves the claim with the secret `z`. The nonce is hedged: it depends on the secret, on fresh randomness and on
    /// the run, so a failing source of randomness alone does not reveal `z`.
    pub(super) fn prove(
        &self,
        x: &Image<'_, S>,
        secret: &SecretScalar<S>,
        rng: &mut dyn CryptoRng,
    ) -> Proof {
        let fresh = Secret::<32>::random(rng);
        let nonce = SecretScalar::<S>::of_hash(
            self.nonce_prefix
                .clone()
                .bytes(secret.encoded().expose())
                .bytes(fresh.expose()),
        );
        let challenge = self.challenge(x.encoded, &nonce.mul_base(), &nonce.mul(&self.w));
        let product = secret.times(&challenge);
        let response =
            nonce.with(|nonce| product.with(|product| S::Group::scalar_add(nonce, product)));
        Proof {
            challenge: ScalarBytes::new(S::Group::encode_scalar(&challenge)),
            response: ScalarBytes::new(S::Group::encode_scalar(&response)),
        }
    }

    /// Whether the proof shows the claim.
    pub(super) fn verify(&self, x: &Image<'_, S>, proof: &Proof) -> bool {
        let (Some(challenge), Some(response)) = (
            S::Group::decode_scalar(proof.challenge.as_bytes()),
            S::Group::decode_scalar(proof.response.as_bytes()),
        ) else {
            return false;
        };
        let negated = S::Group::scalar_sub(&S::Group::scalar_zero(), &challenge);
        let a = vartime_double_scalar_mul::<S::Group>(&response, &negated, self.z);
        let b = S::Group::vartime_multi_scalar_mul(
            &[response, negated],
            &[self.w.clone(), x.element.clone()],
        );
        S::Group::encode_scalar(&self.challenge(x.encoded, &a, &b)) == *proof.challenge.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::{ChaCha20Poly1305Suite as S, Ristretto255 as G};
    use mpotr_crypto::{Encoder, Group, IdentityKeyPair};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::{Base, Image, Proof};
    use crate::member::KnownIdentities;
    use crate::methods::AgreementId;
    use crate::methods::AuthenticationId;
    use crate::methods::Methods;
    use crate::offer::OfferSecrets;
    use crate::room_name::RoomId;
    use crate::run::Run;
    use crate::sid::Sid;
    use crate::terms::Terms;

    /// A run of four and the share of its member 0.
    fn run(sid: u8) -> (Run<S>, OfferSecrets<S>) {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let room = RoomId::of_name::<S>("room");
        let mut secrets: Vec<OfferSecrets<S>> = (0..4)
            .map(|_| {
                let identity = IdentityKeyPair::random::<S>(&mut rng);
                OfferSecrets::generate(room, None, &identity, 0, &mut rng).1
            })
            .collect();
        let strangers = KnownIdentities::new();
        let members = secrets
            .iter()
            .map(|secrets| secrets.member(&strangers).unwrap())
            .collect();
        let terms = Terms {
            sid: Sid::new([sid; 32]),
            methods: Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::TripleDh),
            proposer: 0,
            commitments: None,
        };
        (Run::new(terms, members, 0).unwrap(), secrets.remove(0))
    }

    fn prove(sid: u8, seed: u64) -> ([u8; 32], Proof) {
        let (run, secrets) = run(sid);
        let base = Base::of(&run, 0).unwrap();
        let element = secrets.share.mul(base.element());
        let encoded = G::encode(&element);
        let x = Image {
            element: &element,
            encoded: &encoded,
        };
        let proof = base.prove(&x, &secrets.share, &mut ChaCha20Rng::seed_from_u64(seed));
        (encoded, proof)
    }

    fn verify(sid: u8, prover: usize, encoded: &[u8; 32], proof: &Proof) -> bool {
        let (run, _) = run(sid);
        let element = G::decode(encoded).unwrap();
        Base::of(&run, prover).unwrap().verify(
            &Image {
                element: &element,
                encoded,
            },
            proof,
        )
    }

    fn bytes(proof: &Proof) -> Vec<u8> {
        Encoder::encoded(|out| proof.encode(out))
    }

    #[test]
    fn a_proof_holds_for_its_run_its_prover_and_its_image_alone() {
        let (encoded, proof) = prove(1, 1);
        assert!(verify(1, 0, &encoded, &proof));
        assert!(!verify(2, 0, &encoded, &proof), "another run");
        assert!(!verify(1, 1, &encoded, &proof), "another prover");
        let other = G::encode(&G::mul_base(&G::scalar_from_u128(1)));
        assert!(!verify(1, 0, &other, &proof), "another image");
        assert!(!verify(1, 0, &encoded, &prove(2, 1).1));
    }

    #[test]
    fn a_stuck_source_of_randomness_repeats_no_nonce() {
        // With the nonce repeated over two challenges, (s - s') / (c - c') would be z.
        let nonce = |sid| {
            let (run, secrets) = run(sid);
            let (_, proof) = prove(sid, 7);
            let [c, s] = [&proof.challenge, &proof.response]
                .map(|scalar| G::decode_scalar(scalar.as_bytes()).unwrap());
            assert_eq!(run.place(), 0);
            secrets
                .share
                .with(|share| G::encode_scalar(&G::scalar_sub(&s, &G::scalar_mul(&c, share))))
        };
        assert_eq!(nonce(1), nonce(1));
        assert_ne!(nonce(1), nonce(2));
        assert_ne!(
            bytes(&prove(1, 7).1),
            bytes(&prove(1, 8).1),
            "and fresh randomness counts"
        );
    }
}
