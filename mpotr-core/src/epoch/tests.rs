//! Epochs without a room: what an insider can do with the keys that all members share, and what it gets for it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, which clippy does not know for tests"
)]

mod backlog;
mod claims;
mod crowding;
mod equivocation;
mod flood;
mod holding;
mod quiet;
mod serving;
mod spec;
mod together;
mod vouching;

use std::collections::BTreeSet;
use std::ops::{Index, IndexMut};

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::Secret;
use mpotr_gka::{AgreementId, AuthenticationId, MemberIndex, Methods, simulation};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{Effect, Epoch};
use crate::error::Rejection;
use crate::wire::{
    Content, ContentKind, Fields, Header, Lock, MessageId, Packet, Presence, SealedPacket,
    Statement, Stream, Unsigned,
};

pub(super) const ALICE: MemberIndex = MemberIndex::new(0);
pub(super) const BOB: MemberIndex = MemberIndex::new(1);
pub(super) const MALLORY: MemberIndex = MemberIndex::new(2);

/// An epoch as each of its members sees it.
#[derive(Debug)]
pub(super) struct Epochs(Vec<Epoch<Suite>>);

impl Epochs {
    /// That of a member alone.
    pub(super) fn of(mut self, member: MemberIndex) -> Epoch<Suite> {
        self.0.remove(member.place())
    }
}

impl FromIterator<Epoch<Suite>> for Epochs {
    fn from_iter<T: IntoIterator<Item = Epoch<Suite>>>(epochs: T) -> Self {
        Self(epochs.into_iter().collect())
    }
}

impl Index<MemberIndex> for Epochs {
    type Output = Epoch<Suite>;

    fn index(&self, member: MemberIndex) -> &Epoch<Suite> {
        &self.0[member.place()]
    }
}

impl IndexMut<MemberIndex> for Epochs {
    fn index_mut(&mut self, member: MemberIndex) -> &mut Epoch<Suite> {
        &mut self.0[member.place()]
    }
}

/// The same epoch as each of so many members sees it.
pub(super) fn epochs(members: usize, seed: u64) -> Epochs {
    let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let (established, _) = simulation::form_group::<Suite>(members, methods, &mut rng).unwrap();
    established.into_iter().map(Epoch::new).collect()
}

pub(super) fn sealed(packet: &[u8]) -> SealedPacket {
    match Packet::from_bytes(packet).unwrap() {
        Packet::Sealed(sealed) => sealed,
        other => panic!("{other:?}"),
    }
}

pub(super) fn text(epoch: &mut Epoch<Suite>, body: &str) -> (MessageId, SealedPacket) {
    let (_, id, packet) = epoch.seal_content(ContentKind::Text, body.into()).unwrap();
    (id, sealed(&packet))
}

pub(super) fn statement(epoch: &mut Epoch<Suite>) -> SealedPacket {
    sealed(&epoch.seal_statement(Presence::Present).unwrap().packet)
}

pub(super) fn effects(epoch: &mut Epoch<Suite>) -> Vec<Effect> {
    std::iter::from_fn(|| epoch.poll_effect()).collect()
}

pub(super) fn bodies(epoch: &mut Epoch<Suite>) -> Vec<String> {
    let effects = effects(epoch)
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Delivered { body, .. } => Some(String::from_utf8(body).unwrap()),
            _ => None,
        });
    effects.collect()
}

/// The key of a place in an author's stream: an insider has them all.
fn key_of(
    insider: &mut Epoch<Suite>,
    author: MemberIndex,
    (stream, seq): (Stream, u32),
) -> Secret<32> {
    let streams = if author == insider.me {
        &mut insider.sealer.streams
    } else {
        insider.opener.streams(author).unwrap()
    };
    let ratchet = match stream {
        Stream::Content => &mut streams.content,
        Stream::Statement => &mut streams.statements,
    };
    Secret::new(*ratchet.key::<Suite>(seq).unwrap().expose())
}

/// What an insider seals for a place in an author's stream, with a signature of its own.
fn forge<T: Fields>(
    insider: &mut Epoch<Suite>,
    author: MemberIndex,
    (stream, seq): (Stream, u32),
    fields: T,
    signed: impl FnOnce(&Epoch<Suite>, &Unsigned<T>) -> [u8; 64],
) -> SealedPacket {
    let unsigned = Unsigned::new(fields);
    let signature = insider.sealer.signing.sign(&signed(insider, &unsigned));
    let header = Header {
        sender: author.get(),
        stream,
        seq,
    };
    let key = key_of(insider, author, (stream, seq));
    SealedPacket::seal::<Suite>(
        insider.opener.keys.hint,
        header,
        &insider.opener.keys.header,
        &key,
        &unsigned.with_signature(&signature),
    )
}

