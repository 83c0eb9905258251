//! What was sent and found no room counts as served, and who fills the room itself serves nothing by that.

use mpotr_gka::{MemberIndex, Sid};

use super::{
    ALICE, BOB, Epochs, MALLORY, Suite, content, effects, epochs, forge_content, forge_statement,
    sealed, statement,
};
use crate::epoch::Effect;
use crate::wire::{Lock, MessageId, Next, Presence, SealedPacket, Statement};

const RUN: Sid = Sid::new([9; 32]);
const ALL: [MemberIndex; 3] = [ALICE, BOB, MALLORY];

fn frozen(frontier: Vec<MessageId>) -> Statement {
    Statement {
        frontier,
        next: Some(Next {
            frozen: Some((RUN, Lock::EMPTY)),
            ..Next::default()
        }),
        ..Statement::empty(Presence::Present)
    }
}

/// A long line of Mallory, from a place on: the ids and packets.
fn line(epochs: &mut Epochs, first: u32, links: u32) -> Vec<(MessageId, SealedPacket)> {
    let body = "x".repeat(60_000);
    let mut prev = None;
    if first > 0 {
        prev = Some(MessageId::new([7; 32]));
    }
    let mut line = Vec::new();
    for seq in first..first + links {
        let link = content(seq, prev, Vec::new(), &body);
        let packet = forge_content(&mut epochs[MALLORY], MALLORY, link);
        let id = {
            let link = content(seq, prev, Vec::new(), &body);
            let author = MALLORY.get();
            crate::wire::Unsigned::new(link).id::<Suite>(&epochs[MALLORY].opener.keys.id, author)
        };
        prev = Some(id);
        line.push((id, packet));
    }
    line
}

fn who_does_not_serve(epochs: &mut Epochs) -> Vec<MemberIndex> {
    let brought = epochs[ALICE].brought_into(RUN, &ALL).unwrap();
    let found = epochs[ALICE].unserved(brought);
    found.into_iter().collect()
}

#[test]
fn a_head_that_was_served_and_found_no_room_is_served_and_not_asked_for_until_there_is() {
    let mut epochs = epochs(3, 1);
    let line = line(&mut epochs, 0, 20);
    let head = line[19].0;
    for (_, packet) in &line {
        epochs[BOB].open(packet).unwrap();
    }
    epochs[ALICE].freeze(RUN);
    epochs[BOB].freeze(RUN);
    let mallory = forge_statement(&mut epochs[MALLORY], MALLORY, 0, frozen(Vec::new()));
    let bob = statement(&mut epochs[BOB]);
    for said in [&mallory, &bob] {
        epochs[ALICE].open(said).unwrap();
    }
    let mut asked_for_head = 0;
    for round in 0..40 {
        let is_whole = epochs[ALICE].cut(RUN, &ALL).is_some();
        if is_whole {
            // Once for each time that what waited was delivered: two at a time.
            assert!(asked_for_head <= 10, "{asked_for_head} times");
            return;
        }
        asked_for_head += u32::from(epochs[ALICE].delivery.missing(0).contains(&head));
        let asks = statement(&mut epochs[ALICE]);
        epochs[BOB].open(&asks).unwrap();
        let served = effects(&mut epochs[BOB]).into_iter().filter_map(|it| {
            let Effect::Missing { id, packet } = it else {
                return None;
            };
            Some((id, sealed(&packet)))
        });
        let place = |id| line.iter().position(|(it, _)| *it == id).unwrap();
        let mut served: Vec<_> = served.collect();
        // The newest come first, and most find no room.
        served.sort_by_key(|(id, _)| std::cmp::Reverse(place(*id)));
        for (_, packet) in &served {
            let _no_room = epochs[ALICE].open(packet);
        }
        assert_eq!(
            who_does_not_serve(&mut epochs),
            Vec::<MemberIndex>::new(),
            "round {round}"
        );
    }
    panic!("the cut is never whole");
}

#[test]
fn who_names_what_finds_no_room_since_it_sends_what_waits_for_ever_does_not_serve_it() {
    let mut epochs = epochs(3, 1);
    // Before the first of these comes one that does not exist.
    let line = line(&mut epochs, 50, 6);
    let head = line[5].0;
    epochs[ALICE].freeze(RUN);
    epochs[BOB].freeze(RUN);
    let mallory = forge_statement(&mut epochs[MALLORY], MALLORY, 0, frozen(vec![head]));
    let bob = statement(&mut epochs[BOB]);
    for said in [&mallory, &bob] {
        epochs[ALICE].open(said).unwrap();
    }
    for _ in 0..8 {
        assert!(epochs[ALICE].cut(RUN, &ALL).is_none());
        for (_, packet) in &line {
            let _no_room = epochs[ALICE].open(packet);
        }
        statement(&mut epochs[ALICE]);
    }
    assert_eq!(who_does_not_serve(&mut epochs), [MALLORY]);
}
