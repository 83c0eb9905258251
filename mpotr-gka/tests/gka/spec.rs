//! The computations of `docs/spec/04-key-agreement.md` as it states them, one formula a function.

mod proof;

pub(crate) use proof::proof_bytes;

use mpotr_crypto::kdf::Prk;
use mpotr_crypto::{
    AeadKey, CryptoSuite, Digest32, Encoder, EphemeralKeyPair, Group, Secret, TranscriptHash,
    hash_to_scalar, label,
};
use mpotr_gka::{
    CommitmentSum, Confirmation, Contribution, ContributionBody, KeyStatement, MemberIndex, Offer,
    Sid,
};

use crate::{Element, Scalar};

/// A run as seen by any holder of the offers.
#[derive(Clone)]
pub(crate) struct Spec {
    pub(crate) sid: Sid,
    pub(crate) commitments: Option<CommitmentSum>,
    pub(crate) offers: Vec<Offer>,
}

pub(crate) fn index(member: usize) -> u32 {
    u32::try_from(member).unwrap()
}

pub(crate) fn decode<S: CryptoSuite>(bytes: &[u8; 32]) -> Element<S> {
    S::Group::decode(bytes).unwrap()
}

pub(crate) fn generator<S: CryptoSuite>() -> Element<S> {
    S::Group::mul_base(&S::Group::scalar_from_u128(1))
}

/// `1 / scalar`: the scalar to the power of L - 2.
pub(crate) fn invert<S: CryptoSuite>(scalar: &Scalar<S>) -> Scalar<S> {
    // L - 2, big-endian.
    const EXPONENT: [u8; 32] = [
        0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7,
        0x9c, 0xd6, 0x58, 0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xeb,
    ];
    let mut power = S::Group::scalar_from_u128(1);
    for bit in EXPONENT
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
    {
        power = S::Group::scalar_mul(&power, &power);
        if bit == 1 {
            power = S::Group::scalar_mul(&power, scalar);
        }
    }
    power
}

impl Spec {
    pub(crate) fn len(&self) -> usize {
        self.offers.len()
    }

    fn hash<S: CryptoSuite>(&self, label: &str) -> TranscriptHash<S> {
        TranscriptHash::<S>::new(label).bytes(self.sid.as_bytes())
    }

    /// `h_j = first 16 bytes of H("coef", sid, j)`.
    pub(crate) fn coefficient<S: CryptoSuite>(&self, member: usize) -> Scalar<S> {
        let hash = self
            .hash::<S>(label::COEFFICIENT)
            .u32(index(member))
            .finish();
        S::Group::scalar_from_u128(u128::from_le_bytes(hash[..16].try_into().unwrap()))
    }

    /// `T = sum h_j Y_j`.
    pub(crate) fn trapdoor<S: CryptoSuite>(&self) -> Element<S> {
        let terms: Vec<_> = (0..self.len())
            .map(|member| {
                let key = decode::<S>(self.offers[member].trapdoor.as_bytes());
                S::Group::mul(&key, &self.coefficient::<S>(member))
            })
            .collect();
        S::Group::sum(&terms)
    }

    /// `log T = sum h_j y_j`.
    pub(crate) fn log_trapdoor<S: CryptoSuite>(&self, trapdoors: &[Scalar<S>]) -> Scalar<S> {
        let terms = trapdoors.iter().enumerate();
        terms.fold(S::Group::scalar_zero(), |sum, (member, y)| {
            S::Group::scalar_add(
                &sum,
                &S::Group::scalar_mul(&self.coefficient::<S>(member), y),
            )
        })
    }

    /// `c = H("know", sid, R, T)`, with R as it is stated.
    pub(crate) fn knowledge_challenge<S: CryptoSuite>(&self) -> Scalar<S> {
        hash_to_scalar::<S>(
            self.hash::<S>(label::KNOWLEDGE)
                .bytes(self.commitments.unwrap().as_bytes())
                .bytes(&S::Group::encode(&self.trapdoor::<S>())),
        )
    }

