//! Whatever a member accepts, those who did not accept it can be shown.

use super::{
    ALICE, BOB, Epochs, MALLORY, bodies, content, effects, epochs, forge_content, forge_statement,
    key_of, sealed, statement, text,
};
use crate::epoch::{Effect, Epoch, SigningKeyState};
use crate::error::Rejection;
use crate::wire::{
    Content, ContentKind, Header, MessageId, Packet, Presence, SealedPacket, Statement, Stream,
    Unsigned,
};
use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::SignatureBytes;
use mpotr_gka::MemberIndex;

/// A message of Mallory's with junk in place of its signature: what comes after it vouches for it.
fn unsigned(epochs: &mut Epochs, content: Content) -> (MessageId, SealedPacket) {
    let insider = &mut epochs[MALLORY];
    let seq = content.seq;
    let unsigned = Unsigned::new(content);
    let id = unsigned.id::<Suite>(&insider.opener.keys.id, MALLORY.get());
    let header = Header {
        sender: MALLORY.get(),
        stream: Stream::Content,
        seq,
    };
    let key = key_of(insider, MALLORY, (Stream::Content, seq));
    let packet = SealedPacket::seal::<Suite>(
        insider.opener.keys.hint,
        header,
        &insider.opener.keys.header,
        &key,
        &unsigned.with_signature(&SignatureBytes::new([7; 64])),
    );
    (id, packet)
}

/// Messages of Mallory's, of which the last alone is signed: so many, and that.
fn line(epochs: &mut Epochs, links: u32, parents: Vec<MessageId>) -> Vec<SealedPacket> {
    let mut line = Vec::new();
    let mut prev = None;
    for seq in 0..links {
        let (id, packet) = unsigned(epochs, content(seq, prev, Vec::new(), "unsigned"));
        line.push(packet);
        prev = Some(id);
    }
    let head = content(links, prev, parents, "signed");
    line.push(forge_content(&mut epochs[MALLORY], MALLORY, head));
    line
}

fn open_all<'a>(epoch: &mut Epoch<Suite>, packets: impl IntoIterator<Item = &'a SealedPacket>) {
    for packet in packets {
        // What is refused comes again.
        let _refused = epoch.open(packet);
    }
}

/// Asks until nothing comes that was not there: each answer of one to the other.
fn ask(epochs: &mut Epochs, asks: MemberIndex, serves: MemberIndex) {
    for _ in 0..70 {
        let question = statement(&mut epochs[asks]);
        epochs[serves].open(&question).unwrap();
        let mut served = effects(&mut epochs[serves]);
        for effect in &served {
            if let Effect::Owed { id, .. } = effect {
                epochs[serves].send_again(id);
            }
        }
        served.extend(effects(&mut epochs[serves]));
        let served: Vec<_> = served
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Missing { packet, .. } => Some(sealed(&packet)),
                _ => None,
            })
            .collect();
        if served.is_empty() {
            return;
        }
        open_all(&mut epochs[asks], &served);
    }
}

fn equivocations(effects: &[Effect]) -> Vec<(crate::epoch::Evidence, Vec<Vec<u8>>)> {
    let found = effects.iter().filter_map(|effect| match effect {
        Effect::Equivocation {
            evidence, packets, ..
        } => Some(((**evidence).clone(), packets.clone())),
        _ => None,
    });
    found.collect()
}

/// Mallory writes one message to Bob and a line in its place to Alice, who answers it if she takes it. How many messages of
/// the line she took, and what Bob is told when all of it reaches him.
fn fork(epochs: &mut Epochs, links: u32) -> (usize, Vec<Effect>) {
    let to_bob = content(0, None, Vec::new(), "to Bob");
    let to_bob = forge_content(&mut epochs[MALLORY], MALLORY, to_bob);
    let to_alice = line(epochs, links, Vec::new());
    epochs[BOB].open(&to_bob).unwrap();
    open_all(&mut epochs[ALICE], to_alice.iter().rev());
    let taken = bodies(&mut epochs[ALICE]).len();
    let (_, answer) = text(&mut epochs[ALICE], "answer");
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&answer).unwrap();
    let mut told = Vec::new();
    for _ in 0..2 {
        open_all(&mut epochs[BOB], to_alice.iter().rev());
        told.extend(effects(&mut epochs[BOB]));
    }
    (taken, told)
}

