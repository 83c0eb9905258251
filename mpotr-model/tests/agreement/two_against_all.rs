//! Two honest members and one Byzantine that proposes in every view stand for every room.

use mpotr_model::{Room, Rules, Seat, check, table};

/// The length of a shortest counterexample.
fn steps(room: Room, rules: Rules) -> Option<usize> {
    let counterexample = check(room, rules).counterexample;
    counterexample.map(|steps| steps.len())
}

/// Whatever is wrong with a set of rules in some room shows in this one too, with as many views and no more steps.
#[test]
fn two_against_all_shows_what_any_room_shows() {
    let liars = [&[][..], &[Seat::A], &[Seat::B], &[Seat::C]];
    let rooms = liars.map(|liars| Room::of(3, 2).with_byzantine(liars));
    let mut shown = 0;
    for case in table::without_each() {
        let least = rooms
            .iter()
            .filter_map(|room| steps(*room, case.rules))
            .min();
        if let Some(least) = least {
            let against_all = steps(Room::of_two_against_all(2), case.rules);
            assert!(against_all.unwrap() <= least, "{}", case.words);
            shown += 1;
        }
    }
    // All that break but one, which takes three views.
    assert_eq!(shown, 9);
}
