//! The proof of a joiner: *"I know a_J, or I know y"*, made to one member of an epoch before the joiner is listed in a run.
//! `docs/spec/04-key-agreement.md`, "Proof of a joiner".
//!
//! ```text
//! the member    Y = y G, fresh; (c, s) shows that it knows y
//! the joiner    c_1 + c_2 = H("joiner", room, epoch, view, Y, A, offer digest, R_1, R_2)
//!               R_1 = s_1 G + c_1 A                   R_2 = s_2 G + c_2 Y
//!
//! struct {
//!   opaque room[32]; opaque epoch[16]; uint32 view; opaque Y[32]; opaque c[32]; opaque s[32];
//!   uint8 form; select (form) { challenge 0: ; light 1: opaque handle[16]; opaque Q[32]; }
//! } Challenge;                                                        149 bytes, and 197 where who comes in does so by a light run
//! struct { opaque c_1[32]; opaque c_2[32]; opaque s_1[32]; opaque s_2[32]; } proof;                                 128 bytes
//! ```
//!
//! Two Schnorr proofs of which one may be simulated (Cramer, Damgard and Schoenmakers, Crypto 1994), with two commitments: here
//! an identity may be new, so it must be a proof of knowledge, which the sum of the group proof is not.
//! Who knows `y` makes every such proof, so it convinces the member alone that drew `y`. The arguments:
//! `docs/security/joiner-proof.md`.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Encoder, Group, IdentityKey, Secret, SecretScalar,
    TranscriptHash, byte_newtype, hash_to_scalar, label, vartime_double_scalar_mul, wire_enum,
};
use mpotr_crypto::{Element, Scalar};

use crate::epoch_name::EpochName;
use crate::identity::{Identity, Speaker};
use crate::light::Hello;
use crate::member::KnownIdentities;
use crate::offer::{Offer, OfferDigest, TrapdoorKey};
use crate::room_name::RoomId;

byte_newtype! {
    /// That the maker of a challenge knows the logarithm of its key: two scalars, 64 bytes.
    KeyProof, 64
}
byte_newtype! {
    /// The proof of a joiner: four scalars, 128 bytes.
    JoinerProof, 128
}

/// What a joiner proves its identity to: a fresh key of one member, for one view of one epoch. It serves as the nonce, too:
/// nobody knew it before the view was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The room.
    pub room: RoomId,
    /// The epoch that the joiner's offer answers to.
    pub epoch: EpochName,
    /// The view of the change in which the joiner is to be listed.
    pub view: u32,
    /// `Y`.
    pub key: TrapdoorKey,
    /// That its maker knows `y`. Without that a maker could choose a key whose logarithm nobody knows, and every proof to it
    /// would convince outsiders. It covers `light`, too.
    pub proof: KeyProof,
    /// Where who comes in is to do so by a light run: what it answers to.
    pub light: Option<Hello>,
}

wire_enum! {
    /// What a challenge asks for.
    enum ChallengeForm: u8 {
        /// An offer, and the proof of a joiner.
        Challenge = 0,
        /// A request to come in by a light run.
        Light = 1,
    }
}

impl Challenge {
    /// Writes the challenge.
    pub fn encode(&self, out: &mut Encoder) {
        self.room.encode(out);
        self.epoch.encode(out);
        out.u32(self.view);
        self.key.encode(out);
        self.proof.encode(out);
        match &self.light {
            None => ChallengeForm::Challenge.encode(out),
            Some(light) => {
                ChallengeForm::Light.encode(out);
                light.encode(out);
            }
        }
    }

    /// Reads a challenge, which [`check`](Self::check) verifies.
    ///
    /// # Errors
    /// It is cut short, or asks for what there is not.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            room: RoomId::decode(input, "room")?,
            epoch: EpochName::decode_name(input, "epoch")?,
            view: input.u32("view")?,
            key: TrapdoorKey::decode(input, "Y")?,
            proof: KeyProof::decode(input, "proof of Y")?,
            light: match ChallengeForm::decode(input, "form")? {
                ChallengeForm::Challenge => None,
                ChallengeForm::Light => Some(Hello::decode(input)?),
            },
        })
    }

    /// A challenge whose key is one, and whose maker knows its logarithm: one that may be answered. Costs a decoding and a
    /// double multiplication.
    #[must_use]
    pub fn check<S: CryptoSuite>(&self) -> Option<CheckedChallenge<S>> {
        if *self.key.as_bytes() == [0; 32] {
            return None;
        }
        let key = S::Group::decode(self.key.as_bytes())?;
        let [c, s] = decode_scalars::<S, 2>(self.proof.as_bytes())?;
        let commitment = vartime_double_scalar_mul::<S::Group>(&s, &c, &key);
        let is_known = S::Group::encode_scalar(&self.key_challenge::<S>(&commitment))
            == S::Group::encode_scalar(&c);
        is_known.then_some(CheckedChallenge {
            challenge: *self,
            key,
        })
    }

    fn hash<S: CryptoSuite>(&self, label: &str) -> TranscriptHash<S> {
        let place = TranscriptHash::<S>::new(label)
            .bytes(self.room.as_bytes())
            .bytes(self.epoch.as_bytes())
            .u32(self.view)
            .bytes(self.key.as_bytes());
        match &self.light {
            None => place,
            Some(light) => place
                .bytes(light.handle.as_bytes())
                .bytes(light.key.as_bytes()),
        }
    }

    fn key_challenge<S: CryptoSuite>(&self, commitment: &Element<S>) -> Scalar<S> {
        hash_to_scalar::<S>(
            self.hash::<S>(label::HELLO)
                .bytes(&S::Group::encode(commitment)),
        )
    }

    /// What a joiner signs under the key `E` of its offer when it answers: that the offer is for this view, by who made it.
    #[must_use]
    pub fn signed_by_joiner<S: CryptoSuite>(&self, offer: &OfferDigest) -> [u8; 64] {
        self.hash::<S>(label::ANSWER)
            .bytes(offer.as_bytes())
            .finish()
    }
}

