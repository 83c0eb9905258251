//! Many members, and a short text now and then: what one text costs when nothing rides along with others.

use super::Scenario;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

/// Between two texts.
const PAUSE_SECS: u64 = 10;
const TEXT_BYTES: usize = 64;

pub(super) const QUIET: Scenario = Scenario {
    name: "quiet",
    about: "32 members, and a text of 64 bytes in 10 s",
    script: |wanted, _| {
        let members = wanted.members.unwrap_or(32);
        let mut script = Script::of(members, wanted.weather(Weather::fair(100)));
        script.weather_at_last = script.weather.loss(0).duplicate(0);
        script.watch_all();
        script.text_bytes = TEXT_BYTES;
        script.steps.push(Step::Gather);
        for _ in 0..wanted.messages.unwrap_or(20) {
            script.steps.push(Step::SomebodySays);
            script.wait(PAUSE_SECS.saturating_mul(1000));
        }
        script
    },
};
