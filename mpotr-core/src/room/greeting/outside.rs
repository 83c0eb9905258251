//! What a newcomer does at the door: it knocks, and answers who challenges it. `docs/spec/06-epochs.md`, "Newcomers".

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_gka::Challenge;
use mpotr_gka::light::{Hello, Joining};

use super::BETWEEN_ANSWERS;
use crate::error::Rejection;
use crate::room::Room;
use crate::room::lobby::arrivals::Stage;
use crate::room::lobby::neighbours::Name;
use crate::room::lobby::replies::Reply;
use crate::room::lobby::{Lobby, VIEWS_OF_AN_OFFER};
use crate::room::membership::applicants::admitted;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Answer, Packet};

/// Who has answered a challenge is listed after some three round trips, as a rule; after so many it knocks again.
const UNLISTED: u32 = 5;

impl<S: CryptoSuite> Room<S> {
    /// Answers a challenge, or keeps it for a moment.
    pub(super) fn answer_hello(
        &mut self,
        now: Timestamp,
        challenge: &Challenge,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        let cx = &mut self.common.at(now);
        // How many are in there it does not say, so that the application is told when an advert comes.
        let (names, votes) = ((challenge.epoch, &[][..]), BTreeSet::new());
        let heard = self.lobby.hear_of(cx, names, rng.next_u64(), &votes);
        let is_own = self.lobby.neighbours.is_own(challenge.epoch);
        // Who comes in by a light run needs no place for the name.
        if heard == Name::Dropped && (is_own || challenge.light.is_none()) {
            return Err(Rejection::UnknownEpoch);
        }
        if self.lobby.arrivals.has_come_into(challenge.epoch) {
            // It is in there, if not by the word of all.
            return Err(Rejection::Replayed);
        }
        self.lobby.hold_back(cx);
        self.plan_proposal(now);
        let lifetime = self.lifetime_of_answer(now);
        let times = self.common.me.times();
        let offering = &self.lobby.offering;
        let parent = Some(challenge.epoch);
        let offer = offering.current(now, parent, lifetime);
        let offer = offer
            .and_then(|_| offering.own(parent))
            .map(|own| own.digest);
        let offer = match &challenge.light {
            None => offer,
            Some(hello) => self.lobby.arrivals.asked(hello),
        };
        let pause = part(times.gather, BETWEEN_ANSWERS);
        let replies = &mut self.lobby.replies;
        match replies.to(now, &challenge.epoch, &challenge.key, offer, pause) {
            Reply::None => Err(Rejection::Replayed),
            Reply::Later => {
                let is_sound = || challenge.check::<S>().is_some();
                let due = replies.keep(challenge, rng.next_u64(), pause, is_sound);
                let due = due.ok_or(Rejection::Replayed)?;
                self.common.timers.set_earlier(Timer::Door, due);
                Ok(())
            }
            Reply::Again(packet) => {
                self.common.out.transmit(&packet);
                self.await_listing(now);
                Ok(())
            }
            Reply::Fresh => self.answer(now, challenge, rng),
        }
    }

    /// Answers the challenges that came a moment after others.
    pub(super) fn answer_waiting(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let pause = part(self.common.me.times().gather, BETWEEN_ANSWERS);
        for challenge in self.lobby.replies.take_waiting(now, pause) {
            if challenge.light.is_some() || self.lobby.follows(Some(challenge.epoch)) {
                // It was looked at when it came.
                let _answered = self.answer(now, &challenge, rng);
            }
        }
        if let Some(next) = self.lobby.replies.next_waiting(pause) {
            self.common.timers.set(Timer::Door, next);
        }
    }

