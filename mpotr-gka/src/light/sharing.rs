//! The last step of a light run: shares are added up, one signature is verified, the next epoch begins.
//! `docs/spec/14-light-runs.md`, "JOINT".

use mpotr_crypto::{
    CryptoSuite, Digest32, EphemeralKey, EphemeralKeyPair, JointChallenge, JointSignature,
    SecretScalar, kdf::Prk, wiping_stack,
};

use super::Context;
use super::blame::{LightRun, Verdict};
use super::cut::LightCut;
use super::family::Family;
use super::freeze::Freeze;
use super::freezing::Held;
use super::fresh::FreshPart;
use super::joining::{Arrival, Opening};
use super::object::Object;
use super::packet::Signed;
use super::schedule::Schedule;
use super::seed::{ChangeKind, Seed, Watch};
use super::seeding::Seeded;
use super::share::{Joint, Share};
use super::standing::LightVote;
use crate::continuation::{Continuation, Said};
use crate::fault::{Fault, FaultKind};
use crate::member_index::MemberIndex;
use crate::rounds::MemberKeys;
use crate::sid::Sid;

/// A member that has shared and waits for JOINT. It confirms nothing else unless the view is left for a higher one.
pub struct Shared<S: CryptoSuite> {
    pub(super) own: Signed<Share>,
    pub(super) freeze: Signed<Freeze>,
    pub(super) seeded: Seeded,
    pub(super) cut: Signed<LightCut>,
    pub(super) schedule: Schedule,
    pub(super) challenge: JointChallenge<S>,
    pub(super) receive: SecretScalar<S>,
    pub(super) signing: Option<EphemeralKeyPair<S>>,
    pub(super) part: Option<FreshPart<S>>,
    /// Who joins, in order.
    pub(super) arrivals: Vec<Arrival<S>>,
    /// A JOINT without a valid signature of its sender was tried.
    pub(super) has_tried: bool,
}

/// Why shares make no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertifyError {
    /// These members' shares for this CUT are missing, or were seen to lack their signature.
    #[error("shares of members {0:?} are missing")]
    Missing(Vec<MemberIndex>),
    /// The sum does not verify, and this was found.
    #[error("the shares make no signature")]
    Failed(Verdict),
}

/// Why a JOINT installs nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// It is of another SEED or CUT.
    #[error("the certificate is of another change")]
    OtherChange,
    /// It does not verify.
    #[error("the certificate does not verify")]
    Wrong,
    /// One without its sender's signature was tried before, and this one has none either.
    #[error("a second certificate that its sender did not sign is not tried")]
    NotTried,
    /// Its sender signed a certificate that does not verify.
    #[error(transparent)]
    Fault(Fault),
    /// This member has confirmed something else since.
    #[error("this member has confirmed something else since")]
    NotLastConfirmed,
}

/// The epoch that a light run leads to.
pub struct Installed<S: CryptoSuite> {
    /// `sid'`.
    pub sid: Sid,
    /// `kc'`.
    pub key_commitment: Digest32,
    /// The members of the parent that are in it, in order. Behind them stand those who join.
    pub staying: Vec<MemberIndex>,
    /// `m'`; `None` where all go on to sign with the key that they have.
    pub signing: Option<EphemeralKeyPair<S>>,
    /// What each member signs with.
    pub signing_keys: Vec<EphemeralKey>,
    /// The secret from which the epoch's keys are derived.
    pub secret: Prk,
    /// What the change after this one starts from.
    pub continuation: Continuation<S>,
}

impl<S: CryptoSuite> Shared<S> {
    /// This member's SHARE. Made once in a view: the same bytes are sent again.
    #[must_use]
    pub const fn share(&self) -> &Signed<Share> {
        &self.own
    }

    /// Its FREEZE, for who misses it.
    #[must_use]
    pub const fn freeze(&self) -> &Signed<Freeze> {
        &self.freeze
    }

    /// The SEED.
    #[must_use]
    pub const fn seed(&self) -> &Signed<Seed> {
        self.seeded.seed()
    }

    /// The CUT.
    #[must_use]
    pub const fn cut(&self) -> &Signed<LightCut> {
        &self.cut
    }

    /// What this member has confirmed with its share.
    #[must_use]
    pub fn vote(&self) -> LightVote {
        LightVote {
            view: self.seed().body().terms.view,
            what: self.schedule.what(),
        }
    }

