//! Nothing goes wrong.

use super::Scenario;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

pub(super) const CALM: Scenario = Scenario {
    name: "calm",
    about: "5 members, 50 messages, nothing goes wrong",
    script: |wanted, _| {
        let weather = wanted.weather(Weather::fair(20));
        let mut script = Script::of(wanted.members.unwrap_or(5), weather);
        script.steps.push(Step::Gather);
        for _ in 0..wanted.messages.unwrap_or(50) {
            script.steps.push(Step::SomebodySays);
            script.wait(200);
        }
        script
    },
};
