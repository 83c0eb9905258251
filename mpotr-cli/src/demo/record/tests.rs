//! What is judged good and what bad.

use std::time::Duration;

use mpotr::{Backend, Departure, Digest32, IdentityKey, MessageId, Sid};
use mpotr_formats::{Nick, Payload};

use super::{Record, Seat};
use crate::demo::Sight;
use crate::demo::member::Seen;

const KEYS: [IdentityKey; 2] = [IdentityKey::new([1; 32]), IdentityKey::new([2; 32])];

fn digest(byte: u8) -> Digest32 {
    Digest32::new([byte; 32])
}

fn record() -> Record {
    let seats = KEYS
        .iter()
        .zip(["alice", "bob"])
        .map(|(identity, nick)| Seat {
            nick: Nick::new(nick).unwrap(),
            identity: *identity,
            backend: Backend::RustCrypto,
        });
    Record::new(seats.collect(), 1)
}

fn note(record: &mut Record, member: usize, seen: Seen) {
    record.note(Sight { member, seen }, Duration::ZERO).unwrap();
}

fn secure(record: &mut Record, member: usize, sid: u8) {
    note(
        record,
        member,
        Seen::Secure {
            sid: Sid::new([sid; 32]),
            roster: KEYS.to_vec(),
        },
    );
}

fn read(record: &mut Record, member: usize, text: &str) {
    let nick = Nick::new("alice").unwrap();
    let body = Payload {
        nick,
        text: text.to_owned(),
    }
    .to_bytes();
    let id = MessageId::new([7; 32]);
    note(
        record,
        member,
        Seen::Message {
            id,
            author: KEYS[0],
            body,
        },
    );
}

fn end(record: &mut Record, member: usize, transcript: u8) {
    note(
        record,
        member,
        Seen::Final {
            count: 1,
            digest: digest(transcript),
        },
    );
    note(
        record,
        member,
        Seen::Ended(Departure {
            acknowledged: true,
            transcripts_equal: true,
            published: false,
            count: 2,
            digest: digest(9),
        }),
    );
}

#[test]
fn a_room_in_which_all_went_well_is_judged_good() {
    let mut record = record();
    for member in 0..2 {
        secure(&mut record, member, 3);
        read(&mut record, member, "hi");
        end(&mut record, member, 4);
    }
    assert!(record.is_final() && record.is_over());
    assert_eq!(record.delivered(), 2);
    assert_eq!(record.digest(), Some(&digest(4)));
    record.judge().unwrap();
}

#[test]
fn what_is_missing_is_told_in_the_order_of_the_room() {
    let mut record = record();
    secure(&mut record, 0, 3);
    assert_eq!(record.missing(), "no secure room for bob");
    secure(&mut record, 1, 3);
    read(&mut record, 0, "hi");
    assert_eq!(record.missing(), "messages: bob has read 0 of 1");
    read(&mut record, 1, "hi");
    assert_eq!(record.missing(), "no final transcript for alice, bob");
    end(&mut record, 0, 4);
    note(
        &mut record,
        1,
        Seen::Final {
            count: 1,
            digest: digest(4),
        },
    );
    assert_eq!(record.missing(), "still in the room: bob");
}

#[test]
fn transcripts_that_differ_in_a_text_or_in_their_digest_are_judged_bad() {
    for (text, transcript) in [("ho", 4), ("hi", 5)] {
        let mut record = record();
        secure(&mut record, 0, 3);
        secure(&mut record, 1, 3);
        read(&mut record, 0, "hi");
        read(&mut record, 1, text);
        end(&mut record, 0, 4);
        end(&mut record, 1, transcript);
        assert!(!record.transcripts_equal());
        assert_eq!(
            record.judge().unwrap_err().to_string(),
            "the transcripts differ"
        );
    }
}

#[test]
fn a_message_that_one_member_did_not_read_is_judged_bad() {
    let mut record = record();
    secure(&mut record, 0, 3);
    secure(&mut record, 1, 3);
    read(&mut record, 0, "hi");
    end(&mut record, 0, 4);
    end(&mut record, 1, 4);
    assert_eq!(record.judge().unwrap_err().to_string(), "1 of 2 deliveries");
}

#[test]
fn two_sessions_are_judged_bad() {
    let mut record = record();
    for member in 0..2 {
        secure(&mut record, member, u8::try_from(member).unwrap());
        read(&mut record, member, "hi");
        end(&mut record, member, 4);
    }
    assert!(
        record
            .judge()
            .unwrap_err()
            .to_string()
            .contains("one session")
    );
}

#[test]
fn a_member_that_left_without_acknowledgement_is_judged_bad() {
    let mut record = record();
    for member in 0..2 {
        secure(&mut record, member, 3);
        read(&mut record, member, "hi");
        end(&mut record, member, 4);
    }
    let departure = Departure {
        acknowledged: false,
        transcripts_equal: true,
        published: false,
        count: 2,
        digest: digest(9),
    };
    note(&mut record, 1, Seen::Ended(departure));
    assert!(
        record
            .judge()
            .unwrap_err()
            .to_string()
            .starts_with("bob left before")
    );
}

#[test]
fn a_lost_connection_ends_the_demonstration_by_name() {
    let seen = Seen::Failed {
        reason: "closed".to_owned(),
    };
    let error = record()
        .note(Sight { member: 1, seen }, Duration::ZERO)
        .unwrap_err();
    assert_eq!(error.to_string(), "bob: closed");
}