    /// Settles a complaint about a wrap: [`Seeded::judge`].
    pub fn judge(&self, parent: &Continuation<S>, object: &Signed<Object>) -> Option<Verdict> {
        self.seeded.judge(parent, object)
    }

    /// Adds up the shares of all who stay, in any order, and verifies the sum once.
    ///
    /// # Errors
    /// [`CertifyError`]. What the FREEZEs and the order are is looked at only when the sum is wrong.
    pub fn certify(
        &self,
        parent: &Continuation<S>,
        freezes: &[Signed<Freeze>],
        shares: &[Signed<Share>],
        context: &Context<'_, S>,
    ) -> Result<Signed<Joint>, CertifyError> {
        let (seed, cut) = (self.own.body().seed, self.own.body().cut);
        let watch = self.seed().body().terms.watch;
        let of = |member: &MemberIndex| {
            let mut of_cut = shares.iter().filter(|it| {
                let body = it.body();
                body.seed == seed && body.cut == cut && body.sender == *member
            });
            of_cut.find(|it| {
                if *member == parent.me {
                    **it == self.own
                } else {
                    watch == Watch::Lazy || it.is_authentic(parent)
                }
            })
        };
        let staying = &self.seed().body().terms.staying;
        let found: Vec<_> = staying.iter().map(|it| (*it, of(it))).collect();
        let missing: Vec<_> = found
            .iter()
            .filter_map(|(member, share)| share.is_none().then_some(*member))
            .collect();
        if !missing.is_empty() {
            return Err(CertifyError::Missing(missing));
        }
        let shares: Vec<_> = found
            .into_iter()
            .filter_map(|(_, it)| it)
            .cloned()
            .collect();
        let sum = self.challenge.sum(shares.iter().map(|it| &it.body().share));
        let signature = sum.filter(|signature| self.verifies(parent, signature));
        let Some(signature) = signature else {
            let run = LightRun {
                seed: self.seed(),
                cut: &self.cut,
                freezes,
                shares: &shares,
            };
            let verdict = run.blame(parent, &self.challenge, context);
            return Err(CertifyError::Failed(verdict));
        };
        let joint = Joint {
            seed,
            cut,
            sender: parent.me,
            signature,
        };
        Ok(Signed::sign(joint, parent.sid, context.signing))
    }

    fn verifies(&self, parent: &Continuation<S>, signature: &JointSignature) -> bool {
        let key = parent.joint_key(&self.seed().body().terms.staying);
        key.is_some_and(|key| {
            let message = &self.schedule.message;
            signature
                .verify::<S>(&parent.key_commitment, &key, message)
                .is_ok()
        })
    }

    /// Checks a JOINT of what this member confirmed last. One without its sender's signature is tried once.
    ///
    /// # Errors
    /// [`InstallError`].
    pub fn check(
        &mut self,
        parent: &Continuation<S>,
        joint: &Signed<Joint>,
    ) -> Result<(), InstallError> {
        if parent.confirmed() != Some(&self.vote()) {
            return Err(InstallError::NotLastConfirmed);
        }
        self.verify(parent, joint)
    }

    /// Whether all who stay have shared, by a JOINT: that gives no leave to install it.
    ///
    /// # Errors
    /// As [`Self::check`], but for [`InstallError::NotLastConfirmed`].
    pub fn verify(
        &mut self,
        parent: &Continuation<S>,
        joint: &Signed<Joint>,
    ) -> Result<(), InstallError> {
        let body = joint.body();
        let own = self.own.body();
        if body.seed != own.seed || body.cut != own.cut {
            return Err(InstallError::OtherChange);
        }
        if self.has_tried && !joint.is_authentic(parent) {
            return Err(InstallError::NotTried);
        }
        if self.verifies(parent, &body.signature) {
            return Ok(());
        }
        let is_signed = self.has_tried || joint.is_authentic(parent);
        if is_signed {
            let fault = Fault::of(FaultKind::WrongCertificate, body.sender);
            return Err(InstallError::Fault(fault));
        }
        self.has_tried = true;
        Err(InstallError::Wrong)
    }

