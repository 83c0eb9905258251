//! A light run that a member takes part in: what it has of it, and how far that goes. `docs/spec/14-light-runs.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::light::{
    CertifyError, ChangeBody as _, ChangePacket, CutError, Cutting, Freeze, Frozen, InstallError,
    Joint, LightCut, Object, Objection, Proposing, Seed, Share, ShareError, Shared, Signed,
    Verdict, ViewEnd, Watch,
};
use mpotr_gka::{Fault, Identity, MemberIndex, Sid, Unfilled};

use super::joiners::{Joiners, checking};
use super::slots::PacketSlots;
use crate::epoch::{Brought, Enclosure, Epoch, brought_by, name_of};
use crate::room::membership::strikes::are_many;
use crate::time::{Duration, Timestamp};
use crate::wire::{LightPacket, LightStep, MemberBits, MissingLight, Packet, SidHint};

/// How far a run is.
enum Stage<S: CryptoSuite> {
    Proposing(Box<Proposing<S>>),
    Cutting(Box<Cutting<S>>),
    Frozen(Box<Frozen<S>>),
    Shared(Box<Shared<S>>),
}

/// What a step came to.
pub(in crate::room) enum Moved {
    /// Packets are missing, or messages.
    Nowhere,
    /// This member has said more.
    On(Vec<LightPacket>),
    /// All have shared. Whether this member may install it is for the runs that it voted for later.
    Certified,
    /// The view fails by it. What this member says of that, and who is at fault.
    Failed {
        how: ViewEnd,
        said: Option<LightPacket>,
        fault: Option<Fault>,
    },
}

impl Moved {
    const fn failed(how: ViewEnd, fault: Option<Fault>) -> Self {
        let said = None;
        Self::Failed { how, said, fault }
    }
}

/// A light run that a member takes part in.
pub(in crate::room) struct LightRun<S: CryptoSuite> {
    /// By what members speak of it.
    pub(in crate::room) name: Sid,
    pub(in crate::room) seed: Signed<Seed>,
    /// `None` while a step is taken.
    stage: Option<Stage<S>>,
    me: MemberIndex,
    freezes: PacketSlots<Freeze>,
    cut: PacketSlots<LightCut>,
    shares: PacketSlots<Share>,
    objections: Vec<Signed<Object>>,
    joint: Option<Box<Signed<Joint>>>,
    /// One that was seen to verify.
    certificate: Option<Box<Signed<Joint>>>,
    /// What encloses its packets.
    pub(in crate::room) enclosure: Arc<Enclosure<S>>,
    /// When this member took its last step in it.
    pub(in crate::room) stepped: Timestamp,
    /// When this member said what others answer: its CUT if it proposes, its FREEZE else.
    asked: Timestamp,
    /// How long their answers took: SHAREs for that CUT, a CUT with that FREEZE. That these are true is known when all have shared.
    answered: BTreeMap<MemberIndex, Duration>,
    /// Something in it was not signed by whom it claimed.
    pub(in crate::room) is_noisy: bool,
    /// The shares make no certificate: one that others have counts yet.
    has_failed: bool,
    /// Those who come in by it.
    pub(super) joiners: Joiners,
}

impl<S: CryptoSuite> LightRun<S> {
    /// This member proposes it.
    pub(super) fn proposed(phase: Proposing<S>, epoch: &Epoch<S>) -> Self {
        let (seed, freeze) = (phase.seed().clone(), phase.freeze().clone());
        Self::new(seed, freeze, Stage::Proposing(Box::new(phase)), epoch)
    }

    /// This member answers.
    pub(super) fn answered(phase: Frozen<S>, epoch: &Epoch<S>) -> Self {
        let (seed, freeze) = (phase.seed().clone(), phase.freeze().clone());
        Self::new(seed, freeze, Stage::Frozen(Box::new(phase)), epoch)
    }

