//! Rooms, and what happens in them, for the tests of what is told of it.

use mpotr::room::{Event, Timestamp};
use mpotr::{EpochName, IdentityKey, MemberInfo, MessageId, Sid, WaitingReason};
use mpotr_formats::known::{Date, How, KnownPeople, Person, petname_of};
use mpotr_formats::{Nick, Payload};

use super::conversation::{Conversation, Say};
use super::door::{Door, Trust};

pub(super) const ME: IdentityKey = IdentityKey::new([1; 32]);
pub(super) const BOB: IdentityKey = IdentityKey::new([2; 32]);
pub(super) const EVE: IdentityKey = IdentityKey::new([3; 32]);

pub(super) fn nick(name: &str) -> Nick {
    Nick::new(name).unwrap()
}

/// A member that is in no room so far.
pub(super) fn outside(door: Door) -> Conversation {
    Conversation::new(ME, &nick("me"), door)
}

/// One in a room that lets anyone in, with two others.
pub(super) fn room() -> Conversation {
    let mut room = outside(Door::Open);
    room.hear(secure(9, &[ME, BOB, EVE]));
    room
}

/// An epoch of these begins, whose names are made of a byte.
pub(super) fn secure(byte: u8, roster: &[IdentityKey]) -> Event {
    let member = |identity: &IdentityKey| MemberInfo {
        identity: *identity,
        is_me: *identity == ME,
    };
    Event::Secure {
        sid: Sid::new([byte; 32]),
        name: EpochName::new([byte; 16]),
        parent: None,
        roster: roster.iter().map(member).collect(),
    }
}

pub(super) fn message(author: IdentityKey, body: Vec<u8>) -> Event {
    Event::Message {
        id: MessageId::new([0; 32]),
        author,
        seq: 0,
        body,
    }
}

pub(super) fn text(author: IdentityKey, name: &str, text: &str) -> Event {
    message(
        author,
        Payload {
            nick: nick(name),
            text: text.to_owned(),
        }
        .to_bytes(),
    )
}

/// Lines that a person reads for these events.
pub(super) fn read(
    room: &mut Conversation,
    events: impl IntoIterator<Item = Event>,
) -> Vec<String> {
    let said = events.into_iter().flat_map(|event| room.hear(event));
    let line = |say| {
        if let Say::Notice(line) = say {
            Some(line)
        } else {
            None
        }
    };
    said.filter_map(line).collect()
}

/// A reason that a person is told.
pub(super) fn waits(reason: WaitingReason) -> Event {
    Event::Waiting {
        reason,
        since: Timestamp::default(),
        until: None,
    }
}

pub(super) fn failed(claimed: &[IdentityKey]) -> Event {
    Event::AgreementFailed {
        fault: None,
        claimed: claimed.to_vec(),
    }
}

/// A room that trusts strangers at first use, and knows Bob.
pub(super) fn trusting() -> Conversation {
    let door = Door::Trust(Trust::FirstUse, [BOB].into());
    let mut room = outside(door);
    let mut known = KnownPeople::default();
    let day = Date::of_unix(0);
    let bob = Person {
        how: How::Seen,
        first: day,
        last: day,
        petname: petname_of("bob").unwrap(),
    };
    known.add(BOB, bob).unwrap();
    room.names.know(known);
    room
}
