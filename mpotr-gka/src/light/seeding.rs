//! The first step of a light run: SEED is opened, and answered. `docs/spec/14-light-runs.md`, "SEED" and "FREEZE".

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, EphemeralKeyPair, NoncePair};

use super::blame::{ChangePacket, Verdict};
use super::freeze::Freeze;
use super::freezing::{Frozen, Held};
use super::fresh::Fresh;
use super::joining::commitment_of_member;
use super::object::{Object, Objection};
use super::packet::{ChangeBody, Signed};
use super::purpose;
use super::seed::{Seed, TermsError, Watch};
use super::standing::Standing;
use super::wrapping::FreshSecret;
use crate::continuation::{Continuation, ViewPassed};
use crate::fault::{Fault, FaultKind};
use crate::identity::Identity;
use crate::member_index::MemberIndex;

/// Why a member answers a SEED with nothing, or with an OBJECT.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// It goes on from another epoch, or does not list this member, or this member proposed it.
    #[error("the seed is not for this member of this epoch")]
    NotMine,
    /// It does not carry the signature of its proposer, which is looked at in an eager view: it was never received.
    #[error("the seed is not signed by its proposer")]
    NotAuthentic,
    /// The wrap does not open to a secret whose `W` this is.
    #[error("the wrap for this member does not open")]
    WrongWrap,
    /// The parts of those who stay add up to the identity.
    #[error("the joint key of those who stay is the identity")]
    NoJointKey,
    /// These members have not shown their parts yet: they are asked for them.
    #[error("the parts of {0:?} are not known yet")]
    Unopened(Vec<MemberIndex>),
    /// Who stays is not as the kind of change says.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// This member has entered a higher view.
    #[error(transparent)]
    Passed(#[from] ViewPassed),
}

/// Why a member does not answer a SEED that it opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FreezeError {
    /// It has answered this SEED: the bytes of that answer are sent again.
    #[error("this member has answered this seed")]
    Answered,
    /// It has entered a higher view.
    #[error(transparent)]
    Passed(#[from] ViewPassed),
}

/// A member that knows the fresh secret of a SEED, and has said nothing.
#[derive(Debug)]
pub struct Seeded {
    pub(super) seed: Signed<Seed>,
    pub(super) fresh: FreshSecret,
}

impl Seeded {
    /// Opens a SEED. The caller has looked at turn, policy, votes and reasons, and says how it expects the view to be: the
    /// signature is looked at if it or the SEED says eager, and from then on the SEED decides. Costs a decoding and two
    /// multiplications.
    ///
    /// # Errors
    /// [`SeedError`]. A wrong wrap is complained about: [`complain`].
    pub fn open<S: CryptoSuite>(
        parent: &Continuation<S>,
        seed: Signed<Seed>,
        expected: Watch,
    ) -> Result<Self, SeedError> {
        let body = seed.body();
        let is_mine = body.parent == parent.sid && body.proposer != parent.me;
        let wrap = body.wrap_for(parent.me).filter(|_| is_mine);
        let wrap = wrap.ok_or(SeedError::NotMine)?;
        parent.said.may_speak(body.terms.view)?;
        let is_eager = [expected, body.terms.watch].contains(&Watch::Eager);
        if is_eager && !seed.is_authentic(parent) {
            return Err(SeedError::NotAuthentic);
        }
        body.terms.check(parent.keys().len())?;
        check_offers(parent, body)?;
        let unopened = parent.unopened(&body.terms.staying);
        if !unopened.is_empty() {
            return Err(SeedError::Unopened(unopened));
        }
        if parent.joint_key(&body.terms.staying).is_none() {
            return Err(SeedError::NoJointKey);
        }
        let own = parent.keys_of(parent.me).ok_or(SeedError::NotMine)?;
        let fresh = FreshSecret::open(
            wrap,
            &body.ephemeral,
            &body.terms.handle,
            &parent.receive,
            &own.receive,
            parent.me,
        );
        let fresh = fresh.ok_or(SeedError::WrongWrap)?;
        Ok(Self { seed, fresh })
    }

    /// The SEED.
    #[must_use]
    pub const fn seed(&self) -> &Signed<Seed> {
        &self.seed
    }

