//! Nonces of a joint signature: a pair from each member for one share, and their sums.

use rand_core::CryptoRng;

use super::challenge::{JointChallenge, JointShare};
use super::key::{PartKey, PartSecret};
use super::{decode_key, halves, joined};
use crate::byte_newtype;
use crate::group::Group;
use crate::label;
use crate::secret::Secret;
use crate::secret_scalar::SecretScalar;
use crate::stack::wiping_stack;
use crate::suite::{CryptoSuite, Element, TranscriptHash};

byte_newtype! {
    /// What a member says of its pair of nonces, `R_1j` and `R_2j` encoded: 64 bytes.
    NonceCommitment, 64
}

impl NonceCommitment {
    /// Both elements; `None` if an encoding is not canonical, or that of the identity.
    #[must_use]
    pub fn elements<S: CryptoSuite>(&self) -> Option<[Element<S>; 2]> {
        let [first, second] = halves(self.as_bytes());
        Some([decode_key::<S>(&first)?, decode_key::<S>(&second)?])
    }
}

byte_newtype! {
    /// The sums `R_1` and `R_2` of the nonces of all, encoded: 64 bytes. A sum may be the identity: who speaks last can make
    /// it so, and is found by its share.
    NonceSum, 64
}

impl NonceSum {
    /// Adds up what the members said of their nonces.
    #[must_use]
    pub fn of<S: CryptoSuite>(commitments: &[[Element<S>; 2]]) -> Self {
        let sum = |of: fn(&[Element<S>; 2]) -> &Element<S>| {
            S::Group::encode(&S::Group::sum(commitments.iter().map(of)))
        };
        Self::new(joined(&sum(|[first, _]| first), &sum(|[_, second]| second)))
    }

    /// Both elements; `None` if an encoding is not canonical.
    #[must_use]
    pub fn elements<S: CryptoSuite>(&self) -> Option<[Element<S>; 2]> {
        let [first, second] = self.halves();
        Some([S::Group::decode(&first)?, S::Group::decode(&second)?])
    }

    /// Both encodings.
    pub(super) fn halves(&self) -> [[u8; 32]; 2] {
        halves(self.as_bytes())
    }
}

/// Two secret nonces, for one share under one key. Consumed by it, and erased.
pub struct NoncePair<S: CryptoSuite> {
    secrets: [SecretScalar<S>; 2],
    /// The part that they were drawn for: who could pick the key after it saw the nonces would have a choice too many.
    part: PartKey,
    commitment: NonceCommitment,
}

impl<S: CryptoSuite> NoncePair<S> {
    /// Draws a pair. It is hedged: it depends on the secret `f`, on 32 bytes of `rng` and on what it is for, so a source that
    /// repeats itself repeats no nonce for another `purpose`.
    pub fn draw(part: &PartSecret<S>, purpose: &[u8], rng: &mut dyn CryptoRng) -> Self {
        let secrets = wiping_stack(|| {
            let fresh = Secret::<32>::random(rng);
            let shared = TranscriptHash::<S>::new(label::JOINT_NONCE)
                .bytes(part.secret().encoded().expose())
                .bytes(fresh.expose())
                .bytes(purpose);
            [1, 2].map(|which| SecretScalar::of_hash(shared.clone().u8(which)))
        });
        let [first, second] = secrets
            .each_ref()
            .map(|nonce| S::Group::encode(&nonce.mul_base()));
        Self {
            commitment: NonceCommitment::new(joined(&first, &second)),
            secrets,
            part: part.public(),
        }
    }

    /// What is said of the pair.
    #[must_use]
    pub const fn commitment(&self) -> &NonceCommitment {
        &self.commitment
    }

    /// This member's share; `None` with another secret than the pair was drawn for. The nonces are erased in any case, before
    /// anything is given.
    #[must_use]
    pub fn share(self, part: &PartSecret<S>, challenge: &JointChallenge<S>) -> Option<JointShare> {
        let is_of = self.part == part.public();
        is_of.then(|| challenge.share(self.secrets, part))
    }
}

impl<S: CryptoSuite> core::fmt::Debug for NoncePair<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "NoncePair({})", self.commitment)
    }
}