    fn new(seed: Signed<Seed>, own: Signed<Freeze>, stage: Stage<S>, epoch: &Epoch<S>) -> Self {
        let is_eager = seed.body().terms.watch == Watch::Eager;
        let mut freezes = PacketSlots::new(is_eager);
        freezes.put(own);
        Self {
            name: name_of(&seed.body().digest::<S>()),
            seed,
            stage: Some(stage),
            me: epoch.me(),
            freezes,
            cut: PacketSlots::new(is_eager),
            shares: PacketSlots::new(is_eager),
            objections: Vec::new(),
            joint: None,
            certificate: None,
            enclosure: Arc::clone(epoch.enclosure()),
            stepped: Timestamp::default(),
            asked: Timestamp::default(),
            answered: BTreeMap::new(),
            is_noisy: false,
            joiners: Joiners::default(),
            has_failed: false,
        }
    }

    pub(in crate::room) fn view(&self) -> u32 {
        self.seed.body().terms.view
    }

    pub(in crate::room) fn staying(&self) -> &[MemberIndex] {
        &self.seed.body().terms.staying
    }

    fn proposer(&self) -> MemberIndex {
        self.seed.body().proposer
    }

    pub(in crate::room) fn is_proposer(&self) -> bool {
        self.proposer() == self.me
    }

    /// This member has said what others answer.
    pub(super) const fn ask(&mut self, now: Timestamp) {
        self.asked = now;
    }

    /// A packet has come: it may answer what this member has said. Who shares after another has joined has waited for that one.
    pub(super) fn hear_answer(&mut self, now: Timestamp, step: LightStep, sender: MemberIndex) {
        let answer = if self.is_proposer() {
            LightStep::Share
        } else {
            LightStep::Cut
        };
        let waits = self.is_proposer() && !self.seed.body().offers.is_empty();
        if step == answer && !waits {
            self.answered.insert(sender, now.since(self.asked));
        }
    }

    /// How long those who stay took to answer this member, as far as they have.
    pub(super) fn delays(&self) -> impl Iterator<Item = (MemberIndex, Option<Duration>)> {
        let staying = self.staying().iter();
        staying.map(|it| (*it, self.answered.get(it).copied()))
    }

    /// Whether all are seen to have shared.
    pub(in crate::room) const fn is_certified(&self) -> bool {
        self.certificate.is_some()
    }

    /// Whether this member has shared: it may install it yet, whatever becomes of its view.
    pub(in crate::room) const fn has_shared(&self) -> bool {
        matches!(self.stage, Some(Stage::Shared(_)))
    }

    /// Puts a packet into its place.
    ///
    /// # Errors
    /// [`Unfilled`].
    pub(in crate::room) fn fill(
        &mut self,
        packet: LightPacket,
        epoch: &Epoch<S>,
    ) -> Result<(), Unfilled> {
        let parent = epoch.continuation().ok_or(Unfilled::Replayed)?;
        let sender = packet.sender();
        if !self.staying().contains(&sender) {
            return Err(Unfilled::UnknownSender);
        }
        let proposer = self.proposer();
        match packet {
            LightPacket::Seed(seed) if *seed == self.seed => Err(Unfilled::Replayed),
            LightPacket::Seed(_) => Err(Unfilled::UnknownSender),
            LightPacket::Freeze(freeze) => self.freezes.fill(*freeze, parent),
            LightPacket::Cut(cut) if sender == proposer => self.cut.fill(*cut, parent),
            LightPacket::Cut(_) => Err(Unfilled::UnknownSender),
            LightPacket::Share(share) => self.shares.fill(*share, parent),
            LightPacket::Joint(joint) if self.joint.is_none() => {
                self.joint = Some(joint);
                Ok(())
            }
            LightPacket::Joint(_) => Err(Unfilled::Replayed),
            LightPacket::Object(object) => {
                let is_known = |it: &Signed<Object>| it.body().sender == sender;
                if self.objections.iter().any(is_known) {
                    return Err(Unfilled::Replayed);
                }
                if !object.is_authentic(parent) {
                    return Err(Unfilled::NotAuthentic);
                }
                self.objections.push(*object);
                Ok(())
            }
        }
    }

