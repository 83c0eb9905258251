//! The transport shows different members different parts of the talk, for less long than it takes to be left out.

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::party::Seat;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

/// Between two texts.
const PAUSE_MS: u64 = 500;

pub(super) const FORKED: Scenario = Scenario {
    name: "forked",
    about: "6 members, for 40 s the transport keeps what some write from others, and all end with one order",
    script: |wanted, rng| {
        let members = wanted.members.unwrap_or(6);
        let mut script = Script::of(members, wanted.weather(Weather::fair(50)));
        let all: Vec<_> = (0..members).map(Seat).collect();
        script.steps.push(Step::Gather);
        let messages = wanted.messages.unwrap_or(80);
        let half = messages / 2;
        // First, half of the room does not hear the other half.
        let apart = all.iter().copied().filter(|seat| seat.0 % 2 == 0);
        script.steps.push(Step::Part(apart.collect()));
        talk(&mut script, half);
        script.steps.push(Step::Heal);
        // Then, some do not hear some, other ones each time.
        for message in 0..messages.saturating_sub(half) {
            if message % 4 == 0 {
                let mut some = || all.iter().copied().filter(|_| below(2, rng) == 0).collect();
                let (from, to) = (some(), some());
                script.steps.extend([Step::Heal, Step::Block { from, to }]);
            }
            talk(&mut script, 1);
        }
        script.steps.push(Step::Heal);
        for claim in [Claim::AllRead, Claim::OneFinalOrder, Claim::OneEpoch] {
            script.promise(claim, 60);
        }
        script
    },
};

fn talk(script: &mut Script, messages: usize) {
    for _ in 0..messages {
        script.steps.push(Step::SomebodySays);
        script.wait(PAUSE_MS);
    }
}
