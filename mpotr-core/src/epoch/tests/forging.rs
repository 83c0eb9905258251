//! What an insider seals in the name of others, with the keys that all members share.

use std::collections::BTreeSet;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::Secret;

use super::{
    ALICE, BOB, MALLORY, bodies, content, effects, epochs, forge_content, forge_statement, key_of,
    sealed, statement, text, verified,
};
use crate::epoch::Effect;
use crate::error::Rejection;
use crate::wire::{Header, Packet, Presence, SealedPacket, Statement, Stream};

#[test]
fn burned_slot() {
    let mut epochs = epochs(3, 1);
    let junk = content(0, None, Vec::new(), "junk");
    let junk = forge_content(&mut epochs[MALLORY], ALICE, junk);
    let (_, real) = text(&mut epochs[ALICE], "real");
    assert_eq!(epochs[BOB].open(&junk), Err(Rejection::NotAuthentic));
    epochs[BOB].open(&real).unwrap();
    assert_eq!(bodies(&mut epochs[BOB]), ["real"]);
}

#[test]
fn a_repeated_forgery_costs_no_second_signature_and_what_an_outsider_makes_none() {
    let mut epochs = epochs(3, 1);
    let mut forge = |body| {
        let junk = content(0, None, Vec::new(), body);
        forge_content(&mut epochs[MALLORY], ALICE, junk)
    };
    let [first, second, third] = ["one", "two", "three"].map(&mut forge);
    let said = statement(&mut epochs[ALICE]);
    let lie = Statement {
        sent: 7,
        ..Statement::empty(Presence::Closed)
    };
    let lie = forge_statement(&mut epochs[MALLORY], ALICE, 1, lie);
    let bob = &mut epochs[BOB];
    let forgery = Err(Rejection::NotAuthentic);
    for costs in [1, 0, 0] {
        assert_eq!(
            verified(bob, |bob| bob.open(&first)),
            (forgery.clone(), costs)
        );
        assert_eq!(
            verified(bob, |bob| bob.open(&lie)),
            (forgery.clone(), costs)
        );
        let both = vec![second.clone(), third.clone(), lie.clone()];
        let (together, cost) = verified(bob, |bob| bob.open_together(both));
        assert_eq!((together, cost), (vec![forgery.clone(); 3], 2 * costs));
    }
    // Without the header key of the epoch a packet costs no signature.
    let mut outside = Packet::Sealed(said.clone()).to_bytes();
    *outside.last_mut().unwrap() ^= 1;
    let outside = sealed(&outside);
    assert_eq!(verified(bob, |bob| bob.open(&outside)), (forgery, 0));
    bob.open(&said).unwrap();
}

/// Its own signature is known to be wrong, and what its author says next names it all the same.
#[test]
fn what_was_refused_for_its_signature_counts_when_something_vouches_for_it() {
    for together in [false, true] {
        let mut epochs = epochs(3, 1);
        let (_, real) = text(&mut epochs[ALICE], "real");
        let (_, next) = text(&mut epochs[ALICE], "next");
        let said = content(0, None, Vec::new(), "real");
        let stripped = forge_content(&mut epochs[MALLORY], ALICE, said);
        let bob = &mut epochs[BOB];
        for _ in 0..2 {
            assert_eq!(bob.open(&stripped), Err(Rejection::NotAuthentic));
        }
        if together {
            let results = bob.open_together(vec![stripped, next]);
            assert_eq!(results, [Ok(ALICE), Ok(ALICE)]);
        } else {
            bob.open(&next).unwrap();
            bob.open(&stripped).unwrap();
        }
        assert_eq!(bodies(bob), ["real", "next"]);
        assert_eq!(bob.open(&real), Err(Rejection::Replayed));
    }
}

#[test]
fn framed_equivocator() {
    let mut epochs = epochs(3, 1);
    let second = content(0, None, Vec::new(), "what Alice never said");
    let second = forge_content(&mut epochs[MALLORY], ALICE, second);
    let (_, real) = text(&mut epochs[ALICE], "real");
    // Before and after the real message, the forged one leaves no trace: nobody is accused, nothing waits.
    assert_eq!(epochs[BOB].open(&second), Err(Rejection::NotAuthentic));
    assert_eq!(effects(&mut epochs[BOB]), []);
    epochs[BOB].open(&real).unwrap();
    assert_eq!(epochs[BOB].open(&second), Err(Rejection::NotAuthentic));
    let accused =
        |effect: &Effect| matches!(effect, Effect::Fork { .. } | Effect::Equivocation { .. });
    assert!(!effects(&mut epochs[BOB]).iter().any(accused));
}

