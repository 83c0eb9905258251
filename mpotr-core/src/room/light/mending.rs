//! What is missing of a light run, and who sends it again. `docs/spec/06-epochs.md`, "Anyone repairs".

use std::collections::BTreeSet;
use std::sync::Arc;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::light::{Object, Signed};
use mpotr_gka::{MemberIndex, Sid};

use super::LightRun;
use crate::epoch::{Enclosure, Epoch, name_of};
use crate::room::Room;
use crate::room::lobby::answering::Answer;
use crate::room::membership::asked::Owed;
use crate::room::membership::strikes::Missing;
use crate::room::repairing::Question;
use crate::room::situation::Situation;
use crate::time::Timestamp;
use crate::wire::{
    LightPacket, LightStep, MemberBits, MissingLight, Packet, Request, SidHint, Wanted,
};

/// A packet of a light run, by whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LightClaim {
    pub(crate) view: u32,
    pub(crate) step: u8,
    pub(crate) sender: MemberIndex,
}

/// What those who are behind may miss of the light run that has led on: it is kept until the epoch before is drained.
#[derive(Debug)]
pub(in crate::room) struct Kept {
    /// Of the run.
    pub(super) name: Sid,
    pub(super) view: u32,
    pub(super) proposer: MemberIndex,
    pub(in crate::room) joint: LightPacket,
}

/// Why this member has ended the last view that it ended so: those who wait in it for what this one will not say there hear that.
pub(in crate::room) struct Objected<S: CryptoSuite> {
    view: u32,
    objections: Vec<Signed<Object>>,
    enclosure: Arc<Enclosure<S>>,
}

impl<S: CryptoSuite> Objected<S> {
    /// A view ends in which some have objected.
    pub(super) fn of(run: &LightRun<S>) -> Self {
        Self {
            view: run.view(),
            objections: run.objections().to_vec(),
            enclosure: Arc::clone(&run.enclosure),
        }
    }

    /// This member cannot answer in a view.
    pub(super) fn own(view: u32, object: Signed<Object>, epoch: &Epoch<S>) -> Self {
        Self {
            view,
            objections: vec![object],
            enclosure: Arc::clone(epoch.enclosure()),
        }
    }

    fn claims(&self) -> impl Iterator<Item = LightClaim> {
        self.objections.iter().map(|it| LightClaim {
            view: self.view,
            step: LightStep::Object.code(),
            sender: it.body().sender,
        })
    }

    /// An objection, as it was sent.
    fn held(&self, claim: LightClaim) -> Option<Vec<u8>> {
        let place = self.claims().position(|it| it == claim)?;
        let object = self.objections.get(place)?.clone();
        let packet = Packet::Light(LightPacket::Object(Box::new(object)));
        Some(self.enclosure.enclose(&packet.to_bytes()))
    }
}

impl MissingLight {
    /// Whether nothing is missing but what is asked for otherwise.
    fn is_empty(&self) -> bool {
        let is_any = self.seed || self.cut || self.joint;
        !is_any && self.freezes.is_empty() && self.shares.is_empty()
    }

    /// The packets that are named, by whose they are.
    fn claims(&self, proposer: MemberIndex) -> Vec<LightClaim> {
        let claim = |step: LightStep, sender| LightClaim {
            view: self.view,
            step: step.code(),
            sender,
        };
        let seed = self.seed.then(|| claim(LightStep::Seed, proposer));
        let cut = self.cut.then(|| claim(LightStep::Cut, proposer));
        let freezes = self.freezes.iter().map(|it| claim(LightStep::Freeze, it));
        let shares = self.shares.iter().map(|it| claim(LightStep::Share, it));
        seed.into_iter()
            .chain(cut)
            .chain(freezes)
            .chain(shares)
            .collect()
    }
}

impl<S: CryptoSuite> Situation<'_, S> {
    /// What is missing of a view in which no SEED has come.
    fn missing_seed(&self, view: u32, parent: SidHint, number: u8) -> Option<MissingLight> {
        let proposer = self.proposer_of(view)?;
        (proposer != self.epoch().me()).then(|| MissingLight {
            parent,
            view,
            number,
            seed: true,
            cut: false,
            joint: false,
            freezes: MemberBits::default(),
            shares: MemberBits::default(),
        })
    }
}

