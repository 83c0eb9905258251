//! Writes what some members accept and others are meant never to: to those on even seats one thing, and to those on odd seats
//! what contradicts it. From then on it says nothing inside the epoch.
//!
//! | what | to even seats | to odd seats |
//! |---|---|---|
//! | `Line` | messages without signatures, so many, and a signed one | a signed message in the place of the first |
//! | `Beside` | a message | a statement of having seen what that message does not come after |

use std::collections::VecDeque;

use mpotr_core::crypto::{CryptoSuite, UnsupportedSuite};
use mpotr_core::wire::{Content, ContentKind, Lock, MessageId, Presence, SEALED_PREFIX, Statement};
use mpotr_core::{Event, Room, SendHandle, Timestamp};

use crate::cast::Entrance;
use crate::member::{Draws, Member};
use crate::party::{Act, Audience, Party, Seat, Transmit};

/// A place in the stream of its statements that its room does not come to.
const LATER: u32 = 500;

/// What contradicts what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// Two messages in one place, one of them behind so many without signatures.
    Line(u32),
    /// A message beside a statement.
    Beside,
}

/// A room that says two things, once.
pub(super) struct Torn<S: CryptoSuite> {
    member: Member<S>,
    tear: Tear,
    /// What it had seen when it was asked to write, if it was.
    seen: Option<Vec<MessageId>>,
    is_done: bool,
    out: VecDeque<Transmit>,
}

impl<S: CryptoSuite> Torn<S> {
    pub(super) fn enter(tear: Tear, entrance: Entrance) -> Result<Self, UnsupportedSuite> {
        let Entrance {
            config,
            identity,
            now,
            seed,
            ..
        } = entrance;
        Ok(Self {
            member: Member::enter(config, identity, now, Draws::new(seed))?,
            tear,
            seen: None,
            is_done: false,
            out: VecDeque::new(),
        })
    }

    /// Says the two things, as soon as there is something to say them about.
    fn tear(&mut self) {
        let Some(seen) = self.seen.clone().filter(|_| !self.is_done) else {
            return;
        };
        let room = self.member.room();
        let packets = match self.tear {
            Tear::Line(links) => line(room, &seen, links),
            Tear::Beside => beside(room, &seen),
        };
        if let Some((even, odd)) = packets {
            self.is_done = true;
            let to = |audience| move |packet| Transmit { audience, packet };
            self.out.extend(even.into_iter().map(to(Audience::Even)));
            self.out.extend(odd.into_iter().map(to(Audience::Odd)));
        }
    }
}

type Packets = Vec<Vec<u8>>;

fn line<S: CryptoSuite>(
    room: &mut Room<S>,
    seen: &[MessageId],
    links: u32,
) -> Option<(Packets, Packets)> {
    let (_, to_odd) = room.forge_content(text(0, MessageId::NONE, seen, "to odd seats"), true)?;
    let mut to_even = Vec::new();
    let mut prev = MessageId::NONE;
    for seq in 0..=links {
        let parents = if seq == 0 { seen } else { &[] };
        let content = text(seq, prev, parents, "to even seats");
        let (id, packet) = room.forge_content(content, seq == links)?;
        to_even.push(packet);
        prev = id;
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
    let (_, to_even) = room.forge_content(text(0, MessageId::NONE, seen, "beside"), true)?;
    let statement = Statement {
        presence: Presence::Present,
        sent: 0,
        frontier: heads,
        lock: Lock::EMPTY,
        wanted: Vec::new(),
        missing: Vec::new(),
        question: None,
        listing: None,
        next: None,
    };
    let to_odd = room.forge_statement(LATER, statement)?;
    Some((vec![to_even], vec![to_odd]))
}

fn text(seq: u32, prev: MessageId, parents: &[MessageId], body: &str) -> Content {
    Content {
        kind: ContentKind::Text,
        seq,
        prev,
        parents: parents.to_vec(),
        lock: Lock::EMPTY,
        body: body.as_bytes().to_vec().into(),
    }
}

impl<S: CryptoSuite> Party for Torn<S> {
    fn hear(&mut self, now: Timestamp, from: Seat, packet: &[u8]) {
        self.member.hear(now, from, packet);
        self.tear();
    }

    fn wake(&mut self, now: Timestamp) {
        self.member.wake(now);
    }

    fn next_wake(&self) -> Option<Timestamp> {
        self.member.next_wake()
    }

    fn transmit(&mut self) -> Option<Transmit> {
        if let Some(transmit) = self.out.pop_front() {
            return Some(transmit);
        }
        loop {
            let packet = self.member.packet()?;
            if self.seen.is_none() || !packet.starts_with(&SEALED_PREFIX) {
                return Some(Transmit {
                    audience: Audience::Everyone,
                    packet,
                });
            }
        }
    }

    fn event(&mut self) -> Option<Event> {
        self.member.event()
    }

    fn send(&mut self, _now: Timestamp, _text: &[u8]) -> Option<SendHandle> {
        if self.seen.is_none() && self.member.export().is_some() {
            self.seen = Some(self.member.room().heads());
            self.tear();
        }
        None
    }

    fn act(&mut self, now: Timestamp, act: Act) {
        self.member.act(now, act);
    }

    fn export(&self) -> Option<[u8; 32]> {
        self.member.export()
    }

    fn has_ended(&self) -> bool {
        self.member.has_ended()
    }
}
