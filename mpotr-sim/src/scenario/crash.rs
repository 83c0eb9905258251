//! A member dies in the midst of a talk, and comes back with nothing but the identity.

use super::Scenario;
use crate::party::Seat;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

pub(super) const CRASH: Scenario = Scenario {
    name: "crash",
    about: "5 members, one dies in the midst of a talk and comes back with lost state",
    script: |wanted, _| {
        let members = wanted.members.unwrap_or(5);
        let mut script = Script::of(members, wanted.weather(Weather::fair(50)));
        let victim = Seat(members.saturating_sub(1));
        script.steps.push(Step::Gather);
        let messages = wanted.messages.unwrap_or(60);
        for message in 0..messages {
            if message == messages / 3 {
                script.steps.push(Step::Kill(victim));
            }
            if message == messages / 3 * 2 {
                script.steps.push(Step::Return(victim));
            }
            script.steps.push(Step::SomebodySays);
            script.wait(1000);
        }
        script.steps.push(Step::Gather);
        script
    },
};
