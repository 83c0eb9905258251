//! All members after round 1.

use std::collections::BTreeMap;

use mpotr_crypto::{CryptoSuite, Group, IdentityKeyPair, random_scalar};
use mpotr_gka::{
    AgreementId, AuthenticationId, Contributing, Contribution, ContributionBody, FaultKind,
    Methods, Run, RunError,
};
use rand_chacha::ChaCha20Rng;

use super::{Confirmed, Known, assert_fault, assert_not_received, keys_by_hand};
use crate::spec::Spec;

/// All members after round 1.
pub(crate) struct Contributed<S: CryptoSuite> {
    pub(crate) spec: Spec,
    pub(super) methods: Methods,
    pub(crate) identities: Vec<IdentityKeyPair>,
    pub(crate) known: Vec<Known<S>>,
    pub(crate) phases: BTreeMap<usize, Contributing<S>>,
    pub(crate) contributions: Vec<Contribution>,
    pub(crate) rng: ChaCha20Rng,
}

impl<S: CryptoSuite> Contributed<S> {
    pub(crate) fn run(&self) -> &Run<S> {
        self.phases.values().next().unwrap().run()
    }

    /// An insider contributes what the specification says for the secrets that it has, to a Burmester-Desmedt run.
    pub(crate) fn contribute_by_hand(&mut self, insider: usize) {
        assert_eq!(self.methods.agreement, AgreementId::BurmesterDesmedt);
        let Known { y, z, r, .. } = &self.known[insider];
        let agreement = if self.spec.len() < 3 {
            vec![0; 32]
        } else {
            let x = S::Group::mul(&self.spec.width::<S>(insider), z);
            let k = random_scalar::<S::Group>(&mut self.rng);
            self.spec.payload::<S>(insider, &x, z, &k)
        };
        let share = if self.methods.authentication == AuthenticationId::GroupProof {
            self.spec.share::<S>(insider, y, r).to_vec()
        } else {
            Vec::new()
        };
        let body = ContributionBody {
            agreement,
            knowledge_share: share,
            inner_keys: self
                .spec
                .commitment::<S>(insider, &keys_by_hand::<S>(insider)),
        };
        self.contributions[insider] =
            self.spec
                .contribution(insider, body, &self.known[insider].e());
    }

    /// A member says something else, over its signature. From here on it is no honest one.
    pub(crate) fn lie(&mut self, member: usize, alter: impl FnOnce(&mut ContributionBody)) {
        let mut body = self.contributions[member].body.clone();
        alter(&mut body);
        self.contributions[member] = self
            .spec
            .contribution(member, body, &self.known[member].e());
        self.phases.remove(&member);
    }

    /// The packet of a member is changed on its way: its signature is that of what it said.
    pub(crate) fn tamper(&mut self, member: usize, alter: impl FnOnce(&mut ContributionBody)) {
        alter(&mut self.contributions[member].body);
    }

    /// Every honest member refuses the contributions, each for the reason returned with it. None has sent anything.
    pub(crate) fn errors(self) -> Vec<(usize, RunError)> {
        let Self {
            identities,
            phases,
            contributions,
            mut rng,
            ..
        } = self;
        phases
            .into_iter()
            .map(|(me, phase)| {
                let rejected = phase
                    .confirm(contributions.as_slice(), &identities[me], &mut rng)
                    .expect_err("confirms");
                (me, rejected.error)
            })
            .collect()
    }

    /// Every honest member blames these, for this.
    pub(crate) fn assert_fault(self, kind: FaultKind, culprits: &[usize]) {
        assert_fault(self.errors(), kind, culprits);
    }

    /// No honest member has received what these sent.
    pub(crate) fn assert_not_received(self, members: &[usize]) {
        assert_not_received(self.errors(), members);
    }

    pub(crate) fn confirm(self) -> Confirmed<S> {
        let Self {
            spec,
            identities,
            known,
            phases,
            contributions,
            mut rng,
            ..
        } = self;
        let phases: BTreeMap<_, _> = phases
            .into_iter()
            .map(|(me, phase)| {
                let confirming = phase.confirm(contributions.as_slice(), &identities[me], &mut rng);
                (me, confirming.expect("an honest run"))
            })
            .collect();
        let mut confirmed = Confirmed {
            confirmations: BTreeMap::new(),
            spec,
            identities,
            known,
            phases,
            contributions,
            rng,
        };
        for (me, phase) in &confirmed.phases {
            confirmed
                .confirmations
                .insert(*me, phase.confirmation().clone());
        }
        confirmed
    }
}
