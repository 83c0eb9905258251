//! Finding out who is who: what the application asks for, and what follows from what others say. `docs/spec/13-trust.md`.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};

use super::Room;
use super::trust::secret::SharedSecret;
use super::trust::{Heard, Place};
use crate::epoch::Epoch;
use crate::error::VerifyError;
#[cfg(doc)]
use crate::event::Event;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{AttemptId, ContentKind, MAX_QUESTION, MessageId, RoundId};

impl<S: CryptoSuite> Room<S> {
    /// Asks the person of another member whether it knows the same secret: [`Event::SecretResult`] tells. The question is
    /// shown there, and every member can read it.
    ///
    /// # Errors
    /// The attempt has not begun.
    pub fn verify_start(
        &mut self,
        now: Timestamp,
        identity: IdentityKey,
        secret: &SharedSecret,
        question: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<AttemptId, VerifyError> {
        if identity == self.common.me.public() {
            return Err(VerifyError::Yourself);
        }
        if question.len() > MAX_QUESTION {
            return Err(VerifyError::LongQuestion);
        }
        let roster = self.roster_to_verify()?;
        let with = roster.iter().position(|member| *member == identity);
        let with = with.and_then(|place| u16::try_from(place).ok());
        let with = with.ok_or(VerifyError::NoSuchMember)?;
        let asked = (with, secret, question.to_owned());
        let place = self.place(&roster).ok_or(VerifyError::NotSecure)?;
        let attempt = self.trust.start(now, &place, asked, rng)?;
        self.attend_trust(now, rng);
        Ok(attempt)
    }

    /// Answers [`Event::SecretAsked`] by what the person has typed: one guess.
    ///
    /// # Errors
    /// Nothing was answered.
    pub fn verify_answer(
        &mut self,
        now: Timestamp,
        attempt: AttemptId,
        secret: &SharedSecret,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), VerifyError> {
        let roster = self.roster_to_verify()?;
        let place = self.place(&roster).ok_or(VerifyError::NotSecure)?;
        let told = self.trust.answer(&place, attempt, secret, rng)?;
        self.common.out.events.extend(told);
        self.attend_trust(now, rng);
        Ok(())
    }

    /// Gives an attempt up, which counts as a failure on both sides.
    pub fn verify_abort(&mut self, now: Timestamp, attempt: AttemptId, rng: &mut dyn CryptoRng) {
        let told = self.trust.give_up(attempt);
        self.common.out.events.extend(told);
        self.attend_trust(now, rng);
    }

    /// Takes part in a round of the room's code, which it begins if none is under way: [`Event::Code`] or
    /// [`Event::CodeFailed`] tells what comes of it.
    ///
    /// # Errors
    /// [`VerifyError::NotSecure`], [`VerifyError::Busy`].
    pub fn room_code(
        &mut self,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<RoundId, VerifyError> {
        let roster = self.roster_to_verify()?;
        let place = self.place(&roster).ok_or(VerifyError::NotSecure)?;
        let round = self.trust.ask_code(now, &place, rng);
        self.attend_trust(now, rng);
        Ok(round)
    }

    /// Attends to what others have said, and says what follows, until nothing does.
    pub(super) fn attend_trust(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        loop {
            while let Some(heard) = self.trust.next_heard() {
                self.attend(now, &heard, rng);
            }
            if !self.seal_trust(now) {
                break;
            }
            self.after_input(now);
        }
        let round_trip = self.common.me.times().round_trip;
        match self.trust.deadline(round_trip) {
            Some(deadline) => self.common.timers.set(Timer::Trust, deadline),
            None => self.common.timers.stop(Timer::Trust),
        }
    }

    /// Gives up what has taken too long.
    pub(super) fn expire_trust(&mut self, now: Timestamp) {
        let roster = self.roster();
        if let Some(place) = self.place(&roster) {
            let told = self.trust.time_out(now, &place);
            self.common.out.events.extend(told);
        }
    }

    fn attend(&mut self, now: Timestamp, heard: &Heard, rng: &mut dyn CryptoRng) {
        let roster = self.roster();
        let Some(place) = self.place(&roster) else {
            return;
        };
        let Some(epoch) = self.phase.epoch() else {
            return;
        };
        let has_all = |ids: &[MessageId]| epoch.come_before(ids, &heard.id);
        let told = self.trust.attend(now, &place, heard, has_all, rng);
        self.common.out.events.extend(told);
    }

    /// Seals what is to be said. Returns whether anything was.
    fn seal_trust(&mut self, now: Timestamp) -> bool {
        if !self.trust.is_any_waiting() || !self.may_say_trust() {
            return false;
        }
        let mut sealed_any = false;
        while let Some(message) = self.trust.next_to_seal() {
            let body = message.to_bytes();
            let sealed = self.in_epoch(now, |member, cx, _, _| {
                let sealed = member.epoch.seal_content(ContentKind::Trust, body).ok();
                cx.out.write(sealed.map(|(_, _, packet)| packet));
            });
            sealed_any |= sealed.is_some();
        }
        sealed_any
    }

    /// Whether this member may write a message of trust now: as it may write a text.
    fn may_say_trust(&self) -> bool {
        self.phase.member().is_some_and(|member| {
            let epoch = &member.epoch;
            !epoch.is_frozen()
                && epoch.is_present(epoch.me())
                && !member.talk.is_expired
                && !member.withholds_texts(&self.votes)
        })
    }

    /// The roster of an epoch in which the application can ask who is who now.
    fn roster_to_verify(&self) -> Result<Vec<IdentityKey>, VerifyError> {
        let Some(epoch) = self.phase.epoch() else {
            return Err(VerifyError::NotSecure);
        };
        match self.may_say_trust() && !epoch.is_alone() {
            true => Ok(self.roster()),
            false => Err(VerifyError::Busy),
        }
    }

    fn roster(&self) -> Vec<IdentityKey> {
        let roster = self.phase.epoch().map(Epoch::roster);
        roster.into_iter().flatten().collect()
    }

    fn place<'a>(&self, roster: &'a [IdentityKey]) -> Option<Place<'a>> {
        let epoch = self.phase.epoch()?;
        Some(Place {
            sid: epoch.sid(),
            me: epoch.me().get(),
            my_identity: self.common.me.public(),
            roster,
            round_trip: self.common.me.times().round_trip,
        })
    }
}