/// Of whom something is missing, and what.
fn owed(missing: &MissingLight, proposer: MemberIndex) -> Vec<(MemberIndex, Owed)> {
    let freezes = missing.freezes.iter().map(|it| (it, Owed::Freeze));
    let shares = missing.shares.iter().map(|it| (it, Owed::Confirmation));
    let members: Vec<_> = freezes.chain(shares).collect();
    if !members.is_empty() {
        // Who waits for others makes nobody wait.
        return members;
    }
    let of_proposer = [(missing.seed, Owed::Proposal), (missing.cut, Owed::Cut)];
    let of_proposer = of_proposer
        .into_iter()
        .filter(|(is_missing, _)| *is_missing);
    of_proposer.map(|(_, owed)| (proposer, owed)).collect()
}

impl<S: CryptoSuite> Room<S> {
    /// Says something in the light run of this view.
    pub(super) fn say_light(&mut self, packets: impl IntoIterator<Item = LightPacket>) {
        let Some(epoch) = self.phase.epoch() else {
            return;
        };
        for packet in packets {
            let hint = SidHint::of(&name_of(&packet.seed::<S>()));
            let packet = [Packet::Light(packet)];
            let enclosure = Some(epoch.enclosure().as_ref());
            self.common.out.transmit_in_run(hint, packet, enclosure);
        }
    }

    /// What is missing of the view of a light run; `None` if this one is that of a full run.
    fn missing_light(&self, now: Timestamp, number: u8) -> Option<(MissingLight, MemberIndex)> {
        let parent = SidHint::of(&self.phase.epoch()?.sid());
        if let Some(run) = &self.succession.light {
            return Some((run.missing(parent, number), run.seed.body().proposer));
        }
        let change = self.phase.change().filter(|change| change.is_light)?;
        let situation = self.situation(now)?;
        let proposer = situation.proposer_of(change.view)?;
        let missing = situation.missing_seed(change.view, parent, number)?;
        Some((missing, proposer))
    }

    /// What is missing of the view of a light run, and of whom.
    pub(in crate::room) fn owed_in_light(&self, now: Timestamp) -> Vec<(MemberIndex, Owed)> {
        let of_view = self.missing_light(now, 0);
        of_view.map_or_else(Vec::new, |(missing, proposer)| owed(&missing, proposer))
    }

    /// Of whom the view of a light run misses something as it ends; `None` if this one is that of a full run.
    pub(in crate::room) fn missing_of_light(&self, now: Timestamp) -> Option<Missing> {
        let (missing, proposer) = self.missing_light(now, 0)?;
        let situation = self.situation(now)?;
        let (me, round_trip) = (situation.epoch().me(), self.common.me.times().round_trip);
        let asked = &situation.member.changing.asked;
        let mut found = Missing::default();
        let is_begun = self.succession.light.is_some();
        if !is_begun && situation.is_passed_on() {
            // Who can list nobody leaves that to others.
            return Some(found);
        }
        for (member, owed) in owed(&missing, proposer) {
            // Who has made an offer would have a full run, which it may have to.
            let has_offered = situation.offer_of(member).is_some();
            let owes_nothing =
                situation.is_member_excluded(member) || situation.has_installed(member);
            if member == me || has_offered || owes_nothing {
                continue;
            }
            found.all.insert(member);
            if asked.is_enough(now, round_trip, member, owed) {
                found.asked.insert(member);
            } else {
                found.unanswered.insert((member, owed));
            }
        }
        Some(found)
    }

    /// The members that have brought into the cut of this view's light run what nobody serves.
    pub(in crate::room) fn unserved_in_light(&mut self) -> BTreeSet<MemberIndex> {
        let run = self.succession.light.as_mut();
        let unserved = run
            .zip(self.phase.member_mut())
            .map(|(run, member)| run.unserved(&mut member.epoch));
        unserved.unwrap_or_default()
    }

