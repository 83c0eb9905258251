//! The group proof: *"I know a_i, or I know log T"*, a Schnorr OR-proof after Cramer, Damgard and Schoenmakers (Crypto
//! 1994) with their two commitments summed into one. `docs/spec/04-key-agreement.md`, "Group proof".
//!
//! ```text
//! prove:   k, w random, R = k G + w T, c = H("proof", sid, T, D, kc, i, A_i, R) mod L, s = k - (c + w) a_i
//! verify:  R = s G + (c + w) A_i + w T
//!
//! struct { opaque R[32]; opaque s[32]; opaque w[32]; } payload;                                   96 bytes
//! ```
//!
//! A verifier whose own fresh trapdoor key is in T knows that nobody else knows log T, so it is convinced. A forger
//! that invents a roster knows log T and makes every proof of it, so nobody else is. The arguments, and what one summed
//! commitment changes in them, stand in `docs/security/group-proof.md`.
//!
//! All proofs of a run are verified as one multi-scalar multiplication with random 128-bit weights; a batch that
//! fails is decided by single checks.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    CryptoSuite, Decoder, Encoder, Group, IdentityKeyPair, ScalarBytes, Secret, SecretScalar,
    TranscriptHash, hash_to_scalar, label,
};

use super::joint_knowledge::Trapdoor;
use super::weights::weights;
use super::{GroupAuthentication, KeyStatement};
use crate::fault::{CheckFailed, Fault, FaultKind};
use crate::identity::{Forger, Identity, Speaker};
use crate::roster::RosterError;
use crate::run::Run;
use mpotr_crypto::{Element, Scalar};

/// One member's part in the group proof of a run. It holds no secret: `y` and `r` end in the share of the
/// joint-knowledge check, and neither proofs nor their verification need them.
pub struct GroupProof<S: CryptoSuite> {
    trapdoor: Trapdoor<S>,
    share: ScalarBytes,
}

/// A decoded payload: (R, c + w, s, w) of one prover, which is all that the equation needs.
struct Opening<'a, S: CryptoSuite> {
    identity: &'a Element<S>,
    commitment: Element<S>,
    sum: Scalar<S>,
    s: Scalar<S>,
    w: Scalar<S>,
}

impl<S: CryptoSuite> GroupProof<S> {
    pub(super) fn new(
        run: &Run<S>,
        secret: &SecretScalar<S>,
        knowledge: &SecretScalar<S>,
    ) -> Result<Self, RosterError> {
        let trapdoor = Trapdoor::of(run).ok_or(RosterError::DegenerateTrapdoor)?;
        let share = trapdoor.share(run.place(), secret, knowledge);
        Ok(Self { trapdoor, share })
    }

    /// A verifier of the proofs of others, which proves nothing itself.
    pub(crate) fn of_others(run: &Run<S>) -> Result<Self, RosterError> {
        let trapdoor = Trapdoor::of(run).ok_or(RosterError::DegenerateTrapdoor)?;
        let share = ScalarBytes::new([0; 32]);
        Ok(Self { trapdoor, share })
    }

