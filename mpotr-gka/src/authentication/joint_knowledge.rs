//! The trapdoor `T = sum h_j Y_j` of a roster and the check that its members jointly know `log T`.
//! `docs/spec/04-key-agreement.md`, "Joint-knowledge check".
//!
//! ```text
//! h_j = first 16 bytes of H("coef", sid, j), little-endian
//! T   = sum h_j Y_j
//! R   = sum R_j                                           as the proposer states it; in sid
//! c   = H("know", sid, R, T) mod L
//! s_i = r_i + c h_i y_i                                   32 bytes in member i's contribution
//! check: (sum s_j) G = R + c T                            on failure: R = sum R_j, and s_j G = R_j + c h_j Y_j, each
//! ```
//!
//! Nobody but the proposer decodes the R_j while all goes well: the check is a proof of knowledge of log T under the
//! commitment R whatever R is, as long as it is fixed before c.
//!
//! Without it a member can publish a Y whose logarithm nobody knows; then nobody could have made the proofs but the
//! identities themselves, and a transcript would convince a judge.

use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{
    CryptoSuite, Group, ScalarBytes, SecretScalar, TranscriptHash, hash_to_scalar, label,
    vartime_double_scalar_mul,
};

use crate::fault::{CheckFailed, Fault, FaultKind};
use crate::run::Run;
use crate::terms::Terms;
use mpotr_crypto::{Element, Scalar};

/// The trapdoor of one roster, with what its check needs.
pub(super) struct Trapdoor<S: CryptoSuite> {
    /// `h_j` in cycle order.
    coefficients: Vec<Scalar<S>>,
    /// `T`.
    pub(super) element: Element<S>,
    /// `T`, encoded once.
    pub(super) encoded: [u8; 32],
    /// `sum R_j` as it is stated.
    commitments: Element<S>,
    /// `c`.
    challenge: Scalar<S>,
}

impl<S: CryptoSuite> Trapdoor<S> {
    /// The trapdoor of a roster; `None` if it is the identity, whose logarithm is public (no choice of keys makes it
    /// so, but with negligible probability), and in a run without a stated sum of commitments.
    pub(super) fn of(run: &Run<S>) -> Option<Self> {
        let coefficients: Vec<_> = (0_u32..)
            .take(run.len())
            .map(|member| coefficient(run, member))
            .collect();
        let keys: Vec<_> = run
            .members()
            .iter()
            .map(|member| member.trapdoor.clone())
            .collect();
        let element = S::Group::vartime_multi_scalar_mul(&coefficients, &keys);
        Self::new(
            run.terms(),
            coefficients,
            element,
            run.commitments()?.clone(),
        )
    }

    fn new(
        terms: &Terms,
        coefficients: Vec<Scalar<S>>,
        element: Element<S>,
        commitments: Element<S>,
    ) -> Option<Self> {
        let stated = terms.commitments?;
        let encoded = S::Group::encode(&element);
        if encoded == [0; 32] {
            return None;
        }
        let challenge = hash_to_scalar::<S>(
            TranscriptHash::<S>::new(label::KNOWLEDGE)
                .bytes(terms.sid.as_bytes())
                .bytes(stated.as_bytes())
                .bytes(&encoded),
        );
        Some(Self {
            coefficients,
            element,
            encoded,
            commitments,
            challenge,
        })
    }

    /// `s_i` for member `index` with its secrets, which serve this once: a second share over another challenge would
    /// give both of them away.
    pub(super) fn share(
        &self,
        index: usize,
        trapdoor: &SecretScalar<S>,
        knowledge: &SecretScalar<S>,
    ) -> ScalarBytes {
        let Some(coefficient) = self.coefficients.get(index) else {
            return ScalarBytes::new([0; 32]);
        };
        let weight = S::Group::scalar_mul(&self.challenge, coefficient);
        let weighted = trapdoor.times(&weight);
        let share = knowledge
            .with(|knowledge| weighted.with(|weighted| S::Group::scalar_add(knowledge, weighted)));
        ScalarBytes::new(S::Group::encode_scalar(&share))
    }

    /// `log T` from all `y` in cycle order.
    pub(super) fn logarithm(&self, secrets: &[SecretScalar<S>]) -> SecretScalar<S> {
        let mut sum = Zeroizing::new(S::Group::scalar_zero());
        for (coefficient, secret) in self.coefficients.iter().zip(secrets) {
            let term = secret.times(coefficient);
            *sum = term.with(|term| S::Group::scalar_add(&sum, term));
        }
        SecretScalar::new((*sum).clone())
    }

