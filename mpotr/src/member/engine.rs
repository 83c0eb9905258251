//! A room of some suite on some backend, as a value: what is generic ends here.

use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair, Secret, UnsupportedSuite};
use mpotr_core::{
    Event, MessageId, MessageState, Participant, Rejection, Room, RoomConfig, Timestamp, Vote,
    WithRng,
};

use crate::{SuiteVisitor, SystemRng};

/// What a [`Room`] does, for whatever suite.
pub(super) trait Engine: Participant<Event = Event> {
    fn handle_packet(&mut self, now: Timestamp, packet: &[u8]) -> Result<(), Rejection>;
    fn votes(&self) -> Vec<Vote>;
    fn is_secure(&self) -> bool;
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
        Ok(Box::new(room.with_rng(rng)))
    }
}

impl<S: CryptoSuite> Engine for WithRng<S, SystemRng> {
    fn handle_packet(&mut self, now: Timestamp, packet: &[u8]) -> Result<(), Rejection> {
        self.room.handle_message(now, packet, &mut self.rng)
    }

    fn votes(&self) -> Vec<Vote> {
        self.room.votes().cloned().collect()
    }

    fn is_secure(&self) -> bool {
        self.room.is_secure()
    }

    fn message_state(&self, id: &MessageId) -> Option<MessageState> {
        self.room.message_state(id)
    }

    fn export(&self, context: &[u8]) -> Option<Secret<32>> {
        self.room.export(context)
    }
}
