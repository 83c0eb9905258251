//! All leave, while much is lost, doubled and overtaken: nobody publishes before all others are done.

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::party::Seat;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

pub(super) const UNPUBLISHED: Scenario = Scenario {
    name: "unpublished",
    about: "5 members write and leave under loss, duplication and re-ordering: no keys are published while anything is in flight",
    script: |wanted, rng| {
        let members = wanted.members.unwrap_or(5);
        let weather = wanted.weather(Weather::fair(100).jitter(200).loss(100).duplicate(100));
        let mut script = Script::of(members, weather);
        script.steps.push(Step::Gather);
        for _ in 0..wanted.messages.unwrap_or(20) {
            script.steps.push(Step::SomebodySays);
            script.wait(below(400, rng));
        }
        for seat in 0..members {
            // Their last texts are under way still.
            script.steps.push(Step::Say(Seat(seat)));
            script.steps.push(Step::Leave(Seat(seat)));
            script.wait(below(300, rng));
        }
        let finish = script.timers.finish.as_secs();
        let published = None;
        script.promise(Claim::Ended { published }, finish.saturating_mul(4));
        script
    },
};