    /// A proof of this member by the other branch, from `t = log T`:
    ///
    /// ```text
    /// k, u random, R = k G + u A_i, c as ever, w = u - c, s = k - w t
    /// ```
    ///
    /// R, s and w are distributed as those of [`prove`](GroupAuthentication::prove): R and w are uniform and independent in
    /// both, and s is what the equation leaves.
    fn simulate(
        &self,
        run: &Run<S>,
        forger: &Forger<S>,
        statement: &KeyStatement,
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<u8>> {
        let logarithm = self.trapdoor.logarithm(&forger.secrets(run)?);
        let k = SecretScalar::<S>::random(rng);
        let u = SecretScalar::<S>::random(rng);
        let commitment =
            S::Group::encode(&S::Group::add(&k.mul_base(), &u.mul(&run.own()?.identity)));
        let prefix = self.challenge_prefix(run, statement);
        let c = Self::challenge(&prefix, run, run.place(), &commitment)?;
        let w = u.with(|u| S::Group::scalar_sub(u, &c));
        let s = k.with(|k| logarithm.times(&w).with(|t| S::Group::scalar_sub(k, t)));
        Some(encode_payload::<S>(&commitment, &s, &w))
    }

    /// The part of the challenge that all provers share, so that it is hashed once.
    fn challenge_prefix(&self, run: &Run<S>, statement: &KeyStatement) -> TranscriptHash<S> {
        TranscriptHash::<S>::new(label::PROOF)
            .bytes(run.sid().as_bytes())
            .bytes(&self.trapdoor.encoded)
            .bytes(statement.contributions.as_bytes())
            .bytes(statement.key_commitment.as_bytes())
    }

    fn challenge(
        prefix: &TranscriptHash<S>,
        run: &Run<S>,
        prover: usize,
        commitment: &[u8; 32],
    ) -> Option<Scalar<S>> {
        let member = run.members().get(prover)?;
        Some(hash_to_scalar::<S>(
            prefix
                .clone()
                .u32(u32::try_from(prover).ok()?)
                .bytes(member.offer.identity.as_bytes())
                .bytes(commitment),
        ))
    }

    /// A nonce of the proof: hedged, and bound to all that the challenge is bound to, so that one commitment never
    /// meets two challenges even if the source of randomness repeats itself.
    fn nonce(
        run: &Run<S>,
        identity: &IdentityKeyPair,
        statement: &KeyStatement,
        fresh: &Secret<32>,
        which: u8,
    ) -> SecretScalar<S> {
        SecretScalar::<S>::of_hash(
            TranscriptHash::<S>::new(label::PROOF_NONCE)
                .bytes(identity.secret().expose())
                .bytes(fresh.expose())
                .bytes(run.sid().as_bytes())
                .u32(u32::try_from(run.place()).unwrap_or(u32::MAX))
                .bytes(statement.contributions.as_bytes())
                .bytes(statement.key_commitment.as_bytes())
                .u8(which),
        )
    }

    fn open<'a>(
        prefix: &TranscriptHash<S>,
        run: &'a Run<S>,
        prover: usize,
        payload: &[u8],
    ) -> Option<Opening<'a, S>> {
        let (commitment, s, w) = Decoder::whole(payload, |input| {
            Ok((
                input.array::<32>("R")?,
                ScalarBytes::decode(input, "s")?,
                ScalarBytes::decode(input, "w")?,
            ))
        })
        .ok()?;
        let w = S::Group::decode_scalar(w.as_bytes())?;
        let c = Self::challenge(prefix, run, prover, &commitment)?;
        Some(Opening {
            identity: &run.members().get(prover)?.identity,
            commitment: S::Group::decode(&commitment)?,
            sum: S::Group::scalar_add(&c, &w),
            s: S::Group::decode_scalar(s.as_bytes())?,
            w,
        })
    }

    /// `R = s G + (c + w) A + w T`, for one proof.
    fn holds(&self, opening: &Opening<'_, S>) -> bool {
        let sum = S::Group::vartime_multi_scalar_mul(
            &[opening.sum.clone(), opening.w.clone()],
            &[opening.identity.clone(), self.trapdoor.element.clone()],
        );
        S::Group::add(&S::Group::mul_base(&opening.s), &sum) == opening.commitment
    }

    /// The same for many proofs at once, as one sum with random weights:
    /// `(sum rho s) G + sum rho (c + w) A + (sum rho w) T - sum rho R = 0`.
    fn all_hold(&self, openings: &[Opening<'_, S>], weights: impl Iterator<Item = u128>) -> bool {
        let zero = S::Group::scalar_zero();
        let terms = openings.len().saturating_mul(2).saturating_add(1);
        let mut scalars = Vec::with_capacity(terms);
        let mut elements = Vec::with_capacity(terms);
        let mut base = zero.clone();
        let mut trapdoor = zero.clone();
        for (opening, weight) in openings.iter().zip(weights) {
            let weight = S::Group::scalar_from_u128(weight);
            let negated = S::Group::scalar_sub(&zero, &weight);
            base = S::Group::scalar_add(&base, &S::Group::scalar_mul(&weight, &opening.s));
            trapdoor = S::Group::scalar_sub(&trapdoor, &S::Group::scalar_mul(&weight, &opening.w));
            // The sum is compared to zero, so its sign is free: the commitments keep their short weights.
            scalars.push(S::Group::scalar_mul(&negated, &opening.sum));
            elements.push(opening.identity.clone());
            scalars.push(weight);
            elements.push(opening.commitment.clone());
        }
        scalars.push(trapdoor);
        elements.push(self.trapdoor.element.clone());
        S::Group::vartime_multi_scalar_mul(&scalars, &elements) == S::Group::mul_base(&base)
    }
}

