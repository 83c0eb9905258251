//! A member as a driver runs it.

use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::EpochName;
use mpotr_core::{
    AttemptId, CarrierNews, LastHeard, LinkReport, Participant, Policy, Record, Rejection, RoundId,
    Seen, SendError, SharedSecret, TextId, Timestamp, VerifyError, Vote, VoteError,
};

use super::Member;
use crate::event::{Ended, Event, Told};

impl Participant for Member {
    type Event = Event;

    fn handle_packets(&mut self, now: Timestamp, packets: &[&[u8]]) -> Vec<Result<(), Rejection>> {
        self.handle_packets(now.as_millis(), packets)
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.handle_timeout(now.as_millis());
    }

    fn handle_link(&mut self, now: Timestamp, report: LinkReport) {
        self.handle_link(now.as_millis(), report);
    }

    fn handle_carrier(&mut self, now: Timestamp, news: CarrierNews) {
        if let CarrierNews::Closed { .. } = news {
            self.now = self.now.max(now.as_millis());
            self.is_lost = true;
            self.close();
        }
        self.handle_carrier(now.as_millis(), news);
    }

    fn poll_packet(&mut self) -> Option<Vec<u8>> {
        self.poll_packet()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.poll_event()
    }

    fn poll_record(&mut self) -> Option<Record> {
        self.poll_record()
    }

    fn poll_timeout(&self) -> Option<Timestamp> {
        self.poll_timeout().map(Timestamp::from_millis)
    }

    fn is_end(&self, event: &Event) -> bool {
        matches!(event.told, Told::Ended(Ended::Ended(_)))
    }

    fn has_ended(&self) -> bool {
        self.has_ended()
    }

    fn takes_texts(&self) -> bool {
        self.takes_texts()
    }

    fn send(&mut self, now: Timestamp, body: Vec<u8>, seen: Seen) -> Result<TextId, SendError> {
        self.send(now.as_millis(), body, seen)
    }

    fn release(&mut self, now: Timestamp, text: TextId, seen: Seen) -> Result<(), SendError> {
        self.release(now.as_millis(), text, seen)
    }

    fn discard(&mut self, now: Timestamp, text: TextId) -> Option<Vec<u8>> {
        self.discard(now.as_millis(), text)
    }

    fn admit(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), VoteError> {
        self.admit(now.as_millis(), identity)
    }

    fn exclude(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), VoteError> {
        self.exclude(now.as_millis(), identity)
    }

    fn merge(&mut self, now: Timestamp, epoch: EpochName) -> Result<(), VoteError> {
        self.merge(now.as_millis(), epoch)
    }

    fn change_policy(&mut self, now: Timestamp, policy: Policy) -> Result<(), VoteError> {
        self.change_policy(now.as_millis(), policy)
    }

    fn withdraw(&mut self, now: Timestamp, vote: &Vote) -> Result<(), VoteError> {
        self.withdraw(now.as_millis(), vote)
    }

    fn refresh(&mut self, now: Timestamp) {
        self.refresh(now.as_millis());
    }

    fn verify_start(
        &mut self,
        now: Timestamp,
        identity: IdentityKey,
        secret: &SharedSecret,
        question: &str,
    ) -> Result<AttemptId, VerifyError> {
        self.verify_start(now.as_millis(), identity, secret, question)
    }

    fn verify_answer(
        &mut self,
        now: Timestamp,
        attempt: AttemptId,
        secret: &SharedSecret,
    ) -> Result<(), VerifyError> {
        self.verify_answer(now.as_millis(), attempt, secret)
    }

    fn verify_abort(&mut self, now: Timestamp, attempt: AttemptId) {
        self.verify_abort(now.as_millis(), attempt);
    }

    fn room_code(&mut self, now: Timestamp) -> Result<RoundId, VerifyError> {
        self.room_code(now.as_millis())
    }

    fn last_heard(&self, now: Timestamp) -> LastHeard {
        self.last_heard(now.as_millis())
    }

    fn leave(&mut self, now: Timestamp) {
        self.leave(now.as_millis());
    }

    fn stop(&mut self, now: Timestamp) {
        self.stop(now.as_millis());
    }
}
