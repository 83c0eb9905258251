//! Round 2 as one member goes through it. `docs/spec/04-key-agreement.md`, "Rounds".

use std::sync::Arc;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{CryptoSuite, EphemeralKeyPair, SecretScalar, kdf::Prk, label, wiping_stack};

use super::contributing::agreement_payloads;
use super::packet::{RoundPacket, blame, check_complete};
use super::sealing::sealing_keys;
use super::{Confirmation, Contribution, Rejected};
use crate::agreement::GroupKeyAgreement;
use crate::authentication::{GroupAuthentication, KeyStatement};
use crate::fault::{CheckFailed, Fault, FaultKind, RunError};
use crate::run::Run;

/// A member that has confirmed and waits for the confirmations of all.
pub struct Confirming<S: CryptoSuite> {
    pub(super) run: Run<S>,
    pub(super) ephemeral: EphemeralKeyPair<S>,
    pub(super) trapdoor: SecretScalar<S>,
    pub(super) agreement: Box<dyn GroupKeyAgreement<S>>,
    pub(super) authentication: Box<dyn GroupAuthentication<S>>,
    pub(super) contributions: Arc<[Contribution]>,
    pub(super) confirmation: Confirmation,
    pub(super) epoch: Prk,
}

impl<S: CryptoSuite> Confirming<S> {
    /// This member's confirmation. Made once per `sid`: the stored bytes are sent again, never computed again.
    #[must_use]
    pub const fn confirmation(&self) -> &Confirmation {
        &self.confirmation
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &Run<S> {
        &self.run
    }

    /// The contributions that this member confirmed, to send again to members that missed one.
    #[must_use]
    pub fn contributions(&self) -> &[Contribution] {
        &self.contributions
    }

    /// The secret from which the epoch's keys are derived. Others may have the epoch before this member has all
    /// confirmations: it tells their packets from those of outsiders, and nothing about who is in the epoch.
    #[must_use]
    pub fn secret(&self) -> Prk {
        let contributions = &self.confirmation.statement.contributions;
        self.epoch
            .child::<S>(label::MESSAGES, contributions.as_bytes())
    }

    /// Takes the confirmations of all members in cycle order, this member's own among them.
    ///
    /// # Errors
    /// [`RunError`] with the phase as it was: confirmations that are not authentic, or a fault with its culprits.
    pub fn establish(
        self,
        confirmations: &[Confirmation],
        rng: &mut dyn CryptoRng,
    ) -> Result<Established<S>, Box<Rejected<Self>>> {
        if let Err(error) = wiping_stack(|| self.check(confirmations, rng)) {
            return Err(Box::new(Rejected { phase: self, error }));
        }
        let statement = self.confirmation.statement;
        let secret = self.secret();
        Ok(Established {
            run: self.run,
            statement,
            ephemeral: self.ephemeral,
            trapdoor: self.trapdoor,
            secret,
        })
    }

    /// The authentication payloads of these confirmations, opened, in cycle order: for a transcript. `None` if one does not
    /// open, so that [`establish`](Self::establish) fails too.
    #[must_use]
    pub fn open(&self, confirmations: &[Confirmation]) -> Option<Vec<Vec<u8>>> {
        let own = &self.confirmation.statement;
        confirmations
            .iter()
            .zip(sealing_keys::<S>(&self.epoch))
            .map(|(confirmation, key)| {
                let payload = confirmation.open(&self.run, &key, own)?;
                Some(payload.to_vec())
            })
            .collect()
    }

    fn check(
        &self,
        confirmations: &[Confirmation],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), RunError> {
        let run = &self.run;
        let own = &self.confirmation.statement;
        check_complete(run, confirmations, &self.confirmation)?;
        // Some member confirms other contributions than this one. It may be right: a member sent two contributions, or
        // a packet was changed on its way. Nobody can be named before the other contributions are seen.
        if confirmations
            .iter()
            .any(|confirmation| confirmation.statement.contributions != own.contributions)
        {
            let kind = FaultKind::OtherContributions;
            let culprits = Vec::new();
            return Err(blame(run, confirmations, || Fault { kind, culprits }));
        }
        let other_key = indices(confirmations, |confirmation| {
            confirmation.statement.key_commitment != own.key_commitment
        });
        if !other_key.is_empty() {
            let find = || self.blame_for_other_key(other_key);
            return Err(blame(run, confirmations, find));
        }
        // This member's own is not looked at by anyone.
        let opened: Vec<_> = confirmations
            .iter()
            .zip(sealing_keys::<S>(&self.epoch))
            .enumerate()
            .map(|(index, (confirmation, key))| {
                if index == run.me() {
                    Some(Zeroizing::new(Vec::new()))
                } else {
                    confirmation.open(run, &key, own)
                }
            })
            .collect();
        let payloads: Vec<&[u8]> = opened
            .iter()
            .flatten()
            .map(|payload| payload.as_slice())
            .collect();
        if payloads.len() != opened.len() {
            let kind = FaultKind::WrongProof;
            let culprits = indices(&opened, Option::is_none);
            return Err(blame(run, confirmations, || Fault { kind, culprits }));
        }
        let verified = self.authentication.verify(run, own, &payloads, rng);
        verified.map_err(|CheckFailed| {
            let find = || self.authentication.blame(run, own, &payloads);
            blame(run, confirmations, find)
        })
    }

    /// All agree on the contributions, yet not on the key: either a contribution is wrong, and its proof says whose, or
    /// a member that commits to another key lies.
    fn blame_for_other_key(&self, other_key: Vec<usize>) -> Fault {
        let run = &self.run;
        let wrong = self
            .agreement
            .blame(run, &agreement_payloads(&self.contributions));
        if wrong.culprits.is_empty() {
            return Fault {
                kind: FaultKind::WrongKeyCommitment,
                culprits: other_key,
            };
        }
        // This member is past the round in which a contribution could be replaced: the run is dead, and a contribution
        // that nobody signed names nobody.
        let signed = |index: &usize| {
            self.contributions
                .get(*index)
                .is_some_and(|contribution| contribution.is_authentic(run))
        };
        Fault {
            kind: wrong.kind,
            culprits: wrong.culprits.into_iter().filter(signed).collect(),
        }
    }
}

/// The indices at which a list holds what is looked for.
fn indices<T>(list: &[T], is_wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    list.iter()
        .enumerate()
        .filter_map(|(index, item)| is_wanted(item).then_some(index))
        .collect()
}

impl<S: CryptoSuite> core::fmt::Debug for Confirming<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Confirming({})", self.run.sid())
    }
}

/// A run that all members confirmed: what an epoch starts from.
pub struct Established<S: CryptoSuite> {
    /// The run, with the roster in cycle order.
    pub run: Run<S>,
    /// What was confirmed.
    pub statement: KeyStatement,
    /// The key that signs in the epoch.
    pub ephemeral: EphemeralKeyPair<S>,
    /// `y`: it protects this member in this run alone, which is over, so it may be published with the signing key.
    pub trapdoor: SecretScalar<S>,
    /// The secret from which the epoch's keys are derived.
    pub secret: Prk,
}

impl<S: CryptoSuite> core::fmt::Debug for Established<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Established({})", self.run.sid())
    }
}
