//! Several leave at once, at random latencies, the moment the room is secure.

use mpotr_core::Timers;

use super::Scenario;
use crate::draw::below;
use crate::party::Seat;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

pub(super) const LEAVING: Scenario = Scenario {
    name: "leaving",
    about: "3 members write, and two or all leave the moment the room is secure, at random latencies",
    script: |wanted, rng| {
        let weather = wanted.weather(Weather::fair(below(60, rng)).jitter(below(200, rng)));
        let members = wanted.members.unwrap_or(3);
        let mut script = Script::of(members, weather);
        if below(2, rng) == 0 {
            script.timers = Timers::LOOPBACK;
        }
        let leaves = members.saturating_sub(usize::from(below(2, rng) == 0));
        for _ in 0..wanted.messages.unwrap_or(3) {
            script.steps.push(Step::SomebodySays);
        }
        script.steps.push(Step::Gather);
        for seat in 0..wanted.leaves.unwrap_or(leaves) {
            script.wait(below(100, rng));
            script.steps.push(Step::Leave(Seat(seat)));
        }
        script.weather_at_last = weather;
        script
    },
};
