//! All rules, with one changed.

use super::{Case, broken, safe};
use crate::room::Room;
use crate::rules::{Abandon, Adopt, Forsake, Install, Reports, Rising, Rules};

const FULL: Rules = Rules::FULL;

/// All rules with one taken out or weakened, in the smallest room that shows what it is for.
#[must_use]
pub fn without_each() -> Vec<Case> {
    let mut cases = rules_1_and_2().to_vec();
    cases.extend(rule_3());
    cases.extend(rule_4_forsake());
    cases.extend(rule_4_adopt());
    cases.extend(rule_5());
    cases
}

fn rules_1_and_2() -> [Case; 5] {
    let of_two = Room::of(3, 2);
    [
        Case::new(
            "1: a member confirms in any view",
            Rules {
                rising: Rising::NotAtAll,
                ..FULL
            },
            of_two,
            broken(10),
        ),
        Case::new(
            "1: a member confirms twice in one view",
            Rules {
                rising: Rising::SameView,
                ..FULL
            },
            Room::of_two_against_all(1),
            broken(6),
        ),
        Case::new(
            "1: a member confirms after it installed",
            Rules {
                stop_after_install: false,
                ..FULL
            },
            of_two,
            broken(10),
        ),
        Case::new(
            "1: a member that lost its state goes on under its old name",
            Rules {
                new_instance_after_loss: false,
                ..FULL
            },
            of_two,
            broken(11),
        ),
        Case::new(
            "2: a member installs whatever it confirmed",
            Rules {
                install: Install::AnyConfirmed,
                ..FULL
            },
            of_two,
            broken(10),
        ),
    ]
}

fn rule_3() -> [Case; 4] {
    let of_three = Room::of(3, 3);
    let none = Rules {
        reports: Reports::None,
        ..FULL
    };
    [
        Case::new("3: no reports", none, of_three, safe(31_249, 4, 0)),
        Case::new(
            "3: no reports",
            none,
            Room::of_two_against_all(3),
            safe(13_903, 1_128, 1_128),
        ),
        Case::new(
            "3: a report does not say INSTALLED",
            Rules {
                reports: Reports::Entered,
                ..FULL
            },
            of_three,
            safe(112_706, 16, 0),
        ),
        Case::new(
            "added: entering a view bars installing below",
            Rules {
                entering_bars_installing: true,
                ..FULL
            },
            Room::of(3, 2),
            safe(1_324, 96, 58),
        ),
    ]
}

fn rule_4_forsake() -> [Case; 5] {
    let with = |forsake| Rules { forsake, ..FULL };
    let of_two = Room::of(3, 2);
    let of_three = Room::of(3, 3);
    [
        Case::new(
            "4: no FORSAKE",
            with(Forsake::Never),
            of_three,
            safe(87_296, 484, 428),
        ),
        Case::new(
            "4: FORSAKE only of a Q that one confirmed",
            with(Forsake::Confirmed),
            of_three,
            safe(97_159, 94, 54),
        ),
        Case::new(
            "4: FORSAKE also if the one that installed P is not in Q",
            with(Forsake::ListedByAny),
            of_two,
            safe(2_246, 16, 16),
        ),
        Case::new(
            "4: FORSAKE at any time",
            with(Forsake::Unasked),
            of_two,
            safe(23_721, 7_151, 7_151),
        ),
        Case::new(
            "4: FORSAKE is not kept",
            Rules {
                forsake_binds: false,
                ..FULL
            },
            Room::of_two_against_all(2),
            broken(9),
        ),
    ]
}

fn rule_4_adopt() -> [Case; 4] {
    let with = |adopt| Rules { adopt, ..FULL };
    [
        Case::new(
            "4: no ADOPT",
            with(Adopt::Never),
            Room::of(3, 3),
            safe(90_604, 14_558, 13_286),
        ),
        Case::new(
            "4: ADOPT when anyone has installed P",
            with(Adopt::AnyInstalled),
            Room::of(3, 2),
            broken(12),
        ),
        Case::new(
            "4: ADOPT when one in both rosters has installed P",
            with(Adopt::OneCommon),
            Room::of_two_against_all(2),
            broken(8),
        ),
        Case::new(
            "4: ADOPT looks at the last Q only",
            with(Adopt::AllCommonOfLast),
            Room::of(3, 3),
            broken(14),
        ),
    ]
}

fn rule_5() -> [Case; 2] {
    let with = |abandon| Rules { abandon, ..FULL };
    [
        Case::new(
            "added: ABANDON is signed and counts as FORSAKE",
            with(Abandon::Heard),
            Room::of(3, 2),
            safe(9_770, 0, 0),
        ),
        Case::new(
            "5: such an ABANDON is not kept",
            with(Abandon::HeardNotKept),
            Room::of(3, 2),
            broken(11),
        ),
    ]
}