    /// `s_i = r_i + c h_i y_i`.
    pub(crate) fn share<S: CryptoSuite>(
        &self,
        member: usize,
        y: &Scalar<S>,
        r: &Scalar<S>,
    ) -> [u8; 32] {
        let weight = S::Group::scalar_mul(
            &self.knowledge_challenge::<S>(),
            &self.coefficient::<S>(member),
        );
        S::Group::encode_scalar(&S::Group::scalar_add(r, &S::Group::scalar_mul(&weight, y)))
    }

    pub(crate) fn cycle_share<S: CryptoSuite>(&self, member: usize) -> Element<S> {
        decode::<S>(self.offers[member % self.len()].share.as_bytes())
    }

    /// `W_i = Z_{i+1} - Z_{i-1}`.
    pub(crate) fn width<S: CryptoSuite>(&self, member: usize) -> Element<S> {
        S::Group::sub(
            &self.cycle_share::<S>(member + 1),
            &self.cycle_share::<S>(member + self.len() - 1),
        )
    }

    /// `X || c || s` with `c = H("dleq", sid, i, Z, W, X, k G, k W)`, `s = k + c z`, for any X.
    pub(crate) fn payload<S: CryptoSuite>(
        &self,
        member: usize,
        x: &Element<S>,
        z: &Scalar<S>,
        k: &Scalar<S>,
    ) -> Vec<u8> {
        let width = self.width::<S>(member);
        let challenge: Scalar<S> = hash_to_scalar::<S>(
            [
                &self.cycle_share::<S>(member),
                &width,
                x,
                &S::Group::mul_base(k),
                &S::Group::mul(&width, k),
            ]
            .into_iter()
            .fold(
                self.hash::<S>(label::DLEQ).u32(index(member)),
                |hash, element| hash.bytes(&S::Group::encode(element)),
            ),
        );
        let response = S::Group::scalar_add(k, &S::Group::scalar_mul(&challenge, z));
        [
            S::Group::encode(x),
            S::Group::encode_scalar(&challenge),
            S::Group::encode_scalar(&response),
        ]
        .concat()
    }

    /// A pairwise part: `seal(expand(extract(sid, z_i Z_j), "pairwise", i || j), nonce 0, r)`.
    pub(crate) fn part<S: CryptoSuite>(
        &self,
        from: usize,
        to: usize,
        z: &Scalar<S>,
        r: &[u8; 32],
    ) -> Vec<u8> {
        let shared = S::Group::encode(&S::Group::mul(&self.cycle_share::<S>(to), z));
        let pair = Prk::extract::<S>(self.sid.as_bytes(), &shared);
        let direction = [index(from), index(to)].map(u32::to_be_bytes).concat();
        let key = pair.expand::<S, 32>(label::PAIRWISE, &direction);
        AeadKey::<S>::new(&key).seal(&[0; 12], &[], r)
    }

    /// `K = sum_k z_k z_{k+1} G`.
    pub(crate) fn key_of_links<S: CryptoSuite>(shares: &[Scalar<S>]) -> Element<S> {
        let neighbours = shares.iter().zip(shares.iter().cycle().skip(1));
        let sum = neighbours.fold(S::Group::scalar_zero(), |sum, (z, next)| {
            S::Group::scalar_add(&sum, &S::Group::scalar_mul(z, next))
        });
        S::Group::mul_base(&sum)
    }

    /// A contribution, signed by `H("contribution", sid, sender, body)`.
    pub(crate) fn contribution<S: CryptoSuite>(
        &self,
        member: usize,
        body: ContributionBody,
        key: &EphemeralKeyPair<S>,
    ) -> Contribution {
        let sender = u16::try_from(member).unwrap();
        let signed = self
            .hash::<S>(label::CONTRIBUTION)
            .u16(sender)
            .bytes(&body_bytes(&body))
            .finish();
        Contribution {
            sender: MemberIndex::new(sender),
            body,
            signature: key.sign(&signed),
        }
    }

    /// `D = H("contributions", sid, bodies)`.
    pub(crate) fn digest<S: CryptoSuite>(&self, contributions: &[Contribution]) -> Digest32 {
        self.hash::<S>(label::CONTRIBUTIONS)
            .list(
                contributions
                    .iter()
                    .map(|contribution| body_bytes(&contribution.body)),
            )
            .digest()
    }