    /// Asks for what is missing of the light run of this view, and of the one that this member shared in last.
    pub(in crate::room) fn ask_light(&mut self, now: Timestamp, number: u8) {
        let Some(parent) = self.phase.epoch().map(|epoch| SidHint::of(&epoch.sid())) else {
            return;
        };
        let of_view = self.missing_light(now, number);
        if let Some(((missing, proposer), member)) = of_view.as_ref().zip(self.phase.member_mut()) {
            for (other, owed) in owed(missing, *proposer) {
                member.changing.asked.note(now, other, owed, true);
            }
        }
        let installed = self.situation(now).map(|it| it.installed());
        let installed = installed.unwrap_or_default();
        let shared = &self.succession.shared;
        let last = shared.last().map(|run| run.name);
        let late = shared.iter().filter(|run| {
            let is_wanted = Some(run.name) == last || installed.contains(&run.name);
            is_wanted && !run.is_certified()
        });
        let late: Vec<_> = late.map(|run| run.missing(parent, number)).collect();
        let missing = of_view.map(|(missing, _)| missing);
        let all = missing.into_iter().chain(late);
        for missing in all.filter(|it| !it.is_empty()) {
            self.request_light(missing);
        }
    }

    /// Packets of a light run are asked for. Who has gone on by it shows the certificate.
    pub(in crate::room) fn hear_missing_light(&mut self, now: Timestamp, missing: &MissingLight) {
        let old = self.old.as_ref().map(|old| &old.epoch);
        let mut epochs = self.phase.epoch().into_iter().chain(old);
        let Some(epoch) = epochs.find(|it| SidHint::of(&it.sid()) == missing.parent) else {
            return;
        };
        let (me, members) = (epoch.me(), epoch.members());
        let is_old = self.phase.epoch().map(Epoch::sid) != Some(epoch.sid());
        let claims = if is_old {
            let claim = self
                .certificate_claim()
                .filter(|it| it.view == missing.view);
            claim.filter(|_| missing.joint).into_iter().collect()
        } else if let Some(run) = self.light_of(missing.view) {
            let objections = self.objections_in(missing.view);
            let mut claims = missing.claims(run.seed.body().proposer);
            claims.extend(objections);
            claims
        } else if self.is_objected(missing.view) {
            self.objections_in(missing.view)
        } else {
            self.overhear_seed_missing(now, missing);
            self.ask_for_seed(now, missing);
            return;
        };
        if is_old
            && let Some(old) = &self.old
            && (old.leaves_behind || old.light.as_ref().is_some_and(|it| it.view != missing.view))
        {
            // Who is left out, or takes part in another run, hears only so that others have gone on.
            old.answer_soon(&mut self.common.at(now));
        }
        if !is_old && let Some(member) = self.phase.member_mut() {
            for claim in &claims {
                member.changing.asked.overhear(claim.sender);
            }
        }
        let held = claims
            .into_iter()
            .filter(|it| self.held_light(*it).is_some());
        let held: Vec<_> = held.collect();
        let seed = Packet::Request(Request {
            room: self.common.me.config.room,
            wanted: Wanted::Light(missing.clone()),
        })
        .to_bytes();
        let round_trip = self.common.me.times().round_trip;
        for claim in held {
            let question = Question {
                seed: &seed,
                me,
                members,
            };
            if let Some(turn) = question.turn(now, round_trip, claim.sender) {
                self.lobby.answering.plan(now, Answer::Light(claim), turn);
            }
        }
        self.lobby.wait_for_turn(&mut self.common.at(now));
    }

    /// Another asks for the SEED of this view, which is not here either.
    fn overhear_seed_missing(&mut self, now: Timestamp, missing: &MissingLight) {
        let is_of_view = |view: u32| missing.seed && missing.view == view;
        let view = self.phase.change().map(|it| it.view);
        let situation = self.situation(now);
        let proposer = view.filter(|view| is_of_view(*view)).zip(situation);
        let proposer = proposer.and_then(|(view, situation)| situation.proposer_of(view));
        if let Some((proposer, member)) = proposer.zip(self.phase.member_mut()) {
            member.changing.asked.overhear(proposer);
        }
    }

    /// Another waits for the answer of this member to a SEED. Who has not heard that, and knows of no change, asks for it.
    fn ask_for_seed(&mut self, now: Timestamp, missing: &MissingLight) {
        let is_free = self.succession.current.is_none() && self.succession.light.is_none();
        let Some(epoch) = self.phase.epoch().filter(|_| is_free) else {
            return;
        };
        let (me, parent) = (epoch.me(), SidHint::of(&epoch.sid()));
        let own = self.phase.change().map_or(0, |change| change.view);
        let is_awaited = missing.freezes.contains(me);
        let is_ahead = missing.view >= own && missing.parent == parent;
        let pause = self.common.me.times().round_trip;
        if is_awaited && is_ahead && self.succession.seeds.ask_for(now, missing.view, pause) {
            let situation = self.situation(now);
            let seed =
                situation.and_then(|it| it.missing_seed(missing.view, parent, missing.number));
            if let Some(seed) = seed {
                self.request_light(seed);
            }
        }
    }

