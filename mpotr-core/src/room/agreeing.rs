//! The two rounds of a run, as packets come in. `docs/spec/06-epochs.md`, "Runs".
//!
//! ```text
//! proposal ─> contribute ─> all contributions ─> confirm ─> all confirmations ─> epoch
//! ```

mod failing;

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_gka::{Fault, FaultKind, MemberIndex, Offer, RunMember, Unfilled};

use super::Room;
use super::lobby::answering::Answer;
use super::succession::attempt::{Attempt, Outcome};
use super::succession::pending::Claim;
use super::succession::{Round, Which};
use crate::epoch::Enclosure;
use crate::error::Rejection;
use crate::event::Event;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::Packet;

impl<S: CryptoSuite> Room<S> {
    /// Takes part in a run: the contribution leaves, and with it the offer for the next one.
    pub(super) fn begin(
        &mut self,
        now: Timestamp,
        mut attempt: Attempt<S>,
        rng: &mut dyn CryptoRng,
    ) {
        attempt.records = self.common.me.config.record;
        attempt.stepped = now;
        let members = attempt.run().members().iter();
        let claimed = members.map(|m| m.offer().identity).collect();
        self.set_aside(now);
        self.common.out.tell(Event::Agreeing { claimed });
        let is_of_change = self.is_of_change(&attempt.proposal);
        if is_of_change && attempt.enclosure.is_none() {
            self.show_offers(now, &attempt);
        }
        let out = &mut self.common.out;
        if let Some(own) = attempt.own_offer() {
            out.use_offer(attempt.hint, own);
        }
        out.transmit_in_run(attempt.hint, attempt.own_packets(), attempt.enclosure());
        self.common.pulse.contribute(now, attempt.hint);
        self.succession.missed.clear();
        self.common.pulse.silence.end(now);
        let awaits_newcomers = attempt.awaits_newcomers();
        let is_host = attempt.proposal.parent.is_some() && self.phase.gathers();
        self.succession.current = Some(attempt);
        if !is_host {
            self.advertise(now, rng);
        }
        let floors = &self.common.me.config.timers;
        let of_host = self.common.pulse.view_of_host(floors);
        let timers = &mut self.common.timers;
        let times = self.common.me.times();
        timers.begin_anew(Timer::Retry);
        if self.phase.gathers() {
            let view = if is_host { of_host } else { times.view };
            timers.set(Timer::View, now.after(view));
        } else if self.phase.change().is_none() {
            // The view of a host: as long as one of a change.
            let length = times.propose.saturating_add(times.view);
            timers.set(Timer::View, now.after(length));
        } else if awaits_newcomers {
            // Who is listed and not there costs this and nothing else.
            timers.set_earlier(Timer::View, now.after(times.newcomer()));
        }
        timers.set(Timer::Retry, now.after(times.repetition()));
        self.ask_later(now);
        self.proceed(now, Which::Current, rng);
        self.succession.pending.release_runs();
    }

    /// The members have stated their offers to each other, and those who come in could not read them: the proposer sends all in
    /// clear, if its link carries them soon. Each sends its own that nobody was heard to send.
    fn show_offers(&mut self, now: Timestamp, attempt: &Attempt<S>) {
        let (run, epoch) = (attempt.run(), self.phase.epoch());
        let me = self.common.me.public();
        let going_on = attempt.continuing.iter().flatten();
        let going_on: BTreeSet<_> = going_on.filter_map(|it| epoch?.identity(*it)).collect();
        let offers = run.members().iter().map(RunMember::offer);
        let offers = offers.filter(|offer| going_on.contains(&offer.identity));
        let offers = offers.map(|it| (it.identity == me, it.digest::<S>(), it.clone()));
        let offers: Vec<_> = offers.collect();
        let packets = offers
            .iter()
            .map(|(.., offer)| Packet::Offer(offer.clone()));
        let bytes: usize = packets.map(|packet| packet.to_bytes().len()).sum();
        let times = self.common.me.times();
        let (pause, soon) = (part(times.retry, 4), part(times.round_trip, 4));
        let shows_all = MemberIndex::new(attempt.proposal.proposer) == run.me()
            && self.common.out.takes(bytes) <= soon;
        for (is_own, digest, offer) in offers {
            let answer = Answer::Offer(digest);
            if is_own && !self.lobby.answering.was_just_given(now, &answer) {
                self.common.out.transmit(&Packet::Offer(offer));
                self.lobby.answering.was_sent(now, answer, pause);
            } else if !is_own && shows_all {
                let offer = [Packet::Offer(offer)];
                self.common
                    .out
                    .transmit_in_run(attempt.hint, offer, None::<&Enclosure<S>>);
                self.lobby.answering.was_sent(now, answer, pause);
            }
        }
    }