    /// Goes on as far as what is at hand allows.
    pub(super) fn step(&mut self, epoch: &mut Epoch<S>, identity: &dyn Identity<S>) -> Moved {
        let (moved, stage) = match self.stage.take() {
            Some(Stage::Proposing(phase)) => self.close(*phase, epoch),
            Some(Stage::Cutting(phase)) => self.share_own(*phase, epoch, identity),
            Some(Stage::Frozen(phase)) => self.share(*phase, epoch, identity),
            Some(Stage::Shared(mut phase)) => {
                let moved = self.certify(&mut phase, epoch);
                (moved, Stage::Shared(phase))
            }
            None => return Moved::Nowhere,
        };
        self.stage = Some(stage);
        moved
    }

    fn close(&mut self, phase: Proposing<S>, epoch: &mut Epoch<S>) -> (Moved, Stage<S>) {
        if let Some(failed) = self.settle(epoch, |parent, object| phase.judge(parent, object)) {
            return (failed, Stage::Proposing(Box::new(phase)));
        }
        match epoch.close_light(phase, &self.freezes.packets()) {
            Ok(cutting) => {
                let cut = cutting.cut().clone();
                self.cut.put(cut.clone());
                self.joiners
                    .welcome(|joiner| epoch.welcome(&cutting, joiner));
                let said = vec![LightPacket::Cut(Box::new(cut))];
                (Moved::On(said), Stage::Cutting(Box::new(cutting)))
            }
            Err(held) => {
                let moved = if let CutError::Fault(fault) = held.error {
                    Moved::failed(ViewEnd::SignedFault, Some(fault))
                } else {
                    if let CutError::Missing(members) = held.error {
                        let mut is_forged = members.iter().map(|it| self.freezes.get(*it));
                        self.is_noisy |= is_forged.any(|it| it.is_some());
                        self.freezes.empty(&members);
                    }
                    Moved::Nowhere
                };
                (moved, Stage::Proposing(Box::new(held.phase)))
            }
        }
    }

    fn share_own(
        &mut self,
        phase: Cutting<S>,
        epoch: &mut Epoch<S>,
        identity: &dyn Identity<S>,
    ) -> (Moved, Stage<S>) {
        if let Some(failed) = self.settle(epoch, |parent, object| phase.judge(parent, object)) {
            return (failed, Stage::Cutting(Box::new(phase)));
        }
        let readies = self.joiners.readies();
        let joiners = checking(identity, &readies);
        match epoch.share_own(phase, &self.objections, &joiners) {
            Ok(shared) => self.have_shared(shared),
            Err(held) => {
                let waits = matches!(held.error, ShareError::NotHeld | ShareError::Passed(_));
                let moved = if waits || self.joiners.wait_for(&held.error) {
                    Moved::Nowhere
                } else if let ShareError::Objected(by) = held.error {
                    Moved::failed(self.objected_by(by), None)
                } else if let ShareError::WrongTag(_) = held.error {
                    Moved::failed(ViewEnd::WrongTag, None)
                } else {
                    Moved::failed(ViewEnd::Unsigned, None)
                };
                (moved, Stage::Cutting(Box::new(held.phase)))
            }
        }
    }

