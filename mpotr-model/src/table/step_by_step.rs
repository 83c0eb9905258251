//! The two readings of the first draft, and the rules as they were added.

use super::{Case, broken, safe};
use crate::members::Seat;
use crate::room::Room;
use crate::rules::{Adopt, Rules};

/// The two readings of the first draft, and the rules as they were added.
#[must_use]
pub fn step_by_step() -> Vec<Case> {
    let of_two = Room::of(3, 2);
    let of_three = Room::of(3, 3);
    let last = Rules::LAST_CONFIRMED;
    let reports = Rules::WITH_REPORTS;
    let barred = Rules {
        entering_bars_installing: true,
        ..reports
    };
    let one_word = Rules {
        adopt: Adopt::OneCommon,
        ..reports
    };
    let all_words = Rules {
        adopt: Adopt::AllCommon,
        ..reports
    };

    let mut cases = Vec::new();
    let mut add =
        |words, rules, room, expected| cases.push(Case::new(words, rules, room, expected));
    let words = "a certificate always wins";
    add(words, Rules::CERTIFICATE_WINS, of_two, broken(8));
    let words = "a higher view always wins";
    add(words, Rules::HIGHER_VIEW_WINS, of_two, broken(8));
    let words = "rules 1, 2";
    add(words, last, of_two, safe(795, 60, 54));
    add(words, last, of_three, safe(17_119, 2_332, 2_060));
    let words = "rules 1 to 3";
    add(words, reports, of_two, safe(1_634, 86, 74));
    add(words, reports, of_three, safe(75_774, 6_996, 5_948));
    let words = "1 to 3, entering a view bars installing below";
    add(words, barred, of_two, safe(1_324, 96, 58));
    add(words, barred, of_three, safe(53_621, 3_908, 2_346));
    let words = "1 to 3, ADOPT on the word of one that installed";
    add(words, one_word, of_two, safe(1_680, 12, 0));
    let watched = of_two.with_byzantine(&[Seat::C]);
    add(words, one_word, watched, broken(10));
    let words = "1 to 3, ADOPT on the words of all in both rosters";
    add(words, all_words, of_two, safe(1_738, 6, 6));
    add(words, all_words, of_three, safe(87_296, 484, 428));
    let words = "rules 1 to 5";
    add(words, Rules::FULL, of_two, safe(1_970, 0, 0));
    add(words, Rules::FULL, of_three, safe(112_706, 16, 0));
    cases
}
