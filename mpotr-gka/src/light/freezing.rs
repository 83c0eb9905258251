//! The second step of a light run: all have said where they stand, the proposer has closed, each checks and shares.
//! `docs/spec/14-light-runs.md`, "CUT" and "SHARE".

use mpotr_crypto::{
    CryptoSuite, EphemeralKeyPair, JointChallenge, NoncePair, SecretScalar, wiping_stack,
};

use super::blame::Verdict;
use super::closing::{may_follow, next_keys};
use super::cut::LightCut;
use super::freeze::Freeze;
use super::fresh::FreshPart;
use super::joining::{Arrival, Host, JoinOffer, ReadyError};
use super::object::{Object, Objection};
use super::packet::Signed;
use super::schedule::Schedule;
use super::seed::{Seed, Watch};
use super::seeding::Seeded;
use super::share::Share;
use super::sharing::Shared;
use super::standing::{Closing, LightVote};
use super::{Context, Heard, Joiners};
use crate::continuation::{Continuation, ViewPassed};
use crate::member_index::MemberIndex;

/// A member that has answered a SEED and waits for CUT.
pub struct Frozen<S: CryptoSuite> {
    pub(super) seeded: Seeded,
    /// Its own FREEZE: stored, and sent again as it is.
    pub(super) own: Signed<Freeze>,
    pub(super) pair: NoncePair<S>,
    /// `p'`.
    pub(super) receive: SecretScalar<S>,
    /// `m'`, where it is fresh.
    pub(super) signing: Option<EphemeralKeyPair<S>>,
    /// `f'`, where it is fresh.
    pub(super) part: Option<FreshPart<S>>,
}

/// Why a member does not share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// The CUT goes on from another SEED, or comes from who did not propose this one.
    #[error("the cut is not of this seed")]
    OtherSeed,
    /// The CUT does not carry the signature of the proposer, which is looked at in an eager view: it was never received.
    #[error("the cut is not signed by its proposer")]
    NotAuthentic,
    /// What stands in this member's place is not what it said.
    #[error("the cut does not hold what this member said")]
    NotMine,
    /// Keys are not those of the parent where they should be, or too few.
    #[error("the keys of the cut are not those that they should be")]
    WrongKeys,
    /// Something up to the heads is not held yet: wait for it.
    #[error("not everything in the cut is held yet")]
    NotHeld,
    /// The order is not the one that this member computes.
    #[error("the cut states another order")]
    WrongOrder,
    /// This member has entered a higher view, or confirmed something in this one.
    #[error(transparent)]
    Passed(#[from] ViewPassed),
    /// These joiners, by their places in the next epoch, have not shown who they are: wait for it.
    #[error("joiners {0:?} have not shown who they are")]
    NotReady(Vec<MemberIndex>),
    /// What a joiner showed is not right. Any member could have sent that in its name, so it is asked again first.
    #[error("joiner {0} is not shown to be who is listed there")]
    WrongTag(MemberIndex),
    /// The sums of nonces are no elements.
    #[error("the sums of nonces do not decode")]
    WrongNonces,
    /// A signed objection to the SEED is known.
    #[error("member {0} objects to the seed")]
    Objected(MemberIndex),
}

impl ShareError {
    /// What is objected, where waiting does not help.
    #[must_use]
    pub const fn objection(&self) -> Option<Objection> {
        match self {
            Self::NotMine => Some(Objection::NotMine),
            Self::WrongKeys | Self::WrongNonces => Some(Objection::Keys),
            Self::WrongOrder => Some(Objection::Order),
            Self::WrongTag(_) => Some(Objection::Tag),
            Self::OtherSeed
            | Self::NotAuthentic
            | Self::NotHeld
            | Self::NotReady(_)
            | Self::Passed(_)
            | Self::Objected(_) => None,
        }
    }
}

/// The phase without the CUT.
fn alone<S: CryptoSuite>(
    held: Held<(Frozen<S>, Signed<LightCut>), ShareError>,
) -> Box<Held<Frozen<S>, ShareError>> {
    let Held { phase, error } = held;
    let (phase, _) = phase;
    Box::new(Held { phase, error })
}

/// What is checked before a member shares.
struct Prepared<S: CryptoSuite> {
    schedule: Schedule,
    challenge: JointChallenge<S>,
    arrivals: Vec<Arrival<S>>,
}

/// A phase that a step did not complete, and why. It is as it was.
#[derive(Debug)]
pub struct Held<P, E> {
    /// The phase, to go on from.
    pub phase: P,
    /// What is wrong.
    pub error: E,
}

