//! An insider writes two texts in one place, one to each half of the room, while all talk.

use super::Scenario;
use crate::claim::Claim;
use crate::insider::InsiderKind;
use crate::party::Seat;
use crate::script::{Role, Script, Step};
use mpotr_netem::Weather;

pub(super) const EQUIVOCATING: Scenario = Scenario {
    name: "equivocating",
    about: "6 honest members and an insider that writes two texts in one place, one to each half: it is found out and left out",
    script: |wanted, _| {
        let honest = wanted.members.unwrap_or(7).saturating_sub(1).max(2);
        let mut script = Script::of(honest, wanted.weather(Weather::fair(50)));
        script.first.push(Role::Insider(InsiderKind::TwoTexts));
        script.insiders_stop = true;
        let insider = Seat(honest);
        let messages = wanted.messages.unwrap_or(40);
        script.steps.push(Step::Gather);
        for message in 0..messages {
            if message == messages / 2 {
                script.steps.push(Step::Say(insider));
            }
            script.steps.push(Step::SomebodySays);
            script.wait(100);
        }
        script.promise(Claim::Exposed(insider), 120);
        script.promise(Claim::AllRead, 60);
        script.promise(Claim::OneFinalOrder, 60);
        script
    },
};
