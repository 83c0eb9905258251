//! All rules, in every room.

use super::{Case, Outcome, safe};
use crate::members::Seat::{self, A, B, C, D};
use crate::room::Room;
use crate::rules::Rules;

fn case(room: Room, expected: Outcome) -> Case {
    Case::new("rules 1 to 5", Rules::FULL, room, expected)
}

fn with(room: Room, byzantine: &[Seat], expected: Outcome) -> Case {
    case(room.with_byzantine(byzantine), expected)
}

/// All rules, in every room that takes seconds.
#[must_use]
pub fn full() -> Vec<Case> {
    vec![
        case(Room::of(3, 2), safe(1_970, 0, 0)),
        case(Room::of(3, 3), safe(112_706, 16, 0)),
        case(Room::of(4, 2), safe(24_527, 28, 0)),
        with(Room::of(3, 2), &[A], safe(742, 24, 24)),
        with(Room::of(3, 2), &[B], safe(557, 31, 31)),
        with(Room::of(3, 2), &[C], safe(646, 19, 19)),
        with(Room::of(3, 3), &[A], safe(26_718, 1_576, 1_556)),
        with(Room::of(3, 3), &[B], safe(19_506, 1_466, 1_436)),
        with(Room::of(3, 3), &[C], safe(17_259, 1_534, 1_534)),
        with(Room::of(4, 2), &[A], safe(49_978, 2_486, 2_486)),
        with(Room::of(4, 2), &[B], safe(36_168, 7_926, 7_926)),
        with(Room::of(4, 2), &[C], safe(8_258, 498, 498)),
        with(Room::of(4, 2), &[D], safe(8_258, 498, 498)),
        with(Room::of(4, 2), &[A, B], safe(4_392, 150, 150)),
        with(Room::of(4, 2), &[C, D], safe(2_552, 133, 133)),
        with(Room::of(4, 3), &[B, C], safe(206_530, 16_561, 16_561)),
        case(Room::of_two_against_all(1), safe(21, 0, 0)),
        case(Room::of_two_against_all(2), safe(657, 36, 36)),
        case(Room::of_two_against_all(3), safe(21_440, 1_534, 1_534)),
    ]
}

/// All rules, in rooms that take minutes each.
#[must_use]
pub fn large() -> Vec<Case> {
    let of_four = Room::of(4, 3);
    vec![
        case(Room::of_two_against_all(4), safe(713_314, 50_124, 50_124)),
        with(of_four, &[D], safe(1_119_309, 155_012, 153_514)),
        with(of_four, &[C], safe(5_791_119, 1_731_023, 1_731_023)),
        with(of_four, &[B], safe(5_708_810, 1_411_344, 1_383_736)),
        with(of_four, &[A], safe(7_609_716, 815_300, 806_184)),
        case(of_four, safe(5_732_740, 11_824, 3_474)),
    ]
}
