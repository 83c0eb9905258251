//! Writes what some members accept and others are meant never to: to those on even seats one thing, and to those on odd
//! seats what contradicts it. From then on it says nothing inside the epoch.
//!
//! | what | to even seats | to odd seats |
//! |---|---|---|
//! | `Line` | messages without signatures, so many, and a signed one | a signed message in the place of the first |
//! | `Beside` | a message | a statement of having seen what that message does not come after |

use mpotr_core::crypto::CryptoSuite;
use mpotr_core::wire::{
    Content, ContentKind, Lock, MessageId, Packet, Presence, SEALED_PREFIX, Statement,
};
use mpotr_core::{Room, TextId, Timestamp};

use super::knowledge::Knowledge;
use super::{Deviation, everyone, to};
use crate::member::SeededRoom;
use crate::party::{Audience, Party as _, Transmit};

/// A place in the stream of its statements that its room does not reach.
const LATER: u32 = 500;

/// What contradicts what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// Two messages in one place, one of them behind so many without signatures.
    Line(u32),
    /// A message beside a statement.
    Beside,
}

/// The deviation: says two things, once.
pub(super) struct Torn {
    tear: Tear,
    /// What it had seen when it was asked to write, if it was.
    seen: Option<Vec<MessageId>>,
    is_done: bool,
}

impl Torn {
    pub(super) const fn new(tear: Tear) -> Self {
        Self {
            tear,
            seen: None,
            is_done: false,
        }
    }
}

impl<S: CryptoSuite> Deviation<S> for Torn {
    fn emit(&mut self, _known: &Knowledge<S>, _packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit> {
        if self.seen.is_some() && bytes.starts_with(&SEALED_PREFIX) {
            Vec::new()
        } else {
            everyone(bytes)
        }
    }

    fn write(
        &mut self,
        member: &mut SeededRoom<S>,
        _now: Timestamp,
        _text: &[u8],
    ) -> Option<TextId> {
        if self.seen.is_none() && member.export().is_some() {
            self.seen = Some(member.room().heads());
        }
        None
    }

    /// The two things, as soon as there is something to say them about.
    fn add(&mut self, member: &mut SeededRoom<S>) -> Vec<Transmit> {
        let Some(seen) = self.seen.as_deref().filter(|_| !self.is_done) else {
            return Vec::new();
        };
        let room = member.room();
        let packets = match self.tear {
            Tear::Line(links) => line(room, seen, links),
            Tear::Beside => beside(room, seen),
        };
        let Some((even, odd)) = packets else {
            return Vec::new();
        };
        self.is_done = true;
        let even = even.into_iter().map(|packet| to(Audience::Even, packet));
        let odd = odd.into_iter().map(|packet| to(Audience::Odd, packet));
        even.chain(odd).collect()
    }
}

type Packets = Vec<Vec<u8>>;

fn line<S: CryptoSuite>(
    room: &mut Room<S>,
    seen: &[MessageId],
    links: u32,
) -> Option<(Packets, Packets)> {
    let (_, to_odd) = room.forge_content(text(0, None, seen, "to odd seats"), true)?;
    let mut to_even = Vec::new();
    let mut prev = None;
    for seq in 0..=links {
        let parents = if seq == 0 { seen } else { &[] };
        let content = text(seq, prev, parents, "to even seats");
        let (id, packet) = room.forge_content(content, seq == links)?;
        to_even.push(packet);
        prev = Some(id);
    }
    // The signed one first: it vouches for the others.
    to_even.reverse();
    Some((to_even, vec![to_odd]))
}

fn beside<S: CryptoSuite>(room: &mut Room<S>, seen: &[MessageId]) -> Option<(Packets, Packets)> {
    let heads = room.heads();
    if heads == seen {
        return None;
    }
    let (_, to_even) = room.forge_content(text(0, None, seen, "beside"), true)?;
    let statement = Statement {
        frontier: heads,
        ..Statement::empty(Presence::Present)
    };
    let to_odd = room.forge_statement(LATER, statement)?;
    Some((vec![to_even], vec![to_odd]))
}

fn text(seq: u32, prev: Option<MessageId>, parents: &[MessageId], body: &str) -> Content {
    Content {
        kind: ContentKind::Text,
        seq,
        prev,
        parents: parents.to_vec(),
        lock: Lock::EMPTY,
        body: body.as_bytes().to_vec().into(),
    }
}
