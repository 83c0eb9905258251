//! Light runs beside full ones: `docs/spec/14-light-runs.md`, and why as it is `docs/decisions/0020-two-kinds-of-runs-one-vote.md`.
//!
//! ```text
//! reason ─> the one whose turn it is: SEED ─> each: FREEZE ─> CUT ─> SHARE ─> JOINT ─> install
//!              ^                                                                │
//!              └──────── the view fails: once more, eager, or a full run ───────┘
//! ```

mod beginning;
mod charging;
mod ending;
mod joiners;
mod joining;
mod mending;
mod possible;
mod run;
mod seeds;
mod slots;
mod telling;
mod turning;

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_gka::light::{Handle, NextView, Seed, SeedError, Signed, ViewEnd, Watch};
use mpotr_gka::{Fault, FaultKind, Unfilled};

pub(crate) use mending::LightClaim;
pub(super) use mending::{Kept, Objected};
pub(super) use run::{LightRun, Moved};
pub(super) use seeds::Seeds;
use seeds::Waiting;
pub(super) use turning::LightViews;

use super::Room;
use super::judging::Verdict;
use super::membership::Membership;
use super::situation::Situation;
use super::succession::pending::Claim;
use crate::epoch::name_of;
use crate::error::Rejection;
use crate::event::Event;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{LightPacket, LightStep, SidHint};

/// What the rounds of light runs are called where packets wait: those of full runs are 1 and 2.
const ROUNDS: u8 = 16;
/// So many round trips a SEED waits for the reason of it, if nobody waits to come in.
const PATIENCE: u32 = 3;
/// For so many round trips a member whose turn it is asks for newcomers of whom others alone have heard.
const UNHEARD: u32 = 6;
/// So many round trips after CUT those who come in have shown who they are.
const READY_WITHIN: u32 = 4;

impl<S: CryptoSuite> Room<S> {
    /// Takes a packet of a light run of the present epoch, which came in this enclosed packet.
    pub(super) fn handle_light(
        &mut self,
        now: Timestamp,
        packet: LightPacket,
        enclosed: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        self.overhear_light(now, &packet);
        if let LightPacket::Seed(seed) = packet {
            return self.hear_seed(now, seed, rng);
        }
        let name = name_of(&packet.seed::<S>());
        let claim = Claim {
            run: SidHint::of(&name),
            round: ROUNDS.saturating_add(packet.step().code()),
            sender: packet.sender(),
        };
        let Some(member) = self.phase.member() else {
            return Err(Rejection::UnknownEpoch);
        };
        let succession = &mut self.succession;
        let mut runs = succession.light.iter_mut().chain(&mut succession.shared);
        let Some(run) = runs.find(|run| run.name == name) else {
            return succession.pending.keep_of_run(claim, enclosed);
        };
        let (sender, again) = (packet.sender(), packet.clone());
        match run.fill(packet, &member.epoch) {
            Ok(()) => {
                run.hear_answer(now, again.step(), sender);
                self.common.pulse.silence.end(now);
                if again.step() == LightStep::Freeze {
                    self.await_freezes(now);
                }
                let run = self.succession.light.as_ref();
                let lacks = run.is_some_and(|run| !run.awaited_joiners().is_empty());
                if lacks && again.step() == LightStep::Share {
                    // Others have what one that comes in has shown.
                    self.ask_soon(now);
                }
                self.advance_light(now, rng);
                Ok(())
            }
            Err(Unfilled::UnknownSender) => Err(Rejection::UnknownSender),
            Err(Unfilled::Replayed) => Err(Rejection::Replayed),
            Err(Unfilled::NotAuthentic) => Err(Rejection::NotAuthentic),
            Err(Unfilled::Equivocation(_)) => {
                // Those who have one of the two get the other: the two are the proof.
                let other = run.held(again.step(), sender);
                self.say_light(other.into_iter().chain([again]));
                let fault = Fault::of(FaultKind::Equivocation, sender);
                self.fail_light(now, ViewEnd::SignedFault, Some(&fault), rng);
                Ok(())
            }
        }
    }

