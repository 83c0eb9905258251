//! Round 1 as one member goes through it. `docs/spec/04-key-agreement.md`, "Rounds".

use std::sync::Arc;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{
    CryptoSuite, Digest32, EphemeralKeyPair, SecretScalar, TranscriptHash, kdf::Prk, label,
    wiping_stack,
};

use super::inner_keys::OwnInnerKeys;
use super::packet::{blame, check_complete};
use super::{Confirmation, Confirming, Contribution, ContributionBody, Rejected};
use crate::agreement::GroupKeyAgreement;
use crate::authentication::{GroupAuthentication, KeyStatement};
use crate::fault::{CheckFailed, RunError};
use crate::identity::Identity;
use crate::methods::Methods;
use crate::offer::OfferSecrets;
use crate::roster::RosterError;
use crate::run::Run;

/// A member that has contributed and waits for the contributions of all.
pub struct Contributing<S: CryptoSuite> {
    run: Run<S>,
    ephemeral: EphemeralKeyPair<S>,
    /// `y`, for when it may be published.
    trapdoor: SecretScalar<S>,
    /// An error in a run that this member must not take part in.
    methods: Result<Computation<S>, RosterError>,
    contribution: Contribution,
}

/// The two methods of a run as one member computes them, and the keys that it draws for the run.
struct Computation<S: CryptoSuite> {
    agreement: Box<dyn GroupKeyAgreement<S>>,
    authentication: Box<dyn GroupAuthentication<S>>,
    inner_keys: OwnInnerKeys<S>,
}

impl<S: CryptoSuite> Contributing<S> {
    /// Contributes to a run. The offer's secrets are consumed in any case: they serve one run.
    ///
    /// The caller has asked [`OfferSecrets::check`] before. For a run that fails this check the contribution says nothing,
    /// is made without the secrets and not signed, and [`confirm`](Self::confirm) refuses.
    pub fn start(
        run: Run<S>,
        identity: &dyn Identity<S>,
        secrets: OfferSecrets<S>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let checked = secrets.check(&run, identity);
        let OfferSecrets {
            ephemeral,
            trapdoor,
            share,
            knowledge,
            ..
        } = secrets;
        let Methods {
            agreement,
            authentication,
        } = run.terms().methods;
        let start = || {
            Ok(Computation {
                agreement: agreement.start::<S>(share),
                authentication: authentication.start::<S>(&run, identity, &trapdoor, &knowledge)?,
                inner_keys: OwnInnerKeys::generate(&run, identity, rng),
            })
        };
        let mut methods = checked.and_then(|()| wiping_stack(start));
        let contribution = methods.as_mut().map_or_else(
            |_refused| Contribution::nothing(&run),
            |methods| {
                let body = ContributionBody {
                    agreement: wiping_stack(|| methods.agreement.contribute(&run, rng)),
                    knowledge_share: methods.authentication.knowledge_share(&run),
                    inner_keys: methods.inner_keys.commitment(&run),
                };
                Contribution::sign(&run, body, &ephemeral)
            },
        );
        Self {
            run,
            ephemeral,
            trapdoor,
            methods,
            contribution,
        }
    }

    /// This member's contribution. Made once: the same bytes are sent again to members that missed them.
    #[must_use]
    pub const fn contribution(&self) -> &Contribution {
        &self.contribution
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &Run<S> {
        &self.run
    }

    /// Takes the contributions of all members in cycle order, this member's own among them, and confirms. They are kept
    /// until the run is over, and may be shared.
    ///
    /// # Errors
    /// [`RunError`] with the phase as it was: contributions that are not authentic, or a fault with its culprits.
    pub fn confirm(
        self,
        contributions: impl Into<Arc<[Contribution]>>,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Confirming<S>, Box<Rejected<Self>>> {
        let contributions = contributions.into();
        let mut methods = match self.methods {
            Ok(methods) => methods,
            Err(refused) => {
                let phase = Self {
                    methods: Err(refused),
                    ..self
                };
                let error = RunError::Refused(refused);
                return Err(Box::new(Rejected { phase, error }));
            }
        };
        // Nothing is sent, and nothing is proved, before all of `agree` has succeeded; after that nothing fails.
        let agreed = wiping_stack(|| {
            agree(
                &self.run,
                &mut methods,
                &contributions,
                &self.contribution,
                identity,
            )
        });
        let (epoch, statement) = match agreed {
            Ok(agreed) => agreed,
            Err(error) => {
                let phase = Self {
                    methods: Ok(methods),
                    ..self
                };
                return Err(Box::new(Rejected { phase, error }));
            }
        };
        let confirmation = wiping_stack(|| {
            let proof = methods
                .authentication
                .prove(&self.run, identity, &statement, rng);
            let payload = Zeroizing::new(methods.inner_keys.public().before(&proof));
            Confirmation::seal(&self.run, &epoch, statement, &payload, &self.ephemeral)
        });
        Ok(Confirming {
            run: self.run,
            inner_keys: methods.inner_keys,
            trapdoor: self.trapdoor,
            agreement: methods.agreement,
            authentication: methods.authentication,
            contributions,
            confirmation,
            epoch,
        })
    }
}

/// The epoch secret and the statement that the contributions of all lead to.
fn agree<S: CryptoSuite>(
    run: &Run<S>,
    methods: &mut Computation<S>,
    contributions: &[Contribution],
    own: &Contribution,
    identity: &dyn Identity<S>,
) -> Result<(Prk, KeyStatement), RunError> {
    if run.own().map(|own| own.offer.identity) != Some(identity.public()) {
        return Err(RunError::Refused(RosterError::WrongIdentity));
    }
    check_complete(run, contributions, own)?;
    let shares: Vec<_> = contributions
        .iter()
        .map(|contribution| contribution.body.knowledge_share.as_slice())
        .collect();
    let payloads = agreement_payloads(contributions);
    let Computation {
        agreement,
        authentication,
        ..
    } = methods;
    if let Err(CheckFailed) = authentication.check_shares(run, &shares) {
        let find = || authentication.blame_shares(run, &shares);
        return Err(blame(run, contributions, find));
    }
    let agreed = match agreement.agree(run, &payloads) {
        Ok(agreed) => agreed,
        Err(CheckFailed) => {
            let find = || agreement.blame(run, &payloads);
            return Err(blame(run, contributions, find));
        }
    };
    let digest = contributions_digest(run, contributions);
    let epoch = Prk::extract::<S>(run.sid().as_bytes(), agreed.expose());
    let commitment = epoch.expand::<S, 32>(label::KEY_COMMITMENT, digest.as_bytes());
    let key_commitment = Digest32::new(*commitment.expose());
    Ok((
        epoch,
        KeyStatement {
            contributions: digest,
            key_commitment,
        },
    ))
}

/// `D`: the digest of the bodies of all contributions.
pub(crate) fn contributions_digest<S: CryptoSuite>(
    run: &Run<S>,
    contributions: &[Contribution],
) -> Digest32 {
    TranscriptHash::<S>::new(label::CONTRIBUTIONS)
        .bytes(run.sid().as_bytes())
        .list(
            contributions
                .iter()
                .map(|contribution| contribution.body.to_bytes()),
        )
        .digest()
}

impl<S: CryptoSuite> core::fmt::Debug for Contributing<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Contributing({})", self.run.sid())
    }
}

/// The payloads of the key agreement.
pub(crate) fn agreement_payloads(contributions: &[Contribution]) -> Vec<&[u8]> {
    contributions
        .iter()
        .map(|contribution| contribution.body.agreement.as_slice())
        .collect()
}
