//! What members do for those who come in by a light run: they are told who is there, waited for, and asked again.
//! `docs/spec/14-light-runs.md`, "In a room".

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_gka::light::Ready;

use crate::error::Rejection;
use crate::room::Room;
use crate::room::lobby::answering::Answer;
use crate::time::{Timestamp, part};
use crate::wire::{MissingJoin, Packet};

impl<S: CryptoSuite> Room<S> {
    /// One that comes in shows who it is.
    pub(in crate::room) fn handle_ready(
        &mut self,
        now: Timestamp,
        ready: Ready,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        let answer = Answer::Ready(ready.handle, ready.joiner);
        self.lobby.overhear(&mut self.common.at(now), answer);
        if self.phase.gathers() && !self.lobby.arrivals.to(&ready.handle).is_empty() {
            return self.hear_ready_outside(now, &ready);
        }
        let run = self.succession.light.as_mut();
        let Some(run) = run.filter(|run| run.handle() == ready.handle) else {
            return Err(Rejection::UnknownEpoch);
        };
        if !run.joining().any(|(place, _)| place == ready.joiner) {
            return Err(Rejection::UnknownSender);
        }
        if run.has_shared() || !run.joiners.take(ready) {
            return Err(Rejection::Replayed);
        }
        self.advance_light(now, rng);
        Ok(())
    }

    /// One that comes in lacks what it is told, or members lack what it has shown, or it lacks what those show who are in there.
    pub(in crate::room) fn hear_missing_join(&mut self, now: Timestamp, missing: &MissingJoin) {
        if self.phase.gathers() {
            self.hear_missing_ready(now, missing);
        }
        let pause = part(self.common.me.times().round_trip, 2);
        let run = self.succession.light.as_mut();
        if let Some(run) = run.filter(|run| run.handle() == missing.handle) {
            if !missing.readies.is_empty() {
                run.joiners.asked = Some(now);
            }
            let welcome = missing.welcome.as_ref();
            let welcome = welcome.and_then(|key| run.joiners.welcome_of(key));
            let may = run.joiners.answered.is_none_or(|at| now.since(at) >= pause);
            if let Some(welcome) = welcome.filter(|_| may) {
                let packet = Packet::Welcome(Box::new(welcome.clone()));
                run.joiners.answered = Some(now);
                self.common.out.answer(&packet);
            }
            self.plan_readies(now, missing);
        }
        self.plan_openings(now, missing);
    }

    /// A newcomer is refused in the light run that is under way: that comes to nothing, unless this member has shared.
    pub(in crate::room) fn end_refused_light(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let run = self.succession.light.as_ref();
        let Some(run) = run.filter(|run| run.has_joiners() && !run.has_shared()) else {
            return;
        };
        let waits = !run.awaited_joiners().is_empty();
        // What members want goes first.
        let is_over = self.is_so(now, |it| {
            it.is_refused_in_light(run) || (waits && it.wants_own_change())
        });
        if is_over {
            self.phase.cut_short();
            let view = run.view();
            self.enter_view(now, view.saturating_add(1), rng);
        }
    }
}