    fn share(
        &mut self,
        phase: Frozen<S>,
        epoch: &mut Epoch<S>,
        identity: &dyn Identity<S>,
    ) -> (Moved, Stage<S>) {
        if let Some(failed) = self.settle(epoch, |parent, object| phase.judge(parent, object)) {
            return (failed, Stage::Frozen(Box::new(phase)));
        }
        let proposer = self.proposer();
        let Some(cut) = self.cut.get(proposer).cloned() else {
            if let Some(brought) = self.brought() {
                epoch.look_for(&brought);
            }
            return (Moved::Nowhere, Stage::Frozen(Box::new(phase)));
        };
        let readies = self.joiners.readies();
        let joiners = checking(identity, &readies);
        match epoch.share(phase, cut, &self.objections, &joiners) {
            Ok(shared) => self.have_shared(shared),
            Err(held) => {
                let moved = match (&held.error, held.error.objection()) {
                    (error, _) if self.joiners.wait_for(error) => Moved::Nowhere,
                    (_, Some(why)) => {
                        let own = epoch.object(&held.phase, why);
                        self.objections.extend(own.clone());
                        Moved::Failed {
                            how: if why == Objection::Tag {
                                ViewEnd::WrongTag
                            } else {
                                ViewEnd::Unsigned
                            },
                            said: own.map(|it| LightPacket::Object(Box::new(it))),
                            fault: None,
                        }
                    }
                    (ShareError::NotAuthentic | ShareError::OtherSeed, None) => {
                        self.cut.empty(&[proposer]);
                        self.is_noisy = true;
                        Moved::Nowhere
                    }
                    (ShareError::Objected(by), None) => Moved::failed(self.objected_by(*by), None),
                    (_, None) => Moved::Nowhere,
                };
                (moved, Stage::Frozen(Box::new(held.phase)))
            }
        }
    }

    /// How a view ends by the objection of a member.
    fn objected_by(&self, member: MemberIndex) -> ViewEnd {
        let mut of_member = self.objections.iter();
        let is_tag =
            of_member.any(|it| it.body().sender == member && it.body().why == Objection::Tag);
        if is_tag && !self.seed.body().offers.is_empty() {
            ViewEnd::WrongTag
        } else {
            ViewEnd::Unsigned
        }
    }

    fn have_shared(&mut self, shared: Shared<S>) -> (Moved, Stage<S>) {
        let share = shared.share().clone();
        self.shares.put(share.clone());
        let said = vec![LightPacket::Share(Box::new(share))];
        (Moved::On(said), Stage::Shared(Box::new(shared)))
    }

    fn certify(&mut self, phase: &mut Shared<S>, epoch: &mut Epoch<S>) -> Moved {
        if self.certificate.is_some() {
            return Moved::Certified;
        }
        if let Some(joint) = self.joint.take() {
            return match epoch.check(phase, &joint) {
                Ok(()) => {
                    self.certificate = Some(joint);
                    Moved::Certified
                }
                Err(InstallError::Fault(fault)) => Moved::failed(ViewEnd::SignedFault, Some(fault)),
                Err(_) => {
                    self.is_noisy = true;
                    Moved::Nowhere
                }
            };
        }
        let is_whole = self.staying().iter();
        let mut is_whole = is_whole.map(|it| self.shares.get(*it));
        if self.has_failed || !is_whole.all(|it| it.is_some()) {
            return Moved::Nowhere;
        }
        let certified = epoch.certify(phase, &self.freezes.packets(), &self.shares.packets());
        match certified {
            None => Moved::Nowhere,
            Some(Ok(joint)) => {
                self.certificate = Some(Box::new(joint));
                Moved::Certified
            }
            Some(Err(CertifyError::Missing(members))) => {
                self.is_noisy = true;
                self.shares.empty(&members);
                Moved::Nowhere
            }
            Some(Err(CertifyError::Failed(verdict))) => self.hear_verdict(verdict),
            Some(Err(_)) => Moved::failed(ViewEnd::Unsigned, None),
        }
    }

