//! One member's part in one room, for what runs it and does not know how it is made.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};

use crate::carrier::{CarrierNews, LinkReport};
use crate::error::{Rejection, SendError, VerifyError, VoteError};
use crate::event::{Event, TextId};
use crate::policy::Policy;
use crate::record::Record;
use crate::room::Room;
use crate::room::last_heard::LastHeard;
use crate::room::trust::secret::SharedSecret;
use crate::seen::Seen;
use crate::time::Timestamp;
use crate::wire::{AttemptId, EpochName, RoundId, Vote};

/// One member's part in one room, as a driver runs it: it does no IO and reads no clock. All inputs are calls, all outputs are
/// polled.
///
/// `mpotr::Member` is one, for programs; [`WithRng`] is another, for a suite of one's own and for runs that are repeated.
pub trait Participant: Send + 'static {
    /// What it tells the application.
    type Event: Send + 'static;

    /// Takes packets that came from the channel, from anyone and in any order. Says of each why it changed nothing, if so.
    fn handle_packets(&mut self, now: Timestamp, packets: &[&[u8]]) -> Vec<Result<(), Rejection>>;

    /// To be called at [`Participant::poll_timeout`], or later.
    fn handle_timeout(&mut self, now: Timestamp);

    /// What the link to the channel says of itself.
    fn handle_link(&mut self, now: Timestamp, report: LinkReport);

    /// What became of the carrier. After [`CarrierNews::Closed`] it tells what became of each text, and of no departure.
    fn handle_carrier(&mut self, now: Timestamp, news: CarrierNews);

    /// The next packet for everyone in the channel. Taken when the channel can send it, and not before.
    fn poll_packet(&mut self) -> Option<Vec<u8>>;

    /// The next thing that the application should know.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// The next thing that belongs in a transcript, to be kept before the events that are polled next are shown.
    fn poll_record(&mut self) -> Option<Record>;

    /// When to call [`Participant::handle_timeout`]; none for not before something else happens.
    fn poll_timeout(&self) -> Option<Timestamp>;

    /// Whether this event tells that the member has left. None follows it.
    fn is_end(&self, event: &Self::Event) -> bool;

    /// Whether the member has left: no call does anything from then on.
    fn has_ended(&self) -> bool;

    /// Whether [`Participant::send`] takes a text of any length.
    fn takes_texts(&self) -> bool;

    /// Takes a text for the roster that its author has `seen`.
    ///
    /// # Errors
    /// Why it was not taken.
    fn send(&mut self, now: Timestamp, body: Vec<u8>, seen: Seen) -> Result<TextId, SendError>;

    /// Lets a text leave that is held.
    ///
    /// # Errors
    /// It is not held, or stays so for a reason.
    fn release(&mut self, now: Timestamp, text: TextId, seen: Seen) -> Result<(), SendError>;

    /// Takes a text back that waits or is held, and gives it back.
    fn discard(&mut self, now: Timestamp, text: TextId) -> Option<Vec<u8>>;

    /// Asks that a person be let in.
    ///
    /// # Errors
    /// Nothing has changed.
    fn admit(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), VoteError>;

    /// Asks that a member be left out of the next epoch.
    ///
    /// # Errors
    /// Nothing has changed.
    fn exclude(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), VoteError>;

    /// Asks that this room and another become one.
    ///
    /// # Errors
    /// Nothing has changed.
    fn merge(&mut self, now: Timestamp, epoch: EpochName) -> Result<(), VoteError>;

    /// Asks for other rules.
    ///
    /// # Errors
    /// Nothing has changed.
    fn change_policy(&mut self, now: Timestamp, policy: Policy) -> Result<(), VoteError>;

    /// Takes back what this member asked for.
    ///
    /// # Errors
    /// There was nothing to take back.
    fn withdraw(&mut self, now: Timestamp, vote: &Vote) -> Result<(), VoteError>;

    /// Asks for an epoch with fresh keys.
    fn refresh(&mut self, now: Timestamp);

    /// Asks the person of another member whether it knows the same secret.
    ///
    /// # Errors
    /// The attempt has not begun.
    fn verify_start(
        &mut self,
        now: Timestamp,
        identity: IdentityKey,
        secret: &SharedSecret,
        question: &str,
    ) -> Result<AttemptId, VerifyError>;

    /// Answers a member that asks so.
    ///
    /// # Errors
    /// Nothing was answered.
    fn verify_answer(
        &mut self,
        now: Timestamp,
        attempt: AttemptId,
        secret: &SharedSecret,
    ) -> Result<(), VerifyError>;

    /// Gives an attempt up.
    fn verify_abort(&mut self, now: Timestamp, attempt: AttemptId);

    /// Takes part in a round of the room's code, or begins one.
    ///
    /// # Errors
    /// There is no epoch, or nothing can be written now.
    fn room_code(&mut self, now: Timestamp) -> Result<RoundId, VerifyError>;

    /// How long ago others were heard.
    fn last_heard(&self, now: Timestamp) -> LastHeard;

    /// Leaves in order.
    fn leave(&mut self, now: Timestamp);

    /// Leaves in order if the room is secure and not being left yet, or else at once.
    fn stop(&mut self, now: Timestamp);
}

