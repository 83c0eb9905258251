//! A recorded run, checked by an outsider. `docs/spec/10-transcripts.md`, "What is checked".
//!
//! An outsider checks all that is public: signatures, shares, proofs of well-formedness and group proofs. It learns
//! that the record is one that a run could have left, and not that there was a run: a forger that invents all members
//! makes the same record (`docs/security/deniability.md`). What only members could check is named in the [`Audit`].

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{AEAD_TAG_LENGTH, CryptoSuite};

use crate::agreement::BurmesterDesmedt;
use crate::authentication::TRIPLE_DH_TAG_LENGTH;
use crate::authentication::{GroupAuthentication, GroupProof, KeyStatement};
use crate::fault::{CheckFailed, Fault, FaultKind};
use crate::methods::AgreementId;
use crate::methods::AuthenticationId;
use crate::methods::Methods;
use crate::roster::RosterError;
use crate::rounds::contributing::{agreement_payloads, contributions_digest};
use crate::rounds::inner_keys::{self, InnerKeys};
use crate::rounds::{Confirmation, Contribution, MemberKeys, RoundPacket};
use crate::run::Run;

/// A recorded run in which nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// What all members confirmed.
    pub statement: KeyStatement,
    /// The inner keys of all members, in cycle order: `M` verifies what is said in the epoch.
    pub keys: Vec<MemberKeys>,
    /// What the record shows to members alone.
    pub unproven: Vec<Unproven>,
}

/// What an outsider cannot check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unproven {
    /// The tags of the triple Diffie-Hellman, which say who the members are: each is for one member.
    Identities,
    /// The sealed parts of the pairwise key agreement: each is for one member.
    KeyAgreement,
    /// That all who stay agreed to a light run: the certificate is in no record.
    Consent,
}

/// What is wrong with a recorded run. Members are named by their place in the roster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The trapdoor of the roster is degenerate.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A member's place holds no contribution, or that of another member.
    #[error("the contribution of member {member} is not in its place")]
    NoContribution {
        /// Its index in the roster.
        member: usize,
    },
    /// A contribution was not signed by its sender for this run.
    #[error("the contribution of member {member} does not carry its signature")]
    ContributionSignature {
        /// Its index in the roster.
        member: usize,
    },
    /// A contribution that no honest member sends.
    #[error("the contribution of member {member} is wrong: {kind}")]
    Contribution {
        /// Its index in the roster.
        member: usize,
        /// What is wrong with it.
        kind: FaultKind,
    },
    /// The shares are wrong together, though each may be right by itself.
    #[error("the contributions are wrong together: {kind}")]
    Contributions {
        /// What is wrong with them.
        kind: FaultKind,
    },
    /// A member's place holds no confirmation, or that of another member.
    #[error("the confirmation of member {member} is not in its place")]
    NoConfirmation {
        /// Its index in the roster.
        member: usize,
    },
    /// A confirmation was not signed by its sender for this run.
    #[error("the confirmation of member {member} does not carry its signature")]
    ConfirmationSignature {
        /// Its index in the roster.
        member: usize,
    },
    /// A member confirmed other contributions.
    #[error("member {member} confirmed other contributions")]
    OtherContributions {
        /// Its index in the roster.
        member: usize,
    },
    /// A member confirmed another key than the first.
    #[error("member {member} confirmed another key than member 0")]
    OtherKey {
        /// Its index in the roster.
        member: usize,
    },
    /// The payload that is given for a confirmation has another length than the sealed one.
    #[error("the proof of member {member} is not what its confirmation sealed: its length differs")]
    SealedLength {
        /// Its index in the roster.
        member: usize,
    },
    /// The keys that a confirmation shows are not those that its sender committed to, or another member has them, too.
    #[error("the signing key of member {member} is not the one that its contribution committed to")]
    InnerKeys {
        /// Its index in the roster.
        member: usize,
    },
    /// A proof of identity does not hold.
    #[error("the proof of member {member} does not hold")]
    Proof {
        /// Its index in the roster.
        member: usize,
    },
}

