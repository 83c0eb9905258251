//! The codec of the messages of trust: `docs/spec/13-trust.md`, "Messages of trust".

#![expect(
    clippy::unwrap_used,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one"
)]

use mpotr_core::crypto::cpace::ConfirmationTag;
use mpotr_core::crypto::{DecodeErrorKind, Digest32, ElementBytes};
use mpotr_core::wire::{AttemptId, CodeNonce, MAX_QUESTION, MAX_TRUST, RoundId, TrustMessage};
use proptest::prelude::*;

fn message() -> impl Strategy<Value = TrustMessage> {
    let id = any::<[u8; 16]>;
    let half = any::<[u8; 32]>;
    let tag = || {
        let halves = (any::<[u8; 32]>(), any::<[u8; 32]>());
        halves.prop_map(|(one, other)| {
            ConfirmationTag::new([one, other].concat().try_into().unwrap())
        })
    };
    prop_oneof![
        (id(), half()).prop_map(|(round, commitment)| TrustMessage::Commit {
            round: RoundId::new(round),
            commitment: Digest32::new(commitment),
        }),
        (id(), half()).prop_map(|(round, nonce)| TrustMessage::Reveal {
            round: RoundId::new(round),
            nonce: CodeNonce::new(nonce),
        }),
        (id(), any::<u16>(), half(), "\\PC{0,60}").prop_map(|(attempt, to, share, question)| {
            TrustMessage::Start {
                attempt: AttemptId::new(attempt),
                to,
                share: ElementBytes::new(share),
                question,
            }
        }),
        (id(), half(), tag()).prop_map(|(attempt, share, confirmation)| TrustMessage::Answer {
            attempt: AttemptId::new(attempt),
            share: ElementBytes::new(share),
            confirmation,
        }),
        (id(), prop::option::of(tag())).prop_map(|(attempt, confirmation)| {
            TrustMessage::Result {
                attempt: AttemptId::new(attempt),
                confirmation,
            }
        }),
        id().prop_map(|attempt| TrustMessage::Abort {
            attempt: AttemptId::new(attempt),
        }),
    ]
}

proptest! {
    #[test]
    fn every_message_survives_its_bytes_and_no_part_of_them_is_one(message in message()) {
        let bytes = message.to_bytes();
        prop_assert!(bytes.len() <= MAX_TRUST);
        prop_assert_eq!(TrustMessage::from_bytes(&bytes), Ok(message));
        for length in 0..bytes.len() {
            prop_assert!(TrustMessage::from_bytes(&bytes[..length]).is_err());
        }
        let longer = [&bytes[..], &[0]].concat();
        prop_assert!(TrustMessage::from_bytes(&longer).is_err());
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for what in 0..=7 {
            let body = [&[what], &bytes[..]].concat();
            if let Ok(message) = TrustMessage::from_bytes(&body) {
                prop_assert_eq!(message.to_bytes(), body);
            }
        }
    }
}

#[test]
fn what_is_no_message_of_trust_is_refused_by_offset_and_field() {
    let refused = |body: &[u8]| TrustMessage::from_bytes(body).unwrap_err();
    for what in [0, 7, 255] {
        let error = refused(&[&[what][..], &[1; 16]].concat());
        assert_eq!((error.offset, error.field), (0, "what"));
    }
    let start = |length: u32, question: &[u8]| {
        let length = length.to_be_bytes();
        [&[3; 1][..], &[1; 16], &[0, 1], &[2; 32], &length, question].concat()
    };
    let longest = start(255, &[b'a'; MAX_QUESTION]);
    assert!(TrustMessage::from_bytes(&longest).is_ok());
    assert_eq!(longest.len(), MAX_TRUST);
    for long in [start(256, &[b'a'; 256]), start(u32::MAX, b"")] {
        let error = refused(&long);
        assert_eq!((error.offset, error.field), (51, "question"));
    }
    let not_text = refused(&start(1, &[0xff]));
    assert_eq!(not_text.kind, DecodeErrorKind::NotCanonical);
    let result = |same: u8| [&[5][..], &[1; 16], &[same], &[3; 64]].concat();
    assert!(TrustMessage::from_bytes(&result(1)).is_ok());
    assert_eq!(refused(&result(2)).field, "same");
    assert!(matches!(
        refused(&result(0)).kind,
        DecodeErrorKind::Trailing { .. }
    ));
}