    /// An offer is sent in clear: if it is this member's own, those who come in have it.
    pub(super) fn note_shown(&mut self, now: Timestamp, offer: &Offer) {
        let own = self.lobby.offering.own(offer.parent);
        if offer.parent.is_some()
            && !self.phase.gathers()
            && let Some(own) = own.filter(|own| own.member.offer() == offer)
        {
            let pause = part(self.common.me.times().retry, 4);
            let answer = Answer::Offer(own.digest);
            self.lobby.answering.was_sent(now, answer, pause);
        }
    }

    /// Takes a packet of one of the two rounds of a run in which this member is.
    pub(super) fn fill(
        &mut self,
        now: Timestamp,
        which: Which,
        (claim, round, packet): (Claim, Round, &[u8]),
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        match self.succession.fill(which, round) {
            Ok(()) => {
                self.common.pulse.silence.end(now);
                if claim.round == 2 {
                    self.note_answer(now, claim, which);
                }
                if which == Which::Current && self.is_of_own_change() {
                    self.move_on(now);
                }
                self.proceed(now, which, rng);
            }
            Err(Unfilled::UnknownSender) => return Err(Rejection::UnknownSender),
            Err(Unfilled::Replayed) => return Err(Rejection::Replayed),
            Err(Unfilled::NotAuthentic) => return Err(Rejection::NotAuthentic),
            Err(Unfilled::Equivocation(sender)) => {
                let fault = Fault::of(FaultKind::Equivocation, sender);
                if let Some(attempt) = self.succession.take(which) {
                    // Those who have one of the two get the other: the two are the proof.
                    let out = &mut self.common.out;
                    let both = Packet::from_bytes(packet).into_iter();
                    let both = both.chain(attempt.packets_of(sender));
                    out.transmit_in_run(attempt.hint, both, attempt.enclosure());
                    self.fail(now, &attempt, which, &fault);
                }
            }
        }
        Ok(())
    }

    /// A confirmation has come: nobody makes one who does not have this member's contribution.
    fn note_answer(&mut self, now: Timestamp, claim: Claim, which: Which) {
        let pulse = &mut self.common.pulse;
        pulse.hear_confirmation(now, claim.run, claim.sender);
        let current = self.succession.current.as_ref();
        let current = current.filter(|_| which == Which::Current && pulse.may_bound(claim.run));
        if let Some(attempt) = current.filter(|it| it.has_signed_confirmation(claim.sender)) {
            let others = attempt.run().members().len().saturating_sub(1);
            pulse.bound_by_confirmation(now, others);
            self.common.keep_pace();
        }
    }

    /// Whether the run under way is one of the change of this member's epoch.
    fn is_of_own_change(&self) -> bool {
        let current = self.succession.current.as_ref();
        let view = self.phase.change().map(|change| change.view);
        current
            .is_some_and(|run| self.is_of_change(&run.proposal) && view == Some(run.proposal.view))
    }

    /// Goes on with all runs as far as what is known allows.
    pub(super) fn advance_runs(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        for which in self.succession.all() {
            self.proceed(now, which, rng);
        }
    }

    fn proceed(&mut self, now: Timestamp, which: Which, rng: &mut dyn CryptoRng) {
        while let Some(mut attempt) = self.succession.take(which) {
            if which == Which::Current {
                self.freeze_for(now, &attempt);
            }
            let member = self.phase.member_mut();
            let leave = self.succession.leave_of(&mut attempt, which, member);
            match attempt.proceed(leave, &*self.common.me.identity, rng) {
                Outcome::Waiting(attempt) => {
                    self.succession.put_back(which, *attempt);
                    return;
                }
                Outcome::Confirmed(attempt) => {
                    self.ask_later(now);
                    self.have_confirmed(now, which, *attempt);
                }
                Outcome::Established(established) => {
                    self.install(now, *established);
                    return;
                }
                Outcome::Failed(attempt, fault) => {
                    self.fail(now, &attempt, which, &fault);
                    return;
                }
            }
        }
    }

