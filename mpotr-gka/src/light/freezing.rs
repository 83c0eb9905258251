//! The second step of a light run: all have said where they stand, the proposer closes, each checks and shares.
//! `docs/spec/14-light-runs.md`, "CUT" and "SHARE".

use mpotr_crypto::{
    CryptoSuite, EphemeralKeyPair, JointChallenge, NoncePair, NonceSum, SecretScalar,
};

use super::cut::LightCut;
use super::freeze::Freeze;
use super::object::{Object, Objection};
use super::packet::Signed;
use super::schedule::Schedule;
use super::seed::{ChangeKind, Seed};
use super::seeding::Seeded;
use super::share::Share;
use super::sharing::Shared;
use super::standing::{Closing, LightVote, Order, Standing};
use super::{Context, Watch};
use crate::continuation::{Continuation, NotRising};
use crate::fault::{Fault, FaultKind};
use crate::member_index::MemberIndex;
use crate::rounds::MemberKeys;

/// A member that has answered a SEED and waits for CUT.
pub struct Frozen<S: CryptoSuite> {
    pub(super) seeded: Seeded,
    /// Its own FREEZE: stored, and sent again as it is.
    pub(super) own: Signed<Freeze>,
    pub(super) pair: NoncePair<S>,
    /// `p'`.
    pub(super) receive: SecretScalar<S>,
    /// `m'`, in an exclusion.
    pub(super) signing: Option<EphemeralKeyPair<S>>,
}