    /// `es = extract(sid, K)` and `kc = expand(es, "commit", D)`.
    pub(crate) fn epoch<S: CryptoSuite>(
        &self,
        key: &[u8; 32],
        contributions: &[Contribution],
    ) -> (Prk, KeyStatement) {
        let epoch = Prk::extract::<S>(self.sid.as_bytes(), key);
        let contributions = self.digest::<S>(contributions);
        let kc = epoch.expand::<S, 32>(label::KEY_COMMITMENT, contributions.as_bytes());
        (
            epoch,
            KeyStatement {
                contributions,
                key_commitment: Digest32::new(*kc.expose()),
            },
        )
    }

    fn sealing<S: CryptoSuite>(
        &self,
        epoch: &Prk,
        sender: u16,
        statement: &KeyStatement,
    ) -> (AeadKey<S>, Vec<u8>) {
        let block = epoch.expand::<S, 256>(label::CONFIRMATION_KEY, &(sender / 8).to_be_bytes());
        let at = usize::from(sender % 8) * 32;
        let key = Secret::new(block.expose()[at..at + 32].try_into().unwrap());
        let data = [
            self.sid.as_bytes().as_slice(),
            &sender.to_be_bytes(),
            statement.contributions.as_bytes(),
            statement.key_commitment.as_bytes(),
        ]
        .concat();
        (AeadKey::new(&key), data)
    }

    /// `H("inner keys", sid, uint16 i, M || F || P, salt)` of 128 bytes `M || F || P || salt`.
    pub(crate) fn commitment<S: CryptoSuite>(&self, member: usize, keys: &[u8]) -> Digest32 {
        self.hash::<S>(label::INNER_KEYS)
            .u16(u16::try_from(member).unwrap())
            .bytes(&keys[..96])
            .bytes(&keys[96..128])
            .digest()
    }

    /// A confirmation over inner keys and a payload, sealed and signed.
    pub(crate) fn confirmation<S: CryptoSuite>(
        &self,
        member: usize,
        epoch: &Prk,
        statement: KeyStatement,
        payload: &[u8],
        key: &EphemeralKeyPair<S>,
    ) -> Confirmation {
        let sender = u16::try_from(member).unwrap();
        let (sealing, data) = self.sealing::<S>(epoch, sender, &statement);
        let sealed = sealing.seal(&[0; 12], &data, payload);
        self.confirmation_of(sender, statement, sealed, key)
    }

    /// A confirmation of any bytes, signed by `H("confirmation", sid, sender, D, kc, sealed)`.
    pub(crate) fn confirmation_of<S: CryptoSuite>(
        &self,
        sender: u16,
        statement: KeyStatement,
        sealed: Vec<u8>,
        key: &EphemeralKeyPair<S>,
    ) -> Confirmation {
        let signed = self
            .hash::<S>(label::CONFIRMATION)
            .u16(sender)
            .bytes(statement.contributions.as_bytes())
            .bytes(statement.key_commitment.as_bytes())
            .bytes(&sealed)
            .finish();
        Confirmation {
            sender: MemberIndex::new(sender),
            statement,
            sealed,
            signature: key.sign(&signed),
        }
    }

    /// The inner keys, 128 bytes, and the authentication payload of a confirmation.
    pub(crate) fn open<S: CryptoSuite>(
        &self,
        epoch: &Prk,
        confirmation: &Confirmation,
    ) -> Option<Vec<u8>> {
        let (key, data) =
            self.sealing::<S>(epoch, confirmation.sender.get(), &confirmation.statement);
        key.open(&[0; 12], &data, &confirmation.sealed)
            .ok()
            .map(|payload| payload.to_vec())
    }
}

fn body_bytes(body: &ContributionBody) -> Vec<u8> {
    Encoder::encoded(|out| {
        out.opaque(&body.agreement);
        out.opaque(&body.knowledge_share);
        out.raw(body.inner_keys.as_bytes());
    })
}