fn has_read(told: &[Effect], text: &str) -> bool {
    told.iter()
        .any(|effect| matches!(effect, Effect::Delivered { body, .. } if body == text.as_bytes()))
}

#[test]
fn a_line_that_is_taken_is_one_that_exposes_its_author() {
    let mut taken = Vec::new();
    for links in [0, 1, 3, 61, 62, 70] {
        let mut epochs = epochs(3, 1);
        let (here, told) = fork(&mut epochs, links);
        // Whether Alice takes the line or not, Bob reads what she writes.
        assert!(
            has_read(&told, "answer") || epochs[BOB].delivered() == 2,
            "{links}"
        );
        if here > 0 {
            let [(evidence, _)] = &equivocations(&told)[..] else {
                panic!("{links}: {told:?}");
            };
            let key = epochs[ALICE].opener.key_of(MALLORY).unwrap().get().unwrap();
            assert!(
                evidence.verify::<Suite>(
                    &epochs[ALICE].opener.keys.id,
                    key,
                    SigningKeyState::Secret
                ),
                "{links}"
            );
            assert!(epochs[BOB].is_exposed(MALLORY));
        }
        taken.push(here);
    }
    assert_eq!(taken, [1, 2, 4, 62, 0, 0]);
}

#[test]
fn a_backlog_takes_no_line_that_one_by_one_does_not() {
    for (links, taken) in [(61, 62), (62, 0), (70, 0)] {
        let mut epochs = epochs(3, 1);
        let to_alice = line(&mut epochs, links, Vec::new());
        epochs[ALICE].open_together(to_alice);
        assert_eq!(bodies(&mut epochs[ALICE]).len(), taken, "{links}");
    }
}

#[test]
fn the_packets_of_a_side_open_at_a_member_that_has_seen_none_of_them() {
    let mut epochs = epochs(4, 1);
    let (_, told) = fork(&mut epochs, 5);
    let [(_, packets)] = &equivocations(&told)[..] else {
        panic!("{told:?}");
    };
    let carol = &mut epochs[MemberIndex::new(3)];
    for packet in packets {
        let _second = carol.open(&sealed(packet));
    }
    assert_eq!(equivocations(&effects(carol)).len(), 1);
}

#[test]
fn what_is_not_signed_is_not_delivered_before_what_vouches_for_it() {
    let mut epochs = epochs(3, 1);
    let line = line(&mut epochs, 4, vec![MessageId::new([9; 32])]);
    open_all(&mut epochs[ALICE], line.iter().rev());
    assert_eq!(bodies(&mut epochs[ALICE]), Vec::<String>::new());
    epochs[BOB].open_together(line);
    assert_eq!(bodies(&mut epochs[BOB]), Vec::<String>::new());
}

#[test]
fn what_is_signed_is_delivered_although_what_vouches_for_it_waits() {
    let mut epochs = epochs(3, 1);
    let own: Vec<_> = ["0", "1", "2"]
        .map(|body| text(&mut epochs[ALICE], body).1)
        .into();
    let (_, unheard) = text(&mut epochs[MALLORY], "unheard");
    epochs[ALICE].open(&unheard).unwrap();
    let (_, waits) = text(&mut epochs[ALICE], "waits");
    let together = own.into_iter().chain([waits]).collect();
    epochs[BOB].open_together(together);
    assert_eq!(bodies(&mut epochs[BOB]), ["0", "1", "2"]);
    epochs[BOB].open(&unheard).unwrap();
    assert_eq!(bodies(&mut epochs[BOB]), ["unheard", "waits"]);
}