    /// The shares make no certificate.
    fn hear_verdict(&mut self, verdict: Verdict) -> Moved {
        self.has_failed = !matches!(verdict, Verdict::NotReceived(_));
        match verdict {
            Verdict::Fault(fault) => Moved::failed(ViewEnd::SignedFault, Some(fault)),
            Verdict::Nobody => Moved::failed(ViewEnd::Unsigned, None),
            Verdict::NotReceived(packets) => {
                self.is_noisy = true;
                let of = |kind| {
                    let packets = packets.iter().filter(move |(it, _)| *it == kind);
                    packets.map(|(_, member)| *member).collect::<Vec<_>>()
                };
                let shares = of(ChangePacket::Share);
                // What was shared for is not what its proposer signed: nobody can share again in this view.
                let is_lost = packets.len() > shares.len();
                self.shares.empty(&shares);
                self.freezes.empty(&of(ChangePacket::Freeze));
                if is_lost {
                    return Moved::failed(ViewEnd::Unsigned, None);
                }
                Moved::Nowhere
            }
        }
    }

    /// A complaint about a wrap ends the view, and who is at fault is known by it.
    fn settle(
        &self,
        epoch: &Epoch<S>,
        judge: impl Fn(&mpotr_gka::Continuation<S>, &Signed<Object>) -> Option<Verdict>,
    ) -> Option<Moved> {
        let parent = epoch.continuation()?;
        let mut verdicts = self.objections.iter().filter_map(|it| judge(parent, it));
        verdicts.next().map(|verdict| match verdict {
            Verdict::Fault(fault) => Moved::failed(ViewEnd::SignedFault, Some(fault)),
            Verdict::NotReceived(_) | Verdict::Nobody => Moved::failed(ViewEnd::Unsigned, None),
        })
    }

    /// Its last phase.
    pub(in crate::room) fn shared(&self) -> Option<&Shared<S>> {
        match &self.stage {
            Some(Stage::Shared(phase)) => Some(phase),
            _ => None,
        }
    }

    /// Its last phase and the certificate, to install it.
    pub(super) fn into_certified(self) -> Option<(Shared<S>, Signed<Joint>)> {
        match (self.stage, self.certificate) {
            (Some(Stage::Shared(phase)), Some(joint)) => Some((*phase, *joint)),
            _ => None,
        }
    }

    /// What this member has sent in it.
    pub(in crate::room) fn own_packets(&self) -> Vec<Packet> {
        let seed = self
            .is_proposer()
            .then(|| self.held(LightStep::Seed, self.me));
        let steps = [LightStep::Freeze, LightStep::Cut, LightStep::Share];
        let own = steps.map(|step| self.held(step, self.me));
        let packets = seed.into_iter().chain(own).flatten();
        packets.map(Packet::Light).collect()
    }

    /// A packet of it, as it was sent.
    pub(in crate::room) fn held(
        &self,
        step: LightStep,
        member: MemberIndex,
    ) -> Option<LightPacket> {
        match step {
            LightStep::Seed if member == self.proposer() => {
                Some(LightPacket::Seed(Box::new(self.seed.clone())))
            }
            LightStep::Freeze => {
                let freeze = self.freezes.get(member)?;
                Some(LightPacket::Freeze(Box::new(freeze.clone())))
            }
            LightStep::Cut => {
                let cut = self.cut.get(member)?;
                Some(LightPacket::Cut(Box::new(cut.clone())))
            }
            LightStep::Share => {
                let share = self.shares.get(member)?;
                Some(LightPacket::Share(Box::new(share.clone())))
            }
            LightStep::Object => {
                let mut objections = self.objections.iter();
                let object = objections.find(|it| it.body().sender == member)?;
                Some(LightPacket::Object(Box::new(object.clone())))
            }
            LightStep::Seed | LightStep::Joint => None,
        }
    }

    /// What members have objected to in it.
    pub(in crate::room) fn objections(&self) -> &[Signed<Object>] {
        &self.objections
    }

