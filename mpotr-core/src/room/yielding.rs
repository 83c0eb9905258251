//! Proposals that wait: for the own one, for a better one, or for offers. `docs/spec/06-epochs.md`, "Proposals".
//!
//! An offer serves one run alone, so who takes part in the first proposal that comes may be lost for the one in which the others
//! are. Each gives the better one the time to come.

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;

use super::Room;
use super::judging::Verdict;
use super::lobby::PATIENCE;
use super::lobby::answering::Answer;
use super::lobby::backlog::Pending;
use super::succession::Round;
use super::succession::pending::Claim;
use crate::error::Rejection;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{Proposal, SidHint};

impl<S: CryptoSuite> Room<S> {
    /// Whether this member holds a proposal of its own that is to be preferred to another: of the other no packet of its run
    /// has come.
    fn prefers_own(&self, proposal: &Proposal, run: SidHint) -> bool {
        let held = self.lobby.turns.held.as_ref();
        held.is_some_and(|held| !held.yields_to(proposal))
            && self.succession.missed.run() != Some(run)
    }

    /// Until when a better proposal may still come in the place of one that came then: as long as one takes of those whose turn came
    /// before its maker's; where others are in another run, until they have been asked for the proposal of that. Nobody is seen to
    /// take part in this one.
    fn gives_way_until(
        &self,
        proposal: &Proposal,
        (run, since): (SidHint, Timestamp),
    ) -> Option<Timestamp> {
        let own = self.lobby.offering.own(None).map(|own| own.digest);
        let mut before = proposal.offers.iter().take(proposal.proposer.into());
        // Who has proposed in this view itself is followed, it may be.
        let running = self.succession.current.as_ref();
        let is_in_view = running.is_some_and(|run| run.proposal.view == proposal.view);
        let may_come = is_in_view || before.any(|maker| Some(*maker) != own);
        let comes_later = proposal.parent.is_none() && may_come;
        let round_trip = self.common.me.times().round_trip;
        match self.succession.missed.run() {
            Some(missed) if missed == run => None,
            Some(_) => Some(since.after(round_trip.saturating_mul(PATIENCE))),
            None => Some(since.after(round_trip)),
        }
        .filter(|_| comes_later)
    }

    /// Whether an acceptable proposal that came then waits, for the own one or a better one.
    fn may_wait(
        &self,
        now: Timestamp,
        proposal: &Proposal,
        (run, since): (SidHint, Timestamp),
    ) -> bool {
        let until = self.gives_way_until(proposal, (run, since));
        self.prefers_own(proposal, run) || until.is_some_and(|until| now < until)
    }

    /// Others take part in a run: if this member has proposed it, or its proposal waits here, this one does so, too. Returns
    /// whether it does.
    fn follow_into(
        &mut self,
        now: Timestamp,
        run: SidHint,
        round: &Round,
        rng: &mut dyn CryptoRng,
    ) -> bool {
        let held = self.lobby.turns.held.as_ref();
        let held = held.filter(|held| held.run == run);
        let held = held.map(|held| &held.proposal);
        let pending = self.lobby.turns.pending.iter();
        let mut pending = pending.filter(|it| it.run == Some(run));
        let proposal = held.or_else(|| pending.next().map(|it| &it.proposal));
        let Some(proposal) = proposal.cloned() else {
            return false;
        };
        let Ok(part) = self.judge(now, &proposal) else {
            return false;
        };
        // Anyone can send a packet of a run.
        if !round.is_authentic(&part.run) {
            return false;
        }
        self.lobby.turns.held = None;
        self.take_part(now, proposal, part, rng);
        true
    }

    /// Looks again at the proposals that waited, the best first.
    pub(super) fn consider_pending(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        for mut waiting in self.lobby.turns.pending.take() {
            self.note_listed(waiting.since, &waiting.proposal);
            match self.judge(now, &waiting.proposal) {
                Ok(part) if self.may_wait(now, &waiting.proposal, (part.hint(), waiting.since)) => {
                    waiting.run = Some(part.hint());
                    waiting.is_signed = true;
                    self.lobby.turns.pending.put_back(waiting);
                }
                Ok(part) => self.take_part(now, waiting.proposal, part, rng),
                Err(Verdict::Wait | Verdict::Ask(_)) => {
                    waiting.run = None;
                    let signs = waiting.is_signed.then_some(true);
                    let signs = signs.or_else(|| self.lobby.signs(&waiting.proposal));
                    if signs == Some(false) {
                        continue;
                    }
                    if signs.is_some() && !waiting.is_signed {
                        waiting.note_signed();
                        self.ask_soon(now);
                    }
                    self.lobby.turns.pending.put_back(waiting);
                }
                // A proposal that is refused now is not one that becomes acceptable.
                Err(verdict) => {
                    let _rejected = self.refuse(now, &waiting.proposal, verdict);
                }
            }
        }
        self.look_again(now);
    }