    /// All who would come in have taken part: from here on the epoch that ends waits for the end of the run.
    fn freeze_for(&mut self, now: Timestamp, attempt: &Attempt<S>) {
        let is_ready = !attempt.joining.is_empty() && !attempt.awaits_newcomers();
        let Some(member) = self.phase.member_mut().filter(|_| is_ready) else {
            return;
        };
        let run = attempt.run().sid();
        let said = member.epoch.next_of(member.epoch.me());
        let is_frozen = said.is_some_and(|next| next.frozen.is_some_and(|(it, _)| it == run));
        let change = member.changing.change.as_mut();
        let Some(change) = change.filter(|_| !is_frozen && !attempt.has_confirmed()) else {
            return;
        };
        let view = self.common.me.times().view;
        let end = change.go_on_until(view, now.after(part(view, 2)));
        member.epoch.freeze(run);
        self.common.timers.set(Timer::View, end);
        self.say_next();
    }

    /// This member has confirmed a run: what it confirms last is what it may install.
    fn have_confirmed(&mut self, now: Timestamp, which: Which, mut attempt: Attempt<S>) {
        attempt.stepped = now;
        let run = attempt.run().sid();
        let own = attempt.own_packets().pop();
        let cut = attempt.cut;
        if attempt.continuing.is_some() {
            // Of the epoch into which the own one goes over, members confirm in rising views.
            let proposal = &attempt.proposal;
            self.lobby.turns.views.leave(proposal.parent, proposal.view);
        }
        let is_change = self.is_of_change(&attempt.proposal);
        let epoch = self.phase.epoch_mut().filter(|_| is_change);
        if epoch.is_some_and(|epoch| epoch.vote(attempt.proposal.view, &run).is_err()) {
            // It has shared, or gone on: nothing leaves.
            return;
        }
        self.succession.note_confirmed(&attempt);
        let out = &mut self.common.out;
        out.transmit_in_run(attempt.hint, own, attempt.enclosure());
        self.succession.put_back(which, attempt);
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        member.changing.note_confirmed(run);
        if let Some((next, cut)) = member.epoch.own_next().zip(cut) {
            next.note_confirmed(run, cut);
            self.say_next();
        }
    }

    /// Sends again what was not answered, at growing intervals.
    pub(super) fn retry(&mut self, now: Timestamp) {
        let is_in_run = self.is_in_run();
        let mut cx = self.common.at(now);
        let mut member = self.phase.member_mut();
        let held = self.lobby.turns.held.as_ref();
        let held = held.map(|held| Packet::Proposal(held.proposal.clone()));
        let is_held = held.is_some();
        held.iter().for_each(|packet| cx.out.answer(packet));
        self.succession.repeat_round(&mut cx);
        if let Some(member) = &mut member {
            member.repeat(&mut cx, &self.departure);
        }
        let times = cx.me.times();
        let first = if is_in_run {
            times.repetition()
        } else {
            times.retry
        };
        cx.timers.note_repetition(Timer::Retry);
        let wait = cx.timers.backed_off(Timer::Retry, first);
        if is_in_run || is_held || member.is_some_and(|member| member.is_unanswered()) {
            cx.timers.set(Timer::Retry, now.after(wait));
        }
    }

    /// There is a proposal in this view: it has the time that a run takes, and half of that from when it came at least. That
    /// without a member that has fallen silent comes late.
    pub(super) fn extend_view(&mut self, now: Timestamp) {
        let view = self.common.me.times().view;
        if let Some(until) = self.phase.change_mut().map(|it| it.extend(now, view)) {
            self.end_view_at(until);
        }
    }

    /// The run of this view has moved on: it has half of that time from this step on.
    pub(super) fn move_on(&mut self, now: Timestamp) {
        let view = self.common.me.times().view;
        if let Some(until) = self.phase.change_mut().map(|it| it.move_on(now, view)) {
            self.end_view_at(until);
        }
    }

    pub(super) fn end_view_at(&mut self, until: Timestamp) {
        if self
            .phase
            .change()
            .is_some_and(|change| change.is_cut_short)
        {
            return;
        }
        if self.succession.waits_for_newcomers() {
            // Those have less.
            self.common.timers.set_earlier(Timer::View, until);
        } else {
            self.common.timers.set(Timer::View, until);
        }
    }
}