pub(super) fn forge_content(
    insider: &mut Epoch<Suite>,
    author: MemberIndex,
    content: Content,
) -> SealedPacket {
    let place = (Stream::Content, content.seq);
    forge(insider, author, place, content, |epoch, unsigned| {
        unsigned
            .id::<Suite>(&epoch.opener.keys.id, author.get())
            .signed::<Suite>(&epoch.opener.keys.id)
    })
}

pub(super) fn forge_statement(
    insider: &mut Epoch<Suite>,
    author: MemberIndex,
    number: u32,
    statement: Statement,
) -> SealedPacket {
    forge(
        insider,
        author,
        (Stream::Statement, number),
        statement,
        |epoch, unsigned| unsigned.signed::<Suite>(&epoch.opener.keys.id, author.get(), number),
    )
}

pub(super) fn content(
    seq: u32,
    prev: impl Into<Option<MessageId>>,
    parents: Vec<MessageId>,
    body: &str,
) -> Content {
    Content {
        kind: ContentKind::Text,
        seq,
        prev: prev.into(),
        parents,
        lock: Lock::EMPTY,
        body: body.as_bytes().to_vec().into(),
    }
}

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

/// The signatures that an epoch verifies meanwhile.
pub(super) fn verified<T>(
    epoch: &mut Epoch<Suite>,
    call: impl FnOnce(&mut Epoch<Suite>) -> T,
) -> (T, usize) {
    let before = epoch.opener.examined.verified;
    let result = call(epoch);
    (result, epoch.opener.examined.verified - before)
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
    let again = vec![Effect::Repeated { member: ALICE }];
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
fn an_older_statement_never_replaces_a_newer() {
    let mut epochs = epochs(2, 1);
    let older = statement(&mut epochs[ALICE]);
    let newer = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&newer).unwrap();
    assert_eq!(epochs[BOB].open(&older), Err(Rejection::Replayed));
}

#[test]
fn a_message_beside_what_its_author_stated_is_refused() {
    let mut epochs = epochs(3, 1);
    let (first, packet) = text(&mut epochs[ALICE], "first");
    epochs[BOB].open(&packet).unwrap();
    epochs[MALLORY].open(&packet).unwrap();
    let seen = Statement {
        frontier: vec![first],
        ..Statement::empty(Presence::Present)
    };
    let seen = forge_statement(&mut epochs[MALLORY], MALLORY, 0, seen);
    epochs[BOB].open(&seen).unwrap();
    // Mallory stated to have seen Alice's message; now it writes as if it had not. Its depth would be 0: before it.
    let beside = content(0, None, Vec::new(), "beside");
    let beside = forge_content(&mut epochs[MALLORY], MALLORY, beside);
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&beside).unwrap();
    assert_eq!(bodies(&mut epochs[BOB]), Vec::<String>::new());
    assert_eq!(epochs[BOB].delivered(), 1);
}

#[test]
fn a_statement_that_takes_something_back_counts_for_nothing() {
    let mut epochs = epochs(3, 1);
    let (first, packet) = text(&mut epochs[ALICE], "first");
    epochs[BOB].open(&packet).unwrap();
    let state = |frontier| Statement {
        frontier,
        ..Statement::empty(Presence::Present)
    };
    let seen = forge_statement(&mut epochs[MALLORY], MALLORY, 0, state(vec![first]));
    let unseen = forge_statement(&mut epochs[MALLORY], MALLORY, 1, state(Vec::new()));
    let beside = content(0, None, Vec::new(), "beside");
    let beside = forge_content(&mut epochs[MALLORY], MALLORY, beside);
    for packet in [&seen, &unseen, &beside] {
        epochs[BOB].open(packet).unwrap();
    }
    assert_eq!(epochs[BOB].delivered(), 1);
}

