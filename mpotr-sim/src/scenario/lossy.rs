//! Much is lost, doubled and overtaken, to the end.

use super::Scenario;
use crate::claim::Claim;
use crate::script::{Script, Step};
use crate::weather::Weather;

pub(super) const LOSSY: Scenario = Scenario {
    name: "lossy",
    about: "25 members, 200 messages, 10 % loss, duplication, re-ordering, 200 ms latency",
    script: |wanted, _| {
        let weather = wanted.weather(Weather {
            latency_ms: 200,
            jitter_ms: 200,
            loss_permille: 100,
            duplicate_permille: 50,
        });
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
