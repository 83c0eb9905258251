//! Members.

use mpotr::crypto::zeroize::Zeroizing;
use mpotr::json::{Hex, SeenJson};
use mpotr_json::{Failure, JsonMember, Params};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::identity::Identity;
use crate::thrown;

/// One member's part in one room.
#[derive(Debug)]
#[wasm_bindgen]
pub struct Member(JsonMember);

fn opened(options: &str, identity: &Identity, now: u64) -> Result<JsonMember, Failure> {
    JsonMember::open(Params::parse(options.as_bytes())?, identity.copy()?, now)
}

#[wasm_bindgen]
impl Member {
    /// Enters a room.
    ///
    /// # Errors
    /// An option is wrong.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, identity: &Identity, now: u64) -> Result<Self, String> {
        opened(options, identity, now).map(Self).map_err(thrown)
    }

    /// The public key of its identity.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.member().identity().to_string()
    }

    /// What a channel is joined by.
    #[must_use]
    pub fn room_id(&self) -> Vec<u8> {
        self.0.member().room_id().as_bytes().to_vec()
    }

    /// Takes a packet, or says why it changed nothing.
    pub fn handle_packet(&mut self, now: u64, packet: &[u8]) -> Option<String> {
        let rejection = self.0.handle_packet(now, packet).err()?;
        Some(rejection.code().to_owned())
    }

    /// To be called when it is due.
    pub fn handle_timeout(&mut self, now: u64) {
        self.0.member_mut().handle_timeout(now);
    }

    /// The next packet for everyone else in the channel.
    pub fn poll_packet(&mut self) -> Option<Vec<u8>> {
        self.0.member_mut().poll_packet()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<String> {
        Some(self.0.poll_event()?.to_string())
    }

    /// The next piece of the transcript.
    pub fn poll_record(&mut self) -> Option<Vec<u8>> {
        self.0.poll_record()
    }

    /// When something is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.0.member().poll_timeout()
    }

    /// Whether its part is over.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.member().has_ended()
    }

    /// Sends a text.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn send(&mut self, now: u64, body: &[u8], seen: &str) -> Result<u64, String> {
        let SeenJson(seen) = Params::one("seen", seen).map_err(thrown)?;
        let text = self.0.send(now, body, seen).map_err(thrown)?;
        Ok(text.number())
    }

    /// Asks another member's person whether it knows the same secret.
    ///
    /// # Errors
    /// The attempt has not begun.
    pub fn verify_start(
        &mut self,
        now: u64,
        identity: &str,
        secret: &[u8],
        question: &str,
    ) -> Result<String, String> {
        let Hex(identity) = Params::one("identity", identity).map_err(thrown)?;
        let started = self.0.verify_start(now, identity, secret, question);
        Ok(started.map_err(thrown)?.to_string())
    }

    /// Answers by what this person has typed.
    ///
    /// # Errors
    /// Nothing was answered.
    pub fn verify_answer(&mut self, now: u64, attempt: &str, secret: &[u8]) -> Result<(), String> {
        let Hex(attempt) = Params::one("attempt", attempt).map_err(thrown)?;
        let answered = self.0.verify_answer(now, attempt, secret);
        answered.map_err(thrown)
    }

    /// A secret of the epoch in force, if there is one.
    #[must_use]
    pub fn export(&self, context: &[u8]) -> Option<Vec<u8>> {
        let mut secret = Zeroizing::new([0; 32]);
        self.0.export(context, &mut secret).then(|| secret.to_vec())
    }

    /// Calls a method of `mpotr rpc` by its name.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn call(&mut self, now: u64, request: &str) -> Result<String, String> {
        let answer = self.0.call_text(now, request.as_bytes());
        Ok(answer.map_err(thrown)?.to_string())
    }
}
