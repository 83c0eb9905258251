//! The first step of a light run: SEED is made, or opened, and answered. `docs/spec/14-light-runs.md`, "SEED".

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    CryptoSuite, EphemeralKeyPair, Group, NoncePair, Secret, SecretScalar, TranscriptHash, label,
};

use super::blame::{ChangePacket, Verdict};
use super::freeze::Freeze;
use super::freezing::Frozen;
use super::object::{Object, Objection};
use super::packet::{ChangeBody, Signed};
use super::seed::{ChangeKind, LightTerms, Seed};
use super::standing::Standing;
use super::wrapping::FreshSecret;
use super::{Watch, purpose};
use crate::continuation::Continuation;
use crate::fault::{Fault, FaultKind};
use crate::identity::{Identity, Speaker};
use crate::member_index::MemberIndex;
use crate::rounds::ReceiveKey;

/// Why a member answers a SEED with nothing, or with an OBJECT.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// It goes on from another epoch, lists who is no member, or does not list this member.
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
}

/// A member that knows the fresh secret of a SEED, and has said nothing.
#[derive(Debug)]
pub struct Seeded {
    pub(super) seed: Signed<Seed>,
    pub(super) fresh: FreshSecret,
}

impl Seeded {
    /// Proposes a change. `count` differs for each SEED that the caller makes.
    ///
    /// # Errors
    /// The fault of those whose receive key is no element, which a full run leaves out: [`FaultKind::UndecodableKey`]. Or of
    /// nobody, if this member or another is not one of the parent, or does not stay.
    pub fn propose<S: CryptoSuite>(
        parent: &Continuation<S>,
        terms: LightTerms,
        identity: &dyn Identity<S>,
        signing: &EphemeralKeyPair<S>,
        count: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, Fault> {
        let me = parent.me;
        let nobody = Fault::at(FaultKind::UndecodableKey, []);
        let is_listed = terms.staying.binary_search(&me).is_ok()
            && terms.staying.is_sorted_by(|one, next| one < next);
        if !is_listed {
            return Err(nobody);
        }
        let fresh = FreshSecret::draw(identity, count, rng);
        let wrapping = fresh.wrapping::<S>(&terms.handle);
        let mut seed = Seed {
            proposer: me,
            parent: parent.sid,
            ephemeral: wrapping.ephemeral,
            wraps: Vec::with_capacity(terms.staying.len()),
            terms,
        };
        let mut undecodable = Vec::new();
        let mut wraps = Vec::with_capacity(seed.terms.staying.len());
        for member in seed.others() {
            let keys = parent.keys_of(member).ok_or_else(|| nobody.clone())?;
            match wrapping.wrap(&fresh, &keys.receive, member) {
                Some(wrap) => wraps.push(wrap),
                None => undecodable.push(member.place()),
            }
        }
        if !undecodable.is_empty() {
            return Err(Fault::at(FaultKind::UndecodableKey, undecodable));
        }
        seed.wraps = wraps;
        let seed = Signed::sign(seed, parent.sid, signing);
        Ok(Self { seed, fresh })
    }

    /// Opens a SEED. The caller has looked at turn, policy, votes and reasons. Costs a decoding and two multiplications.
    ///
    /// # Errors
    /// [`SeedError`]. A wrong wrap is complained about: [`complain`].
    pub fn open<S: CryptoSuite>(
        parent: &Continuation<S>,
        seed: Signed<Seed>,
        watch: Watch,
    ) -> Result<Self, SeedError> {
        let body = seed.body();
        let is_mine = body.parent == parent.sid
            && body.proposer != parent.me
            && body
                .terms
                .staying
                .iter()
                .all(|it| parent.keys_of(*it).is_some());
        let wrap = body.wrap_for(parent.me).filter(|_| is_mine);
        let wrap = wrap.ok_or(SeedError::NotMine)?;
        if watch == Watch::Eager && !seed.is_authentic(parent) {
            return Err(SeedError::NotAuthentic);
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

    /// Answers with FREEZE: once for each SEED. The member sends and shows nothing more in the parent epoch.
    pub fn freeze<S: CryptoSuite>(
        self,
        parent: &Continuation<S>,
        standing: Standing,
        identity: &dyn Identity<S>,
        signing: &EphemeralKeyPair<S>,
        rng: &mut dyn CryptoRng,
    ) -> Frozen<S> {
        let body = self.seed.body();
        let digest = body.digest::<S>();
        let fresh = Fresh::draw(digest.as_bytes(), body.terms.kind, parent.me, identity, rng);
        let purpose = purpose(parent.sid, body.terms.view, &digest);
        let pair = NoncePair::draw(&parent.part, &purpose, rng);
        let freeze = Freeze {
            seed: digest,
            sender: parent.me,
            standing,
            receive: fresh.public,
            nonces: *pair.commitment(),
            signing: fresh.signing.as_ref().map(EphemeralKeyPair::public),
        };
        let own = Signed::sign(freeze, parent.sid, signing);
        Frozen {
            seeded: self,
            own,
            pair,
            receive: fresh.receive,
            signing: fresh.signing,
        }
    }
}

/// The keys that a member draws for the next epoch.
struct Fresh<S: CryptoSuite> {
    receive: SecretScalar<S>,
    public: ReceiveKey,
    signing: Option<EphemeralKeyPair<S>>,
}

impl<S: CryptoSuite> Fresh<S> {
    /// Hedged as inner keys are: by the identity's secret, and by what they are for.
    fn draw(
        seed: &[u8],
        kind: ChangeKind,
        me: MemberIndex,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let random = Secret::<64>::random(rng);
        let secret = match identity.speaker() {
            Speaker::Holder(identity) => identity.secret().expose().as_slice(),
            Speaker::Forger(_) => &[],
        };
        let shared = TranscriptHash::<S>::new(label::LIGHT_KEY_SECRET)
            .bytes(secret)
            .bytes(random.expose())
            .bytes(seed)
            .u16(me.get());
        let which = |which| shared.clone().u8(which);
        let receive = SecretScalar::<S>::of_hash(which(0));
        let signing = (kind == ChangeKind::Exclusion)
            .then(|| EphemeralKeyPair::from_seed(&which(1).finish_secret().first_half()));
        Self {
            public: ReceiveKey::new(S::Group::encode(&receive.mul_base())),
            receive,
            signing,
        }
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
