//! What goes wrong in a run because a member or the transport misbehaves: `docs/spec/04-key-agreement.md`, "Blame".
//!
//! A fault names *offers* by their index in the roster. It says nothing about the identity in the offer until a
//! proof under that identity has verified in the same run: anyone can publish an offer that carries Alice's key.

use crate::member_index::MemberIndex;
use crate::roster::RosterError;

/// A fault, and whose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (members {culprits:?})")]
pub struct Fault {
    /// What was done.
    pub kind: FaultKind,
    /// Indices into the roster, increasing. Never an honest member's; empty if nobody can be named.
    pub culprits: Vec<MemberIndex>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// A contribution that does not decode, or holds a value that no honest member sends.
    #[error("malformed contribution")]
    MalformedContribution,
    /// Two different packets of one round, both signed by the sender.
    #[error("two different packets of one round")]
    Equivocation,
    /// A share of the joint-knowledge check that does not verify: the sender does not know its trapdoor key.
    #[error("no knowledge of the trapdoor key")]
    UnknownTrapdoor,
    /// A key in an offer that is no element.
    #[error("a key in an offer does not decode")]
    UndecodableKey,
    /// A stated sum of knowledge commitments that is not the sum of those in the offers.
    #[error("wrong sum of knowledge commitments")]
    WrongCommitmentSum,
    /// A Burmester-Desmedt share that is not `z_i (Z_{i+1} - Z_{i-1})`.
    #[error("wrong key agreement share")]
    WrongShare,
    /// A pairwise part that does not open, or is not the one committed to.
    #[error("wrong pairwise part")]
    WrongPart,
    /// A key commitment other than the one that the contributions give.
    #[error("confirmation over another key")]
    WrongKeyCommitment,
    /// A digest of contributions other than this member's: a member sent two contributions, or the transport changed
    /// one.
    #[error("confirmation over other contributions")]
    OtherContributions,
    /// An authentication payload that does not open, decode or verify.
    #[error("wrong proof of identity")]
    WrongProof,
    /// A FREEZE of a light run with nonces that are no elements, or keys that no honest member shows.
    #[error("malformed freeze")]
    MalformedFreeze,
    /// A wrap that does not open to the secret of the SEED.
    #[error("wrong wrap")]
    WrongWrap,
    /// A complaint about a wrap that is right.
    #[error("complaint about a right wrap")]
    FalseComplaint,
    /// A CUT that is not what its FREEZEs say.
    #[error("wrong cut")]
    WrongCut,
    /// A share that is no part of the signature.
    #[error("wrong share of the joint signature")]
    WrongJointShare,
    /// A certificate that does not verify.
    #[error("wrong certificate")]
    WrongCertificate,
    /// A part of a joint key that is not the one committed to, or no element.
    #[error("wrong opening of a part")]
    WrongOpening,
}

impl FaultKind {
    /// Its name, which does not change from one version to the next; the sentence may.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MalformedContribution => "malformed_contribution",
            Self::Equivocation => "equivocation",
            Self::UnknownTrapdoor => "unknown_trapdoor",
            Self::UndecodableKey => "undecodable_key",
            Self::WrongCommitmentSum => "wrong_commitment_sum",
            Self::WrongShare => "wrong_share",
            Self::WrongPart => "wrong_part",
            Self::WrongKeyCommitment => "wrong_key_commitment",
            Self::OtherContributions => "other_contributions",
            Self::WrongProof => "wrong_proof",
            Self::MalformedFreeze => "malformed_freeze",
            Self::WrongWrap => "wrong_wrap",
            Self::FalseComplaint => "false_complaint",
            Self::WrongCut => "wrong_cut",
            Self::WrongJointShare => "wrong_joint_share",
            Self::WrongCertificate => "wrong_certificate",
            Self::WrongOpening => "wrong_opening",
        }
    }
}

impl Fault {
    /// A fault of one member.
    #[must_use]
    pub fn of(kind: FaultKind, culprit: MemberIndex) -> Self {
        Self {
            kind,
            culprits: vec![culprit],
        }
    }

    /// A fault of the members in these places of the roster.
    pub(crate) fn at(kind: FaultKind, places: impl IntoIterator<Item = usize>) -> Self {
        let culprits = places.into_iter().map(MemberIndex::of).collect();
        Self { kind, culprits }
    }
}

/// A check over the packets of all members failed. It does not say whose packet is wrong: finding that out costs several
/// times the check, and waits until every packet is known to carry its sender's signature (04-key-agreement, "Blame").
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a check over the packets of all members failed")]
pub struct CheckFailed;

/// Why a round did not complete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// These members' packets carry no valid signature, and count as not received. Ask for them again. All other
    /// packets of the round carry theirs, so a caller that from now on verifies each packet as it comes pays one
    /// verification for each forgery, and never for another round that fails like this one.
    ///
    /// Or this member's own packet is not the one that it sent: an echo that was changed on its way.
    #[error("the packets of members {0:?} are not authentic")]
    NotReceived(Vec<MemberIndex>),
    /// A member cheated; the run is dead.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// This member must not take part in the run, or not with this identity.
    #[error(transparent)]
    Refused(RosterError),
    /// The caller gave another number of packets than the roster has members, or in another order.
    #[error("{given} packets are not one of each of {members} members in cycle order")]
    Incomplete {
        /// Packets given.
        given: usize,
        /// Members of the roster.
        members: usize,
    },
}
