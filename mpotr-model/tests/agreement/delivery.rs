//! Delivering everything is itself a run of the model, and every rule comes to bear.

use std::collections::HashSet;

use mpotr_model::{Agreement, Room, Rules, Seat, State, Step};
use stateright::Model;

fn every_state(agreement: &Agreement) -> HashSet<State> {
    let mut seen: HashSet<_> = agreement.init_states().into_iter().collect();
    let mut rest: Vec<_> = seen.iter().cloned().collect();
    while let Some(state) = rest.pop() {
        for next in agreement.next_states(&state) {
            if seen.insert(next.clone()) {
                rest.push(next);
            }
        }
    }
    seen
}

fn rooms() -> [Room; 4] {
    let liars = [&[][..], &[Seat::A], &[Seat::B], &[Seat::C]];
    liars.map(|liars| Room::of(3, 2).with_byzantine(liars))
}

#[test]
fn each_step_of_delivery_is_a_step_of_the_model() {
    for room in rooms() {
        let agreement = Agreement::new(room, Rules::FULL);
        for state in every_state(&agreement) {
            if let Some(step) = agreement.next_obliged(&state) {
                let mut allowed = Vec::new();
                agreement.actions(&state, &mut allowed);
                assert!(allowed.contains(&step), "{step:?} in {state:?}");
            }
        }
    }
}

#[test]
fn the_checker_sees_every_state() {
    for room in rooms() {
        let states = every_state(&Agreement::new(room, Rules::FULL)).len();
        let report = mpotr_model::check(room, Rules::FULL);
        assert!(
            matches!(report.outcome, mpotr_model::Outcome::Safe { states: seen, .. } if seen == states)
        );
    }
}

#[test]
fn every_kind_of_step_is_made() {
    for room in rooms() {
        let agreement = Agreement::new(room, Rules::FULL);
        let mut steps = Vec::new();
        for state in every_state(&agreement) {
            agreement.actions(&state, &mut steps);
        }
        for is_kind in [
            |step: &Step| matches!(step, Step::Propose(_)),
            |step: &Step| matches!(step, Step::Enter(..)),
            |step: &Step| matches!(step, Step::Confirm(..)),
            |step: &Step| matches!(step, Step::Install(..)),
            |step: &Step| matches!(step, Step::Forsake(..)),
            |step: &Step| matches!(step, Step::Adopt(..)),
        ] {
            assert!(steps.iter().any(is_kind));
        }
    }
}