    fn hear_seed(
        &mut self,
        now: Timestamp,
        seed: Box<Signed<Seed>>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        let view = seed.body().terms.view;
        if self.phase.change().is_some_and(|it| it.view > view) {
            return Err(Rejection::StaleView);
        }
        let run = self.succession.light.as_ref();
        if run.is_some_and(|run| *seed == run.seed) || self.succession.seeds.contains(&seed) {
            return Err(Rejection::Replayed);
        }
        // Who answers a SEED answers no other in its view: one in another's name would keep all from that one's own.
        let parent = self.phase.epoch().and_then(|epoch| epoch.continuation());
        let Some(parent) = parent.filter(|parent| seed.is_authentic(parent)) else {
            return Err(Rejection::NotAuthentic);
        };
        if let Some(run) = run {
            let fault = run.seed.equivocation(&seed, parent);
            if let Some(fault) = fault {
                self.fail_light(now, ViewEnd::SignedFault, Some(&fault), rng);
                return Ok(());
            }
        }
        if !self.succession.seeds.keep(now, *seed) {
            return Err(Rejection::Replayed);
        }
        self.common.pulse.silence.end(now);
        self.consider_seeds(now, rng);
        Ok(())
    }

    /// Answers a SEED, if all that it rests on was heard.
    pub(super) fn consider_seeds(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if self.waits_until().is_some_and(|until| now < until) {
            return;
        }
        let view = self.phase.change().map_or(0, |change| change.view);
        self.succession.seeds.go_to(view);
        for Waiting { seed, heard } in self.succession.seeds.all() {
            let is_busy = self.succession.current.is_some() || self.succession.light.is_some();
            let is_gone = self.phase.member().is_none_or(Membership::has_said_goodbye);
            if is_busy || is_gone {
                return;
            }
            let may_answer = self.may_answer_light(now);
            let patient = self.common.me.times().round_trip;
            let until = heard.after(patient.saturating_mul(PATIENCE));
            let situation = self.situation(now).filter(|_| may_answer);
            let judged = situation.map(|situation| situation.judge_seed(seed.body(), until));
            match judged {
                // By now a full run has to follow, whatever is heard.
                _ if !may_answer => {}
                None => continue,
                Some(Err(Verdict::Wait)) => {
                    if now < until {
                        self.common.timers.set_earlier(Timer::Change, until);
                    }
                    continue;
                }
                Some(Ok(_)) => self.answer_seed(now, &seed, rng),
                Some(Err(_)) => self.refuse_listed(now, seed.body()),
            }
            self.succession.seeds.remove(&seed);
        }
    }

    fn answer_seed(&mut self, now: Timestamp, seed: &Signed<Seed>, rng: &mut dyn CryptoRng) {
        let view = seed.body().terms.view;
        let expected = match self.phase.member().map(|it| it.changing.light.next) {
            Some(NextView::Light(watch)) => watch,
            Some(NextView::Full) | None => Watch::Eager,
        };
        let opened = self
            .phase
            .epoch()
            .and_then(|epoch| epoch.open_seed(seed.clone(), expected));
        let seeded = match opened {
            None => return,
            Some(Ok(seeded)) => seeded,
            Some(Err(SeedError::WrongWrap)) => {
                let epoch = self.phase.epoch();
                let complaint = epoch.and_then(|epoch| epoch.complain(seed.body()));
                let objected = complaint.clone().zip(epoch);
                self.succession.objected =
                    objected.map(|(it, epoch)| Objected::own(view, it, epoch));
                let complaint = complaint.map(|it| LightPacket::Object(Box::new(it)));
                self.say_light(complaint);
                return self.fail_light(now, ViewEnd::Unsigned, None, rng);
            }
            Some(Err(_)) => return,
        };
        if self.phase.change().map(|it| it.view) != Some(view) {
            self.enter_view(now, view, rng);
        }
        if self.phase.change().map(|it| it.view) != Some(view) {
            // It had nothing more to say, and has left.
            return;
        }
        let identity = &*self.common.me.identity;
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        if let Ok(frozen) = member.epoch.answer(seeded, identity, rng) {
            let run = LightRun::answered(frozen, &member.epoch);
            self.begin_light(now, run, rng);
        }
    }

    /// The view has begun for newcomers of whom others alone know. If this member, whose turn it is, hears nothing of them though
    /// it asks, it leaves the view to the next. Returns whether it does.
    fn passes_turn_on(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) -> bool {
        let round_trip = self.common.me.times().round_trip;
        let patience = round_trip.saturating_mul(UNHEARD);
        let situation = self.situation(now);
        let change = situation.as_ref().and_then(Situation::change);
        let Some((situation, change)) = situation.as_ref().zip(change) else {
            return false;
        };
        let view = change.view;
        let is_for_others = situation.is_my_turn(view)
            && change.is_light
            && !situation.wants_own_change()
            && !situation.joining().is_empty();
        if !is_for_others {
            return false;
        }
        let until = change.entered.after(patience);
        if now < until {
            self.common.timers.set_earlier(Timer::Change, until);
            return false;
        }
        self.phase.cut_short();
        self.enter_view(now, view.saturating_add(1), rng);
        true
    }