    /// Asks for packets of a light run.
    fn request_light(&mut self, missing: MissingLight) {
        let request = Packet::Request(Request {
            room: self.common.me.config.room,
            wanted: Wanted::Light(missing),
        });
        if let Some(epoch) = self.phase.epoch() {
            let out = &mut self.common.out;
            out.answer_enclosed(&request, Some(epoch.enclosure().as_ref()));
        }
    }

    /// Whether this member has ended a view since an objection came there, or is about to.
    pub(in crate::room) fn is_objected(&self, view: u32) -> bool {
        let run = self.light_of(view);
        let ended = self.succession.objected.as_ref();
        run.is_some_and(|run| !run.objections().is_empty())
            || ended.is_some_and(|it| it.view == view)
    }

    /// The objections by which it has.
    fn objections_in(&self, view: u32) -> Vec<LightClaim> {
        let ended = self.succession.objected.iter();
        let ended = ended.filter(|it| it.view == view);
        ended.flat_map(Objected::claims).collect()
    }

    fn light_of(&self, view: u32) -> Option<&LightRun<S>> {
        let succession = &self.succession;
        let mut runs = succession.light.iter().chain(&succession.shared);
        runs.find(|run| run.view() == view)
    }

    /// The certificate of the light run that has led on, for those who are behind.
    fn certificate_claim(&self) -> Option<LightClaim> {
        let kept = self.old.as_ref()?.light.as_ref()?;
        Some(LightClaim {
            view: kept.view,
            step: LightStep::Joint.code(),
            sender: kept.proposer,
        })
    }

    /// A member takes part in a run of the epoch before, after this one has gone on by another: it hears so.
    pub(in crate::room) fn tell_behind(&mut self, now: Timestamp, packet: &LightPacket) {
        let name = name_of(&packet.seed::<S>());
        if let Some(old) = &self.old
            && let Some(kept) = &old.light
            && kept.name != name
        {
            old.answer_soon(&mut self.common.at(now));
        }
    }

    /// Another that has gone on has shown the certificate.
    pub(in crate::room) fn overhear_certificate(&mut self, now: Timestamp, packet: &LightPacket) {
        if packet.step() == LightStep::Joint
            && let Some(claim) = self.certificate_claim()
        {
            let answer = Answer::Light(claim);
            self.lobby.overhear(&mut self.common.at(now), answer);
        }
    }

    /// A packet of a light run, as it was sent.
    pub(in crate::room) fn held_light(&self, claim: LightClaim) -> Option<Vec<u8>> {
        if self.certificate_claim() == Some(claim) {
            let old = self.old.as_ref()?;
            let packet = Packet::Light(old.light.as_ref()?.joint.clone());
            return Some(old.epoch.enclosure().enclose(&packet.to_bytes()));
        }
        let ended = self.succession.objected.as_ref();
        if let Some(objection) = ended.and_then(|it| it.held(claim)) {
            return Some(objection);
        }
        let run = self.light_of(claim.view)?;
        let step = LightStep::from_code(claim.step)?;
        let packet = Packet::Light(run.held(step, claim.sender)?).to_bytes();
        Some(run.enclosure.enclose(&packet))
    }

    /// Another has sent a packet of a light run, for the first time or again.
    pub(super) fn overhear_light(&mut self, now: Timestamp, packet: &LightPacket) {
        let name = name_of(&packet.seed::<S>());
        let mut runs = self.succession.light.iter().chain(&self.succession.shared);
        let run = runs.find(|run| run.name == name);
        let ended = || {
            let ended = self.succession.objected.as_ref()?;
            let mut objections = ended.objections.iter();
            objections
                .any(|it| it.body().seed == packet.seed::<S>())
                .then_some(ended.view)
        };
        if let Some(view) = run.map(LightRun::view).or_else(ended) {
            let answer = Answer::Light(LightClaim {
                view,
                step: packet.step().code(),
                sender: packet.sender(),
            });
            self.lobby.overhear(&mut self.common.at(now), answer);
        }
    }
}