impl<S: CryptoSuite> Frozen<S> {
    /// The SEED that it answers.
    #[must_use]
    pub const fn seed(&self) -> &Signed<Seed> {
        self.seeded.seed()
    }

    /// This member's FREEZE. Made once for a SEED: the same bytes are sent again.
    #[must_use]
    pub const fn freeze(&self) -> &Signed<Freeze> {
        &self.own
    }

    /// Settles a complaint about a wrap: [`Seeded::judge`].
    pub fn judge(&self, parent: &Continuation<S>, object: &Signed<Object>) -> Option<Verdict> {
        self.seeded.judge(parent, object)
    }

    /// Checks CUT and shares, where nobody joins. The vote is taken and the nonces are erased before the share is given.
    ///
    /// # Errors
    /// [`ShareError`] with the phase as it was: nothing has left.
    pub fn share(
        self,
        parent: &mut Continuation<S>,
        cut: Signed<LightCut>,
        heard: &Heard<'_>,
        context: &Context<'_, S>,
    ) -> Result<Shared<S>, Box<Held<Self, ShareError>>> {
        self.share_in(parent, cut, heard, None, context)
            .map_err(|held| alone(*held))
    }

    /// The same, and checks those who join.
    ///
    /// # Errors
    /// [`ShareError`] with the phase as it was: nothing has left.
    pub fn share_with(
        self,
        parent: &mut Continuation<S>,
        cut: Signed<LightCut>,
        heard: &Heard<'_>,
        joiners: &Joiners<'_, S>,
        context: &Context<'_, S>,
    ) -> Result<Shared<S>, Box<Held<Self, ShareError>>> {
        self.share_in(parent, cut, heard, Some(joiners), context)
            .map_err(|held| alone(*held))
    }

