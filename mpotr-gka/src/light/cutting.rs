//! What the proposer of a light run does apart from all others: it closes, and shares in its own CUT.
//! `docs/spec/14-light-runs.md`, "CUT".

use mpotr_crypto::CryptoSuite;

use super::blame::Verdict;
use super::closing::{Opened, close};
use super::cut::LightCut;
use super::freeze::Freeze;
use super::freezing::{Frozen, Held, ShareError};
use super::joining::{Admitted, Welcome};
use super::object::Object;
use super::packet::Signed;
use super::schedule::Schedule;
use super::seed::{Seed, Watch};
use super::sharing::Shared;
use super::{Context, Heard, Joiners};
use crate::continuation::{Continuation, ViewPassed};
use crate::fault::Fault;
use crate::member_index::MemberIndex;

/// A proposer that has answered its own SEED and waits for the FREEZEs of all.
pub struct Proposing<S: CryptoSuite> {
    pub(super) frozen: Frozen<S>,
}

/// A proposer that has closed. There is one CUT of a SEED: the bytes are stored and sent again, and it shares in no other.
pub struct Cutting<S: CryptoSuite> {
    frozen: Frozen<S>,
    cut: Signed<LightCut>,
}

/// Why a proposer makes no CUT of the FREEZEs that it has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CutError {
    /// These members' FREEZEs for this SEED are missing, or were seen to lack their signature.
    #[error("freezes of members {0:?} are missing")]
    Missing(Vec<MemberIndex>),
    /// This member has installed a successor: there is nothing to cut.
    #[error("member {0} has installed a successor")]
    Installed(MemberIndex),
    /// Nonces that are no elements, or keys that are missing or too many: what these members say is of no use.
    #[error(transparent)]
    Fault(Fault),
    /// Something that is stated is not held here, or locks contradict each other.
    #[error("what all hold is not held here")]
    NotHeld,
    /// This member has entered a higher view, or confirmed something in this one.
    #[error(transparent)]
    Passed(#[from] ViewPassed),
}

impl<S: CryptoSuite> Proposing<S> {
    /// Settles a complaint about a wrap: [`Seeded::judge`](super::Seeded::judge).
    pub fn judge(&self, parent: &Continuation<S>, object: &Signed<Object>) -> Option<Verdict> {
        self.frozen.judge(parent, object)
    }

    /// The SEED.
    #[must_use]
    pub const fn seed(&self) -> &Signed<Seed> {
        self.frozen.seed()
    }

    /// This member's own FREEZE. Made once for a SEED: the same bytes are sent again.
    #[must_use]
    pub const fn freeze(&self) -> &Signed<Freeze> {
        self.frozen.freeze()
    }

    /// Makes CUT of the FREEZEs of all who stay, this member's own among them, in any order.
    ///
    /// # Errors
    /// [`CutError`] with the phase as it was. In an eager view a FREEZE without its sender's signature is missing, and so is in
    /// a lazy one what is at fault or ends the run.
    pub fn cut(
        self,
        parent: &Continuation<S>,
        freezes: &[Signed<Freeze>],
        context: &Context<'_, S>,
    ) -> Result<Cutting<S>, Box<Held<Self, CutError>>> {
        match self.close(parent, freezes, context) {
            Ok(cut) => Ok(Cutting {
                frozen: self.frozen,
                cut,
            }),
            Err(error) => Err(Box::new(Held { phase: self, error })),
        }
    }

    fn close(
        &self,
        parent: &Continuation<S>,
        freezes: &[Signed<Freeze>],
        context: &Context<'_, S>,
    ) -> Result<Signed<LightCut>, CutError> {
        let seed = self.seed().body();
        parent.said.may_confirm(seed.terms.view)?;
        let found = self.listed(parent, freezes)?;
        let listed = found.iter().map(|it| it.digest::<S>()).collect();
        // Anyone inside can say something in another's name: nobody is held to what it has not signed.
        let is_signed = |sender: MemberIndex| {
            let mut of_sender = found.iter().filter(|it| it.body().sender == sender);
            of_sender.all(|it| it.is_authentic(parent))
        };
        let freezes: Vec<_> = found.iter().map(|it| it.body()).collect();
        let installed = freezes.iter().find(|it| it.standing.installed.is_some());
        if let Some(installed) = installed {
            return Err(match is_signed(installed.sender) {
                true => CutError::Installed(installed.sender),
                false => CutError::Missing(vec![installed.sender]),
            });
        }
        let opened = Opened::of(parent, seed, &freezes).map_err(|fault| {
            let unsigned = fault.culprits.iter().copied().filter(|it| !is_signed(*it));
            match unsigned.collect::<Vec<_>>() {
                unsigned if unsigned.is_empty() => CutError::Fault(fault),
                unsigned => CutError::Missing(unsigned),
            }
        })?;
        let closing = close(context.order, &freezes).ok_or(CutError::NotHeld)?;
        let cut = LightCut {
            seed: self.frozen.own.body().seed,
            sender: parent.me,
            freezes: listed,
            closing,
            keys: opened.keys,
            nonces: opened.nonces,
        };
        Ok(Signed::sign(cut, parent.sid, context.signing))
    }

