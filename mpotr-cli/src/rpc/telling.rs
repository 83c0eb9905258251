//! What the host is told, as JSON.

use mpotr::{Event, Message, Misconduct, Told};
use mpotr_formats::Payload;
use serde_json::{Value, json};

use super::room::Texts;

/// Something that no request asked for.
pub(super) fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// An event. Of a room whose texts are chat messages, a body is the nick and the text that are in it; one that is no chat
/// message stays a body.
pub(super) fn event(event: &Event, texts: &Texts) -> Value {
    let mut told = json!(event);
    let (Told::Message(Message::Text { body, .. })
    | Told::Misconduct(Misconduct::Disputed { body, .. })) = &event.told
    else {
        return told;
    };
    if let (Texts::Chat(_), Value::Object(told), Ok(payload)) =
        (texts, &mut told, Payload::from_bytes(body))
    {
        told.remove("body");
        told.insert("nick".to_owned(), payload.nick.as_str().into());
        told.insert("text".to_owned(), payload.text.into());
    }
    told
}

/// What nobody in the room has said: words in the clear, beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// A person has written them into the channel, for all to read. The name is what the carrier calls them.
    Said { name: String, text: String },
    /// The carrier itself has something to say to the person at this end.
    Notice { text: String },
}

/// Words in the clear, as a notification of their own: no host is to take them for a text of the room.
pub(super) fn plain(room: &str, words: Plain) -> Value {
    match words {
        Plain::Said { name, text } => {
            notification("plain", json!({ "room": room, "name": name, "text": text }))
        }
        Plain::Notice { text } => notification("notice", json!({ "room": room, "text": text })),
    }
}