/// A member that has published its keys can be imitated by all: to who is done that is neither a message nor evidence.
#[test]
fn forged_close_to_laggard() {
    let (mut real, mut forged) = (epochs(3, 1), epochs(3, 1));
    let (_, said) = text(&mut real[ALICE], "said");
    let (_, never_said) = text(&mut forged[ALICE], "never said");
    real[BOB].open(&said).unwrap();
    real[BOB].end();
    effects(&mut real[BOB]);
    assert_eq!(real[BOB].open(&never_said), Err(Rejection::Inconsistent));
    // Nor does an end with another order change what is known of Alice.
    let closing = forged[ALICE]
        .seal_statement(Presence::Closing)
        .unwrap()
        .packet;
    let _any = real[BOB].open(&sealed(&closing));
    let accused =
        |effect: &Effect| matches!(effect, Effect::Fork { .. } | Effect::Equivocation { .. });
    assert!(!effects(&mut real[BOB]).iter().any(accused));
}

#[test]
fn forged_ack_summary() {
    let mut epochs = epochs(3, 1);
    let (_, real) = text(&mut epochs[ALICE], "real");
    let insider = &mut epochs[MALLORY];
    let header = real
        .open_header::<Suite>(&insider.opener.keys.header)
        .unwrap();
    let key = key_of(insider, ALICE, (Stream::Content, 0));
    let plain = real.open_content::<Suite>(header, &key).unwrap();
    // Every byte but the signature: another order, other parents, another body or padding.
    for position in 0..plain.len() - 64 {
        let mut changed = plain.to_vec();
        changed[position] ^= 1;
        let insider = &mut epochs[MALLORY];
        let key = key_of(insider, ALICE, (Stream::Content, 0));
        let packet = SealedPacket::seal::<Suite>(
            insider.opener.keys.hint,
            header,
            &insider.opener.keys.header,
            &key,
            &changed,
        );
        let refused = epochs[BOB].open(&packet).unwrap_err();
        assert!(
            matches!(refused, Rejection::NotAuthentic | Rejection::Decode(_)),
            "byte {position}: {refused}"
        );
    }
    assert_eq!(effects(&mut epochs[BOB]), []);
    epochs[BOB].open(&real).unwrap();
}

#[test]
fn header_nonce_unique() {
    let mut epochs = epochs(4, 1);
    let mut nonces = BTreeSet::new();
    let mut packets = 0;
    for round in 0..250 {
        for epoch in &mut epochs.0 {
            // The same text by everyone, statements too: only keys and places differ.
            nonces.insert(text(epoch, "same").1.header_nonce());
            packets += 1;
            if round % 5 == 0 {
                nonces.insert(statement(epoch).header_nonce());
                packets += 1;
            }
        }
    }
    assert_eq!(nonces.len(), packets);
}

#[test]
fn a_header_is_bound_to_its_content() {
    let mut epochs = epochs(3, 1);
    let (_, first) = text(&mut epochs[ALICE], "first");
    let (_, second) = text(&mut epochs[BOB], "second");
    let bytes = |packet: &SealedPacket| Packet::Sealed(packet.clone()).to_bytes();
    // The header of one packet, 8 bytes of hint behind version and kind, before the content of another.
    let swapped = [&bytes(&first)[..33], &bytes(&second)[33..]].concat();
    assert_eq!(
        epochs[MALLORY].open(&sealed(&swapped)),
        Err(Rejection::NotAuthentic)
    );
}

#[test]
fn a_packet_counts_once() {
    let mut epochs = epochs(3, 1);
    let (id, message) = text(&mut epochs[ALICE], "once");
    let said = statement(&mut epochs[ALICE]);
    let bob = &mut epochs[BOB];
    bob.open(&message).unwrap();
    bob.open(&said).unwrap();
    effects(bob);
    assert_eq!(bob.open(&message), Err(Rejection::Replayed));
    // Anyone can send it again: nobody is asked anything.
    assert_eq!(effects(bob), [Effect::Again { id }]);
    assert_eq!(bob.open(&said), Err(Rejection::Replayed));
    // Nobody else need send it again, and that is all.
    let again = vec![Effect::Repeated {
        member: ALICE,
        is_new: false,
    }];
    assert_eq!((effects(bob), bob.delivered()), (again, 1));
}

#[test]
fn a_packet_of_another_epoch_is_not_authentic() {
    let mut ours = epochs(3, 1);
    let mut theirs = epochs(3, 2);
    let (_, message) = text(&mut theirs[ALICE], "elsewhere");
    assert_eq!(ours[BOB].open(&message), Err(Rejection::NotAuthentic));
}

#[test]
fn a_member_of_another_index_is_unknown() {
    let mut epochs = epochs(2, 1);
    let header = Header {
        sender: 2,
        stream: Stream::Content,
        seq: 0,
    };
    let insider = &epochs[ALICE];
    let key = Secret::new([0; 32]);
    let packet = SealedPacket::seal::<Suite>(
        insider.opener.keys.hint,
        header,
        &insider.opener.keys.header,
        &key,
        b"from nobody",
    );
    assert_eq!(epochs[BOB].open(&packet), Err(Rejection::UnknownSender));
}
