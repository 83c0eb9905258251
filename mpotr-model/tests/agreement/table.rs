//! The published table, row by row.

use mpotr_model::{Case, Outcome, table};

/// Searches, and checks that the search could have shown something: in a safe room two honest members must be able to
/// agree at all, and a broken one comes with its counterexample.
fn comes_out_as_published(cases: Vec<Case>) {
    for case in cases {
        let report = case.check();
        let (words, room) = (case.words, case.room);
        assert_eq!(report.outcome, case.expected, "{words}, {room:?}");
        match report.outcome {
            Outcome::Safe { .. } => assert!(report.together > 0, "{words}, {room:?}"),
            Outcome::Broken { steps } => assert_eq!(report.counterexample.unwrap().len(), steps),
        }
    }
}

#[test]
fn the_rules_step_by_step() {
    comes_out_as_published(table::step_by_step());
}

#[test]
fn all_rules_but_one() {
    comes_out_as_published(table::without_each());
}

#[test]
fn all_rules_are_safe_in_every_room() {
    let cases = table::full();
    let is_safe = |case: &Case| matches!(case.expected, Outcome::Safe { .. });
    assert!(cases.iter().all(is_safe));
    comes_out_as_published(cases);
}
