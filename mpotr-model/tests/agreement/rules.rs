//! What each rule is for: taken out, I1 breaks or more members are stranded.

use mpotr_model::{
    Abandon, Adopt, Forsake, Install, Outcome, Reports, Rising, Room, Rules, Seat, check, table,
};

const FULL: Rules = Rules::FULL;

fn two_views() -> Room {
    Room::of(3, 2)
}

fn three_views() -> Room {
    Room::of(3, 3)
}

fn one_liar() -> Room {
    two_views().with_byzantine(&[Seat::C])
}

/// What comes out by all rules: searched, or taken from the published table, which another test compares with a search.
fn by_all_rules(room: Room) -> Outcome {
    let published = table::full().into_iter().find(|case| case.room == room);
    published.map_or_else(|| check(room, FULL).outcome, |case| case.expected)
}

#[track_caller]
fn breaks(rules: Rules, room: Room) {
    assert!(matches!(by_all_rules(room), Outcome::Safe { .. }));
    assert!(matches!(check(room, rules).outcome, Outcome::Broken { .. }));
}

/// Stranded and stuck, in millionths of all states.
#[track_caller]
fn shares(outcome: Outcome) -> [u64; 2] {
    match outcome {
        Outcome::Safe {
            states,
            stranded,
            stuck,
        } => [stranded, stuck].map(|count| 1_000_000 * count / u64::try_from(states).unwrap()),
        Outcome::Broken { steps } => panic!("breaks in {steps} steps"),
    }
}

#[track_caller]
fn strands_more(rules: Rules, than: Rules, room: Room) {
    let [stranded, stuck] = shares(check(room, rules).outcome);
    let [fewer_stranded, fewer_stuck] = shares(if than == FULL {
        by_all_rules(room)
    } else {
        check(room, than).outcome
    });
    assert!(stranded > fewer_stranded && stuck >= fewer_stuck);
}

#[test]
fn confirmations_that_do_not_rise_break_i1() {
    let rising = Rising::NotAtAll;
    breaks(Rules { rising, ..FULL }, two_views());
}

#[test]
fn two_confirmations_in_one_view_break_i1() {
    let rising = Rising::SameView;
    breaks(Rules { rising, ..FULL }, Room::of_two_against_all(1));
}

#[test]
fn two_confirmations_in_one_view_need_a_proposer_that_proposes_twice() {
    let rising = Rising::SameView;
    let outcome = check(two_views(), Rules { rising, ..FULL }).outcome;
    assert_eq!(outcome, by_all_rules(two_views()));
}

#[test]
fn confirming_after_installing_breaks_i1() {
    let stop_after_install = false;
    breaks(
        Rules {
            stop_after_install,
            ..FULL
        },
        two_views(),
    );
}

#[test]
fn going_on_under_the_old_name_after_losing_state_breaks_i1() {
    let new_instance_after_loss = false;
    breaks(
        Rules {
            new_instance_after_loss,
            ..FULL
        },
        two_views(),
    );
}

#[test]
fn installing_what_was_not_confirmed_last_breaks_i1() {
    let install = Install::AnyConfirmed;
    breaks(Rules { install, ..FULL }, two_views());
}

#[test]
fn without_reports_a_larger_share_is_stranded() {
    let with = Rules::WITH_REPORTS;
    strands_more(Rules::LAST_CONFIRMED, with, two_views());
    strands_more(Rules::LAST_CONFIRMED, with, three_views());
    let reports = Reports::None;
    let room = Room::of_two_against_all(3);
    strands_more(Rules { reports, ..FULL }, FULL, room);
}

#[test]
fn a_report_of_installing_saves_time_only() {
    // Its author may have reported just before it installed: no state is added or lost.
    let reports = Reports::Entered;
    let outcome = check(three_views(), Rules { reports, ..FULL }).outcome;
    assert_eq!(outcome, by_all_rules(three_views()));
}

#[test]
fn a_report_that_bars_installing_below_strands_more() {
    let entering_bars_installing = true;
    let barred = Rules {
        entering_bars_installing,
        ..FULL
    };
    strands_more(barred, FULL, two_views());
}

#[test]
fn without_forsake_members_wait_for_each_other() {
    let forsake = Forsake::Never;
    strands_more(Rules { forsake, ..FULL }, FULL, two_views());
    strands_more(Rules { forsake, ..FULL }, FULL, three_views());
}

#[test]
fn forsaking_only_what_one_confirmed_leaves_members_stuck() {
    let forsake = Forsake::Confirmed;
    let outcome = check(three_views(), Rules { forsake, ..FULL }).outcome;
    let [_, stuck] = shares(outcome);
    let [_, stuck_by_all_rules] = shares(by_all_rules(three_views()));
    assert!(stuck > 0 && stuck_by_all_rules == 0);
}

#[test]
fn forsaking_without_need_strands_more() {
    for forsake in [Forsake::ListedByAny, Forsake::Unasked] {
        strands_more(Rules { forsake, ..FULL }, FULL, two_views());
    }
}

#[test]
fn a_broken_forsake_breaks_i1() {
    let forsake_binds = false;
    breaks(
        Rules {
            forsake_binds,
            ..FULL
        },
        one_liar(),
    );
}

#[test]
fn without_adopt_members_are_stuck() {
    let adopt = Adopt::Never;
    strands_more(Rules { adopt, ..FULL }, FULL, two_views());
}

#[test]
fn adopting_on_the_word_of_one_outside_the_later_roster_breaks_i1() {
    let adopt = Adopt::AnyInstalled;
    breaks(Rules { adopt, ..FULL }, two_views());
}

#[test]
fn adopting_on_the_word_of_one_breaks_i1_with_one_liar() {
    let adopt = Adopt::OneCommon;
    breaks(Rules { adopt, ..FULL }, one_liar());
    // Without reports it holds.
    let outcome = check(three_views(), Rules { adopt, ..FULL }).outcome;
    assert!(matches!(outcome, Outcome::Safe { .. }));
}

#[test]
fn adopting_with_a_look_at_the_last_confirmed_only_breaks_i1() {
    let adopt = Adopt::AllCommonOfLast;
    breaks(Rules { adopt, ..FULL }, three_views());
}

#[test]
fn a_liar_can_strand_members_so_that_abandon_is_their_way_out() {
    let [_, stuck] = shares(by_all_rules(one_liar()));
    assert!(stuck > 0);
}

#[test]
fn an_abandon_may_count_as_forsaking_everything_if_it_is_kept() {
    let abandon = Abandon::Heard;
    let outcome = check(two_views(), Rules { abandon, ..FULL }).outcome;
    assert_eq!(shares(outcome), [0, 0]);
    let abandon = Abandon::HeardNotKept;
    breaks(Rules { abandon, ..FULL }, two_views());
}