    /// The same, which gives the CUT back, too.
    #[expect(clippy::type_complexity, reason = "phase and CUT come back")]
    pub(super) fn share_in(
        self,
        parent: &mut Continuation<S>,
        cut: Signed<LightCut>,
        heard: &Heard<'_>,
        joiners: Option<&Joiners<'_, S>>,
        context: &Context<'_, S>,
    ) -> Result<Shared<S>, Box<Held<(Self, Signed<LightCut>), ShareError>>> {
        let prepared = self.prepare(parent, &cut, heard, joiners, context);
        let prepared = prepared.and_then(|prepared| {
            let vote = LightVote {
                view: self.seed().body().terms.view,
                what: prepared.schedule.what(),
            };
            parent.confirm(vote)?;
            Ok(prepared)
        });
        let Prepared {
            schedule,
            challenge,
            arrivals,
        } = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                let phase = (self, cut);
                return Err(Box::new(Held { phase, error }));
            }
        };
        let Self {
            seeded,
            own,
            pair,
            receive,
            signing: fresh,
            part,
        } = self;
        // The pair was drawn for the part that the parent keeps, so there is a share.
        let share = pair.share(&parent.part, &challenge);
        let share = share.unwrap_or_else(|| mpotr_crypto::JointShare::new([0; 32]));
        let share = Share {
            seed: own.body().seed,
            cut: schedule.cut,
            sender: parent.me,
            share,
        };
        Ok(Shared {
            own: Signed::sign(share, parent.sid, context.signing),
            freeze: own,
            seeded,
            cut,
            schedule,
            challenge,
            receive,
            signing: fresh,
            part,
            arrivals,
            has_tried: false,
        })
    }

    /// Whether an objection ends the view: of one who stays, and not of the proposer, who need not make a CUT; with what it said
    /// of itself under its own signature. Who is left out would object to that for ever.
    fn counts(&self, parent: &Continuation<S>, objection: &Signed<Object>) -> bool {
        let seed = self.seed().body();
        let (digest, object) = (self.own.body().seed, objection.body());
        let is_own = |freeze: &Signed<Freeze>| {
            freeze.body().seed == digest
                && freeze.body().sender == object.sender
                && freeze.is_authentic(parent)
        };
        object.seed == digest
            && object.sender != seed.proposer
            && seed.terms.staying.contains(&object.sender)
            && object.own.as_ref().is_none_or(is_own)
            && objection.is_authentic(parent)
    }

    fn prepare(
        &self,
        parent: &Continuation<S>,
        cut: &Signed<LightCut>,
        heard: &Heard<'_>,
        joiners: Option<&Joiners<'_, S>>,
        context: &Context<'_, S>,
    ) -> Result<Prepared<S>, ShareError> {
        let seed = self.seed().body();
        let own = self.own.body();
        let body = cut.body();
        if body.seed != own.seed || body.sender != seed.proposer {
            return Err(ShareError::OtherSeed);
        }
        if seed.terms.watch == Watch::Eager && !cut.is_authentic(parent) {
            return Err(ShareError::NotAuthentic);
        }
        if let Some(objection) = heard.objections.iter().find(|it| self.counts(parent, it)) {
            return Err(ShareError::Objected(objection.body().sender));
        }
        self.check_keys(parent, body)?;
        let Closing {
            heads,
            base,
            closed,
        } = &body.closing;
        let order = context.order;
        if !order.holds(heads) {
            return Err(ShareError::NotHeld);
        }
        if !order.covers(heads, &own.standing.frontier) {
            return Err(ShareError::NotMine);
        }
        let is_ordered = base.count >= own.standing.last_final.count
            && base.count >= own.standing.lock.count
            && order.agrees(base)
            && order.closed(base, heads).as_ref() == Some(closed);
        if !is_ordered {
            return Err(ShareError::WrongOrder);
        }
        parent.said.may_confirm(seed.terms.view)?;
        let key = parent.joint_key(&seed.terms.staying);
        let key = key.ok_or(ShareError::WrongKeys)?;
        let schedule = Schedule::new(parent, seed, &self.seeded.fresh, body);
        let challenge = JointChallenge::new(
            &parent.key_commitment,
            &key,
            &body.nonces,
            &schedule.message,
        );
        let challenge = challenge.map_err(|_not_canonical| ShareError::WrongNonces)?;
        let arrivals = self.check_joiners(parent, &schedule, joiners)?;
        Ok(Prepared {
            schedule,
            challenge,
            arrivals,
        })
    }

    /// Each joiner is who it says, and its part is the one that it committed to.
    fn check_joiners(
        &self,
        parent: &Continuation<S>,
        schedule: &Schedule,
        joiners: Option<&Joiners<'_, S>>,
    ) -> Result<Vec<Arrival<S>>, ShareError> {
        let Some(terms) = &schedule.joining else {
            return Ok(Vec::new());
        };
        let places = (0..terms.offers.len()).map(|joiner| terms.place_of(joiner));
        let joiners = joiners.ok_or_else(|| ShareError::NotReady(places.collect()))?;
        let place = self.seed().body().place(parent.me);
        let host = Host {
            terms,
            secrets: &schedule.epoch,
            me: MemberIndex::of(place.ok_or(ShareError::NotMine)?),
            identity: joiners.identity,
            exchange: &self.receive,
        };
        let (mut arrivals, mut missing) = (Vec::new(), Vec::new());
        for joiner in 0..terms.offers.len() {
            match wiping_stack(|| host.check(joiner, joiners.readies)) {
                Ok(arrival) => arrivals.push(arrival),
                Err(ReadyError::Missing) => missing.push(terms.place_of(joiner)),
                Err(ReadyError::Wrong) => {
                    return Err(ShareError::WrongTag(terms.place_of(joiner)));
                }
            }
        }
        if missing.is_empty() {
            Ok(arrivals)
        } else {
            Err(ShareError::NotReady(missing))
        }
    }

    /// This member's FREEZE and keys stand in its place byte for byte, and the keys that are kept are those of the parent.
    fn check_keys(&self, parent: &Continuation<S>, cut: &LightCut) -> Result<(), ShareError> {
        let seed = self.seed().body();
        let terms = &seed.terms;
        let members = terms.staying.len();
        let (kept, joining) = cut.keys.split_at_checked(members).unwrap_or_default();
        let are_joiners = joining
            .iter()
            .copied()
            .eq(seed.offers.iter().map(JoinOffer::listed));
        if cut.freezes.len() != members || kept.len() != members || !are_joiners {
            return Err(ShareError::WrongKeys);
        }
        let own = self.own.body();
        let place = seed.place(parent.me).ok_or(ShareError::NotMine)?;
        let expected = next_keys(parent, seed, own).ok_or(ShareError::NotMine)?;
        let is_own = cut.freezes.get(place) == Some(&self.own.digest::<S>())
            && cut.keys.get(place) == Some(&expected);
        if !is_own {
            return Err(ShareError::NotMine);
        }
        let is_kept = terms.staying.iter().zip(kept).all(|(member, keys)| {
            let before = parent.keys_of(*member);
            before.is_some_and(|it| may_follow(seed, (&it.signing, Some(&it.part)), keys))
        });
        if is_kept {
            Ok(())
        } else {
            Err(ShareError::WrongKeys)
        }
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Frozen<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Frozen(view {})", self.seed().body().terms.view)
    }
}