/// Why a proposer makes no CUT of the FREEZEs that it has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CutError {
    /// This member is not the proposer.
    #[error("another member proposes")]
    NotProposer,
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
    /// This member has confirmed something in this view or above.
    #[error(transparent)]
    NotRising(#[from] NotRising),
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
            Self::OtherSeed
            | Self::NotAuthentic
            | Self::NotHeld
            | Self::NotRising(_)
            | Self::Objected(_) => None,
        }
    }
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

    /// Makes CUT of the FREEZEs of all who stay, this member's own among them, in any order.
    ///
    /// # Errors
    /// [`CutError`]. In an eager view a FREEZE without its sender's signature is missing, and so is in a lazy one what is at fault
    /// or ends the run.
    pub fn cut(
        &self,
        parent: &Continuation<S>,
        freezes: &[Signed<Freeze>],
        context: &Context<'_, S>,
    ) -> Result<Signed<LightCut>, CutError> {
        let seed = self.seed().body();
        if seed.proposer != parent.me {
            return Err(CutError::NotProposer);
        }
        let digest = self.own.body().seed;
        let of = |member: &MemberIndex| {
            let mut of_seed = freezes.iter().filter(|it| it.body().seed == digest);
            of_seed.find(|it| {
                let is_own = *member == parent.me && **it == self.own;
                let is_seen = *member != parent.me
                    && (context.watch == Watch::Lazy || it.is_authentic(parent));
                it.body().sender == *member && (is_own || is_seen)
            })
        };
        let found: Vec<_> = seed.terms.staying.iter().map(|it| (*it, of(it))).collect();
        let missing: Vec<_> = found
            .iter()
            .filter_map(|(member, freeze)| freeze.is_none().then_some(*member))
            .collect();
        if !missing.is_empty() {
            return Err(CutError::Missing(missing));
        }
        let found: Vec<_> = found.into_iter().filter_map(|(_, it)| it).collect();
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
            seed: digest,
            sender: parent.me,
            freezes: listed,
            closing,
            keys: opened.keys,
            nonces: opened.nonces,
        };
        Ok(Signed::sign(cut, parent.sid, context.signing))
    }

    /// Checks CUT and shares. The vote is taken and the nonces are erased before the share is given.
    ///
    /// # Errors
    /// [`ShareError`] with the phase as it was: nothing has left.
    pub fn share(
        self,
        parent: &mut Continuation<S>,
        cut: Signed<LightCut>,
        objections: &[Signed<Object>],
        context: &Context<'_, S>,
    ) -> Result<Shared<S>, Box<Held<Self, ShareError>>> {
        let prepared = self.prepare(parent, &cut, objections, context);
        let (schedule, challenge) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Err(Box::new(Held { phase: self, error })),
        };
        let vote = LightVote {
            view: self.seed().body().terms.view,
            what: schedule.what(),
        };
        if let Err(lower) = parent.confirm(vote) {
            let error = ShareError::NotRising(lower);
            return Err(Box::new(Held { phase: self, error }));
        }
        let Self {
            seeded,
            own,
            pair,
            receive,
            signing: fresh,
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
        objections: &[Signed<Object>],
        context: &Context<'_, S>,
    ) -> Result<(Schedule, JointChallenge<S>), ShareError> {
        let seed = self.seed().body();
        let own = self.own.body();
        let body = cut.body();
        if body.seed != own.seed || body.sender != seed.proposer {
            return Err(ShareError::OtherSeed);
        }
        if context.watch == Watch::Eager && !cut.is_authentic(parent) {
            return Err(ShareError::NotAuthentic);
        }
        if let Some(objection) = objections.iter().find(|it| self.counts(parent, it)) {
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
        if let Some(vote) = parent.confirmed
            && vote.view >= seed.terms.view
        {
            return Err(NotRising(vote.view).into());
        }
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
        Ok((schedule, challenge))
    }

    /// This member's FREEZE and keys stand in its place byte for byte, and the keys that are kept are those of the parent.
    fn check_keys(&self, parent: &Continuation<S>, cut: &LightCut) -> Result<(), ShareError> {
        let terms = &self.seed().body().terms;
        let members = terms.staying.len();
        if cut.freezes.len() != members || cut.keys.len() != members {
            return Err(ShareError::WrongKeys);
        }
        let own = self.own.body();
        let place = self
            .seed()
            .body()
            .place(parent.me)
            .ok_or(ShareError::NotMine)?;
        let expected = next_keys(parent, terms.kind, own).ok_or(ShareError::NotMine)?;
        let is_own = cut.freezes.get(place) == Some(&self.own.digest::<S>())
            && cut.keys.get(place) == Some(&expected);
        if !is_own {
            return Err(ShareError::NotMine);
        }
        let is_kept = terms.staying.iter().zip(&cut.keys).all(|(member, keys)| {
            parent.keys_of(*member).is_some_and(|before| {
                let is_same_signing = before.signing == keys.signing;
                before.part == keys.part
                    && (is_same_signing != (terms.kind == ChangeKind::Exclusion))
                    && keys.signing.is_strict()
            })
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

/// What the standings of these FREEZEs close with.
pub(super) fn close(order: &dyn Order, freezes: &[&Freeze]) -> Option<Closing> {
    let standings: Vec<&Standing> = freezes.iter().map(|it| &it.standing).collect();
    order.close(&standings)
}

/// The keys in the next epoch of who sent a FREEZE: its part is kept, its receive key is fresh, and what it signs with is fresh
/// where a member is left out, and kept elsewhere. `None` if it shows a key too many, or one too few.
fn next_keys<S: CryptoSuite>(
    parent: &Continuation<S>,
    kind: ChangeKind,
    freeze: &Freeze,
) -> Option<MemberKeys> {
    let before = parent.keys_of(freeze.sender)?;
    let signing = match (kind, freeze.signing) {
        (ChangeKind::Exclusion, Some(fresh)) if fresh.is_strict() && fresh != before.signing => {
            fresh
        }
        (ChangeKind::Refresh | ChangeKind::Leave, None) => before.signing,
        _ => return None,
    };
    Some(MemberKeys {
        signing,
        part: before.part,
        receive: freeze.receive,
    })
}

/// What a CUT must say of these FREEZEs: keys and sums of nonces.
pub(super) struct Opened<S: CryptoSuite> {
    pub(super) keys: Vec<MemberKeys>,
    pub(super) nonces: NonceSum,
    /// The nonces of each, decoded.
    pub(super) each: Vec<[mpotr_crypto::Element<S>; 2]>,
}

impl<S: CryptoSuite> Opened<S> {
    /// # Errors
    /// The fault of those whose FREEZE no honest member sends.
    pub(super) fn of(
        parent: &Continuation<S>,
        seed: &Seed,
        freezes: &[&Freeze],
    ) -> Result<Self, Fault> {
        let mut wrong = Vec::new();
        let (mut keys, mut each) = (Vec::new(), Vec::new());
        for freeze in freezes {
            let member = next_keys(parent, seed.terms.kind, freeze);
            let nonces = freeze.nonces.elements::<S>();
            let has_receive = *freeze.receive.as_bytes() != [0; 32];
            match (member, nonces) {
                (Some(member), Some(nonces)) if has_receive => {
                    keys.push(member);
                    each.push(nonces);
                }
                _ => wrong.push(freeze.sender.place()),
            }
        }
        if !wrong.is_empty() {
            return Err(Fault::at(FaultKind::MalformedFreeze, wrong));
        }
        Ok(Self {
            nonces: NonceSum::of::<S>(&each),
            keys,
            each,
        })
    }
}
