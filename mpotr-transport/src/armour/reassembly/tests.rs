use core::num::NonZeroU16;
use core::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use tokio::time::Instant;

use super::super::{Armour, InstanceTag, Line, UnitId};
use super::{BYTES, Counts, FINISHED, IN_ALL, PATIENCE, PER_HINT, PIECE_COST, Reassembly};
use crate::transport::SenderHint;

const TAG: InstanceTag = InstanceTag::new(1);
const BOB: SenderHint = SenderHint::from_u64(1);
const EVE: SenderHint = SenderHint::from_u64(2);

fn unit(length: usize) -> Bytes {
    (0..=250).cycle().take(length).collect()
}

fn lines(id: u32, unit: &Bytes) -> Vec<Line> {
    Armour::new(TAG, 100).lines(UnitId::new(id), unit).unwrap()
}

fn piece(id: u32, k: u16, n: u16, length: usize) -> Line {
    Line::Piece {
        from: TAG,
        id: UnitId::new(id),
        k: NonZeroU16::new(k).unwrap(),
        n: NonZeroU16::new(n).unwrap(),
        piece: vec![7; length].into(),
    }
}

fn after(start: Instant, seconds: u64) -> Instant {
    start.checked_add(Duration::from_secs(seconds)).unwrap()
}

#[test]
fn pieces_come_in_any_order_and_the_unit_comes_once() {
    let (now, unit) = (Instant::now(), unit(200));
    let mut reassembly = Reassembly::default();
    let mut lines = lines(1, &unit);
    assert_eq!(lines.len(), 5);
    lines.rotate_left(2);
    let last = lines.pop().unwrap();
    for line in &lines {
        assert_eq!(reassembly.take(now, BOB, line.clone()), None);
    }
    assert_eq!(reassembly.take(now, BOB, last.clone()), Some(unit));
    assert_eq!(reassembly.cost(), 0);
    // Again, nothing comes of them.
    for line in lines.into_iter().chain([last]) {
        assert_eq!(reassembly.take(now, BOB, line), None);
    }
    assert_eq!((reassembly.cost(), reassembly.counts().ignored), (0, 5));
}

#[test]
fn the_first_copy_of_a_piece_wins_and_what_does_not_fit_to_it_is_ignored() {
    let (now, unit) = (Instant::now(), unit(100));
    let lines = lines(1, &unit);
    let [first, second, third] = &lines[..] else {
        panic!("{lines:?}")
    };
    let mut reassembly = Reassembly::default();
    assert_eq!(reassembly.take(now, BOB, first.clone()), None);
    for bad in [
        piece(1, 1, 3, 48),
        piece(1, 2, 4, 48),
        piece(1, 2, 3, 45),
        piece(1, 3, 3, 49),
    ] {
        assert_eq!(reassembly.take(now, BOB, bad), None);
    }
    assert_eq!(reassembly.counts().ignored, 4);
    // The same from another hint is another unit.
    assert_eq!(reassembly.take(now, EVE, piece(1, 2, 3, 48)), None);
    assert_eq!(reassembly.take(now, BOB, third.clone()), None);
    assert_eq!(reassembly.take(now, BOB, second.clone()), Some(unit));
}

#[test]
fn a_last_piece_that_is_longer_than_the_others_fits_to_none() {
    let now = Instant::now();
    let mut reassembly = Reassembly::default();
    assert_eq!(reassembly.take(now, BOB, piece(1, 2, 2, 10)), None);
    assert_eq!(reassembly.take(now, BOB, piece(1, 1, 2, 9)), None);
    assert_eq!(reassembly.counts().ignored, 1);
    assert!(reassembly.take(now, BOB, piece(1, 1, 2, 12)).is_some());
}

#[test]
fn refuses_a_unit_over_the_limit_of_packets_at_its_first_piece() {
    let now = Instant::now();
    let mut reassembly = Reassembly::default();
    assert_eq!(reassembly.take(now, BOB, piece(1, 1, 4_096, 300)), None);
    assert_eq!(
        (
            reassembly.cost(),
            reassembly.units.len(),
            reassembly.counts().ignored
        ),
        (0, 0, 1)
    );
    // The last one alone tells nothing of the others: it waits, for its own length.
    assert_eq!(reassembly.take(now, BOB, piece(2, 4_096, 4_096, 300)), None);
    assert_eq!(reassembly.cost(), 300 + PIECE_COST);
}

#[test]
fn a_hint_has_few_units_and_its_oldest_goes_first() {
    let now = Instant::now();
    let mut reassembly = Reassembly::default();
    reassembly.take(now, BOB, piece(0, 1, 2, 3));
    for id in 0..100 {
        reassembly.take(now, EVE, piece(id, 1, 2, 3));
        assert!(reassembly.units.len() <= 1 + PER_HINT);
    }
    assert_eq!(reassembly.counts().dropped, 100 - 8);
    // Bob's has stayed, and the newest of Eve's.
    assert!(reassembly.take(now, BOB, piece(0, 2, 2, 1)).is_some());
    assert!(reassembly.take(now, EVE, piece(99, 2, 2, 1)).is_some());
    assert!(reassembly.take(now, EVE, piece(1, 2, 2, 1)).is_none());
}