    /// What of it is missing here.
    pub(in crate::room) fn missing(&self, parent: SidHint, number: u8) -> MissingLight {
        let has_shared = self.has_shared();
        let lacks = |is_there: &dyn Fn(MemberIndex) -> bool| -> MemberBits {
            let staying = self.staying().iter().copied();
            staying.filter(|it| !is_there(*it)).collect()
        };
        let cut = self.cut.get(self.proposer()).is_none();
        let freezes = if cut {
            lacks(&|it| self.freezes.get(it).is_some())
        } else {
            MemberBits::default()
        };
        let shares = if has_shared {
            lacks(&|it| self.shares.get(it).is_some())
        } else {
            MemberBits::default()
        };
        MissingLight {
            parent,
            view: self.view(),
            number,
            seed: false,
            cut: cut && !self.is_proposer(),
            joint: has_shared,
            freezes,
            shares,
        }
    }

    /// Those who come in and have not shown this member who they are, by their places, if CUT is here.
    pub(in crate::room) fn awaited_joiners(&self) -> MemberBits {
        let has_cut = self.cut.get(self.proposer()).is_some();
        if !has_cut || self.has_shared() {
            return MemberBits::default();
        }
        let offers = self.seed.body().offers.len();
        let first = self.staying().len();
        let places = first..first.saturating_add(offers);
        let places = places.map(MemberIndex::of);
        places.filter(|it| self.joiners.awaits(*it)).collect()
    }

    /// Whether a share of any member is here.
    pub(super) fn has_any_shared(&self) -> bool {
        let mut staying = self.staying().iter();
        staying.any(|it| self.shares.get(*it).is_some())
    }

    /// Whether others come in by it.
    pub(in crate::room) fn has_joiners(&self) -> bool {
        !self.seed.body().offers.is_empty()
    }

    /// Whether there is no CUT, and FREEZEs are missing.
    pub(super) fn awaits_freezes(&self) -> bool {
        let mut staying = self.staying().iter();
        self.cut.get(self.proposer()).is_none() && staying.any(|it| self.freezes.get(*it).is_none())
    }

    /// Of whom FREEZE or SHARE is missing, if they are few: where many are it is the weather.
    pub(super) fn silent(&self) -> BTreeSet<MemberIndex> {
        let (awaits_freezes, has_shared) = (self.awaits_freezes(), self.has_shared());
        let is_silent = |it: &MemberIndex| {
            (awaits_freezes && self.freezes.get(*it).is_none())
                || (has_shared && self.shares.get(*it).is_none())
        };
        let staying = self.staying().iter().copied();
        let mut silent: BTreeSet<_> = staying.filter(is_silent).collect();
        let others = self.staying().len().saturating_sub(1);
        if are_many(silent.len(), others) {
            silent.clear();
        }
        silent
    }

    /// What all who stay bring into the cut. `None` if not all have said so.
    fn brought(&self) -> Option<Vec<Brought>> {
        let staying = self.staying().iter();
        let brought = staying.map(|it| Some(brought_by(self.freezes.get(*it)?.body())));
        brought.collect()
    }

    /// The members that have brought into the cut, by what they have signed, what nobody serves: for want of it there is no cut,
    /// or it is not held.
    pub(in crate::room) fn unserved(&mut self, epoch: &mut Epoch<S>) -> BTreeSet<MemberIndex> {
        let brought = self.brought().filter(|_| !self.has_shared());
        let (Some(mut brought), Some(parent)) = (brought, epoch.continuation()) else {
            return BTreeSet::new();
        };
        let signed = self.freezes.signed(parent);
        let me = self.me;
        brought.retain(|(it, _)| *it != me && signed.contains(it));
        epoch.unserved(brought)
    }

    /// The members whose FREEZE or SHARE is here and carries their signature.
    pub(in crate::room) fn heard(&mut self, epoch: &Epoch<S>) -> Vec<MemberIndex> {
        let Some(parent) = epoch.continuation() else {
            return Vec::new();
        };
        let mut heard = self.freezes.signed(parent);
        heard.extend(self.shares.signed(parent));
        heard
    }
}

impl<S: CryptoSuite> core::fmt::Debug for LightRun<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "LightRun(view {})", self.view())
    }
}
