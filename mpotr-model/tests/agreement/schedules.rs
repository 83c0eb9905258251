//! The schedules that broke earlier drafts, step by step.

use mpotr_model::{Agreement, Ending, Refused, Rules, Schedule, Seat, Step};

/// Without the rule the schedule is a run, and breaks I1.
#[track_caller]
fn breaks_i1(schedule: &Schedule, rules: Rules, steps: &[Step]) {
    let agreement = Agreement::new(schedule.room, rules);
    let end = agreement.replay(steps).unwrap();
    let before = agreement.replay(&steps[..steps.len() - 1]).unwrap();
    assert!(agreement.is_agreed(&before));
    assert!(!agreement.is_agreed(&end));
}

/// With all rules the schedule stops at a step. From there, if everything is delivered, all who can agree do.
#[track_caller]
fn is_refused(schedule: &Schedule, after: usize, expected: Ending) {
    let agreement = Agreement::new(schedule.room, Rules::FULL);
    let step = schedule.steps[after];
    assert_eq!(
        agreement.replay(&schedule.steps),
        Err(Refused { after, step })
    );
    let state = agreement.replay(&schedule.steps[..after]).unwrap();
    assert!(agreement.is_agreed(&agreement.settle(state.clone())));
    assert_eq!(agreement.ending(&state), expected);
}

const TOGETHER: Ending = Ending {
    together: true,
    stranded: false,
    stuck: false,
    split: false,
};

const WAITING: Ending = Ending {
    together: false,
    ..TOGETHER
};

#[test]
fn s1_the_last_confirmation_comes_late() {
    let s1 = Schedule::s1();
    breaks_i1(&s1, s1.without, &s1.steps);
    breaks_i1(&s1, Rules::CERTIFICATE_WINS, &s1.without_reports());
    // A may no longer install P. B may, and A then adopts it.
    is_refused(&s1, 7, TOGETHER);
}

#[test]
fn s2_a_higher_view_after_installing() {
    let s2 = Schedule::s2();
    breaks_i1(&s2, s2.without, &s2.steps);
    breaks_i1(&s2, Rules::HIGHER_VIEW_WINS, &s2.without_reports());
    // B has installed P and does not confirm Q. A adopts P.
    is_refused(&s2, 8, TOGETHER);
}

#[test]
fn s3_one_liar_tells_each_what_it_likes_to_hear() {
    let s3 = Schedule::s3();
    breaks_i1(&s3, s3.without, &s3.steps);
    // A waits for B's word. If C now says nothing, nobody installs anything, and nobody is listed anywhere.
    is_refused(&s3, 7, WAITING);
}

#[test]
fn s4_members_that_cannot_go_back_are_stuck() {
    let s4 = Schedule::s4();
    let without = Agreement::new(s4.room, s4.without);
    let end = without.replay(&s4.steps).unwrap();
    let ending = without.ending(&end);
    assert!(ending.stranded && ending.stuck);

    let full = Agreement::new(s4.room, Rules::FULL);
    let end = full.replay(&s4.steps).unwrap();
    assert_eq!(full.ending(&end), TOGETHER);
    let settled = full.settle(end);
    let installed = [Seat::A, Seat::B, Seat::C].map(|seat| settled.member(seat).installed);
    assert!(installed[0].is_some());
    assert_eq!(installed, [installed[0]; 3]);
}

#[test]
fn late_certificate_split() {
    let late = Schedule::late_certificate();
    breaks_i1(&late, late.without, &late.steps);
    // A and B stay together, and C is alone in an epoch that lists all three: one room is not promised.
    let split = Ending {
        split: true,
        ..TOGETHER
    };
    is_refused(&late, 11, split);
}
