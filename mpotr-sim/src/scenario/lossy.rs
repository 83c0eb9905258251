//! Much is lost, doubled and overtaken, to the end.

use super::Scenario;
use crate::claim::Claim;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

pub(super) const LOSSY: Scenario = Scenario {
    name: "lossy",
    about: "25 members, 200 messages, 10 % loss, duplication, re-ordering, 200 ms latency",
    script: |wanted, _| {
        let weather = wanted.weather(Weather::fair(200).jitter(200).loss(100).duplicate(50));
        let mut script = Script::of(wanted.members.unwrap_or(25), weather);
        script.steps.push(Step::Gather);
        for _ in 0..wanted.messages.unwrap_or(200) {
            script.steps.push(Step::SomebodySays);
            script.wait(500);
        }
        script.promise(Claim::AllRead, 120);
        script.promise(Claim::OneFinalOrder, 120);
        script
    },
};
