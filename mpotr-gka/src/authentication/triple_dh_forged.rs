//! Triple Diffie-Hellman among members that one person invents. `docs/security/deniability.md`, "Triple Diffie-Hellman".
//!
//! A tag needs `a_i Y_j`, `y_i A_j` and `y_i Y_j`. A forger that drew every `y` computes the first as `y_j A_i`: it
//! makes the tags that the holders of the identities would make, and knows neither `a`.

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;

use super::triple_dh::TripleDh;
use super::{CheckFailed, GroupAuthentication, KeyStatement};
use crate::fault::Fault;
use crate::identity::{Forger, Identity};
use crate::run::Run;

/// An invented member's part. It makes the keys with the others when they are needed: by then all have contributed, and
/// the forger has every `y`.
#[derive(Debug)]
pub(super) struct ForgedTripleDh<S: CryptoSuite> {
    forger: Forger<S>,
}

impl<S: CryptoSuite> ForgedTripleDh<S> {
    pub(super) const fn new(forger: Forger<S>) -> Self {
        Self { forger }
    }

    /// The part of an invented member. In a run with a member that was not invented it has no keys: it proves nothing
    /// and accepts no tag.
    fn part(&self, run: &Run<S>) -> TripleDh {
        let trapdoors = self.forger.secrets(run).unwrap_or_default();
        TripleDh::of_trapdoors(run, &trapdoors)
    }
}

impl<S: CryptoSuite> GroupAuthentication<S> for ForgedTripleDh<S> {
    fn knowledge_share(&self, run: &Run<S>) -> Vec<u8> {
        self.part(run).knowledge_share(run)
    }

    fn check_shares(&self, run: &Run<S>, shares: &[&[u8]]) -> Result<(), CheckFailed> {
        self.part(run).check_shares(run, shares)
    }

    fn blame_shares(&self, run: &Run<S>, shares: &[&[u8]]) -> Fault {
        self.part(run).blame_shares(run, shares)
    }

    fn prove(
        &self,
        run: &Run<S>,
        identity: &dyn Identity<S>,
        statement: &KeyStatement,
        rng: &mut dyn CryptoRng,
    ) -> Vec<u8> {
        self.part(run).prove(run, identity, statement, rng)
    }

    fn verify(
        &self,
        run: &Run<S>,
        statement: &KeyStatement,
        payloads: &[&[u8]],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), CheckFailed> {
        self.part(run).verify(run, statement, payloads, rng)
    }

    fn blame(&self, run: &Run<S>, statement: &KeyStatement, payloads: &[&[u8]]) -> Fault {
        self.part(run).blame(run, statement, payloads)
    }
}
