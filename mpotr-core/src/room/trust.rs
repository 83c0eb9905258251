//! Who is who: the rounds of the room's code, and the attempts of two members to find out whether they share a secret.
//! `docs/spec/13-trust.md`.
//!
//! What was heard waits here until the room attends to it, since an answer may need randomness. Everything but the counts of
//! failures ends with its epoch.

mod attempts;
pub(crate) mod code;
mod round;
pub(crate) mod secret;

use std::collections::VecDeque;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{MemberIndex, Sid};

use crate::error::VerifyError;
use crate::event::Event;
use crate::time::{Duration, Timestamp};
use crate::wire::{AttemptId, MessageId, RoundId, TrustMessage};
use attempts::Attempts;
use round::Rounds;
use secret::SharedSecret;

/// Where in which epoch this member is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) sid: Sid,
    pub(super) me: u16,
    pub(super) my_identity: IdentityKey,
    /// In cycle order.
    pub(super) roster: &'a [IdentityKey],
    /// How long a word and its answer take.
    pub(super) round_trip: Duration,
}

impl Place<'_> {
    fn identity(&self, place: u16) -> Option<IdentityKey> {
        self.roster.get(usize::from(place)).copied()
    }
}

/// What follows from something that was heard or asked for.
#[derive(Debug)]
pub(super) enum Step {
    /// To be said to the others.
    Say(TrustMessage),
    /// To be told to the application.
    Tell(Event),
}

/// A message of trust that was delivered.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) id: MessageId,
    pub(super) author: MemberIndex,
    pub(super) body: Vec<u8>,
}

/// What a member knows of who is who in its epoch.
pub(super) struct Trust<S: CryptoSuite> {
    /// Delivered, and not attended to yet.
    heard: VecDeque<Heard>,
    /// To be sealed in this epoch, or never.
    waiting: VecDeque<TrustMessage>,
    rounds: Rounds,
    attempts: Attempts<S>,
}

impl<S: CryptoSuite> Default for Trust<S> {
    fn default() -> Self {
        Self {
            heard: VecDeque::new(),
            waiting: VecDeque::new(),
            rounds: Rounds::default(),
            attempts: Attempts::default(),
        }
    }
}

impl<S: CryptoSuite> Trust<S> {
    /// Takes what was delivered in the epoch.
    pub(super) fn hear(&mut self, heard: Vec<Heard>) {
        self.heard.extend(heard);
    }

    /// The next message to attend to.
    pub(super) fn next_heard(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }

    /// The next message to seal.
    pub(super) fn next_to_seal(&mut self) -> Option<TrustMessage> {
        self.waiting.pop_front()
    }

    /// Whether anything waits to be sealed.
    pub(super) fn is_any_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The person asks for a code.
    pub(super) fn ask_code(
        &mut self,
        now: Timestamp,
        place: &Place<'_>,
        rng: &mut dyn CryptoRng,
    ) -> RoundId {
        let mut new = [0; RoundId::LENGTH];
        rng.fill_bytes(&mut new);
        let new = RoundId::new(new);
        let (round, steps) = self.rounds.ask::<S>(now, place, new, rng);
        self.say_all(steps);
        round
    }

    /// The person asks another's, who has this place.
    ///
    /// # Errors
    /// [`VerifyError::Busy`], [`VerifyError::NoSuchMember`].
    pub(super) fn start(
        &mut self,
        now: Timestamp,
        place: &Place<'_>,
        asked: (u16, &SharedSecret, String),
        rng: &mut dyn CryptoRng,
    ) -> Result<AttemptId, VerifyError> {
        let (attempt, step) = self.attempts.start(now, place, asked, rng)?;
        self.say_all(vec![step]);
        Ok(attempt)
    }

    /// The person answers.
    ///
    /// # Errors
    /// [`VerifyError::NoSuchAttempt`].
    pub(super) fn answer(
        &mut self,
        place: &Place<'_>,
        attempt: AttemptId,
        secret: &SharedSecret,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Event>, VerifyError> {
        let steps = self.attempts.answer(place, attempt, secret, rng)?;
        Ok(self.say_all(steps))
    }

    /// The person gives an attempt up.
    pub(super) fn give_up(&mut self, attempt: AttemptId) -> Vec<Event> {
        let steps = self.attempts.give_up(attempt);
        self.say_all(steps)
    }

    /// Attends to a message. `has_all` tells whether its author had these messages when it wrote it.
    pub(super) fn attend(
        &mut self,
        now: Timestamp,
        place: &Place<'_>,
        heard: &Heard,
        has_all: impl FnOnce(&[MessageId]) -> bool,
        rng: &mut dyn CryptoRng,
    ) -> Vec<Event> {
        // Bytes that are no message of trust count for nothing.
        let Ok(message) = TrustMessage::from_bytes(&heard.body) else {
            return Vec::new();
        };
        let from = heard.author.get();
        let is_own = from == place.me;
        let steps = match message {
            TrustMessage::Commit { round, commitment } => {
                let said = (round, commitment);
                let from = (from, heard.id);
                self.rounds
                    .hear_commitment::<S>(now, place, from, said, rng)
            }
            TrustMessage::Reveal { round, nonce } => {
                let said = (round, nonce);
                self.rounds.hear_nonce::<S>(place, from, said, has_all)
            }
            // What this member says of an attempt was noted when it said it.
            TrustMessage::Start { .. }
            | TrustMessage::Answer { .. }
            | TrustMessage::Result { .. }
            | TrustMessage::Abort { .. }
                if is_own =>
            {
                Vec::new()
            }
            TrustMessage::Start {
                attempt,
                to,
                share,
                question,
            } if to == place.me => {
                let asked = (share, question);
                self.attempts.hear_start(now, place, from, attempt, asked)
            }
            TrustMessage::Start { .. } => Vec::new(),
            TrustMessage::Answer {
                attempt,
                share,
                confirmation,
            } => {
                let answer = (share, confirmation);
                self.attempts.hear_answer(place, from, attempt, answer)
            }
            TrustMessage::Result {
                attempt,
                confirmation,
            } => self
                .attempts
                .hear_result(place, from, attempt, confirmation),
            TrustMessage::Abort { attempt } => self.attempts.hear_abort(place, from, attempt),
        };
        self.say_all(steps)
    }

    /// When something has taken too long.
    pub(super) fn deadline(&self, round_trip: Duration) -> Option<Timestamp> {
        let round = self.rounds.deadline(round_trip);
        let attempt = self.attempts.deadline();
        round.into_iter().chain(attempt).min()
    }

    /// Gives up what has taken too long.
    pub(super) fn time_out(&mut self, now: Timestamp, place: &Place<'_>) -> Vec<Event> {
        let mut steps = self.attempts.time_out(now);
        let deadline = self.rounds.deadline(place.round_trip);
        if deadline.is_some_and(|deadline| deadline <= now) {
            steps.extend(self.rounds.time_out(place));
        }
        self.say_all(steps)
    }

    /// The epoch is over for this member.
    pub(super) fn end_epoch(&mut self) -> Vec<Event> {
        self.heard.clear();
        self.waiting.clear();
        let round = self.rounds.end();
        let attempts = self.attempts.end_all();
        round.into_iter().chain(attempts).collect()
    }

    /// Lets wait what is to be said. Returns what is to be told.
    fn say_all(&mut self, steps: Vec<Step>) -> Vec<Event> {
        let mut told = Vec::new();
        for step in steps {
            match step {
                Step::Say(message) => self.waiting.push_back(message),
                Step::Tell(event) => told.push(event),
            }
        }
        told
    }
}

#[cfg(test)]
mod tests;
