//! Members vote to leave one out, and type on: nothing of that is for the one who is voted out.

use core::num::NonZeroU16;

use mpotr_core::Rule;

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::party::Seat;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

pub(super) const KICKED: Scenario = Scenario {
    name: "kicked",
    about: "two of 5 members vote to leave one out, and type right after: it reads nothing of that",
    script: |wanted, rng| {
        let members = wanted.members.unwrap_or(5).max(3);
        let mut script = Script::of(members, wanted.weather(Weather::fair(100)));
        script.weather_at_last = script.weather.loss(0).duplicate(0);
        script.watch_all();
        script.policy.exclude = Rule::Quorum(NonZeroU16::MIN.saturating_add(1));
        let whom = Seat(members.saturating_sub(1));
        script.steps.push(Step::Gather);
        script.talk(5, 500);
        for by in [Seat(0), Seat(1)] {
            script
                .steps
                .extend([Step::Exclude { by, whom }, Step::Say(by)]);
            for _ in 0..4 {
                script.wait(below(500, rng));
                script.steps.push(Step::Say(by));
            }
        }
        script.talk(10, 500);
        script.promise(Claim::Changed, 120);
        script.talk(5, 500);
        script
    },
};