    /// Proposes a light run, if it is this member's turn.
    pub(super) fn propose_light(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let is_busy = self.succession.current.is_some() || self.succession.light.is_some();
        let Some(view) = self.phase.change().map(|change| change.view) else {
            return;
        };
        if let Some(until) = self.situation(now).and_then(|it| it.awaits_others_until()) {
            return self.common.timers.set_earlier(Timer::Change, until);
        }
        let mut handle = [0; 16];
        rng.fill_bytes(&mut handle);
        let does_none_go = self.is_so(now, |it| it.does_none_go());
        let joining = self.situation(now).filter(|_| does_none_go);
        let joining = joining.map(|it| it.to_list(view)).unwrap_or_default();
        if does_none_go && joining.is_empty() && !is_busy && self.passes_turn_on(now, rng) {
            return;
        }
        let terms = self.situation(now).and_then(|it| {
            // Who knows of newcomers whom it cannot list leaves them to others.
            let has_reason = !does_none_go || !joining.is_empty() || it.joining().is_empty();
            let may_propose = it.is_my_turn(view)
                && has_reason
                && !it.others_have_gone()
                && !it.member.changing.has_contributed_from(view);
            let applying = it.member.strangers.applying(view);
            let asked = applying.filter(|_| !joining.is_empty());
            let asked = asked.and_then(|it| it.handle());
            may_propose.then(|| it.light_terms(view, asked.unwrap_or(Handle::new(handle))))
        });
        let Some(terms) = terms.filter(|_| !is_busy) else {
            return;
        };
        self.succession.proposed = self.succession.proposed.saturating_add(1);
        let count = self.succession.proposed;
        let identity = &*self.common.me.identity;
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        let listed = if joining.is_empty() {
            Vec::new()
        } else {
            member.strangers.list(&joining)
        };
        let joiners: Vec<_> = listed.iter().collect();
        let proposed = member.epoch.propose(terms, &joiners, identity, count, rng);
        let Some(Ok(proposed)) = proposed else {
            // Keys that do not decode, or nobody to go on with: a full run looks at that.
            return self.fail_light(now, ViewEnd::SignedFault, None, rng);
        };
        if let Ok(proposing) = member.epoch.answer_own(proposed, identity, rng) {
            let mut run = LightRun::proposed(proposing, &member.epoch);
            run.joiners.list(listed);
            self.begin_light(now, run, rng);
        }
    }

    /// This member has answered.
    fn begin_light(&mut self, now: Timestamp, mut run: LightRun<S>, rng: &mut dyn CryptoRng) {
        run.stepped = now;
        run.ask(now);
        if let Some(member) = self.phase.member_mut() {
            member.note_answered(&run);
            let claimed = run.staying().iter();
            let claimed = claimed.filter_map(|it| member.epoch.identity(*it));
            let joining = run.seed.body().offers.iter();
            let joining = joining.map(|offer| offer.identity);
            let joining: Vec<_> = joining.collect();
            for claimed in &joining {
                self.common.out.tell(Event::Joining { claimed: *claimed });
            }
            let claimed = claimed.chain(joining).collect();
            self.common.out.tell(Event::Agreeing { claimed });
        }
        let hint = SidHint::of(&run.name);
        let out = &mut self.common.out;
        out.transmit_in_run(hint, run.own_packets(), Some(run.enclosure.as_ref()));
        self.succession.light = Some(run);
        self.succession.missed.clear();
        self.await_freezes(now);
        let timers = &mut self.common.timers;
        timers.begin_anew(Timer::Retry);
        timers.set(Timer::Retry, now.after(self.common.me.times().repetition()));
        self.ask_later(now);
        self.succession.pending.release_runs();
        self.advance_light(now, rng);
    }