#[test]
fn who_sends_an_unsigned_message_again_sends_what_vouches_for_it() {
    let mut epochs = epochs(3, 1);
    let line = line(&mut epochs, 40, Vec::new());
    open_all(&mut epochs[ALICE], line.iter().rev());
    assert_eq!(bodies(&mut epochs[ALICE]).len(), 41);
    let (_, answer) = text(&mut epochs[ALICE], "answer");
    epochs[BOB].open(&answer).unwrap();
    ask(&mut epochs, BOB, ALICE);
    assert_eq!(bodies(&mut epochs[BOB]).len(), 42);
}

#[test]
fn a_message_in_the_middle_of_a_line_is_shown_to_who_asks_for_it_by_name() {
    let mut epochs = epochs(3, 1);
    let line = line(&mut epochs, 6, Vec::new());
    open_all(&mut epochs[ALICE], line.iter().rev());
    effects(&mut epochs[ALICE]);
    // A statement of Mallory's names the third, and nothing else.
    let third = *epochs[ALICE]
        .delivery
        .graph
        .get(epochs[ALICE].delivery.graph.heads().first().unwrap())
        .map(|_| &epochs[ALICE].delivery.graph.node(2).unwrap().key.id)
        .unwrap();
    let named = said(0, vec![third]);
    let named = forge_statement(&mut epochs[MALLORY], MALLORY, 0, named);
    epochs[BOB].open(&named).unwrap();
    ask(&mut epochs, BOB, ALICE);
    assert!(bodies(&mut epochs[BOB]).len() >= 3);
}

fn said(sent: u32, frontier: Vec<MessageId>) -> Statement {
    Statement {
        sent,
        frontier,
        ..Statement::empty(Presence::Present)
    }
}

/// Alice answers what Mallory wrote and has not heard what it contradicts, as Bob has: he reads both.
#[track_caller]
fn assert_bob_reads_on(epochs: &mut Epochs, written: &SealedPacket) {
    epochs[ALICE].open(written).unwrap();
    let (_, answer) = text(&mut epochs[ALICE], "answer");
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&answer).unwrap();
    let _contradicts = epochs[BOB].open(written);
    let told = effects(&mut epochs[BOB]);
    assert!(has_read(&told, "answer"), "{told:?}");
    assert!(epochs[BOB].is_exposed(MALLORY));
    let disputed = |effect: &Effect| {
        matches!(
            effect,
            Effect::Delivered {
                author: MALLORY,
                disputed: true,
                ..
            }
        )
    };
    assert!(told.iter().any(disputed), "{told:?}");
}

#[test]
fn what_is_written_beside_a_statement_is_read_by_all_if_somebody_builds_upon_it() {
    let mut epochs = epochs(3, 1);
    let (first, packet) = text(&mut epochs[ALICE], "first");
    epochs[BOB].open(&packet).unwrap();
    let seen = forge_statement(&mut epochs[MALLORY], MALLORY, 0, said(0, vec![first]));
    epochs[BOB].open(&seen).unwrap();
    let beside = content(0, None, Vec::new(), "beside");
    let beside = forge_content(&mut epochs[MALLORY], MALLORY, beside);
    assert_bob_reads_on(&mut epochs, &beside);
}

#[test]
fn what_is_written_beside_a_statement_exposes_its_author_at_once() {
    // With a fourth member, who has said nothing, no place of the order is closed: the statement alone shows it.
    for members in [3, 4] {
        let mut epochs = epochs(members, 1);
        let (first, packet) = text(&mut epochs[ALICE], "first");
        epochs[BOB].open(&packet).unwrap();
        let seen = forge_statement(&mut epochs[MALLORY], MALLORY, 0, said(0, vec![first]));
        epochs[BOB].open(&seen).unwrap();
        let beside = content(0, None, Vec::new(), "beside");
        let beside = forge_content(&mut epochs[MALLORY], MALLORY, beside);
        effects(&mut epochs[BOB]);
        epochs[BOB].open(&beside).unwrap();
        assert_eq!(
            effects(&mut epochs[BOB]),
            [Effect::Contradicted { author: MALLORY }]
        );
        assert_eq!(epochs[BOB].open(&beside), Err(Rejection::Disputed));
        assert_eq!(effects(&mut epochs[BOB]), []);
    }
}

