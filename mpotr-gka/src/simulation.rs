//! Whole runs of all members in one process, for measurements and tests: no transport, one thread.

use std::sync::Arc;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, DecodeError, Encoder, IdentityKeyPair};

use crate::fault::RunError;
use crate::member::{KnownIdentities, RunMember};
use crate::methods::Methods;
use crate::offer::{Offer, OfferSecrets};
use crate::room_name::RoomId;
use crate::roster::{RosterError, check_size};
use crate::rounds::{Confirmation, Confirming, Contributing, Contribution, Established};
use crate::run::Run;
use crate::sid::Sid;
use crate::terms::{CommitmentSum, Terms};

/// Why a simulated run ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The roster is refused.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// An offer does not decode.
    #[error(transparent)]
    Offer(#[from] DecodeError),
    /// A round failed.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// People with identities and one unused offer each.
pub struct Candidates<S: CryptoSuite> {
    /// Long-term identities.
    pub identities: Vec<IdentityKeyPair>,
    /// Their offers, in cycle order.
    pub offers: Vec<Offer>,
    /// The secrets of the offers.
    pub secrets: Vec<OfferSecrets<S>>,
}

impl<S: CryptoSuite> core::fmt::Debug for Candidates<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.identities.fmt(f)
    }
}

impl<S: CryptoSuite> Candidates<S> {
    /// `members` people.
    pub fn new(members: usize, rng: &mut dyn CryptoRng) -> Self {
        let identities = (0..members)
            .map(|_| IdentityKeyPair::random::<S>(rng))
            .collect::<Vec<_>>();
        Self::of(identities, rng)
    }

    /// The same people, with fresh offers.
    pub fn of(identities: Vec<IdentityKeyPair>, rng: &mut dyn CryptoRng) -> Self {
        let room = RoomId::of_name::<S>("simulation");
        let (offers, secrets) = identities
            .iter()
            .map(|identity| OfferSecrets::generate(room, None, identity, 0, rng))
            .unzip();
        Self {
            identities,
            offers,
            secrets,
        }
    }

    /// The first member proposes: it decodes every key of every offer.
    fn propose(&self, methods: Methods) -> Result<(Terms, Vec<RunMember<S>>), SimulationError> {
        let strangers = KnownIdentities::<S>::new();
        let members = self
            .offers
            .iter()
            .map(|offer| RunMember::decode(offer.clone(), &strangers))
            .collect::<Result<Vec<_>, _>>()?;
        members.iter().try_for_each(RunMember::decode_rest)?;
        let commitments = CommitmentSum::of(methods.authentication, &members)?;
        let terms = Terms {
            sid: sid::<S>(methods, commitments, &self.offers),
            methods,
            proposer: 0,
            commitments,
        };
        Ok((terms, members))
    }

    /// All contribute.
    ///
    /// # Errors
    /// The roster or an offer is refused.
    pub fn contribute(
        self,
        methods: Methods,
        rng: &mut dyn CryptoRng,
    ) -> Result<Contributed<S>, SimulationError> {
        check_size(self.offers.len())?;
        let (terms, of_proposer) = self.propose(methods)?;
        let mut of_proposer = Some(of_proposer);
        // Each member computes all of this for itself, as it would alone; the proposer has done it.
        let phases = self
            .secrets
            .into_iter()
            .zip(&self.identities)
            .enumerate()
            .map(|(me, (secrets, identity))| {
                let (sid, members) = match of_proposer.take() {
                    Some(members) => (terms.sid, members),
                    None => (
                        sid::<S>(methods, terms.commitments, &self.offers),
                        decode(&self.offers, me, &secrets)?,
                    ),
                };
                let run = Run::new(Terms { sid, ..terms }, members, me)?;
                secrets.check(&run, identity)?;
                Ok(Contributing::start(run, identity, secrets, rng))
            })
            .collect::<Result<Vec<_>, SimulationError>>()?;
        let contributions = phases
            .iter()
            .map(|phase| phase.contribution().clone())
            .collect();
        Ok(Contributed {
            identities: self.identities,
            phases,
            contributions,
        })
    }
}

/// `sid`, over the shortest head that a run can have.
fn sid<S: CryptoSuite>(
    methods: Methods,
    commitments: Option<CommitmentSum>,
    offers: &[Offer],
) -> Sid {
    let head = Encoder::encoded(|out| {
        out.u8(methods.agreement.code());
        out.u8(methods.authentication.code());
        CommitmentSum::encode_stated(commitments, out);
    });
    Sid::of::<S>(&head, offers.iter())
}