/// A challenge of this member's own, with its secret `y`, which is wiped with it.
pub struct OwnChallenge<S: CryptoSuite> {
    checked: CheckedChallenge<S>,
    secret: SecretScalar<S>,
}

impl<S: CryptoSuite> OwnChallenge<S> {
    /// Draws a fresh challenge, which asks for an offer to a full run.
    pub fn draw(
        room: RoomId,
        epoch: EpochName,
        view: u32,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        Self::draw_for(room, epoch, view, None, identity, rng)
    }

    /// The same, which asks for a request to come in by a light run where there is a HELLO for that.
    pub fn draw_for(
        room: RoomId,
        epoch: EpochName,
        view: u32,
        light: Option<Hello>,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let secret = SecretScalar::<S>::random(rng);
        let key = secret.mul_base();
        let mut challenge = Challenge {
            room,
            epoch,
            view,
            key: TrapdoorKey::new(S::Group::encode(&key)),
            proof: KeyProof::new([0; 64]),
            light,
        };
        if let Speaker::Forger(forger) = identity.speaker() {
            forger.remember(challenge.key, &secret);
        }
        let fresh = Secret::<32>::random(rng);
        let nonce = SecretScalar::<S>::of_hash(
            challenge
                .hash::<S>(label::HELLO_NONCE)
                .bytes(secret.encoded().expose())
                .bytes(fresh.expose()),
        );
        let c = challenge.key_challenge::<S>(&nonce.mul_base());
        let s = response(&nonce, &c, &secret);
        challenge.proof = KeyProof::new(encode_scalars::<S, 2, 64>(&[c, s]));
        Self {
            checked: CheckedChallenge { challenge, key },
            secret,
        }
    }

    /// The challenge.
    #[must_use]
    pub const fn challenge(&self) -> &Challenge {
        &self.checked.challenge
    }

    /// The challenge, to verify what answers to it.
    #[must_use]
    pub const fn checked(&self) -> &CheckedChallenge<S> {
        &self.checked
    }

    /// The proof of any joiner, from `y` alone: it cannot be told from the joiner's own, and so shows nothing to anyone else.
    pub fn simulate(&self, offer: &Offer, rng: &mut dyn CryptoRng) -> Option<JoinerProof> {
        let identity = S::Group::decode(offer.identity.as_bytes())?;
        let keys = Keys {
            of: [&identity, &self.checked.key],
            known: Known::Challenge,
            secret: &self.secret,
        };
        let statement = self
            .checked
            .statement(&offer.identity, &offer.digest::<S>());
        Some(keys.prove(&statement, rng))
    }
}

impl<S: CryptoSuite> core::fmt::Debug for OwnChallenge<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.checked.fmt(f)
    }
}

/// A challenge whose maker knows its secret.
pub struct CheckedChallenge<S: CryptoSuite> {
    challenge: Challenge,
    /// `Y`.
    key: Element<S>,
}