    /// Answers a challenge, with an offer for its epoch: a fresh one, unless there is one that may be listed by now.
    fn answer(
        &mut self,
        now: Timestamp,
        challenge: &Challenge,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        let checked = challenge.check::<S>().ok_or(Rejection::NotAuthentic)?;
        if let Some(hello) = &challenge.light {
            return self.ask_in(now, challenge, hello, rng);
        }
        let parent = Some(challenge.epoch);
        let lifetime = self.lifetime_of_answer(now);
        let me = &self.common.me;
        if self.lobby.offering.current(now, parent, lifetime).is_none() {
            self.lobby.renew_offer(me, now, parent, rng);
        }
        let own = self.lobby.offering.own(parent);
        let own = own.ok_or(Rejection::UnknownEpoch)?;
        let digest = own.digest;
        let proof = checked.prove(&digest, &*me.identity, rng);
        let signed = challenge.signed_by_joiner::<S>(&digest);
        let answer = Answer {
            offer: own.member.offer().clone(),
            challenge: challenge.key,
            signature: own.secrets.ephemeral().sign(&signed),
            // An invented member has no secret by which to answer a challenge of who is there.
            proof: proof.ok_or(Rejection::NotAuthentic)?,
        };
        let packet = Packet::Answer(Box::new(answer));
        self.common.out.transmit(&packet);
        let replies = &mut self.lobby.replies;
        replies.note(now, challenge.epoch, (challenge.key, digest), packet);
        self.await_listing(now);
        Ok(())
    }

    /// How long an offer answers challenges. One whose identity is inside asks by each offer whether that one lives: who has objected to
    /// one, and died since, is asked by the next.
    fn lifetime_of_answer(&mut self, now: Timestamp) -> Duration {
        let times = self.common.me.times();
        if self.lobby.doubles.is_inside(now, times.fresh()) {
            times.view.saturating_mul(VIEWS_OF_AN_OFFER)
        } else {
            Lobby::lifetime(&self.common.at(now))
        }
    }

    /// Answers a challenge of one who lets in by light runs: with a fresh offer, sealed for that one.
    fn ask_in(
        &mut self,
        now: Timestamp,
        challenge: &Challenge,
        hello: &Hello,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        if let Some(arrival) = self.lobby.arrivals.answered(hello) {
            // By the same offer, if nothing has come of it so far.
            let Stage::Asked(joining) = &arrival.stage else {
                return Err(Rejection::Replayed);
            };
            let packet = Packet::JoinRequest(Box::new(joining.request().clone()));
            let answered = (challenge.key, admitted::<S>(joining.offer()).offer);
            self.common.out.transmit(&packet);
            let replies = &mut self.lobby.replies;
            replies.note(now, challenge.epoch, answered, packet);
            self.await_listing(now);
            return Ok(());
        }
        let me = &self.common.me;
        // An invented identity comes in where its inventor lets it.
        let joining = Joining::answer(hello, me.config.room, &*me.identity, rng);
        let joining = joining.map_err(|_offer| Rejection::NotAuthentic)?;
        let packet = Packet::JoinRequest(Box::new(joining.request().clone()));
        let digest = admitted::<S>(joining.offer()).offer;
        self.lobby.arrivals.ask(now, challenge.epoch, joining);
        self.common.out.transmit(&packet);
        let replies = &mut self.lobby.replies;
        replies.note(now, challenge.epoch, (challenge.key, digest), packet);
        self.await_listing(now);
        Ok(())
    }

    /// This member has answered a challenge: if nobody lists it, it knocks again, as others did not hear the answer, it may be.
    fn await_listing(&mut self, now: Timestamp) {
        let times = self.common.me.times();
        let first = times.round_trip.saturating_mul(UNLISTED);
        let wait = self.common.timers.backed_off(Timer::Knock, first);
        let again = now.after(wait.min(times.advertise));
        self.common.timers.set(Timer::Knock, again);
    }

    /// Knocks again, more and more seldom, unless a run is under way by now.
    pub(in crate::room) fn knock_again(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let round_trip = self.common.me.times().round_trip;
        let is_listed = self.succession.current.is_some()
            || !self.lobby.turns.pending.is_empty()
            || self.lobby.arrivals.is_any_coming(now, round_trip);
        if !self.phase.gathers() {
            return;
        }
        // Its person may be asked still about those of whom it was told.
        self.look_at_welcomes(now);
        if is_listed {
            return self.await_listing(now);
        }
        self.knock(rng);
        self.lobby.note_knock(now);
        self.common.timers.note_repetition(Timer::Knock);
        self.await_listing(now);
    }
}
