//! The first step of a light run, by who proposes. `docs/spec/14-light-runs.md`, "SEED".

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, EphemeralKeyPair};

use super::blame::Verdict;
use super::cutting::Proposing;
use super::freezing::Held;
use super::joining::{Admitted, JoinOffer};
use super::object::Object;
use super::packet::Signed;
use super::seed::{LightTerms, Seed, TermsError};
use super::seeding::{FreezeError, Seeded, check_offers};
use super::standing::Standing;
use super::wrapping::FreshSecret;
use crate::continuation::{Continuation, ViewPassed};
use crate::fault::{Fault, FaultKind};
use crate::identity::Identity;
use crate::member_index::MemberIndex;

/// A member that has made a SEED, and has not answered it yet.
#[derive(Debug)]
pub struct Proposed {
    seeded: Seeded,
}

/// What a proposer says of an epoch that others join.
#[derive(Clone, Debug)]
pub struct TermsWithJoiners<'a> {
    /// Of those who stay.
    pub terms: LightTerms,
    /// Who joins, in the order of their places: whom this member has admitted to the epoch of these terms.
    pub joiners: &'a [&'a Admitted],
}

/// Why a member proposes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProposeError {
    /// Who stays is not as the kind of change says.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// This member does not stay.
    #[error("a member that does not stay proposes nothing")]
    NotListed,
    /// This member has entered a higher view, or confirmed something in this one.
    #[error(transparent)]
    Passed(#[from] ViewPassed),
    /// These members have not shown their parts yet.
    #[error("the parts of {0:?} are not known yet")]
    Unopened(Vec<MemberIndex>),
    /// Receive keys that are no elements, and whose: [`FaultKind::UndecodableKey`]. A full run leaves them out.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Proposed {
    /// Proposes a change by which nobody joins. `count` differs for each SEED that the caller makes.
    ///
    /// # Errors
    /// [`ProposeError`].
    pub fn new<S: CryptoSuite>(
        parent: &Continuation<S>,
        terms: LightTerms,
        identity: &dyn Identity<S>,
        signing: &EphemeralKeyPair<S>,
        count: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, ProposeError> {
        let drawn = FreshSecret::draw(identity, count, rng);
        Self::with(parent, terms, Vec::new(), drawn, signing)
    }

    /// The same, by which others join.
    ///
    /// # Errors
    /// [`ProposeError`].
    pub fn with_joiners<S: CryptoSuite>(
        parent: &Continuation<S>,
        TermsWithJoiners { terms, joiners }: TermsWithJoiners<'_>,
        identity: &dyn Identity<S>,
        signing: &EphemeralKeyPair<S>,
        count: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, ProposeError> {
        let drawn = FreshSecret::draw(identity, count, rng);
        let offers = joiners.iter().map(|it| it.offer().clone()).collect();
        Self::with(parent, terms, offers, drawn, signing)
    }

    fn with<S: CryptoSuite>(
        parent: &Continuation<S>,
        terms: LightTerms,
        offers: Vec<JoinOffer>,
        fresh: FreshSecret,
        signing: &EphemeralKeyPair<S>,
    ) -> Result<Self, ProposeError> {
        let me = parent.me;
        terms.check(parent.keys().len())?;
        if !terms.staying.contains(&me) {
            return Err(ProposeError::NotListed);
        }
        parent.said.may_confirm(terms.view)?;
        let unopened = parent.unopened(&terms.staying);
        if !unopened.is_empty() {
            return Err(ProposeError::Unopened(unopened));
        }
        let wrapping = fresh.wrapping::<S>(&terms.handle);
        let mut seed = Seed {
            proposer: me,
            parent: parent.sid,
            ephemeral: wrapping.ephemeral,
            wraps: Vec::with_capacity(terms.staying.len()),
            terms,
            offers,
        };
        check_offers(parent, &seed)?;
        let mut undecodable = Vec::new();
        let mut wraps = Vec::with_capacity(seed.terms.staying.len());
        for member in seed.others() {
            let keys = parent.keys_of(member).ok_or(TermsError::Strangers)?;
            match wrapping.wrap(&fresh, &keys.receive, member) {
                Some(wrap) => wraps.push(wrap),
                None => undecodable.push(member.place()),
            }
        }
        if !undecodable.is_empty() {
            return Err(Fault::at(FaultKind::UndecodableKey, undecodable).into());
        }
        let offers = seed.offers.iter().enumerate();
        let for_joiners = offers.map(|(joiner, offer)| {
            wrapping.wrap(&fresh, &offer.receive, seed.place_of_joiner(joiner))
        });
        let for_joiners: Option<Vec<_>> = for_joiners.collect();
        wraps.extend(for_joiners.ok_or(TermsError::WrongOffers)?);
        seed.wraps = wraps;
        let seed = Signed::sign(seed, parent.sid, signing);
        Ok(Self {
            seeded: Seeded { seed, fresh },
        })
    }

    /// The SEED.
    #[must_use]
    pub const fn seed(&self) -> &Signed<Seed> {
        self.seeded.seed()
    }

    /// Settles a complaint about a wrap: [`Seeded::judge`].
    pub fn judge<S: CryptoSuite>(
        &self,
        parent: &Continuation<S>,
        object: &Signed<Object>,
    ) -> Option<Verdict> {
        self.seeded.judge(parent, object)
    }

    /// Answers its own SEED, like all others: [`Seeded::freeze`].
    ///
    /// # Errors
    /// [`FreezeError`] with the phase as it was.
    pub fn freeze<S: CryptoSuite>(
        self,
        parent: &mut Continuation<S>,
        standing: Standing,
        identity: &dyn Identity<S>,
        signing: &EphemeralKeyPair<S>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Proposing<S>, Box<Held<Self, FreezeError>>> {
        match self.seeded.freeze(parent, standing, identity, signing, rng) {
            Ok(frozen) => Ok(Proposing { frozen }),
            Err(held) => {
                let Held { phase, error } = *held;
                let phase = Self { seeded: phase };
                Err(Box::new(Held { phase, error }))
            }
        }
    }
}