impl AuditError {
    /// In which round it shows, 1 or 2, and in whose packet, if in one of them.
    #[must_use]
    pub const fn round_and_member(&self) -> (usize, Option<usize>) {
        match self {
            Self::Roster(_) => (0, None),
            Self::Contributions { .. } => (1, None),
            Self::NoContribution { member }
            | Self::ContributionSignature { member }
            | Self::Contribution { member, .. } => (1, Some(*member)),
            Self::NoConfirmation { member }
            | Self::ConfirmationSignature { member }
            | Self::OtherContributions { member }
            | Self::OtherKey { member }
            | Self::SealedLength { member }
            | Self::InnerKeys { member }
            | Self::Proof { member } => (2, Some(*member)),
        }
    }
}

/// Inner keys and authentication payloads, each in cycle order.
type Split<'a> = (Vec<MemberKeys>, Vec<&'a [u8]>);

/// Both rounds of a run, as a member recorded them, each in cycle order.
#[derive(Clone, Copy, Debug)]
pub struct Rounds<'a> {
    /// The contributions of all members.
    pub contributions: &'a [Contribution],
    /// The confirmations of all members.
    pub confirmations: &'a [Confirmation],
    /// What the confirmations sealed: inner keys and authentication payload.
    pub payloads: &'a [Vec<u8>],
}