    /// Goes on with the light runs as far as what is known allows.
    pub(super) fn advance_light(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        self.try_shared(now);
        while let Some(mut run) = self.succession.light.take() {
            let Some(member) = self.phase.member_mut() else {
                return;
            };
            let moved = run.step(&mut member.epoch, &*self.common.me.identity);
            if run.has_shared() {
                member.changing.note_confirmed(run.name);
            }
            match moved {
                Moved::Nowhere => {
                    self.succession.light = Some(run);
                    self.await_joiners(now, rng);
                    return;
                }
                Moved::On(packets) => {
                    run.stepped = now;
                    if packets.iter().any(|it| it.step() == LightStep::Cut) {
                        run.ask(now);
                    }
                    self.succession.light = Some(run);
                    self.say_light(packets);
                    self.say_welcome();
                    self.move_on(now);
                    self.ask_later(now);
                }
                Moved::Certified => {
                    // What this member has shared in for the view in which it is it has voted for last.
                    self.install_light(now, run, false);
                    return;
                }
                Moved::Failed { how, said, fault } => {
                    self.succession.light = Some(run);
                    self.say_light(said);
                    self.fail_light(now, how, fault.as_ref(), rng);
                    return;
                }
            }
        }
    }

    /// Installs an earlier run that this member shared in, if its certificate has come after its view, and nothing that this one
    /// voted for since stands against that.
    fn try_shared(&mut self, now: Timestamp) {
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        for run in &mut self.succession.shared {
            let _moved = run.step(&mut member.epoch, &*self.common.me.identity);
        }
        self.forsake();
        let Some(member) = self.phase.member() else {
            return;
        };
        let may_install = |run: &LightRun<S>| run.is_certified() && member.may_install(&run.name);
        let shared = &mut self.succession.shared;
        if let Some(place) = shared.iter().rposition(may_install) {
            let run = shared.remove(place);
            let adopts = member.has_voted_since(&run.name);
            self.install_light(now, run, adopts);
        }
    }

    /// CUT is here, and not all who come in have shown who they are: they are waited for, and not for ever.
    fn await_joiners(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let Some(run) = self.succession.light.as_mut() else {
            return;
        };
        if run.awaited_joiners().is_empty() {
            return;
        }
        let round_trip = self.common.me.times().round_trip;
        let since = run.joiners.waiting_since(now);
        let joining = run.joining().map(|(_, identity)| identity);
        let patience = self.lobby.newcomers.patience(joining);
        // The carrier may be slower than was thought. But nobody else waits longer for what strangers do.
        let until = since.after(round_trip.saturating_mul(READY_WITHIN.saturating_mul(patience)));
        if now < until {
            self.common.timers.set_earlier(Timer::Change, until);
            if self
                .common
                .timers
                .at(Timer::View)
                .is_some_and(|at| at < until)
            {
                self.common.timers.set(Timer::View, until);
            }
            return;
        }
        if run.joiners.end_wait() {
            // By now it is objected to.
            self.advance_light(now, rng);
            return;
        }
        self.phase.cut_short();
        let view = self.phase.change().map_or(0, |change| change.view);
        self.enter_view(now, view.saturating_add(1), rng);
    }

    /// The view fails by what was said in it: the next begins.
    fn fail_light(
        &mut self,
        now: Timestamp,
        how: ViewEnd,
        fault: Option<&Fault>,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(member) = self.phase.member() else {
            return;
        };
        let culprits = fault.iter().flat_map(|fault| &fault.culprits);
        let culprits = culprits.filter_map(|it| member.epoch.identity(*it));
        let culprits: Vec<_> = culprits.collect();
        if let Some(fault) = fault {
            let claimed = culprits.clone();
            let fault = Some(fault.kind);
            self.common
                .out
                .tell(Event::AgreementFailed { fault, claimed });
        }
        for (culprit, fault) in culprits.into_iter().zip(fault.iter().cycle()) {
            self.strike_for_fault(&culprit);
            self.note_cheat(now, culprit, fault.kind);
        }
        self.phase.cut_short();
        let view = self.phase.change().map(|change| change.view);
        let view = view.or_else(|| self.succession.light.as_ref().map(LightRun::view));
        match view {
            Some(view) => self.enter_view_after(now, view.saturating_add(1), Some(how), rng),
            None => self.leave_light_view(now, Some(how)),
        }
    }

    /// Others have made offers for the view that this member entered as one of a light run: it makes one, too. Who has gone on to a later
    /// one moves nobody: this view ends at its own time, and the next begins as that of a full run.
    pub(super) fn join_full_view(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let change = self.phase.change().filter(|change| change.is_light);
        let is_idle = self.succession.light.is_none() && self.succession.current.is_none();
        let Some(view) = change.map(|change| change.view).filter(|_| is_idle) else {
            return;
        };
        if self.is_so(now, |situation| situation.is_full_by(view)) {
            self.offer_in_view(now, rng);
        }
    }
}