impl<S: CryptoSuite> GroupAuthentication<S> for GroupProof<S> {
    fn knowledge_share(&self, _run: &Run<S>) -> Vec<u8> {
        self.share.as_bytes().to_vec()
    }

    fn check_shares(&self, run: &Run<S>, shares: &[&[u8]]) -> Result<(), CheckFailed> {
        self.trapdoor.check(run, shares)
    }

    fn blame_shares(&self, run: &Run<S>, shares: &[&[u8]]) -> Fault {
        self.trapdoor.blame(run, shares)
    }

    fn prove(
        &self,
        run: &Run<S>,
        identity: &dyn Identity<S>,
        statement: &KeyStatement,
        rng: &mut dyn CryptoRng,
    ) -> Vec<u8> {
        let identity = match identity.speaker() {
            Speaker::Holder(identity) => identity,
            // A forger without all trapdoors proves nothing, and its payload does not decode.
            Speaker::Forger(forger) => {
                return self
                    .simulate(run, forger, statement, rng)
                    .unwrap_or_default();
            }
        };
        let fresh = Secret::random(rng);
        let k = Self::nonce(run, identity, statement, &fresh, 0);
        let w = Self::nonce(run, identity, statement, &fresh, 1);
        let commitment = S::Group::encode(&S::Group::add(
            &k.mul_base(),
            &w.mul(&self.trapdoor.element),
        ));
        let prefix = self.challenge_prefix(run, statement);
        let Some(c) = Self::challenge(&prefix, run, run.place(), &commitment) else {
            return Vec::new();
        };
        // From here on w is public.
        w.with(|w| {
            let exponent = identity.scalar::<S>().times(&S::Group::scalar_add(&c, w));
            let s = k.with(|k| exponent.with(|exponent| S::Group::scalar_sub(k, exponent)));
            encode_payload::<S>(&commitment, &s, w)
        })
    }

    fn verify(
        &self,
        run: &Run<S>,
        statement: &KeyStatement,
        payloads: &[&[u8]],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), CheckFailed> {
        let prefix = self.challenge_prefix(run, statement);
        let others = payloads
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != run.place());
        let openings = others
            .map(|(prover, payload)| Self::open(&prefix, run, prover, payload))
            .collect::<Option<Vec<_>>>()
            .ok_or(CheckFailed)?;
        let weights = weights::<S>(run.sid(), statement, payloads, rng);
        if self.all_hold(&openings, weights) {
            Ok(())
        } else {
            Err(CheckFailed)
        }
    }

    fn blame(&self, run: &Run<S>, statement: &KeyStatement, payloads: &[&[u8]]) -> Fault {
        let prefix = self.challenge_prefix(run, statement);
        let verifies = |prover, payload: &[u8]| {
            let opening = Self::open(&prefix, run, prover, payload);
            opening.is_some_and(|opening| self.holds(&opening))
        };
        let others = payloads
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != run.place());
        let culprits =
            others.filter_map(|(prover, payload)| (!verifies(prover, payload)).then_some(prover));
        Fault::at(FaultKind::WrongProof, culprits)
    }
}

/// `R || s || w`.
fn encode_payload<S: CryptoSuite>(commitment: &[u8; 32], s: &Scalar<S>, w: &Scalar<S>) -> Vec<u8> {
    Encoder::encoded(|out| {
        out.raw(commitment);
        out.raw(&S::Group::encode_scalar(s));
        out.raw(&S::Group::encode_scalar(w));
    })
}

impl<S: CryptoSuite> core::fmt::Debug for GroupProof<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("GroupProof(..)")
    }
}
