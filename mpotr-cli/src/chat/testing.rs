//! Rooms, and what happens in them, for the tests of what is told of it.

use mpotr::{
    Admission, EpochName, IdentityKey, Member, MemberInfo, Membership, Message, MessageId, Policy,
    RoomOptions, Seen, Sid, SuiteId, TextId, Told, Waiting, WaitingReason, new_identity,
};
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
pub(super) fn secure(byte: u8, roster: &[IdentityKey]) -> Told {
    let member = |identity: &IdentityKey| MemberInfo {
        identity: *identity,
        is_me: *identity == ME,
    };
    begins(byte, EpochName::new([byte; 16]), roster.iter().map(member))
}

/// An epoch of this name and of these members begins.
pub(super) fn begins(
    sid: u8,
    epoch: EpochName,
    roster: impl IntoIterator<Item = MemberInfo>,
) -> Told {
    Told::Membership(Membership::Secure {
        sid: Sid::new([sid; 32]),
        epoch,
        parent: None,
        suite: SuiteId::ChaCha20Poly1305,
        policy: Policy::default(),
        roster: roster.into_iter().collect(),
        added: Vec::new(),
        removed: Vec::new(),
    })
}

/// One who claims to be this wants to be in the room.
pub(super) fn wants_in(claimed: IdentityKey) -> Told {
    Told::Membership(Membership::WantsIn {
        claimed,
        voted_out: false,
    })
}

/// So many texts of a room of their own: nobody else makes their names.
pub(super) fn texts(count: usize) -> Vec<TextId> {
    let options = RoomOptions::new("tea", Admission::Only([EVE].into())).unwrap();
    let mut member = Member::new(options, new_identity(), 0).unwrap();
    let texts = (0..count).map(|_| member.send(0, Vec::new(), Seen::Expected).unwrap());
    texts.collect()
}

pub(super) fn message(author: IdentityKey, body: Vec<u8>) -> Told {
    Told::Message(Message::Text {
        id: MessageId::new([0; 32]),
        author,
        seq: 0,
        body,
    })
}

pub(super) fn text(author: IdentityKey, name: &str, text: &str) -> Told {
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
pub(super) fn read(room: &mut Conversation, events: impl IntoIterator<Item = Told>) -> Vec<String> {
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
pub(super) fn waits(reason: WaitingReason) -> Told {
    Told::Waiting(Waiting::For {
        reason,
        since: 0,
        until: None,
    })
}

pub(super) fn failed(claimed: &[IdentityKey]) -> Told {
    Told::Membership(Membership::AgreementFailed {
        fault: None,
        claimed: claimed.to_vec(),
    })
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
