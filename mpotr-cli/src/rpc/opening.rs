//! Rooms that wait for their files to be read, or for their carrier: what is asked of them meanwhile waits, too.

use std::collections::VecDeque;

use mpotr::json::Hex;
use mpotr::{Carrier, IdentityKeyPair, Member, OptionError, RoomOptions, fingerprint};
use mpotr_json::Failure;
use serde_json::{Value, json};

use super::failure;
use super::line;
use super::link::Link;
use super::options::Asked;
use super::request::Request;
use super::room::{Carried, More, OpenRoom};

/// Requests that wait for one room. All requests come by one pipe: to stop to read it for one room would hold up all others.
const MOST_WAITING: usize = 64;

/// Bytes of them: two of the longest lines.
const MOST_BYTES: usize = 2 * line::MOST;

/// What a room waits for.
#[derive(Debug)]
pub(super) enum Stage {
    /// Its files.
    Files(Box<Asked>),
    /// Its carrier, which says what the room is made for.
    Carrier(Box<Entering>),
}

/// A room that is made once its carrier is there.
#[derive(Debug)]
pub(super) struct Entering {
    pub(super) options: RoomOptions,
    pub(super) identity: IdentityKeyPair,
    pub(super) more: More,
    /// The most bytes of a packet, if the host has a bound of its own.
    pub(super) max_packet: Option<usize>,
    pub(super) link: Link,
}

impl Entering {
    /// Enters the room, on a carrier. The time of the room begins then: before, nobody could hear it.
    ///
    /// # Errors
    /// The options cannot be met.
    pub(super) fn enter(self, carrier: Carrier, now: u64) -> Result<OpenRoom, OptionError> {
        let max_packet = carrier.max_packet;
        let options = self.options.carrier(Carrier {
            max_packet: self
                .max_packet
                .map_or(max_packet, |most| most.min(max_packet)),
            ..carrier
        });
        let member = Member::new(options, self.identity, now)?;
        let id = self.link.id;
        let carried = Carried::by(self.link, carrier, now);
        Ok(OpenRoom::new(id, member, self.more).carried(carried))
    }
}

/// A room that waits.
#[derive(Debug)]
pub(super) struct Opening {
    /// That of `open`.
    pub(super) id: Value,
    pub(super) link: u64,
    pub(super) stage: Stage,
    pub(super) requests: Requests,
}

/// Requests that wait for a room.
#[derive(Debug, Default)]
pub(super) struct Requests {
    waiting: VecDeque<Request>,
    bytes: usize,
}

impl Requests {
    /// One more.
    ///
    /// # Errors
    /// There are as many as may be.
    pub(super) fn push(&mut self, request: Request) -> Result<(), Failure> {
        let bytes = self.bytes.saturating_add(request.length);
        if self.waiting.len() >= MOST_WAITING || bytes > MOST_BYTES {
            return Err(failure::too_many_waiting(MOST_WAITING, MOST_BYTES));
        }
        self.bytes = bytes;
        self.waiting.push_back(request);
        Ok(())
    }
}

impl IntoIterator for Requests {
    type Item = Request;
    type IntoIter = std::collections::vec_deque::IntoIter<Request>;

    fn into_iter(self) -> Self::IntoIter {
        self.waiting.into_iter()
    }
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
