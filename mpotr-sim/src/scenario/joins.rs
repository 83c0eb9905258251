//! One joins after another.

use super::Scenario;
use crate::script::{Role, Script, Step};
use mpotr_netem::Weather;

pub(super) const JOINS: Scenario = Scenario {
    name: "joins",
    about: "2 members, and 50 more that join one after another at 20 ms latency",
    script: |wanted, _| {
        let mut script = Script::of(
            wanted.members.unwrap_or(2),
            wanted.weather(Weather::fair(20)),
        );
        script.steps.push(Step::Gather);
        for _ in 0..wanted.joins.unwrap_or(50) {
            script
                .steps
                .extend([Step::Enter(Role::Honest), Step::Gather]);
        }
        for _ in 0..wanted.messages.unwrap_or(0) {
            script.steps.push(Step::SomebodySays);
            script.wait(200);
        }
        script
    },
};
