//! The network falls apart, each side goes on, and it heals.

use super::Scenario;
use crate::party::Seat;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

pub(super) const PARTITION: Scenario = Scenario {
    name: "partition",
    about: "6 members fall apart into two and four for five minutes, both sides talk, the network heals",
    script: |wanted, _| {
        let members = wanted.members.unwrap_or(6);
        let mut script = Script::of(members, wanted.weather(Weather::fair(50)));
        let messages = wanted.messages.unwrap_or(60);
        let third = messages / 3;
        script.steps.push(Step::Gather);
        talk(&mut script, third, 200);
        let apart = (0..members / 3).map(Seat).collect();
        script.steps.push(Step::Part(apart));
        let every = 300_000_u64.checked_div(u64::try_from(third).unwrap_or(u64::MAX));
        talk(&mut script, third, every.unwrap_or(0));
        script.steps.extend([Step::Heal, Step::Gather]);
        talk(
            &mut script,
            messages.saturating_sub(third.saturating_mul(2)),
            200,
        );
        script
    },
};

fn talk(script: &mut Script, messages: usize, every_ms: u64) {
    for _ in 0..messages {
        script.steps.push(Step::SomebodySays);
        script.wait(every_ms);
    }
}
