//! A member dies and is back at once, with the same identity and nothing else: it is in again in little time.

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::party::Seat;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

/// Within so many seconds it is in again.
const BACK_SECS: u64 = 20;

pub(super) const RESTART: Scenario = Scenario {
    name: "restart",
    about: "5 members talk, one dies and comes back within 5 s with nothing but its identity: it is in again within 20 s",
    script: |wanted, rng| {
        let members = wanted.members.unwrap_or(5);
        let mut script = Script::of(members, wanted.weather(Weather::fair(100)));
        script.weather_at_last = script.weather.loss(0).duplicate(0);
        script.watch_all();
        let victim = Seat(members.saturating_sub(1));
        script.steps.push(Step::Gather);
        script.talk(10, 500);
        script.steps.push(Step::Kill(victim));
        script.wait(below(5000, rng));
        script.steps.push(Step::Return(victim));
        script.promise(Claim::Together, BACK_SECS);
        script.talk(10, 500);
        script
    },
};