    /// Members of an epoch list this member, which has answered them: that shows how long a word and its answer take at most.
    fn note_listed(&mut self, now: Timestamp, proposal: &Proposal) {
        let own = self.lobby.offering.own(proposal.parent);
        let is_listed = own.is_some_and(|own| proposal.offers.contains(&own.digest));
        if self.phase.gathers()
            && proposal.parent.is_some()
            && is_listed
            && self.lobby.signs(proposal) == Some(true)
            && let Some(answered) = self.lobby.published(proposal.parent)
        {
            self.common.pulse.bound(now, answered);
            self.common.keep_pace();
        }
    }

    /// A proposal of members of an epoch that waits for the run under way to stall is looked at again then.
    fn await_stall(&mut self, now: Timestamp) {
        let is_of_host = |it: &Pending| it.proposal.parent.is_some();
        let is_any_waiting = self.lobby.turns.pending.iter().any(is_of_host);
        let running = self.succession.current.as_ref();
        let running = running.filter(|_| self.phase.gathers() && is_any_waiting);
        let round_trip = self.common.me.times().round_trip;
        if let Some(stalls) = running.map(|run| run.stalls_from(round_trip))
            && now < stalls
        {
            self.common.timers.set_earlier(Timer::Yield, stalls);
        }
    }

    /// Proposals that wait are looked at again when the time of a better one is over.
    fn look_again(&mut self, now: Timestamp) {
        self.await_stall(now);
        let is_any_whole = self.lobby.turns.pending.iter().any(|it| it.run.is_some());
        if is_any_whole && self.lobby.turns.held.is_none() {
            let round_trip = self.common.me.times().round_trip;
            let later = now.after(round_trip);
            self.common.timers.set_earlier(Timer::Yield, later);
        }
    }

    /// A packet of a run that is not under way: of one that is over, or of one that is not known yet.
    fn unknown_run(
        &mut self,
        now: Timestamp,
        claim: Claim,
        round: &Round,
        packet: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        if let Some(member) = self.phase.member() {
            if member.certificate.hint == claim.run {
                // Who is still at it asks for what it lacks.
                return Err(Rejection::Replayed);
            }
            if !self.phase.gathers() {
                if member.changing.change.is_none() && member.goes_over.is_none() {
                    return Err(Rejection::UnknownEpoch);
                }
                self.succession.pending.keep_of_run(claim, packet)?;
                self.note_missed(now, claim.run);
                return Ok(());
            }
        }
        self.succession.pending.keep_of_run(claim, packet)?;
        if self.phase.gathers() && self.follow_into(now, claim.run, round, rng) {
            return Ok(());
        }
        // Others are in a run whose proposal was missed: ask for it, and propose nothing meanwhile.
        self.note_missed(now, claim.run);
        Ok(())
    }

    /// Takes a packet of one of the two rounds of a run.
    pub(super) fn handle_round(
        &mut self,
        now: Timestamp,
        claim: Claim,
        round: Round,
        packet: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        let answer = Answer::Round(claim);
        // Anyone can send something in another's name: only what this member would send takes its place.
        if self.lobby.answering.awaits(&answer)
            && self.held_packet(answer).as_deref() == Some(packet)
        {
            self.lobby.was_given(&mut self.common.at(now), answer);
        }
        let Some(which) = self.succession.which(claim.run) else {
            return self.unknown_run(now, claim, &round, packet, rng);
        };
        self.fill(now, which, (claim, round, packet), rng)
    }

    /// Takes a proposal of a first epoch, or of a host's.
    pub(super) fn handle_proposal(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        self.note_listed(now, &proposal);
        self.common.pulse.silence.end(now);
        match self.judge(now, &proposal) {
            Ok(part) if self.may_wait(now, &proposal, (part.hint(), now)) => {
                let waiting = Pending::new(now, proposal, Some(part.hint()));
                self.lobby.turns.pending.keep(waiting, 0)?;
                self.lobby.await_proposal(&self.common.at(now));
                self.look_again(now);
                self.plan_proposal(now);
                Ok(())
            }
            Ok(part) => {
                self.take_part(now, proposal, part, rng);
                Ok(())
            }
            Err(Verdict::Wait) => {
                let cx = &mut self.common.at(now);
                self.lobby.wait_for_offers(cx, proposal)?;
                self.await_stall(now);
                Ok(())
            }
            Err(Verdict::Ask(people)) if self.votes.admission.asks() => {
                self.ask_about(now, people);
                let cx = &mut self.common.at(now);
                self.lobby.wait_for_offers(cx, proposal)
            }
            Err(verdict) => {
                let rejection = self.refuse(now, &proposal, verdict);
                self.note_refused(now, &rejection, &proposal);
                Err(rejection)
            }
        }
    }
}
