//! All leave, and one falls silent before it has said that it is done.

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::party::Seat;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

const LATENCY_MS: u64 = 100;

pub(super) const SILENT_END: Scenario = Scenario {
    name: "silent-end",
    about: "4 members all leave, one dies or is heard no more meanwhile: the others end in time and publish nothing",
    script: |wanted, rng| {
        let members = wanted.members.unwrap_or(4);
        let weather = wanted.weather(Weather::fair(LATENCY_MS));
        let mut script = Script::of(members, weather);
        script.steps.push(Step::Gather);
        for _ in 0..wanted.messages.unwrap_or(10) {
            script.steps.push(Step::SomebodySays);
            script.wait(200);
        }
        for seat in 0..members {
            script.steps.push(Step::Leave(Seat(seat)));
        }
        // A member that hears the last messages of all states that it has closed, and one that hears this of all is
        // done. The one that falls silent, but hears, must have stated it before: then it is done when the others are.
        let silent = Seat(members.saturating_sub(1));
        let latency = weather.latency_ms;
        if below(2, rng) == 0 {
            script.wait(below(latency.saturating_mul(2), rng));
            script.steps.push(Step::Kill(silent));
        } else {
            script.wait(below(latency, rng));
            let to = (0..members).map(Seat).collect();
            script.steps.push(Step::Block {
                from: vec![silent],
                to,
            });
        }
        // For the last messages, for all to close and for all to be done, as long as a member waits for each.
        let finish = script.timers.finish.as_secs();
        let published = Some(false);
        script.promise(Claim::Ended { published }, finish.saturating_mul(3));
        script
    },
};
