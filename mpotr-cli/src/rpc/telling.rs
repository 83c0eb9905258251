//! What the host is told, as JSON.

use mpotr::{Event, Message, Misconduct, Told};
use mpotr_formats::Payload;
use mpotr_json::told;
use serde_json::{Value, json};

use super::people::People;

/// Something that no request asked for.
pub(super) fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// An event, with the name of who wrote it where people are known.
pub(super) fn event(event: &Event, chat: Option<Payload>, people: Option<&People>) -> Value {
    let mut told = told(event, chat);
    if let (Value::Object(told), Some(people)) = (&mut told, people)
        && let Told::Message(Message::Text { author, .. })
        | Told::Misconduct(Misconduct::Disputed { author, .. }) = &event.told
    {
        told.insert("name".to_owned(), people.name(author).into());
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