    /// Settles a complaint about a wrap, by computing that one wrap anew: the complainer is at fault if it is right, and the
    /// proposer if it is not. The fresh secret is shown to nobody. `None` if the complaint is about another SEED, or not
    /// about a wrap, or its author has none.
    pub fn judge<S: CryptoSuite>(
        &self,
        parent: &Continuation<S>,
        object: &Signed<Object>,
    ) -> Option<Verdict> {
        let (seed, complaint) = (self.seed.body(), object.body());
        let member = complaint.sender;
        let stated = seed.wrap_for(member)?;
        if complaint.seed != seed.digest::<S>() || complaint.why != Objection::Wrap {
            return None;
        }
        if !object.is_authentic(parent) {
            return Some(Verdict::NotReceived(vec![(ChangePacket::Object, member)]));
        }
        let keys = parent.keys_of(member)?;
        let wrapping = self.fresh.wrapping::<S>(&seed.terms.handle);
        let right = wrapping.wrap(&self.fresh, &keys.receive, member);
        if right.as_ref() == Some(stated) {
            let fault = Fault::of(FaultKind::FalseComplaint, member);
            return Some(Verdict::Fault(fault));
        }
        if !self.seed.is_authentic(parent) {
            let packets = vec![(ChangePacket::Seed, seed.proposer)];
            return Some(Verdict::NotReceived(packets));
        }
        let fault = Fault::of(FaultKind::WrongWrap, seed.proposer);
        Some(Verdict::Fault(fault))
    }

    /// Enters the view, and answers with FREEZE: once for each SEED. The member sends and shows nothing more in the parent
    /// epoch, and says nothing for a view below.
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
    ) -> Result<Frozen<S>, Box<Held<Self, FreezeError>>> {
        let body = self.seed.body();
        let digest = body.digest::<S>();
        let entered = parent.said.answer(body.terms.view, digest);
        let error = match entered {
            Ok(false) => None,
            Ok(true) => Some(FreezeError::Answered),
            Err(passed) => Some(FreezeError::Passed(passed)),
        };
        if let Some(error) = error {
            return Err(Box::new(Held { phase: self, error }));
        }
        let fresh = Fresh::draw(body, parent.me, identity, rng);
        let purpose = purpose(parent.sid, body.terms.view, &digest);
        let pair = NoncePair::draw(&parent.part, &purpose, rng);
        let freeze = Freeze {
            seed: digest,
            sender: parent.me,
            standing,
            receive: fresh.public,
            nonces: *pair.commitment(),
            signing: fresh.signing.as_ref().map(EphemeralKeyPair::public),
            commitment: fresh.part.as_ref().map(|it| {
                let place = body.place(parent.me).unwrap_or(usize::MAX);
                let (handle, place) = (&body.terms.handle, MemberIndex::of(place));
                commitment_of_member::<S>(handle, place, &it.secret.public(), &it.salt)
            }),
        };
        let own = Signed::sign(freeze, parent.sid, signing);
        Ok(Frozen {
            seeded: self,
            own,
            pair,
            receive: fresh.receive,
            signing: fresh.signing,
            part: fresh.part,
        })
    }
}

/// Whether those who join are listed as they should be: each offer is for this epoch, and no identity stands twice, among those
/// who stay either.
pub(super) fn check_offers<S: CryptoSuite>(
    parent: &Continuation<S>,
    seed: &Seed,
) -> Result<(), TermsError> {
    let joining = parent.join_terms(seed, &[]);
    match joining.is_none_or(|it| it.are_offers_sound::<S>()) {
        true => Ok(()),
        false => Err(TermsError::WrongOffers),
    }
}

/// The complaint of a member whose wrap does not open. It shares in nothing that goes on from this SEED.
pub fn complain<S: CryptoSuite>(
    parent: &Continuation<S>,
    seed: &Seed,
    signing: &EphemeralKeyPair<S>,
) -> Signed<Object> {
    let object = Object {
        seed: seed.digest::<S>(),
        sender: parent.me,
        why: Objection::Wrap,
        own: None,
    };
    Signed::sign(object, parent.sid, signing)
}
