//! Deniable group authentication: how each member shows all others who it is, and convinces nobody else.
//! `docs/spec/04-key-agreement.md`, "Authentication".

mod group_proof;
mod joiner;
mod joint_knowledge;
mod triple_dh;
mod triple_dh_forged;
mod weights;

pub use group_proof::GroupProof;
pub use joiner::{Challenge, CheckedChallenge, JoinerProof, KeyProof, OwnChallenge};
pub(crate) use triple_dh::TAG_LENGTH as TRIPLE_DH_TAG_LENGTH;
pub use triple_dh::TripleDh;
use triple_dh_forged::ForgedTripleDh;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32, SecretScalar};

use crate::fault::{CheckFailed, Fault};
use crate::identity::{Identity, Speaker};
use crate::methods::AuthenticationId;
use crate::roster::RosterError;
use crate::run::Run;

/// What an authentication is made over, besides `sid`: the contributions and the key they gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyStatement {
    /// `D`: the digest of all contribution bodies.
    pub contributions: Digest32,
    /// `kc`: the commitment to the epoch secret.
    pub key_commitment: Digest32,
}

/// A group authentication: one object per member and run, its secrets inside.
pub trait GroupAuthentication<S: CryptoSuite>: Send {
    /// This member's share of the joint-knowledge check, sent with its contribution; empty where none is needed.
    fn knowledge_share(&self, run: &Run<S>) -> Vec<u8>;

    /// Checks the shares of all members. No confirmation leaves before this check: without it a member could hold a
    /// trapdoor key that nobody knows, and every proof would convince outsiders (`docs/security/group-proof.md`).
    ///
    /// # Errors
    /// Some member does not know its trapdoor key. [`blame_shares`](Self::blame_shares) says who.
    fn check_shares(&self, run: &Run<S>, shares: &[&[u8]]) -> Result<(), CheckFailed>;

    /// What is wrong with shares that [`check_shares`](Self::check_shares) has refused, and whose they are.
    fn blame_shares(&self, run: &Run<S>, shares: &[&[u8]]) -> Fault;

    /// This member's payload of the confirmation.
    fn prove(
        &self,
        run: &Run<S>,
        identity: &dyn Identity<S>,
        statement: &KeyStatement,
        rng: &mut dyn CryptoRng,
    ) -> Vec<u8>;

    /// Verifies the payloads of all members but this one; the entry of this member is not looked at.
    ///
    /// # Errors
    /// Some payload does not verify. [`blame`](Self::blame) says whose.
    fn verify(
        &self,
        run: &Run<S>,
        statement: &KeyStatement,
        payloads: &[&[u8]],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), CheckFailed>;

    /// A fault that names every other member whose payload does not verify.
    fn blame(&self, run: &Run<S>, statement: &KeyStatement, payloads: &[&[u8]]) -> Fault;
}

impl AuthenticationId {
    /// Starts one member's part in a run. Both authentications take from the secrets of the offer at once what they
    /// need.
    pub(crate) fn start<S: CryptoSuite>(
        self,
        run: &Run<S>,
        identity: &dyn Identity<S>,
        trapdoor: &SecretScalar<S>,
        knowledge: &SecretScalar<S>,
    ) -> Result<Box<dyn GroupAuthentication<S>>, RosterError> {
        if let (Speaker::Forger(forger), Some(own)) = (identity.speaker(), run.own()) {
            forger.remember(own.offer.trapdoor, trapdoor);
        }
        Ok(match (self, identity.speaker()) {
            (Self::GroupProof, _) => Box::new(GroupProof::new(run, trapdoor, knowledge)?),
            (Self::TripleDh, Speaker::Holder(identity)) => {
                Box::new(TripleDh::new(run, identity, trapdoor))
            }
            (Self::TripleDh, Speaker::Forger(forger)) => {
                Box::new(ForgedTripleDh::new(forger.clone()))
            }
        })
    }
}