#[test]
fn what_is_written_after_closing_is_read_by_all_if_somebody_builds_upon_it() {
    let mut epochs = epochs(3, 1);
    let closed = Statement {
        presence: Presence::Closed,
        ..said(0, Vec::new())
    };
    let closed = forge_statement(&mut epochs[MALLORY], MALLORY, 0, closed);
    epochs[BOB].open(&closed).unwrap();
    assert!(epochs[BOB].is_closed(MALLORY));
    let after = content(0, None, Vec::new(), "after");
    let after = forge_content(&mut epochs[MALLORY], MALLORY, after);
    assert_bob_reads_on(&mut epochs, &after);
}

#[test]
fn what_is_written_in_place_of_a_last_message_is_read_by_all_if_somebody_builds_upon_it() {
    let mut epochs = epochs(3, 1);
    let last = Content {
        kind: ContentKind::Fin,
        body: Vec::new().into(),
        ..content(0, None, Vec::new(), "")
    };
    let last = forge_content(&mut epochs[MALLORY], MALLORY, last);
    epochs[BOB].open(&last).unwrap();
    let line = line(&mut epochs, 3, Vec::new());
    open_all(&mut epochs[ALICE], line.iter().rev());
    let (_, answer) = text(&mut epochs[ALICE], "answer");
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&answer).unwrap();
    // The last of the line first: it alone is named.
    open_all(&mut epochs[BOB], line.iter().rev());
    let told = effects(&mut epochs[BOB]);
    assert!(has_read(&told, "answer"), "{told:?}");
    assert_eq!(equivocations(&told).len(), 1);
}

#[test]
fn what_waits_and_cannot_be_shown_gives_way_to_what_can() {
    let mut epochs = epochs(3, 1);
    // Large ones: the signed end of the line finds no room, and goes.
    let body = "x".repeat(60_000);
    let (first, _) = unsigned(&mut epochs, content(0, None, Vec::new(), "0"));
    let (second, second_packet) = unsigned(&mut epochs, content(1, first, Vec::new(), "1"));
    let end = content(2, second, Vec::new(), &body);
    let end = forge_content(&mut epochs[MALLORY], MALLORY, end);
    let bob = &mut epochs[BOB];
    bob.open(&end).unwrap();
    bob.open(&second_packet).unwrap();
    let gone = {
        let mut held = bob.delivery.holdback.of(MALLORY);
        held.find(|held| held.content.seq == 2).unwrap().id
    };
    assert!(bob.delivery.holdback.remove(MALLORY, &gone));
    let other = content(1, MessageId::new([8; 32]), Vec::new(), "another");
    let other = forge_content(&mut epochs[MALLORY], MALLORY, other);
    let bob = &mut epochs[BOB];
    bob.open(&other).unwrap();
    let held: Vec<_> = bob
        .delivery
        .holdback
        .of(MALLORY)
        .map(|held| held.id)
        .collect();
    assert_eq!(held.len(), 1);
    assert_ne!(held[0], second);
}

#[test]
fn long_messages_are_vouched_for_over_a_shorter_distance() {
    let mut epochs = epochs(3, 1);
    let body = "x".repeat(60_000);
    let (first, one) = unsigned(&mut epochs, content(0, None, Vec::new(), &body));
    let (second, two) = unsigned(&mut epochs, content(1, first, Vec::new(), &body));
    let end = content(2, second, Vec::new(), &body);
    let end = forge_content(&mut epochs[MALLORY], MALLORY, end);
    let bob = &mut epochs[BOB];
    bob.open(&end).unwrap();
    bob.open(&two).unwrap();
    assert_eq!(bob.open(&one), Err(Rejection::NotAuthentic));
    let served = Packet::Sealed(two).to_bytes().len();
    assert!(2 * served > 128 << 10 && served < 128 << 10);
}
