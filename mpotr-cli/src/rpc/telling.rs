//! What the host is told, as JSON.

use mpotr::{Event, Message, Misconduct, Told};
use mpotr_formats::Payload;
use serde_json::{Value, json};

use super::people::People;
use super::room::Texts;

/// Something that no request asked for.
pub(super) fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// The chat message that a text is, in a room whose texts are some.
pub(super) fn chat(event: &Event, texts: &Texts) -> Option<Payload> {
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

/// An event. A body that is a chat message is the nick and the text that are in it, and the name of its author where people are
/// known.
pub(super) fn event(event: &Event, chat: Option<Payload>, people: Option<&People>) -> Value {
    let mut told = json!(event);
    let (Told::Message(Message::Text { author, .. })
    | Told::Misconduct(Misconduct::Disputed { author, .. })) = &event.told
    else {
        return told;
    };
    if let Value::Object(told) = &mut told {
        if let Some(payload) = chat {
            told.remove("body");
            told.insert("nick".to_owned(), payload.nick.as_str().into());
            told.insert("text".to_owned(), payload.text.into());
        }
        if let Some(people) = people {
            told.insert("name".to_owned(), people.name(author).into());
        }
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
