//! An insider brings into every cut a message that it sends to nobody: nobody can confirm with it.

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::insider::InsiderKind;
use crate::party::Seat;
use crate::script::{Role, Script, Step};
use mpotr_netem::Weather;

pub(super) const HOARDING: Scenario = Scenario {
    name: "hoarding",
    about: "an insider that names in every cut a message which it sends to nobody: the others go on without it",
    script: |wanted, rng| {
        let honest = wanted.members.unwrap_or(5).saturating_sub(1).max(2);
        let mut script = Script::of(honest, wanted.weather(Weather::fair(50)));
        script.first.push(Role::Insider(InsiderKind::Hoard));
        script.insiders_stop = true;
        script.steps.push(Step::Gather);
        for _ in 0..wanted.messages.unwrap_or(10) {
            script.steps.push(Step::SomebodySays);
            script.wait(below(400, rng));
        }
        script.steps.push(Step::Say(Seat(honest)));
        script.wait(1000);
        script.steps.push(Step::Refresh(Seat(0)));
        script.promise(Claim::NextEpoch, 120);
        script
    },
};