    /// The FREEZE of each who stays, in order.
    fn listed<'a>(
        &self,
        parent: &Continuation<S>,
        freezes: &'a [Signed<Freeze>],
    ) -> Result<Vec<&'a Signed<Freeze>>, CutError> {
        let terms = &self.seed().body().terms;
        let digest = self.frozen.own.body().seed;
        let of = |member: &MemberIndex| {
            let mut of_member = freezes.iter().filter(|it| {
                let body = it.body();
                body.sender == *member && body.seed == digest
            });
            of_member.find(|it| {
                if *member == parent.me {
                    **it == self.frozen.own
                } else {
                    terms.watch == Watch::Lazy || it.is_authentic(parent)
                }
            })
        };
        let found: Vec<_> = terms.staying.iter().map(|it| (*it, of(it))).collect();
        let missing: Vec<_> = found
            .iter()
            .filter_map(|(member, freeze)| freeze.is_none().then_some(*member))
            .collect();
        if !missing.is_empty() {
            return Err(CutError::Missing(missing));
        }
        Ok(found.into_iter().filter_map(|(_, it)| it).collect())
    }
}

impl<S: CryptoSuite> Cutting<S> {
    /// The SEED.
    #[must_use]
    pub const fn seed(&self) -> &Signed<Seed> {
        self.frozen.seed()
    }

    /// This member's own FREEZE.
    #[must_use]
    pub const fn freeze(&self) -> &Signed<Freeze> {
        self.frozen.freeze()
    }

    /// The CUT.
    #[must_use]
    pub const fn cut(&self) -> &Signed<LightCut> {
        &self.cut
    }

    /// Settles a complaint about a wrap: [`Seeded::judge`](super::Seeded::judge).
    pub fn judge(&self, parent: &Continuation<S>, object: &Signed<Object>) -> Option<Verdict> {
        self.frozen.judge(parent, object)
    }

    /// Tells a joiner whose offer is listed what it needs of SEED and CUT: the same bytes each time. `None` of another.
    #[must_use]
    pub fn welcome(&self, parent: &Continuation<S>, joiner: &Admitted) -> Option<Welcome> {
        let seed = self.seed().body();
        let offers = &seed.offers;
        let place = offers.iter().position(|offer| offer == joiner.offer())?;
        let wrap = *seed.wrap_for_joiner(place)?;
        let fresh = &self.frozen.seeded.fresh;
        let Schedule { epoch, joining, .. } = Schedule::new(parent, seed, fresh, self.cut.body());
        Some(Welcome::seal::<S>(
            joining?,
            wrap,
            epoch.key_commitment,
            joiner,
        ))
    }

    /// Shares in the CUT, like all others: [`Frozen::share`].
    ///
    /// # Errors
    /// [`ShareError`] with the phase as it was: nothing has left but the CUT.
    pub fn share(
        self,
        parent: &mut Continuation<S>,
        heard: &Heard<'_>,
        context: &Context<'_, S>,
    ) -> Result<Shared<S>, Box<Held<Self, ShareError>>> {
        self.share_in(parent, heard, None, context)
    }

    /// The same, and checks those who join: [`Frozen::share_with`].
    ///
    /// # Errors
    /// [`ShareError`] with the phase as it was: nothing has left but CUT and WELCOME.
    pub fn share_with(
        self,
        parent: &mut Continuation<S>,
        heard: &Heard<'_>,
        joiners: &Joiners<'_, S>,
        context: &Context<'_, S>,
    ) -> Result<Shared<S>, Box<Held<Self, ShareError>>> {
        self.share_in(parent, heard, Some(joiners), context)
    }

    fn share_in(
        self,
        parent: &mut Continuation<S>,
        heard: &Heard<'_>,
        joiners: Option<&Joiners<'_, S>>,
        context: &Context<'_, S>,
    ) -> Result<Shared<S>, Box<Held<Self, ShareError>>> {
        let Self { frozen, cut } = self;
        let shared = frozen.share_in(parent, cut, heard, joiners, context);
        shared.map_err(|held| {
            let Held { phase, error } = *held;
            let (frozen, cut) = phase;
            let phase = Self { frozen, cut };
            Box::new(Held { phase, error })
        })
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Proposing<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Proposing(view {})", self.seed().body().terms.view)
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Cutting<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Cutting(view {})", self.seed().body().terms.view)
    }
}