/// The roster as one member decodes it.
fn decode<S: CryptoSuite>(
    offers: &[Offer],
    me: usize,
    secrets: &OfferSecrets<S>,
) -> Result<Vec<RunMember<S>>, DecodeError> {
    let strangers = KnownIdentities::new();
    offers
        .iter()
        .enumerate()
        .map(|(index, offer)| {
            if index == me {
                secrets.member(&strangers)
            } else {
                RunMember::decode(offer.clone(), &strangers)
            }
        })
        .collect()
}

/// All members between the two rounds.
#[derive(Debug)]
pub struct Contributed<S: CryptoSuite> {
    /// Long-term identities.
    pub identities: Vec<IdentityKeyPair>,
    /// The phase of each member.
    pub phases: Vec<Contributing<S>>,
    /// What all members sent.
    pub contributions: Arc<[Contribution]>,
}

impl<S: CryptoSuite> Contributed<S> {
    /// All confirm.
    ///
    /// # Errors
    /// The first member's error.
    pub fn confirm(self, rng: &mut dyn CryptoRng) -> Result<Confirmed<S>, SimulationError> {
        let phases = self
            .phases
            .into_iter()
            .zip(&self.identities)
            .map(|(phase, identity)| {
                phase
                    .confirm(Arc::clone(&self.contributions), identity, rng)
                    .map_err(|rejected| rejected.error)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let confirmations = phases
            .iter()
            .map(|phase| phase.confirmation().clone())
            .collect::<Vec<_>>();
        Ok(Confirmed {
            phases,
            confirmations,
        })
    }
}

/// All members after both rounds were sent.
#[derive(Debug)]
pub struct Confirmed<S: CryptoSuite> {
    /// The phase of each member.
    pub phases: Vec<Confirming<S>>,
    /// What all members sent.
    pub confirmations: Vec<Confirmation>,
}

impl<S: CryptoSuite> Confirmed<S> {
    /// All verify the confirmations of all.
    ///
    /// # Errors
    /// The first member's error.
    pub fn establish(
        self,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Established<S>>, SimulationError> {
        self.phases
            .into_iter()
            .map(|phase| {
                phase
                    .establish(&self.confirmations, rng)
                    .map_err(|rejected| rejected.error.into())
            })
            .collect()
    }
}

/// Bytes that the members sent in one run: offers, contributions and confirmations as they are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The most that one member sent.
    pub by_one_member: usize,
    /// All together.
    pub total: usize,
}

/// Forms a group of `members` from fresh offers to all confirmations verified by all.
///
/// # Errors
/// See [`SimulationError`]; an honest run has none within the limit of members.
pub fn form_group<S: CryptoSuite>(
    members: usize,
    methods: Methods,
    rng: &mut dyn CryptoRng,
) -> Result<(Vec<Established<S>>, Traffic), SimulationError> {
    check_size(members)?;
    let candidates = Candidates::<S>::new(members, rng);
    form_group_of(candidates, methods, rng)
}

/// As [`form_group`], with people who exist already.
///
/// # Errors
/// See [`form_group`].
pub fn form_group_of<S: CryptoSuite>(
    candidates: Candidates<S>,
    methods: Methods,
    rng: &mut dyn CryptoRng,
) -> Result<(Vec<Established<S>>, Traffic), SimulationError> {
    let offers: Vec<_> = candidates
        .offers
        .iter()
        .map(|offer| offer.to_bytes().len())
        .collect();
    let contributed = candidates.contribute(methods, rng)?;
    let contributions: Vec<_> = contributed
        .contributions
        .iter()
        .map(|contribution| Encoder::encoded(|out| contribution.encode(out)).len())
        .collect();
    let confirmed = contributed.confirm(rng)?;
    let confirmations = confirmed
        .confirmations
        .iter()
        .map(|confirmation| Encoder::encoded(|out| confirmation.encode(out)).len());
    let sent: Vec<_> = offers
        .iter()
        .zip(&contributions)
        .zip(confirmations)
        .map(|((offer, contribution), confirmation)| {
            offer
                .saturating_add(*contribution)
                .saturating_add(confirmation)
        })
        .collect();
    let traffic = Traffic {
        by_one_member: sent.iter().copied().max().unwrap_or(0),
        total: sent.iter().fold(0, |sum, bytes| sum.saturating_add(*bytes)),
    };
    Ok((confirmed.establish(rng)?, traffic))
}