impl Rounds<'_> {
    /// Checks both rounds of a run of others ([`Run::of_others`]).
    ///
    /// # Errors
    /// Every fault of the first step that fails: contributions and their signatures, what they say, confirmations,
    /// proofs.
    pub fn audit<S: CryptoSuite>(
        &self,
        run: &Run<S>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Audit, Vec<AuditError>> {
        let Methods {
            agreement,
            authentication,
        } = run.terms().methods;
        let mut unproven = Vec::new();
        all(self.signed_contributions(run))?;
        let proofs = match authentication {
            AuthenticationId::GroupProof => {
                Some(GroupProof::of_others(run).map_err(|error| vec![error.into()])?)
            }
            AuthenticationId::TripleDh => {
                unproven.push(Unproven::Identities);
                None
            }
        };
        all(self.contents(run, agreement, proofs.as_ref()))?;
        if agreement == AgreementId::Pairwise {
            unproven.push(Unproven::KeyAgreement);
        }
        let statement = self.confirmed(run)?;
        let (keys, payloads) = self.inner_keys(run)?;
        if let Some(proofs) = proofs {
            proofs
                .verify(run, &statement, &payloads, rng)
                .map_err(|CheckFailed| {
                    let fault = proofs.blame(run, &statement, &payloads);
                    each(&fault, |member| AuditError::Proof { member })
                })?;
        } else {
            let tags = run
                .len()
                .saturating_sub(1)
                .saturating_mul(TRIPLE_DH_TAG_LENGTH);
            all(payloads
                .iter()
                .enumerate()
                .filter(|(_, payload)| payload.len() != tags)
                .map(|(member, _)| AuditError::Proof { member }))?;
        }
        Ok(Audit {
            statement,
            keys,
            unproven,
        })
    }

    /// The inner keys as the payloads show them, whether or not their owners committed to them; `None` for a payload
    /// that is too short.
    pub fn shown_keys(&self) -> impl Iterator<Item = Option<MemberKeys>> {
        self.payloads
            .iter()
            .map(|opened| Some(InnerKeys::split(opened)?.0.keys))
    }

    /// The inner keys of all members, and what is left of the payloads without them.
    fn inner_keys<S: CryptoSuite>(&self, run: &Run<S>) -> Result<Split<'_>, Vec<AuditError>> {
        let split: Vec<_> = self
            .contributions
            .iter()
            .zip(self.payloads)
            .map(|(contribution, opened)| {
                let (inner, payload) = InnerKeys::split(opened)?;
                inner.open(run, contribution.sender, &contribution.body.inner_keys)?;
                Some((inner.keys, payload))
            })
            .collect();
        let unopened = |(member, it): (usize, &Option<_>)| it.is_none().then_some(member);
        let wrong = |member| AuditError::InnerKeys { member };
        all(split.iter().enumerate().filter_map(unopened).map(wrong))?;
        let (keys, payloads): (Vec<_>, _) = split.into_iter().flatten().unzip();
        all(inner_keys::repeated(run, &keys).into_iter().map(wrong))?;
        Ok((keys, payloads))
    }

    fn signed_contributions<S: CryptoSuite>(
        &self,
        run: &Run<S>,
    ) -> impl Iterator<Item = AuditError> {
        (0..run.len().max(self.contributions.len())).filter_map(|member| {
            match self.contributions.get(member) {
                Some(it) if member < run.len() && it.sender.place() == member => {
                    (!it.is_authentic(run)).then_some(AuditError::ContributionSignature { member })
                }
                Some(_) | None => Some(AuditError::NoContribution { member }),
            }
        })
    }

    /// The shares of the joint-knowledge check, and the proofs that the links are well formed: the sum of the links is zero
    /// if all of them are.
    fn contents<S: CryptoSuite>(
        &self,
        run: &Run<S>,
        agreement: AgreementId,
        proofs: Option<&GroupProof<S>>,
    ) -> Vec<AuditError> {
        let shares: Vec<&[u8]> = self
            .contributions
            .iter()
            .map(|contribution| contribution.body.knowledge_share.as_slice())
            .collect();
        let checked = match proofs {
            Some(proofs) => proofs
                .check_shares(run, &shares)
                .map_err(|CheckFailed| proofs.blame_shares(run, &shares)),
            None => no_shares(&shares),
        };
        let mut wrong = match checked {
            Ok(()) => Vec::new(),
            Err(Fault { kind, culprits }) if culprits.is_empty() => {
                vec![AuditError::Contributions { kind }]
            }
            Err(fault) => each(&fault, |member| AuditError::Contribution {
                member,
                kind: fault.kind,
            }),
        };
        if agreement == AgreementId::BurmesterDesmedt {
            let kind = FaultKind::WrongShare;
            let links = agreement_payloads(self.contributions);
            let liars = BurmesterDesmedt::<S>::unproven(run, &links);
            wrong.extend(
                liars
                    .into_iter()
                    .map(|member| AuditError::Contribution { member, kind }),
            );
        }
        wrong
    }

    /// What all members confirmed.
    fn confirmed<S: CryptoSuite>(&self, run: &Run<S>) -> Result<KeyStatement, Vec<AuditError>> {
        let count = run.len().max(self.confirmations.len());
        let missing = (0..count).filter(|member| {
            let there = self.confirmations.get(*member);
            let is_own = there.is_some_and(|it| it.sender.place() == *member);
            *member >= run.len() || !is_own
        });
        all(missing.map(|member| AuditError::NoConfirmation { member }))?;
        let digest = contributions_digest(run, self.contributions);
        let Some(first) = self.confirmations.first() else {
            return Err(vec![AuditError::NoConfirmation { member: 0 }]);
        };
        let kc = first.statement.key_commitment;
        let wrong = self
            .confirmations
            .iter()
            .enumerate()
            .filter_map(|(member, it)| {
                let length = self.payloads.get(member).map(Vec::len);
                if !it.is_authentic(run) {
                    Some(AuditError::ConfirmationSignature { member })
                } else if it.statement.contributions != digest {
                    Some(AuditError::OtherContributions { member })
                } else if it.statement.key_commitment != kc {
                    Some(AuditError::OtherKey { member })
                } else if length != it.sealed.len().checked_sub(AEAD_TAG_LENGTH) {
                    Some(AuditError::SealedLength { member })
                } else {
                    None
                }
            });
        all(wrong)?;
        Ok(KeyStatement {
            contributions: digest,
            key_commitment: kc,
        })
    }
}

/// Triple Diffie-Hellman has no shares.
fn no_shares(shares: &[&[u8]]) -> Result<(), Fault> {
    let given = (0_usize..)
        .zip(shares)
        .filter(|(_, share)| !share.is_empty());
    let fault = Fault::at(
        FaultKind::MalformedContribution,
        given.map(|(place, _)| place),
    );
    if fault.culprits.is_empty() {
        Ok(())
    } else {
        Err(fault)
    }
}

fn all(errors: impl IntoIterator<Item = AuditError>) -> Result<(), Vec<AuditError>> {
    let errors: Vec<_> = errors.into_iter().collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn each(fault: &Fault, error: impl Fn(usize) -> AuditError) -> Vec<AuditError> {
    let culprits = fault.culprits.iter();
    culprits.map(|it| error(it.place())).collect()
}
