//! What the texts of a room are, and how they are told.

use mpotr::{Event, Message, Misconduct, Told};
use mpotr_formats::{Nick, Payload};
use serde_json::{Value, json};

use crate::{Failure, Params};

/// What the texts of a room are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Texts {
    /// Chat messages under this nick: `docs/spec/09-chat-payload.md`.
    Chat(Nick),
    /// Bytes of the application's own.
    Bytes,
}

impl Texts {
    /// Reads `payload` and, of a chat, `nick`. They are chat messages, unless it is said.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn read(params: &mut Params) -> Result<Self, Failure> {
        let payload: Option<String> = params.optional("payload")?;
        match payload.as_deref() {
            None | Some("chat") => {
                let nick: String = params.take("nick")?;
                let nick = Nick::new(&nick).map_err(|error| Failure::params("nick", error))?;
                Ok(Self::Chat(nick))
            }
            Some("bytes") => Ok(Self::Bytes),
            Some(_) => Err(Failure::params("payload", "it is chat or bytes")),
        }
    }

    /// The body of a text.
    #[must_use]
    pub fn body(&self, text: String) -> Vec<u8> {
        match self {
            Self::Chat(nick) => {
                let nick = nick.clone();
                Payload { nick, text }.to_bytes()
            }
            Self::Bytes => text.into_bytes(),
        }
    }
}

/// The chat message that a text is, in a room whose texts are some.
#[must_use]
pub fn chat(event: &Event, texts: &Texts) -> Option<Payload> {
    let (Told::Message(Message::Text { body, .. })
    | Told::Misconduct(Misconduct::Disputed { body, .. })) = &event.told
    else {
        return None;
    };
    match texts {
        Texts::Chat(_) => Payload::from_bytes(body).ok(),
        Texts::Bytes => None,
    }
}

/// An event as JSON. A body that is a chat message is the nick and the text that are in it.
#[must_use]
pub fn told(event: &Event, chat: Option<Payload>) -> Value {
    let mut told = json!(event);
    if let (Value::Object(told), Some(payload)) = (&mut told, chat) {
        told.remove("body");
        told.insert("nick".to_owned(), payload.nick.as_str().into());
        told.insert("text".to_owned(), payload.text.into());
    }
    told
}