#[test]
fn there_is_an_end_to_units_of_many_hints() {
    let now = Instant::now();
    let mut reassembly = Reassembly::default();
    for hint in 0..1_000 {
        reassembly.take(now, SenderHint::from_u64(hint), piece(1, 1, 2, 3));
        assert!(reassembly.units.len() <= IN_ALL);
    }
}

#[test]
fn bytes_at_hand_are_bounded_and_the_one_who_holds_most_pays() {
    let now = Instant::now();
    let mut reassembly = Reassembly::default();
    reassembly.take(now, BOB, piece(0, 1, 2, 300));
    for hint in 2..8 {
        for k in 1..350 {
            reassembly.take(now, SenderHint::from_u64(hint), piece(1, k, 350, 2_997));
            assert!(reassembly.cost() <= BYTES);
        }
    }
    assert!(reassembly.take(now, BOB, piece(0, 2, 2, 1)).is_some());
    let sum: usize = reassembly.units.values().map(super::Unit::cost).sum();
    assert_eq!(reassembly.cost(), sum);
}

#[test]
fn what_no_new_piece_comes_for_goes_and_a_slow_one_has_more_time() {
    let start = Instant::now();
    let over = PATIENCE.as_secs() + 1;
    let mut reassembly = Reassembly::default();
    reassembly.take(start, BOB, piece(1, 1, 3, 3));
    // A piece that came before is not a new one.
    reassembly.take(after(start, 100), BOB, piece(1, 1, 3, 3));
    assert_eq!(
        reassembly.take(after(start, over), BOB, piece(2, 1, 2, 3)),
        None
    );
    assert_eq!(reassembly.counts().dropped, 1);
    // One piece in a hundred seconds: four times as long is waited.
    reassembly.take(start, EVE, piece(1, 1, 3, 3));
    reassembly.take(after(start, 100), EVE, piece(1, 2, 3, 3));
    let late = after(start, 100 + 399);
    assert!(reassembly.take(late, EVE, piece(1, 3, 3, 3)).is_some());
    assert_eq!(reassembly.units.len(), 0);
}

#[test]
fn as_many_finished_units_are_remembered_as_the_specification_says() {
    let now = Instant::now();
    let mut reassembly = Reassembly::default();
    for id in 0..=u32::try_from(FINISHED).unwrap() {
        reassembly.take(now, BOB, piece(id, 1, 2, 3));
        assert!(reassembly.take(now, BOB, piece(id, 2, 2, 3)).is_some());
    }
    assert_eq!(reassembly.known.len(), FINISHED);
    assert_eq!(reassembly.take(now, BOB, piece(1, 1, 2, 3)), None);
    assert_eq!(reassembly.units.len(), 0);
    // The oldest is forgotten: a room refuses what it has seen by itself.
    assert_eq!(reassembly.take(now, BOB, piece(0, 1, 2, 3)), None);
    assert_eq!(reassembly.units.len(), 1);
    assert_eq!(
        reassembly.counts(),
        Counts {
            dropped: 0,
            ignored: 1
        }
    );
}

proptest! {
    /// Units of two senders, their lines shuffled and some of them repeated: each comes once, with its own bytes.
    #[test]
    fn units_come_whole_whatever_the_order(
        lengths in prop::collection::vec(1_usize..600, 1..7),
        seed in prop::collection::vec(any::<prop::sample::Index>(), 200),
    ) {
        let now = Instant::now();
        let mut reassembly = Reassembly::default();
        let mut sent = Vec::new();
        for (id, length) in (0..).zip(&lengths) {
            let hint = if id % 2 == 0 { BOB } else { EVE };
            for line in lines(id, &unit(*length)) {
                sent.push((hint, line));
            }
        }
        for [one, other] in seed.as_chunks().0 {
            let length = sent.len();
            sent.swap(one.index(length), other.index(length));
        }
        let mut whole = Vec::new();
        for (hint, line) in sent {
            let again = matches!(line, Line::Piece { .. }).then(|| line.clone());
            whole.extend(reassembly.take(now, hint, line));
            if let Some(again) = again {
                prop_assert_eq!(reassembly.take(now, hint, again), None);
            }
        }
        let mut got: Vec<usize> = whole.iter().map(Bytes::len).collect();
        let mut wanted = lengths.clone();
        got.sort_unstable();
        wanted.sort_unstable();
        prop_assert_eq!(got, wanted);
        prop_assert!(whole.iter().all(|whole| *whole == unit(whole.len())));
        prop_assert_eq!(reassembly.cost(), 0);
    }

    /// Whatever comes, what is held stays within its bounds and is counted right.
    #[test]
    fn whatever_comes_the_bounds_hold(
        pieces in prop::collection::vec((0_u64..4, 0_u32..20, 1_u16..6, 2_u16..6, 1_usize..9), 0..300),
    ) {
        let now = Instant::now();
        let mut reassembly = Reassembly::default();
        for (hint, id, k, n, length) in pieces {
            reassembly.take(now, SenderHint::from_u64(hint), piece(id, k.min(n), n, length));
            let sum: usize = reassembly.units.values().map(super::Unit::cost).sum();
            prop_assert_eq!(reassembly.cost(), sum);
            prop_assert!(reassembly.units.len() <= 4 * PER_HINT);
            prop_assert!(reassembly.units.values().all(|unit| !unit.pieces.is_empty()));
        }
    }
}