    /// Installs what JOINT certifies. The parent's secrets and those of this run are erased.
    ///
    /// # Errors
    /// [`InstallError`], with this phase and the parent as they were.
    #[expect(clippy::type_complexity, reason = "both phases come back")]
    pub fn install(
        mut self,
        parent: Continuation<S>,
        joint: &Signed<Joint>,
    ) -> Result<Installed<S>, Box<Held<(Self, Continuation<S>), InstallError>>> {
        let checked = self.check(&parent, joint);
        self.go_on_if(checked, parent)
    }

    /// Installs it although this member has confirmed more since: everyone else who is in both has signed never to install that
    /// (`docs/spec/06-epochs.md`, "Several runs"), which is for the caller to know.
    ///
    /// # Errors
    /// As [`Self::verify`], with this phase and the parent as they were.
    #[expect(clippy::type_complexity, reason = "both phases come back")]
    pub fn adopt(
        mut self,
        parent: Continuation<S>,
        joint: &Signed<Joint>,
    ) -> Result<Installed<S>, Box<Held<(Self, Continuation<S>), InstallError>>> {
        let checked = self.verify(&parent, joint);
        self.go_on_if(checked, parent)
    }

    #[expect(clippy::type_complexity, reason = "both phases come back")]
    fn go_on_if(
        self,
        checked: Result<(), InstallError>,
        parent: Continuation<S>,
    ) -> Result<Installed<S>, Box<Held<(Self, Continuation<S>), InstallError>>> {
        if let Err(error) = checked {
            let phase = (self, parent);
            return Err(Box::new(Held { phase, error }));
        }
        Ok(wiping_stack(|| self.go_on(parent)))
    }

    fn go_on(self, parent: Continuation<S>) -> Installed<S> {
        let seed = self.seeded.seed.body();
        let staying = seed.terms.staying.clone();
        let me = MemberIndex::of(seed.place(parent.me).unwrap_or(usize::MAX));
        let cut = self.cut.body();
        let room = parent.room;
        let mut identities: Vec<_> = staying
            .iter()
            .filter_map(|it| parent.identities.get(it.place()).copied())
            .collect();
        identities.extend(seed.offers.iter().map(|offer| offer.identity));
        let mut opening = None;
        let family = match self.part {
            Some(fresh) => {
                opening = Some(Opening {
                    part: fresh.secret.public(),
                    salt: fresh.salt,
                    tags: self.arrivals.iter().map(|it| it.tag).collect(),
                });
                Family::committed(cut, seed.terms.handle, me, fresh.secret, self.arrivals)
            }
            None => {
                let tweak = (seed.terms.kind == ChangeKind::Exclusion)
                    .then(|| self.schedule.epoch.tweak::<S>(parent.sid));
                Family::kept(parent, &staying, tweak.as_ref())
            }
        };
        let keys = cut.keys.iter().zip(&family.shown);
        let keys: Vec<_> = keys
            .map(|(listed, part)| MemberKeys {
                signing: listed.signing,
                part: *part,
                receive: listed.receive,
            })
            .collect();
        let epoch = self.schedule.epoch;
        let (sid, key_commitment) = (epoch.sid, epoch.key_commitment);
        Installed {
            sid,
            key_commitment,
            staying,
            signing_keys: keys.iter().map(|keys| keys.signing).collect(),
            signing: self.signing,
            secret: epoch.messages::<S>(),
            continuation: Continuation {
                room,
                sid,
                key_commitment,
                me,
                init: epoch.init::<S>(),
                identities,
                keys,
                parts: family.parts,
                moved: family.moved,
                part: family.own,
                receive: self.receive,
                said: Said::default(),
                opening,
            },
        }
    }
}

#[cfg(feature = "insider")]
impl<S: CryptoSuite> Shared<S> {
    /// The READY of one who joins, sealed anew with a wrong tag for who is in this place: what any member can send. `None` if it
    /// does not open.
    #[must_use]
    pub fn reseal_ready(
        &self,
        ready: &super::joining::Ready,
        wrong_for: MemberIndex,
    ) -> Option<super::joining::Ready> {
        let terms = self.schedule.joining.as_ref()?;
        let joiner = ready.joiner.place().checked_sub(terms.identities.len())?;
        let offer = terms.offers.get(joiner)?;
        ready.resealed::<S>(&self.schedule.epoch, offer, wrong_for)
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Shared<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Shared(view {})", self.seed().body().terms.view)
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Installed<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Installed({})", self.sid)
    }
}
