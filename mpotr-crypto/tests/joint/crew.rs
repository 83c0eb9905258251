//! Members who sign together, whose secrets the test knows.

use mpotr_backend_rustcrypto::{ChaCha20Poly1305Suite as S, Ristretto255 as G};
use mpotr_crypto::{
    Digest32, Element, Group, JointChallenge, JointKey, JointShare, JointSignature,
    NonceCommitment, NoncePair, NonceSum, PartSecret, Scalar, SecretScalar, Sharer,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// The key commitment of the epoch in which all of these sign.
pub(crate) const KC: Digest32 = Digest32::new([7; 32]);

/// A small number as a secret.
pub(crate) fn secret(number: u128) -> SecretScalar<S> {
    SecretScalar::new(G::scalar_from_u128(number))
}

pub(crate) struct Crew {
    pub(crate) parts: Vec<PartSecret<S>>,
    rng: ChaCha20Rng,
}

impl Crew {
    pub(crate) fn new(members: usize, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut draw = || PartSecret::new(SecretScalar::random(&mut rng));
        let parts = (0..members).map(|_| draw()).collect();
        Self { parts, rng }
    }

    pub(crate) fn key(&self) -> JointKey<S> {
        JointKey::sum(self.parts.iter().map(PartSecret::element)).unwrap()
    }

    pub(crate) fn begin(&mut self, message: &[u8]) -> Signing {
        self.begin_with(message, None)
    }

    /// All share, under these sums if they are stated.
    pub(crate) fn begin_with(&mut self, message: &[u8], stated: Option<NonceSum>) -> Signing {
        let pairs = self.pairs();
        let commitments: Vec<_> = pairs.iter().map(|pair| *pair.commitment()).collect();
        self.share(message, pairs, &commitments, stated)
    }

    /// One member says of its nonces what takes those of the others away.
    pub(crate) fn begin_cancelled(&mut self, message: &[u8], member: usize) -> Signing {
        let pairs = self.pairs();
        let mut commitments: Vec<_> = pairs.iter().map(|pair| *pair.commitment()).collect();
        let negative: Vec<u8> = [0, 1]
            .into_iter()
            .flat_map(|which| {
                let others = commitments
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| *at != member);
                let sum = others.fold(G::identity(), |sum, (_, it)| {
                    G::sub(&sum, &it.elements::<S>().unwrap()[which])
                });
                G::encode(&sum)
            })
            .collect();
        commitments[member] = NonceCommitment::new(negative.try_into().unwrap());
        self.share(message, pairs, &commitments, None)
    }

    fn pairs(&mut self) -> Vec<NoncePair<S>> {
        let rng = &mut self.rng;
        self.parts
            .iter()
            .map(|part| NoncePair::draw(part, b"test", rng))
            .collect()
    }

    fn share(
        &self,
        message: &[u8],
        pairs: Vec<NoncePair<S>>,
        commitments: &[NonceCommitment],
        stated: Option<NonceSum>,
    ) -> Signing {
        let nonces: Vec<_> = commitments
            .iter()
            .map(|it| it.elements::<S>().unwrap())
            .collect();
        let sums = stated.unwrap_or_else(|| NonceSum::of::<S>(&nonces));
        let challenge = JointChallenge::new(&KC, &self.key(), &sums, message).unwrap();
        let shares = pairs
            .into_iter()
            .zip(&self.parts)
            .map(|(pair, part)| pair.share(part, &challenge).unwrap())
            .collect();
        let parts = self.parts.iter().map(|part| *part.element()).collect();
        Signing {
            challenge,
            parts,
            nonces,
            shares,
        }
    }

    pub(crate) fn sign(&mut self, message: &[u8]) -> (JointSignature, Signing) {
        let signing = self.begin(message);
        (signing.signature(), signing)
    }
}

/// What everyone sees of one signing.
pub(crate) struct Signing {
    pub(crate) challenge: JointChallenge<S>,
    parts: Vec<Element<S>>,
    nonces: Vec<[Element<S>; 2]>,
    pub(crate) shares: Vec<JointShare>,
}

impl Signing {
    pub(crate) fn sums(&self) -> NonceSum {
        NonceSum::of::<S>(&self.nonces)
    }

    pub(crate) fn signature(&self) -> JointSignature {
        self.challenge.sum(&self.shares).unwrap()
    }

    pub(crate) fn wrong(&self) -> Vec<usize> {
        let sharers = self.parts.iter().zip(&self.nonces).zip(&self.shares);
        self.challenge
            .wrong(sharers.map(|((part, nonces), share)| Sharer {
                part,
                nonces,
                share,
            }))
    }

    /// `s` of a member.
    pub(crate) fn share(&self, member: usize) -> Scalar<S> {
        G::decode_scalar(self.shares[member].as_bytes()).unwrap()
    }

    pub(crate) fn add_to_share(&mut self, member: usize, error: u128) {
        let sum = G::scalar_add(&self.share(member), &G::scalar_from_u128(error));
        self.shares[member] = JointShare::new(G::encode_scalar(&sum));
    }

    pub(crate) fn subtract_from_share(&mut self, member: usize, error: u128) {
        let sum = G::scalar_sub(&self.share(member), &G::scalar_from_u128(error));
        self.shares[member] = JointShare::new(G::encode_scalar(&sum));
    }
}
