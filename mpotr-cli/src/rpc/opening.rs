//! Rooms that wait for their identity to be read, or for their carrier: what is asked of them meanwhile waits, too.

use std::collections::VecDeque;

use mpotr::fingerprint;
use mpotr::json::Hex;
use serde_json::{Value, json};

use super::options::Asked;
use super::request::Request;
use super::room::OpenRoom;

/// What a room waits for.
#[derive(Debug)]
pub(super) enum Stage {
    /// Its identity.
    Identity(Box<Asked>),
    /// Its carrier.
    Carrier(Box<OpenRoom>),
}

/// A room that waits.
#[derive(Debug)]
pub(super) struct Opening {
    /// That of `open`.
    pub(super) id: Value,
    pub(super) link: u64,
    pub(super) stage: Stage,
    pub(super) requests: VecDeque<Request>,
}

/// The answer to `open`.
pub(super) fn opened(room: &OpenRoom) -> Value {
    let identity = room.member.identity();
    json!({
        "identity": Hex(identity),
        "fingerprint": fingerprint(&identity).to_string(),
        "room_id": room.member.room_id().to_string(),
    })
}
