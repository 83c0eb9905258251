//! A room of some suite on some backend, as a value: what is generic ends here.

use mpotr_core::crypto::{CryptoSuite, IdentityKey, IdentityKeyPair, Secret, UnsupportedSuite};
use mpotr_core::gka::EpochName;
use mpotr_core::{
    AttemptId, Carrier, Event, LinkReport, MessageId, MessageState, Policy, PolicyError, Record,
    Rejection, Room, RoomConfig, RoundId, Seen, SendError, SharedSecret, TextId, Timestamp,
    VerifyError, Vote, VoteError,
};

use crate::{SuiteVisitor, SystemRng};

/// What a [`Room`] does, for whatever suite.
pub(super) trait Engine: Send {
    fn handle_packet(&mut self, now: Timestamp, packet: &[u8]) -> Result<(), Rejection>;
    fn handle_packets(&mut self, now: Timestamp, packets: &[&[u8]]) -> Vec<Result<(), Rejection>>;
    fn handle_timeout(&mut self, now: Timestamp);
    fn handle_link(&mut self, now: Timestamp, report: LinkReport);
    fn handle_carrier(&mut self, now: Timestamp, carrier: Carrier);
    fn poll_packet(&mut self) -> Option<Vec<u8>>;
    fn poll_event(&mut self) -> Option<Event>;
    fn poll_record(&mut self) -> Option<Record>;
    fn poll_timeout(&self) -> Option<Timestamp>;
    fn send(&mut self, now: Timestamp, body: Vec<u8>, seen: Seen) -> Result<TextId, SendError>;
    fn release(&mut self, now: Timestamp, text: TextId, seen: Seen) -> Result<(), SendError>;
    fn discard(&mut self, now: Timestamp, text: TextId) -> Option<Vec<u8>>;
    fn takes_texts(&self) -> bool;
    fn admit(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), VoteError>;
    fn exclude(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), VoteError>;
    fn merge(&mut self, now: Timestamp, epoch: EpochName) -> Result<(), VoteError>;
    fn change_policy(&mut self, now: Timestamp, policy: Policy) -> Result<(), PolicyError>;
    fn withdraw(&mut self, now: Timestamp, vote: &Vote) -> bool;
    fn refresh(&mut self, now: Timestamp);
    fn leave(&mut self, now: Timestamp);
    fn stop(&mut self, now: Timestamp);
    fn votes(&self) -> Vec<Vote>;
    fn verify_start(
        &mut self,
        now: Timestamp,
        identity: IdentityKey,
        secret: &SharedSecret,
        question: &str,
    ) -> Result<AttemptId, VerifyError>;
    fn verify_answer(
        &mut self,
        now: Timestamp,
        attempt: AttemptId,
        secret: &SharedSecret,
    ) -> Result<(), VerifyError>;
    fn verify_abort(&mut self, now: Timestamp, attempt: AttemptId);
    fn room_code(&mut self, now: Timestamp) -> Result<RoundId, VerifyError>;
    fn is_secure(&self) -> bool;
    fn has_ended(&self) -> bool;
    fn message_state(&self, id: &MessageId) -> Option<MessageState>;
    fn export(&self, context: &[u8]) -> Option<Secret<32>>;
}

/// Makes the room, once the suite is known as a type.
pub(super) struct Enter {
    pub(super) config: RoomConfig,
    pub(super) identity: IdentityKeyPair,
    pub(super) now: Timestamp,
}

impl SuiteVisitor for Enter {
    type Output = Result<Box<dyn Engine>, UnsupportedSuite>;

    fn visit<S: CryptoSuite>(self) -> Self::Output {
        let Self {
            config,
            identity,
            now,
        } = self;
        let mut rng = SystemRng::default();
        let room = Room::<S>::new(config, identity, now, &mut rng)?;
        Ok(Box::new(On { room, rng }))
    }
}

/// A room and its randomness.
struct On<S: CryptoSuite> {
    room: Room<S>,
    rng: SystemRng,
}

impl<S: CryptoSuite> Engine for On<S> {
    fn handle_packet(&mut self, now: Timestamp, packet: &[u8]) -> Result<(), Rejection> {
        self.room.handle_message(now, packet, &mut self.rng)
    }

    fn handle_packets(&mut self, now: Timestamp, packets: &[&[u8]]) -> Vec<Result<(), Rejection>> {
        self.room.handle_messages(now, packets, &mut self.rng)
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.room.handle_timeout(now, &mut self.rng);
    }

    fn handle_link(&mut self, now: Timestamp, report: LinkReport) {
        self.room.handle_link(now, report);
    }

    fn handle_carrier(&mut self, now: Timestamp, carrier: Carrier) {
        self.room.handle_carrier(now, carrier);
    }

    fn poll_packet(&mut self) -> Option<Vec<u8>> {
        self.room.poll_transmit()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.room.poll_event()
    }

    fn poll_record(&mut self) -> Option<Record> {
        self.room.poll_record()
    }

    fn poll_timeout(&self) -> Option<Timestamp> {
        self.room.poll_timeout()
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

    fn takes_texts(&self) -> bool {
        self.room.takes_texts()
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

    fn change_policy(&mut self, now: Timestamp, policy: Policy) -> Result<(), PolicyError> {
        self.room.change_policy(now, policy)
    }

    fn withdraw(&mut self, now: Timestamp, vote: &Vote) -> bool {
        self.room.withdraw(now, vote)
    }

    fn refresh(&mut self, now: Timestamp) {
        self.room.refresh(now);
    }

    fn leave(&mut self, now: Timestamp) {
        self.room.leave(now);
    }

    fn stop(&mut self, now: Timestamp) {
        self.room.stop(now);
    }

    fn votes(&self) -> Vec<Vote> {
        self.room.votes().cloned().collect()
    }

    fn verify_start(
        &mut self,
        now: Timestamp,
        identity: IdentityKey,
        secret: &SharedSecret,
        question: &str,
    ) -> Result<AttemptId, VerifyError> {
        let Self { room, rng } = self;
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

    fn is_secure(&self) -> bool {
        self.room.is_secure()
    }

    fn has_ended(&self) -> bool {
        self.room.has_ended()
    }

    fn message_state(&self, id: &MessageId) -> Option<MessageState> {
        self.room.message_state(id)
    }

    fn export(&self, context: &[u8]) -> Option<Secret<32>> {
        self.room.export(context)
    }
}
