//! A room as a library for another language has it: one member, and what its texts are.

use mpotr::crypto::zeroize::Zeroize as _;
use mpotr::{
    AttemptId, Carrier, CarrierNews, IdentityKey, IdentityKeyPair, MAX_PACKET, Member, Rejection,
    Seen, SharedSecret, TextId,
};
use serde_json::{Value, json};

use crate::transcript::Pieces;
use crate::{Failure, Opening, Params, Texts, call, chat, told};

/// One member's part in one room whose packets the application carries.
///
/// What is asked by a name goes through [`JsonMember::call`]; the rest are calls of their own because their arguments are no JSON: bytes
/// that come in often, and secrets, which are in no text.
#[derive(Debug)]
pub struct JsonMember {
    member: Member,
    texts: Texts,
    transcript: Pieces,
}

impl JsonMember {
    /// Enters a room. Beside the parameters of `open` there is `record`, whether [`poll_record`](Self::poll_record) gives out a
    /// transcript.
    ///
    /// # Errors
    /// A parameter is wrong, or the options cannot be met here.
    pub fn open(mut params: Params, identity: IdentityKeyPair, now: u64) -> Result<Self, Failure> {
        let records = params.optional("record")?.unwrap_or(false);
        let Opening { options, texts } = Opening::read(params)?;
        let member = Member::new(options.record(records), identity, now)?;
        let transcript = Pieces::new(records);
        Ok(Self {
            member,
            texts,
            transcript,
        })
    }

    /// The member, for what needs no translation.
    #[must_use]
    pub const fn member(&self) -> &Member {
        &self.member
    }

    /// The same.
    #[must_use]
    pub const fn member_mut(&mut self) -> &mut Member {
        &mut self.member
    }

    /// Calls one of [`METHODS`](crate::METHODS), or `carrier`, which tells what became of what carries the packets:
    /// `{"news":"lost","code":..,"attempt":..,"next":..}`, `{"news":"back","max_packet":..}` or
    /// `{"news":"closed","code":..,"message":..,"retry":..}`.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn call(&mut self, now: u64, method: &str, mut params: Params) -> Result<Value, Failure> {
        if method != "carrier" {
            return call(&mut self.member, &self.texts, now, method, params);
        }
        let news = news(&mut params)?;
        params.finish()?;
        self.member.handle_carrier(now, news);
        Ok(json!({}))
    }

    /// The same, as one text: `{"method":"admit","params":{"identity":".."}}`.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn call_text(&mut self, now: u64, request: &[u8]) -> Result<Value, Failure> {
        let mut request = Params::parse(request)?;
        let method: String = request.take("method")?;
        let params = request.optional("params")?;
        request.finish()?;
        self.call(now, &method, Params::new(params.unwrap_or_default()))
    }

    /// Takes a packet from the channel.
    ///
    /// # Errors
    /// Why it changed nothing.
    pub fn handle_packet(&mut self, now: u64, packet: &[u8]) -> Result<(), Rejection> {
        self.member.handle_packet(now, packet)
    }

    /// Sends a text: in a room of chat messages what is said, in UTF-8; else the body as it is.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn send(&mut self, now: u64, body: &[u8], seen: Seen) -> Result<TextId, Failure> {
        let body = match &self.texts {
            Texts::Bytes => body.to_vec(),
            texts @ Texts::Chat(_) => {
                let text = core::str::from_utf8(body);
                let text = text.map_err(|error| Failure::params("text", error))?;
                texts.body(text.to_owned())
            }
        };
        Ok(self.member.send(now, body, seen)?)
    }

    /// The next event. A body that is a chat message is the nick and the text that are in it.
    pub fn poll_event(&mut self) -> Option<Value> {
        let event = self.member.poll_event()?;
        let chat = chat(&event, &self.texts);
        Some(told(&event, chat))
    }

    /// The next piece of the transcript, if it was opened with `record`: all pieces, one after another, are a file as
    /// `mpotr transcript` reads it. It has all texts in clear, and is to be taken before events are. The first piece comes at once,
    /// and the last when the member's part is over.
    pub fn poll_record(&mut self) -> Option<Vec<u8>> {
        self.transcript.next(&mut self.member)
    }

    /// Asks another member's person whether it knows the same secret.
    ///
    /// # Errors
    /// The attempt has not begun.
    pub fn verify_start(
        &mut self,
        now: u64,
        identity: IdentityKey,
        secret: &[u8],
        question: &str,
    ) -> Result<AttemptId, Failure> {
        let secret = shared(secret)?;
        Ok(self.member.verify_start(now, identity, &secret, question)?)
    }

    /// Answers by what this person has typed.
    ///
    /// # Errors
    /// Nothing was answered.
    pub fn verify_answer(
        &mut self,
        now: u64,
        attempt: AttemptId,
        secret: &[u8],
    ) -> Result<(), Failure> {
        let secret = shared(secret)?;
        Ok(self.member.verify_answer(now, attempt, &secret)?)
    }

    /// A secret of the epoch in force for the application's own use, written into `out`. It stays as it is without one.
    #[must_use]
    pub fn export(&self, context: &[u8], out: &mut [u8; 32]) -> bool {
        let Some(secret) = self.member.export(context) else {
            return false;
        };
        out.zeroize();
        out.copy_from_slice(secret.expose());
        true
    }
}

fn shared(typed: &[u8]) -> Result<SharedSecret, Failure> {
    let text = core::str::from_utf8(typed).map_err(|_not_utf8| Failure::empty_secret())?;
    SharedSecret::of_text(text).ok_or_else(Failure::empty_secret)
}

fn news(params: &mut Params) -> Result<CarrierNews, Failure> {
    let news: String = params.take("news")?;
    match news.as_str() {
        "lost" => Ok(CarrierNews::Lost {
            code: params.take("code")?,
            attempt: params.take("attempt")?,
            next: params.take("next")?,
        }),
        "back" => {
            let carrier = Carrier::default();
            let max_packet = crate::max_packet(params)?.unwrap_or(MAX_PACKET);
            let carrier = Carrier {
                max_packet,
                ..carrier
            };
            Ok(CarrierNews::Back { carrier })
        }
        "closed" => Ok(CarrierNews::Closed {
            code: params.take("code")?,
            message: params.take("message")?,
            retry: params.take("retry")?,
        }),
        _ => Err(Failure::params("news", "it is lost, back or closed")),
    }
}