/// A [`Room`] with the randomness that it draws on.
#[derive(Debug)]
pub struct WithRng<S: CryptoSuite, R> {
    /// The room.
    pub room: Room<S>,
    /// The randomness.
    pub rng: R,
    /// Whether the carrier is lost for good.
    is_lost: bool,
}

impl<S: CryptoSuite> Room<S> {
    /// This room as a [`Participant`], which draws on `rng`.
    pub const fn with_rng<R: CryptoRng>(self, rng: R) -> WithRng<S, R> {
        WithRng {
            room: self,
            rng,
            is_lost: false,
        }
    }
}

impl<S: CryptoSuite, R: CryptoRng + Send + 'static> Participant for WithRng<S, R> {
    type Event = Event;

    fn handle_packets(&mut self, now: Timestamp, packets: &[&[u8]]) -> Vec<Result<(), Rejection>> {
        self.room.handle_messages(now, packets, &mut self.rng)
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.room.handle_timeout(now, &mut self.rng);
    }

    fn handle_link(&mut self, now: Timestamp, report: LinkReport) {
        self.room.handle_link(now, report);
    }

    fn handle_carrier(&mut self, now: Timestamp, news: CarrierNews) {
        match news {
            CarrierNews::Lost { .. } => {}
            CarrierNews::Back { carrier } => self.room.handle_carrier(now, carrier),
            CarrierNews::Closed { .. } => {
                // Nobody hears what the room says now, but the application learns what became of each text.
                self.is_lost = true;
                self.room.leave(now);
                self.room.stop(now);
            }
        }
    }

    fn poll_packet(&mut self) -> Option<Vec<u8>> {
        self.room.poll_transmit()
    }

    fn poll_event(&mut self) -> Option<Event> {
        loop {
            let event = self.room.poll_event()?;
            if !(self.is_lost && self.is_end(&event)) {
                return Some(event);
            }
        }
    }

    fn poll_record(&mut self) -> Option<Record> {
        self.room.poll_record()
    }

    fn poll_timeout(&self) -> Option<Timestamp> {
        self.room.poll_timeout()
    }

    fn is_end(&self, event: &Event) -> bool {
        matches!(event, Event::Ended(_))
    }

    fn has_ended(&self) -> bool {
        self.room.has_ended()
    }

    fn takes_texts(&self) -> bool {
        self.room.takes_texts()
    }

    fn send(&mut self, now: Timestamp, body: Vec<u8>, seen: Seen) -> Result<TextId, SendError> {
        self.room.send(now, body, seen)
    }

    fn release(&mut self, now: Timestamp, text: TextId, seen: Seen) -> Result<(), SendError> {
        self.room.release(now, text, seen)
    }

    fn discard(&mut self, now: Timestamp, text: TextId) -> Option<Vec<u8>> {
        self.room.discard(now, text)
    }

    fn admit(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), VoteError> {
        self.room.admit(now, identity)
    }

    fn exclude(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), VoteError> {
        self.room.exclude(now, identity)
    }

    fn merge(&mut self, now: Timestamp, epoch: EpochName) -> Result<(), VoteError> {
        self.room.merge(now, epoch)
    }

    fn change_policy(&mut self, now: Timestamp, policy: Policy) -> Result<(), VoteError> {
        Ok(self.room.change_policy(now, policy)?)
    }

    fn withdraw(&mut self, now: Timestamp, vote: &Vote) -> Result<(), VoteError> {
        let was_asked_for = self.room.withdraw(now, vote);
        was_asked_for.then_some(()).ok_or(VoteError::NoSuchVote)
    }

    fn refresh(&mut self, now: Timestamp) {
        self.room.refresh(now);
    }

    fn verify_start(
        &mut self,
        now: Timestamp,
        identity: IdentityKey,
        secret: &SharedSecret,
        question: &str,
    ) -> Result<AttemptId, VerifyError> {
        let Self { room, rng, .. } = self;
        room.verify_start(now, identity, secret, question, rng)
    }

    fn verify_answer(
        &mut self,
        now: Timestamp,
        attempt: AttemptId,
        secret: &SharedSecret,
    ) -> Result<(), VerifyError> {
        self.room.verify_answer(now, attempt, secret, &mut self.rng)
    }

    fn verify_abort(&mut self, now: Timestamp, attempt: AttemptId) {
        self.room.verify_abort(now, attempt, &mut self.rng);
    }

    fn room_code(&mut self, now: Timestamp) -> Result<RoundId, VerifyError> {
        self.room.room_code(now, &mut self.rng)
    }

    fn last_heard(&self, now: Timestamp) -> LastHeard {
        self.room.last_heard(now)
    }

    fn leave(&mut self, now: Timestamp) {
        self.room.leave(now);
    }

    fn stop(&mut self, now: Timestamp) {
        self.room.stop(now);
    }
}
