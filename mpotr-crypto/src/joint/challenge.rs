//! What each member of a joint signature adds: the challenge that all compute, shares, and whose share is wrong.

use super::key::{JointKey, PartSecret};
use super::nonces::NonceSum;
use super::signature::{self, JointSignature};
use super::{PartKey, joined};
use crate::byte_newtype;
use crate::codec::DecodeErrorKind;
use crate::group::{Group, vartime_double_scalar_mul};
use crate::label;
use crate::secret_scalar::SecretScalar;
use crate::suite::{CryptoSuite, Element, Scalar, TranscriptHash, hash_to_scalar};
use crate::transcript::Digest32;

byte_newtype! {
    /// A member's share `s_j`, encoded: 32 bytes.
    JointShare
}

/// One signing by all members of a joint key: what is signed, under whose sum of nonces.
///
/// Everyone who shares computes it. Who added up the nonces is not trusted: wrong sums give shares that make no signature.
pub struct JointChallenge<S: CryptoSuite> {
    /// `b`.
    coefficient: Scalar<S>,
    /// `R`, encoded.
    commitment: [u8; 32],
    /// `c`.
    challenge: Scalar<S>,
}

/// A member that shares in a signature: what it said, and what it was asked for.
#[derive(Debug)]
pub struct Sharer<'a, S: CryptoSuite> {
    /// `F_j`.
    pub part: &'a Element<S>,
    /// `R_1j` and `R_2j`.
    pub nonces: &'a [Element<S>; 2],
    /// `s_j`.
    pub share: &'a JointShare,
}

impl<S: CryptoSuite> JointChallenge<S> {
    /// The challenge of a message, in the epoch of this key commitment.
    ///
    /// # Errors
    /// A sum of nonces that is not canonical.
    pub fn new(
        kc: &Digest32,
        key: &JointKey<S>,
        nonces: &NonceSum,
        message: &[u8],
    ) -> Result<Self, DecodeErrorKind> {
        let [first, second] = nonces.halves();
        let sums = nonces.elements::<S>();
        let sums = sums.ok_or(DecodeErrorKind::NotCanonical)?;
        let coefficient = hash_to_scalar::<S>(
            TranscriptHash::<S>::new(label::JOINT_COEFFICIENT)
                .bytes(kc.as_bytes())
                .bytes(key.as_bytes())
                .bytes(&first)
                .bytes(&second)
                .bytes(message),
        );
        let commitment = S::Group::encode(&combined::<S>(&sums, &coefficient));
        Ok(Self {
            challenge: signature::challenge::<S>(kc, key, &commitment, message),
            coefficient,
            commitment,
        })
    }

    /// `b`, `R` and `c`, encoded.
    #[must_use]
    pub fn values(&self) -> [[u8; 32]; 3] {
        let [b, c] = [&self.coefficient, &self.challenge].map(S::Group::encode_scalar);
        [b, self.commitment, c]
    }

    /// `k_1 + b k_2 + c f`.
    pub(super) fn share(&self, nonces: [SecretScalar<S>; 2], part: &PartSecret<S>) -> JointShare {
        let [first, second] = nonces;
        let second = second.times(&self.coefficient);
        let third = part.secret().times(&self.challenge);
        let two = first.with(|first| {
            second.with(|second| SecretScalar::<S>::new(S::Group::scalar_add(first, second)))
        });
        let share = two.with(|two| third.with(|third| S::Group::scalar_add(two, third)));
        JointShare::new(S::Group::encode_scalar(&share))
    }

    /// The signature that the shares of all make; `None` if one is not canonical. It is right only if it verifies.
    #[must_use]
    pub fn sum<'a>(
        &self,
        shares: impl IntoIterator<Item = &'a JointShare>,
    ) -> Option<JointSignature> {
        let sum = shares
            .into_iter()
            .try_fold(S::Group::scalar_zero(), |sum, share| {
                let share = S::Group::decode_scalar(share.as_bytes())?;
                Some(S::Group::scalar_add(&sum, &share))
            })?;
        Some(JointSignature::new(joined(
            &self.commitment,
            &S::Group::encode_scalar(&sum),
        )))
    }

    /// Whether a member's share is what it should be: `s_j G = R_1j + b R_2j + c F_j`. Asked when the sum is wrong.
    #[must_use]
    pub fn is_right(&self, sharer: &Sharer<'_, S>) -> bool {
        let Some(share) = S::Group::decode_scalar(sharer.share.as_bytes()) else {
            return false;
        };
        let negated = S::Group::scalar_sub(&S::Group::scalar_zero(), &self.challenge);
        vartime_double_scalar_mul::<S::Group>(&share, &negated, sharer.part)
            == combined::<S>(sharer.nonces, &self.coefficient)
    }

    /// The places of those whose share is wrong. If none is, and the sums of nonces and keys are right, the signature is, too.
    #[must_use]
    pub fn wrong<'a>(&self, sharers: impl IntoIterator<Item = Sharer<'a, S>>) -> Vec<usize> {
        let wrong =
            |(place, sharer): (usize, Sharer<'a, S>)| (!self.is_right(&sharer)).then_some(place);
        sharers.into_iter().enumerate().filter_map(wrong).collect()
    }
}

/// `R_1 + b R_2`.
fn combined<S: CryptoSuite>(nonces: &[Element<S>; 2], coefficient: &Scalar<S>) -> Element<S> {
    let [first, second] = nonces;
    let product = S::Group::vartime_multi_scalar_mul(
        core::slice::from_ref(coefficient),
        core::slice::from_ref(second),
    );
    S::Group::add(first, &product)
}

impl<S: CryptoSuite> core::fmt::Debug for JointChallenge<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "JointChallenge({})", PartKey::new(self.commitment))
    }
}
