//! All members after round 2.

use std::collections::BTreeMap;

use mpotr_crypto::kdf::Prk;
use mpotr_crypto::{CryptoSuite, Group, IdentityKeyPair};
use mpotr_gka::{
    Confirmation, Confirming, Contribution, Established, FaultKind, KeyStatement, Run, RunError,
};
use rand_chacha::ChaCha20Rng;

use super::{INNER, Known, assert_fault, assert_not_received, keys_by_hand};
use crate::spec::Spec;

/// All members after round 2.
pub(crate) struct Confirmed<S: CryptoSuite> {
    pub(crate) spec: Spec,
    pub(crate) identities: Vec<IdentityKeyPair>,
    pub(crate) known: Vec<Known<S>>,
    pub(crate) phases: BTreeMap<usize, Confirming<S>>,
    pub(crate) contributions: Vec<Contribution>,
    /// By sender. Insiders who contributed by hand are missing until they confirm by hand.
    pub(crate) confirmations: BTreeMap<usize, Confirmation>,
    pub(crate) rng: ChaCha20Rng,
}

impl<S: CryptoSuite> Confirmed<S> {
    pub(crate) fn run(&self) -> &Run<S> {
        self.phases.values().next().unwrap().run()
    }

    /// The epoch secret and statement of a Burmester-Desmedt run of honest contributions, computed from the links.
    pub(crate) fn epoch(&self) -> (Prk, KeyStatement) {
        let shares: Vec<_> = self.known.iter().map(|known| known.z.clone()).collect();
        let key = S::Group::encode(&Spec::key_of_links::<S>(&shares));
        self.spec.epoch::<S>(&key, &self.contributions)
    }

    /// A member confirms something else, over its signature. From here on it is no honest one.
    pub(crate) fn lie(&mut self, member: usize, alter: impl FnOnce(&mut Confirmation)) {
        let mut confirmation = self.confirmations[&member].clone();
        alter(&mut confirmation);
        let Confirmation {
            sender,
            statement,
            sealed,
            ..
        } = confirmation;
        let signed =
            self.spec
                .confirmation_of(sender.get(), statement, sealed, &self.known[member].e());
        self.confirmations.insert(member, signed);
        self.phases.remove(&member);
    }

    /// What a member sealed.
    fn opened(&self, member: usize) -> Option<Vec<u8>> {
        let confirmation = self.confirmations.get(&member)?;
        self.spec.open::<S>(&self.epoch().0, confirmation)
    }

    /// The inner keys of a member, `M || F || P || salt`.
    pub(crate) fn inner_keys(&self, member: usize) -> [u8; INNER] {
        let opened = self.opened(member);
        opened.map_or_else(
            || keys_by_hand::<S>(member),
            |opened| *opened.first_chunk().unwrap(),
        )
    }

    /// The authentication payload of a member.
    pub(crate) fn payload(&self, member: usize) -> Vec<u8> {
        self.opened(member).unwrap()[INNER..].to_vec()
    }

    /// A member confirms with this authentication payload, sealed and signed as it should be.
    pub(crate) fn prove(&mut self, member: usize, payload: &[u8]) {
        let opened = [self.inner_keys(member).as_slice(), payload].concat();
        self.seal(member, &opened);
    }

    /// A member seals this in its confirmation, and signs it as it should be.
    pub(crate) fn seal(&mut self, member: usize, opened: &[u8]) {
        let (epoch, statement) = self.epoch();
        let key = self.known[member].e();
        let confirmation = self
            .spec
            .confirmation(member, &epoch, statement, opened, &key);
        self.confirmations.insert(member, confirmation);
        self.phases.remove(&member);
    }

    /// The same with its own payload, altered.
    pub(crate) fn alter_proof(&mut self, member: usize, alter: impl FnOnce(&mut Vec<u8>)) {
        let mut payload = self.payload(member);
        alter(&mut payload);
        self.prove(member, &payload);
    }

    /// The packet of a member is changed on its way.
    pub(crate) fn tamper(&mut self, member: usize, alter: impl FnOnce(&mut Confirmation)) {
        alter(self.confirmations.get_mut(&member).unwrap());
    }

    pub(crate) fn errors(self) -> Vec<(usize, RunError)> {
        let confirmations: Vec<_> = self.confirmations.into_values().collect();
        let mut rng = self.rng;
        self.phases
            .into_iter()
            .map(|(me, phase)| {
                let rejected = phase
                    .establish(&confirmations, &mut rng)
                    .expect_err("established");
                (me, rejected.error)
            })
            .collect()
    }

    pub(crate) fn assert_fault(self, kind: FaultKind, culprits: &[usize]) {
        assert_fault(self.errors(), kind, culprits);
    }

    pub(crate) fn assert_not_received(self, members: &[usize]) {
        assert_not_received(self.errors(), members);
    }

    pub(crate) fn establish(self) -> BTreeMap<usize, Established<S>> {
        let confirmations: Vec<_> = self.confirmations.into_values().collect();
        let mut rng = self.rng;
        self.phases
            .into_iter()
            .map(|(me, phase)| {
                (
                    me,
                    phase
                        .establish(&confirmations, &mut rng)
                        .expect("an honest run"),
                )
            })
            .collect()
    }
}
