//! What each rule on the cut is for: taken out, I2 breaks.

use mpotr_model::cuts::{CutOutcome, CutRules, CutStep, Cuts, Shows};

const FULL: CutRules = CutRules::FULL;

fn check(rules: CutRules, has_liar: bool) -> CutOutcome {
    let views = 2;
    Cuts {
        rules,
        has_liar,
        views,
    }
    .check()
}

#[test]
fn the_cut_comes_out_as_published() {
    for case in mpotr_model::cuts::cases() {
        assert_eq!(case.check(), case.expected, "{}", case.words);
    }
}

/// Without the rule I2 breaks with honest members alone, or if one lies; by all rules it holds.
#[track_caller]
fn breaks(rules: CutRules, has_liar: bool) -> Vec<CutStep> {
    match check(rules, has_liar) {
        CutOutcome::Broken(steps) => steps,
        safe @ CutOutcome::Safe { .. } => panic!("{safe:?}"),
    }
}

#[test]
fn by_all_rules_who_installs_has_shown_exactly_the_cut() {
    for has_liar in [false, true] {
        let outcome = check(FULL, has_liar);
        assert!(
            matches!(outcome, CutOutcome::Safe { together: 1, states } if states > 1000),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_cut_that_is_shown_before_its_run_is_installed_is_in_the_way_of_another() {
    let shows = Shows::AtConfirmation;
    let steps = breaks(CutRules { shows, ..FULL }, false);
    // What was shown for the later one is too much for the earlier, which is adopted.
    assert!(matches!(steps.last(), Some(CutStep::Install(..))));
    // Who installs only what it has shown is safe, and stranded instead.
    let shows = Shows::AtConfirmationGuarded;
    let outcome = check(CutRules { shows, ..FULL }, false);
    assert!(matches!(outcome, CutOutcome::Safe { .. }));
}

#[test]
fn who_shows_more_after_it_has_confirmed_may_not_install_that_any_more() {
    let stays_frozen = false;
    breaks(
        CutRules {
            stays_frozen,
            ..FULL
        },
        false,
    );
}

#[test]
fn who_shows_more_after_it_has_frozen_has_stated_too_little() {
    let freezes = false;
    breaks(CutRules { freezes, ..FULL }, false);
}

#[test]
fn who_confirms_below_the_view_that_it_is_in_has_shown_more_meanwhile() {
    let in_its_view = false;
    breaks(
        CutRules {
            in_its_view,
            ..FULL
        },
        false,
    );
}

#[test]
fn who_confirms_what_it_does_not_hold_cannot_show_it() {
    let holds_cut = false;
    breaks(CutRules { holds_cut, ..FULL }, false);
}

#[test]
fn two_cuts_one_view() {
    // A liar states one frontier to each.
    let binds_cut = false;
    breaks(CutRules { binds_cut, ..FULL }, true);
    let honest = check(CutRules { binds_cut, ..FULL }, false);
    assert!(matches!(honest, CutOutcome::Safe { .. }));
}