#[test]
fn a_lock_over_another_order_names_who_signed_it() {
    let mut epochs = epochs(3, 1);
    let (first, packet) = text(&mut epochs[ALICE], "first");
    epochs[BOB].open(&packet).unwrap();
    let lie = Statement {
        frontier: vec![first],
        lock: Lock::EMPTY.then::<Suite>(&MessageId::new([7; 32])),
        ..Statement::empty(Presence::Present)
    };
    let lock = lie.lock;
    let lie = forge_statement(&mut epochs[MALLORY], MALLORY, 0, lie);
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&lie).unwrap();
    let place = Effect::Provisional {
        place: 0,
        id: first,
    };
    let fork = Effect::Fork {
        member: MALLORY,
        lock,
    };
    let heard = Effect::Repeated { member: MALLORY };
    assert_eq!(effects(&mut epochs[BOB]), [heard, place, fork]);
    let seen = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&seen).unwrap();
    // Nothing is final over the head of a member that orders otherwise, and it is told once.
    assert_eq!(
        effects(&mut epochs[BOB]),
        [Effect::Repeated { member: ALICE }]
    );
}

#[test]
fn held_back_messages_are_bounded_and_none_is_lost() {
    let mut epochs = epochs(2, 1);
    let (_, first) = text(&mut epochs[ALICE], "0");
    let later: Vec<_> = (1..=257)
        .map(|n| text(&mut epochs[ALICE], &n.to_string()).1)
        .collect();
    let bob = &mut epochs[BOB];
    for packet in &later[..256] {
        bob.open(packet).unwrap();
    }
    assert_eq!(bob.open(&later[256]), Err(Rejection::Quota));
    assert_eq!(bodies(bob), Vec::<String>::new());
    bob.open(&first).unwrap();
    assert_eq!(bodies(bob).len(), 257);
    bob.open(&later[256]).unwrap();
    assert_eq!(bodies(bob), ["257"]);
}

/// Any member that has it can send it again and again, and it counts when there is room.
#[test]
fn what_finds_no_room_costs_no_signature_when_it_comes_again() {
    let mut epochs = epochs(3, 1);
    let (_, first) = text(&mut epochs[ALICE], "0");
    let later: Vec<_> = (1..=258)
        .map(|n| text(&mut epochs[ALICE], &n.to_string()).1)
        .collect();
    let full = [Err(Rejection::Quota), Err(Rejection::Quota)];
    // It finds no room as one of many, or by itself.
    for together in [false, true] {
        let bob = &mut epochs[if together { MALLORY } else { BOB }];
        if together {
            let results = bob.open_together(later.clone());
            assert!(results[..256].iter().all(Result::is_ok));
            assert_eq!(results[256..], full);
            // Those that a later one has vouched for are looked at once.
            let again = verified(bob, |bob| [256, 257].map(|at| bob.open(&later[at])));
            assert_eq!(again, (full.clone(), 2));
        } else {
            for packet in &later[..256] {
                bob.open(packet).unwrap();
            }
            assert_eq!([256, 257].map(|at| bob.open(&later[at])), full);
        }
        let (waiting, looked) = (
            bob.delivery.holdback.iter().count(),
            bob.opener.examined.looked,
        );
        for _ in 0..3 {
            let again = verified(bob, |bob| [256, 257].map(|at| bob.open(&later[at])));
            assert_eq!(again, (full.clone(), 0));
            let again = verified(bob, |bob| bob.open_together(later[256..].to_vec()));
            assert_eq!(again, (full.to_vec(), 0));
        }
        // Nor is what waits looked through.
        assert_eq!(
            (
                bob.delivery.holdback.iter().count(),
                bob.opener.examined.looked
            ),
            (waiting, looked)
        );
        // What makes room may come with it.
        let all = [&later[256..], std::slice::from_ref(&first)].concat();
        assert_eq!(bob.open_together(all), [Ok(ALICE), Ok(ALICE), Ok(ALICE)]);
        assert_eq!(bodies(bob).len(), 259);
    }
}

/// It is after all that wait, of which there are as many as may be.
#[test]
fn what_finds_no_room_and_contradicts_what_waits_shows_its_author_all_the_same() {
    let mut epochs = epochs(3, 1);
    let mut last = None;
    let mut packets = Vec::new();
    for seq in 0..257 {
        let said = content(seq, last, Vec::new(), "line");
        packets.push(forge_content(&mut epochs[MALLORY], MALLORY, said));
        let packet = &packets[packets.len() - 1];
        last = Some(equivocation::id_of(&mut epochs[MALLORY], packet));
    }
    let other = content(257, MessageId::new([7; 32]), Vec::new(), "other");
    let other = forge_content(&mut epochs[MALLORY], MALLORY, other);
    let bob = &mut epochs[BOB];
    for packet in &packets[1..] {
        bob.open(packet).unwrap();
    }
    effects(bob);
    let _refused = bob.open(&other);
    assert!(bob.is_exposed(MALLORY));
}

