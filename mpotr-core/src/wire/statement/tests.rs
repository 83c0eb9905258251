//! What statements are as bytes, beside the examples of the specification. `docs/spec/05-wire.md`, "Examples of statements".

use mpotr_crypto::{Digest32, SignatureBytes};
use mpotr_gka::{MemberIndex, OfferDigest, Sid};

use super::{Presence, Statement};
use crate::wire::{Lock, MemberBits, MessageId, Next, Unsigned, Unverified, Vote};

fn members(of: &[u16]) -> MemberBits {
    of.iter().copied().map(MemberIndex::new).collect()
}

fn examples() -> [Statement; 4] {
    let id = |byte| MessageId::new([byte; 32]);
    let lock = Lock {
        count: 7,
        digest: Digest32::new([3; 32]),
    };
    let run = Sid::new([5; 32]);
    let struck = Next {
        view: 3,
        struck: members(&[1, 8]),
        struck_twice: members(&[8]),
        ..Next::default()
    };
    let confirmed = Next {
        view: 2,
        offer: Some(OfferDigest::new([4; 32])),
        frozen: Some((run, lock)),
        confirmed: vec![(run, Digest32::new([6; 32]))],
        votes: vec![Vote::Refresh],
        ..Next::default()
    };
    let empty = |presence| Statement {
        sent: 5,
        ..Statement::empty(presence)
    };
    [
        Statement {
            frontier: vec![id(2)],
            ..empty(Presence::Present)
        },
        Statement {
            lock,
            ..empty(Presence::Closing)
        },
        Statement {
            next: Some(struck),
            ..empty(Presence::Present)
        },
        Statement {
            frontier: vec![id(1), id(2)],
            lock,
            lacks: members(&[0, 9]),
            next: Some(confirmed),
            ..empty(Presence::Asking)
        },
    ]
}

/// The bytes of each example on the page.
fn printed() -> Vec<Vec<u8>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/05-wire.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, section) = page.split_once("\n### Examples of statements\n").unwrap();
    let (_, examples) = section.split_once("```").unwrap();
    let (examples, _) = examples.split_once("```").unwrap();
    let bytes = |example: &str| {
        let hex: String = example.split_whitespace().collect();
        let pairs = hex.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).unwrap();
            u8::from_str_radix(pair, 16).unwrap()
        });
        pairs.collect()
    };
    examples.split("\n\n").map(bytes).collect()
}

fn read(unsigned: &[u8]) -> Option<Statement> {
    let text = [unsigned, &[9; 64]].concat();
    let read = Unverified::<Statement>::decode(&text).ok()?;
    Some(read.unsigned().fields().clone())
}

#[test]
fn the_examples_of_the_specification_are_what_is_made_and_read() {
    let printed = printed();
    assert_eq!(printed.len(), examples().len());
    for (statement, printed) in examples().into_iter().zip(printed) {
        let made = Unsigned::new(statement.clone());
        assert_eq!(made.bytes(), printed);
        let signature = SignatureBytes::new([9; 64]);
        let signed = made.with_signature(&signature);
        assert_eq!(signed.len(), printed.len() + 64);
        assert_eq!(read(&printed), Some(statement));
    }
}

#[test]
fn what_differs_in_what_is_there_or_in_padding_is_refused() {
    for printed in printed() {
        for bit in 0..8 {
            let mut other = printed.clone();
            other[1] ^= 1 << bit;
            // Padding can be read as a question, and as nothing else: all other fields say something.
            let is_question = bit == 5 && read(&other).is_some_and(|it| it.question.is_some());
            assert!(is_question || read(&other).is_none(), "bit {bit} of has");
        }
        let mut other = printed.clone();
        if let Some(last) = other.last_mut() {
            *last ^= 1;
        }
        assert_eq!(read(&other), None, "padding");
    }
}

#[test]
fn who_is_struck_twice_is_struck() {
    let printed = printed().remove(2);
    let at = printed.len() - printed.iter().rev().position(|byte| *byte != 0).unwrap() - 1;
    // The last byte that is not 0 has member 8 in `twice`, and three before it the one in `struck`.
    let [twice, struck] = [at, at - 4];
    assert_eq!((printed[twice], printed[struck]), (1, 1));
    for (member, is_read) in [(1, true), (2, false), (0, false)] {
        let mut other = printed.clone();
        other[twice] = member;
        assert_eq!(read(&other).is_some(), is_read, "{member}");
    }
}
