//! Texts and their fates, without a room.

use super::*;
use crate::room::drafts::{MAX_DRAFT_BYTES, MAX_DRAFTS};
use crate::wire::MAX_BODY;

const BOB: IdentityKey = IdentityKey::new([2; 32]);
const EVE: IdentityKey = IdentityKey::new([3; 32]);

fn take(fates: &mut Fates, body: Vec<u8>) -> Result<TextId, SendError> {
    fates.take(body.into(), Roster::default())
}

/// Takes a text and seals it in a place.
fn sealed(fates: &mut Fates, seq: u32) -> TextId {
    let taken = take(fates, b"text".to_vec()).unwrap();
    let (text_id, draft) = fates.next_to_seal().unwrap();
    assert_eq!((text_id, draft.body.as_slice()), (taken, &b"text"[..]));
    fates.note_sealed(Timestamp::default(), seq, text_id, 100);
    text_id
}

#[test]
fn a_text_on_which_nobodys_word_is_awaited_is_acknowledged_once() {
    let mut fates = Fates::default();
    let text_id = sealed(&mut fates, 0);
    assert_eq!(fates.decide(0), Some(Event::Acknowledged { text_id }));
    assert_eq!(fates.decide(0), None);
    assert_eq!(fates.end_epoch(&BTreeMap::from([(0, vec![BOB])])), []);
    assert!(fates.is_none_lost());
}

#[test]
fn a_text_is_missed_by_all_who_left_without_it_and_told_so_once() {
    let mut fates = Fates::default();
    let text_id = sealed(&mut fates, 7);
    fates.note_missed(7, EVE);
    fates.note_missed(7, BOB);
    fates.note_missed(7, EVE);
    let by = vec![BOB, EVE];
    assert_eq!(fates.decide(7), Some(Event::Missed { text_id, by }));
    assert_eq!(fates.end_epoch(&BTreeMap::new()), []);
    assert!(!fates.is_none_lost());
}

#[test]
fn the_end_of_an_epoch_leaves_nothing_that_was_sealed_open() {
    let mut fates = Fates::default();
    let text_ids = [0, 1, 2].map(|seq| sealed(&mut fates, seq));
    fates.note_missed(2, EVE);
    let waiting = take(&mut fates, b"later".to_vec()).unwrap();
    let told = fates.end_epoch(&BTreeMap::from([
        (1, vec![BOB]),
        (2, vec![BOB]),
        (3, vec![EVE]),
    ]));
    let [first, second, third] = text_ids;
    let expected = [
        Event::Acknowledged { text_id: first },
        Event::Missed {
            text_id: second,
            by: vec![BOB],
        },
        Event::Missed {
            text_id: third,
            by: vec![BOB, EVE],
        },
    ];
    assert_eq!(told, expected);
    // What was not sealed goes on to the next one, in whatever place.
    assert_eq!(
        fates.next_to_seal().map(|(text_id, _)| text_id),
        Some(waiting)
    );
    fates.note_sealed(Timestamp::default(), 0, waiting, 100);
    let text_id = waiting;
    assert_eq!(fates.decide(0), Some(Event::Acknowledged { text_id }));
}

#[test]
fn what_waits_at_the_end_is_dropped_with_a_reason() {
    let mut fates = Fates::default();
    let text_id = take(&mut fates, b"late".to_vec()).unwrap();
    let why = DropReason::Expired;
    assert_eq!(fates.drop_all(why), [Event::Dropped { text_id, why }]);
    assert_eq!(fates.drop_all(why), []);
    assert!(!fates.is_none_lost());
    let mut none = Fates::default();
    assert_eq!(none.drop_all(why), []);
    assert!(none.is_none_lost());
}

#[test]
fn so_many_texts_wait_and_no_more() {
    let mut fates = Fates::default();
    for _ in 0..MAX_DRAFTS {
        assert!(fates.has_room());
        take(&mut fates, Vec::new()).unwrap();
    }
    assert!(!fates.has_room());
    assert_eq!(take(&mut fates, Vec::new()), Err(SendError::QueueFull));
    fates.next_to_seal().unwrap();
    assert!(fates.has_room());
}

#[test]
fn so_many_bytes_wait_and_no_more() {
    let mut fates = Fates::default();
    let mut waiting = 0;
    while fates.has_room() {
        take(&mut fates, vec![0; MAX_BODY]).unwrap();
        waiting += 1;
    }
    assert!(take(&mut fates, vec![0; MAX_BODY]).is_err());
    assert_eq!(waiting * MAX_BODY, MAX_DRAFT_BYTES);
    // What is refused takes nothing up, what is put back does.
    let (text_id, draft) = fates.next_to_seal().unwrap();
    fates.put_back(text_id, draft);
    assert!(take(&mut fates, vec![0; MAX_BODY]).is_err());
}

#[test]
fn so_many_texts_are_on_their_way_and_the_next_follows_an_answer() {
    let mut fates = Fates::default();
    for seq in 0..128 {
        sealed(&mut fates, seq);
    }
    let next = take(&mut fates, b"next".to_vec()).unwrap();
    assert!(fates.next_to_seal().is_none());
    fates.decide(5).unwrap();
    let (text_id, draft) = fates.next_to_seal().unwrap();
    assert_eq!((text_id, draft.body.as_slice()), (next, &b"next"[..]));
}

#[test]
fn a_text_larger_than_all_that_may_be_on_its_way_goes_alone() {
    let mut fates = Fates::default();
    for _ in 0..2 {
        take(&mut fates, vec![0; MAX_BODY]).unwrap();
    }
    let (first, _) = fates.next_to_seal().unwrap();
    fates.note_sealed(Timestamp::default(), 0, first, MAX_SEALED_BYTES + 1);
    assert!(fates.next_to_seal().is_none());
    fates.decide(0).unwrap();
    assert!(fates.next_to_seal().is_some());
}

#[test]
fn what_is_awaited_by_nobody_who_is_waited_for_makes_room_up_to_a_bound() {
    let mut fates = Fates::default();
    let mut place = 0;
    while !fates.must_have_an_end() {
        take(&mut fates, b"next".to_vec()).unwrap();
        let Some((text_id, _)) = fates.next_to_seal() else {
            assert_eq!(
                fates.held_up_by(),
                Some((place - 128, Timestamp::default()))
            );
            fates.count(|_| false);
            continue;
        };
        fates.note_sealed(Timestamp::default(), place, text_id, 100);
        place += 1;
    }
    assert_eq!(place, 1024);
    assert!(!fates.counts(0));
    // Its fate changes nothing in what counts, and makes room for one.
    fates.count(|_| false);
    assert!(fates.next_to_seal().is_none());
    fates.decide(0).unwrap();
    let (text_id, _) = fates.next_to_seal().unwrap();
    fates.note_sealed(Timestamp::default(), place, text_id, 100);
    assert!(fates.next_to_seal().is_none());
    let awaited = (0..=place).map(|seq| (seq, vec![BOB])).collect();
    fates.end_epoch(&awaited);
    assert_eq!(
        (fates.counted.len(), fates.counted_bytes, fates.sealed_bytes),
        (0, 0, 0)
    );
}