impl<S: CryptoSuite> CheckedChallenge<S> {
    /// The challenge.
    #[must_use]
    pub const fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// The proof that an offer of this identity is its own. `None` of an invented identity, but to a challenge of its own
    /// inventor.
    pub fn prove(
        &self,
        offer: &OfferDigest,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Option<JoinerProof> {
        let public = identity.public();
        let statement = self.statement(&public, offer);
        let element = S::Group::decode(public.as_bytes())?;
        let of = [&element, &self.key];
        let proof = match identity.speaker() {
            Speaker::Holder(identity) => Keys {
                of,
                known: Known::Identity,
                secret: &identity.scalar::<S>(),
            }
            .prove(&statement, rng),
            Speaker::Forger(forger) => Keys {
                of,
                known: Known::Challenge,
                secret: &forger.secret(&self.challenge.key)?,
            }
            .prove(&statement, rng),
        };
        Some(proof)
    }

    /// Whether a proof shows that the identity in an offer made it. It convinces who drew the challenge, and nobody else. Costs
    /// a decoding, unless the identity is known, and two double multiplications.
    #[must_use]
    pub fn verifies(&self, offer: &Offer, known: &KnownIdentities<S>, proof: &JoinerProof) -> bool {
        let Ok(identity) = known.decode(&offer.identity) else {
            return false;
        };
        let Some([c_1, c_2, s_1, s_2]) = decode_scalars::<S, 4>(proof.as_bytes()) else {
            return false;
        };
        let commitments = [
            vartime_double_scalar_mul::<S::Group>(&s_1, &c_1, &identity),
            vartime_double_scalar_mul::<S::Group>(&s_2, &c_2, &self.key),
        ];
        let statement = self.statement(&offer.identity, &offer.digest::<S>());
        let c = statement.challenge(&commitments);
        S::Group::encode_scalar(&c) == S::Group::encode_scalar(&S::Group::scalar_add(&c_1, &c_2))
    }

    fn statement(&self, identity: &IdentityKey, offer: &OfferDigest) -> Claim<S> {
        let hash = |label| {
            self.challenge
                .hash::<S>(label)
                .bytes(identity.as_bytes())
                .bytes(offer.as_bytes())
        };
        Claim {
            claim: hash(label::JOINER),
            nonce: hash(label::JOINER_NONCE),
        }
    }
}

impl<S: CryptoSuite> core::fmt::Debug for CheckedChallenge<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.challenge.fmt(f)
    }
}

/// What is proven: hashes over all that challenge and nonces depend on, but for the commitments and the secrets.
struct Claim<S: CryptoSuite> {
    claim: TranscriptHash<S>,
    nonce: TranscriptHash<S>,
}

impl<S: CryptoSuite> Claim<S> {
    fn challenge(&self, commitments: &[Element<S>; 2]) -> Scalar<S> {
        let [first, second] = commitments;
        hash_to_scalar::<S>(
            self.claim
                .clone()
                .bytes(&S::Group::encode(first))
                .bytes(&S::Group::encode(second)),
        )
    }
}

/// Of which key the prover knows the secret.
#[derive(Clone, Copy)]
enum Known {
    Identity,
    Challenge,
}

/// `A` and `Y`, and the secret of one of them.
struct Keys<'a, S: CryptoSuite> {
    of: [&'a Element<S>; 2],
    known: Known,
    secret: &'a SecretScalar<S>,
}

impl<S: CryptoSuite> Keys<'_, S> {
    /// Proves one branch and simulates the other: `R = s G + c X` for random c and s, and `R = k G`, `s = k - c x` with what
    /// is left of the challenge.
    ///
    /// The nonces are hedged and bound to the statement: one commitment never meets two challenges, even if the source of
    /// randomness repeats itself.
    fn prove(&self, statement: &Claim<S>, rng: &mut dyn CryptoRng) -> JoinerProof {
        let [identity, key] = self.of;
        let other = match self.known {
            Known::Identity => key,
            Known::Challenge => identity,
        };
        let fresh = Secret::<32>::random(rng);
        let nonce = |which| {
            SecretScalar::<S>::of_hash(
                statement
                    .nonce
                    .clone()
                    .bytes(self.secret.encoded().expose())
                    .bytes(fresh.expose())
                    .u8(which),
            )
        };
        // Two of the three are public from here on.
        let [k, c_other, s_other] = [nonce(0), nonce(1), nonce(2)];
        let [c_other, s_other] = [c_other, s_other].map(|scalar| scalar.with(Clone::clone));
        let proven = k.mul_base();
        let simulated = S::Group::add(
            &S::Group::mul_base(&s_other),
            &S::Group::mul(other, &c_other),
        );
        let commitments = match self.known {
            Known::Identity => [proven, simulated],
            Known::Challenge => [simulated, proven],
        };
        let c = S::Group::scalar_sub(&statement.challenge(&commitments), &c_other);
        let s = response(&k, &c, self.secret);
        let scalars = match self.known {
            Known::Identity => [c, c_other, s, s_other],
            Known::Challenge => [c_other, c, s_other, s],
        };
        JoinerProof::new(encode_scalars::<S, 4, 128>(&scalars))
    }
}

/// `k - c x`.
fn response<S: CryptoSuite>(
    nonce: &SecretScalar<S>,
    challenge: &Scalar<S>,
    secret: &SecretScalar<S>,
) -> Scalar<S> {
    let product = secret.times(challenge);
    nonce.with(|nonce| product.with(|product| S::Group::scalar_sub(nonce, product)))
}

fn encode_scalars<S: CryptoSuite, const N: usize, const LENGTH: usize>(
    scalars: &[Scalar<S>; N],
) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    for (place, scalar) in bytes.chunks_exact_mut(32).zip(scalars) {
        place.copy_from_slice(&S::Group::encode_scalar(scalar));
    }
    bytes
}

/// `None` if one of them is not canonical, or there are not so many.
fn decode_scalars<S: CryptoSuite, const N: usize>(bytes: &[u8]) -> Option<[Scalar<S>; N]> {
    let scalars = bytes.as_chunks::<32>().0.iter();
    let scalars: Option<Vec<_>> = scalars.map(S::Group::decode_scalar).collect();
    scalars?.try_into().ok()
}
