//! Proposals that wait: for the own one, for a better one, or for offers. `docs/spec/06-epochs.md`, "Proposals".
//!
//! An offer serves one run alone, so who takes part in the first proposal that comes may be lost for the one in which the others
//! are. Each gives the better one the time to come.

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;

use super::Room;
use super::judging::Verdict;
use super::lobby::PATIENCE;
use super::succession::Round;
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
    pub(super) fn may_wait(
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
    pub(super) fn follow_into(
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

    /// Proposals that wait are looked at again when the time of a better one is over.
    pub(super) fn look_again(&mut self, now: Timestamp) {
        let is_any_whole = self.lobby.turns.pending.iter().any(|it| it.run.is_some());
        if is_any_whole && self.lobby.turns.held.is_none() {
            let round_trip = self.common.me.times().round_trip;
            let later = now.after(round_trip);
            self.common.timers.set_earlier(Timer::Yield, later);
        }
    }
}