    /// Checks the shares of all members: one double multiplication.
    pub(super) fn check(&self, run: &Run<S>, shares: &[&[u8]]) -> Result<(), CheckFailed> {
        let shares = Self::decode(run, shares).map_err(|_malformed| CheckFailed)?;
        let zero = S::Group::scalar_zero();
        let sum = shares
            .iter()
            .fold(zero, |sum, share| S::Group::scalar_add(&sum, share));
        if self.knows(&sum, &self.commitments, &self.challenge, &self.element) {
            Ok(())
        } else {
            Err(CheckFailed)
        }
    }

    /// Who is at fault when [`check`](Self::check) fails: the sum that the proposer stated is looked at first, then
    /// each share.
    pub(super) fn blame(&self, run: &Run<S>, shares: &[&[u8]]) -> Fault {
        let shares = match Self::decode(run, shares) {
            Ok(shares) => shares,
            Err(culprits) => {
                return Fault::at(FaultKind::MalformedContribution, culprits);
            }
        };
        let Terms {
            proposer,
            commitments,
            ..
        } = run.terms();
        let Some(commitments) = commitments else {
            return Fault::at(FaultKind::WrongCommitmentSum, [*proposer]);
        };
        let commitments = match commitments.open(*proposer, run.members()) {
            Ok(commitments) => commitments,
            Err(fault) => return fault,
        };
        let culprits = run
            .members()
            .iter()
            .zip(&commitments)
            .zip(&shares)
            .zip(&self.coefficients)
            .enumerate()
            .filter_map(|(index, (((member, commitment), share), coefficient))| {
                let weight = S::Group::scalar_mul(&self.challenge, coefficient);
                let knows = self.knows(share, commitment, &weight, &member.trapdoor);
                (!knows).then_some(index)
            });
        Fault::at(FaultKind::UnknownTrapdoor, culprits)
    }

    /// The shares of all members, or the members whose share does not decode to a scalar.
    fn decode(run: &Run<S>, shares: &[&[u8]]) -> Result<Vec<Scalar<S>>, Vec<usize>> {
        let decoded: Vec<_> = shares
            .iter()
            .map(|share| {
                let bytes = <&[u8; 32]>::try_from(*share).ok()?;
                S::Group::decode_scalar(bytes)
            })
            .collect();
        let culprits: Vec<_> = decoded
            .iter()
            .enumerate()
            .filter_map(|(index, share)| share.is_none().then_some(index))
            .collect();
        if !culprits.is_empty() || decoded.len() != run.len() {
            return Err(culprits);
        }
        Ok(decoded.into_iter().flatten().collect())
    }

    /// `share * G = commitment + weight * key`.
    fn knows(
        &self,
        share: &Scalar<S>,
        commitment: &Element<S>,
        weight: &Scalar<S>,
        key: &Element<S>,
    ) -> bool {
        let negated = S::Group::scalar_sub(&S::Group::scalar_zero(), weight);
        vartime_double_scalar_mul::<S::Group>(share, &negated, key) == *commitment
    }
}

/// `h_j`, 128 bits.
fn coefficient<S: CryptoSuite>(run: &Run<S>, member: u32) -> Scalar<S> {
    let hash = TranscriptHash::<S>::new(label::COEFFICIENT)
        .bytes(run.sid().as_bytes())
        .u32(member)
        .finish();
    S::Group::scalar_from_u128(first_u128(&hash))
}

/// The first 16 bytes of a hash, little-endian.
fn first_u128(hash: &[u8; 64]) -> u128 {
    hash.first_chunk()
        .map_or(0, |first| u128::from_le_bytes(*first))
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::{ChaCha20Poly1305Suite, Ristretto255};
    use mpotr_crypto::Group;

    use super::Trapdoor;
    use crate::methods::AgreementId;
    use crate::methods::AuthenticationId;
    use crate::methods::Methods;
    use crate::sid::Sid;
    use crate::terms::{CommitmentSum, Terms};

    #[test]
    fn a_trapdoor_that_is_the_identity_is_refused() {
        let element = Ristretto255::mul_base(&Ristretto255::scalar_from_u128(1));
        let terms = Terms {
            sid: Sid::new([0; 32]),
            methods: Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof),
            proposer: 0,
            commitments: Some(CommitmentSum::new(Ristretto255::encode(&element))),
        };
        let is_accepted = |trapdoor| {
            Trapdoor::<ChaCha20Poly1305Suite>::new(&terms, Vec::new(), trapdoor, element).is_some()
        };
        assert!(is_accepted(element));
        assert!(!is_accepted(Ristretto255::identity()));
    }
}