#[test]
fn nothing_follows_the_last_message() {
    let mut epochs = epochs(3, 1);
    let (_, last, packet) = epochs[MALLORY]
        .seal_content(ContentKind::Fin, Vec::new())
        .unwrap();
    epochs[BOB].open(&sealed(&packet)).unwrap();
    let more = forge_content(
        &mut epochs[MALLORY],
        MALLORY,
        content(1, last, Vec::new(), "more"),
    );
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&more).unwrap();
    assert_eq!(
        effects(&mut epochs[BOB]),
        [Effect::Contradicted { author: MALLORY }]
    );
    assert_eq!(epochs[BOB].open(&more), Err(Rejection::Disputed));
    assert_eq!(epochs[BOB].delivered(), 1);
}

#[test]
fn a_message_that_names_another_authors_as_its_previous_is_refused() {
    let mut epochs = epochs(3, 1);
    let (alices, packet) = text(&mut epochs[ALICE], "0");
    epochs[BOB].open(&packet).unwrap();
    let (_, own) = text(&mut epochs[MALLORY], "mine");
    epochs[BOB].open(&own).unwrap();
    let grafted = forge_content(
        &mut epochs[MALLORY],
        MALLORY,
        content(1, alices, Vec::new(), "grafted"),
    );
    effects(&mut epochs[BOB]);
    epochs[BOB].open(&grafted).unwrap();
    assert_eq!(epochs[BOB].delivered(), 2);
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

#[test]
fn places_that_are_missing_are_asked_for_in_ranges_and_served_by_two() {
    let mut epochs = epochs(5, 1);
    let sent: Vec<_> = (0..20)
        .map(|n| text(&mut epochs[ALICE], &n.to_string()).1)
        .collect();
    let [dave, eve] = [3, 4].map(MemberIndex::new);
    for member in [MALLORY, dave, eve] {
        for packet in &sent {
            epochs[member].open(packet).unwrap();
        }
    }
    // Bob has 5 to 9 and hears that there are 20.
    for packet in &sent[5..10] {
        epochs[BOB].open(packet).unwrap();
    }
    let said = statement(&mut epochs[ALICE]);
    epochs[BOB].open(&said).unwrap();
    let range = |first, count| crate::wire::Range {
        author: 0,
        first,
        count,
    };
    assert_eq!(
        epochs[BOB].delivery.missing_ranges(0),
        [range(0, 5), range(10, 10)]
    );
    let asked = statement(&mut epochs[BOB]);
    let mut served = Vec::new();
    for member in [ALICE, MALLORY, dave, eve] {
        epochs[member].open(&asked).unwrap();
        let missing = effects(&mut epochs[member]);
        served.extend(missing.into_iter().filter_map(|effect| match effect {
            Effect::Missing { packet, .. } => Some(packet),
            _ => None,
        }));
    }
    assert!(served.len() <= 2 * 15 + 4, "{}", served.len());
    for _ in 0..4 {
        // Who is asked takes turns: what none of two had, another has.
        let asked = statement(&mut epochs[BOB]);
        epochs[ALICE].open(&asked).unwrap();
        served.extend(
            effects(&mut epochs[ALICE])
                .into_iter()
                .filter_map(|effect| match effect {
                    Effect::Missing { packet, .. } => Some(packet),
                    _ => None,
                }),
        );
    }
    for packet in served {
        let _twice = epochs[BOB].open(&sealed(&packet));
    }
    assert_eq!(bodies(&mut epochs[BOB]).len(), 20);
    assert_eq!(epochs[BOB].delivery.missing_ranges(0), []);
}

#[test]
fn one_member_alone_orders_for_itself() {
    let mut epochs = epochs(1, 1);
    text(&mut epochs[ALICE], "to myself");
    let last = effects(&mut epochs[ALICE]).pop().unwrap();
    assert!(
        matches!(&last, Effect::Final { lock: Lock { count: 1, .. }, ids } if ids.len() == 1),
        "{last:?}"
    );
}
