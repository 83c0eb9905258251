//! One member writes very much at one instant.

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::party::Seat;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

pub(super) const BURST: Scenario = Scenario {
    name: "burst",
    about: "4 members, one writes 1,000 texts at one instant and others a word meanwhile: no run fails, all arrives in time",
    script: |wanted, rng| {
        let members = wanted.members.unwrap_or(4);
        // First the jitter, then the latency.
        let jitter = below(20, rng);
        let weather = Weather::fair(below(60, rng)).jitter(jitter);
        let mut script = Script::of(members, wanted.weather(weather));
        script.steps.push(Step::Gather);
        for _ in 0..wanted.messages.unwrap_or(1000) {
            script.steps.push(Step::Say(Seat(0)));
        }
        for seat in 1..members {
            script.wait(below(500, rng));
            script.steps.push(Step::Say(Seat(seat)));
        }
        script.promise(Claim::AllRead, 30);
        script.promise(Claim::NoRunFailed, 1);
        script
    },
};
