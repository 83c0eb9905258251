//! An insider forks behind more messages without signatures than anyone looks through, and stays: members read one
//! another, and change.

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::insider::{InsiderKind, Tear};
use crate::party::Seat;
use crate::script::{Role, Script, Step};
use mpotr_netem::Weather;

/// More than are looked through for a signature.
const LINKS: u32 = 70;

pub(super) const LONG_FORK: Scenario = Scenario {
    name: "long-fork",
    about: "5 members, one of which forks behind 70 unsigned messages and stays: the others read one another, and change",
    script: |wanted, rng| {
        let honest = wanted.members.unwrap_or(5).saturating_sub(1).max(2);
        let mut script = Script::of(honest, wanted.weather(Weather::fair(50)));
        script.weather_at_last = script.weather.loss(0).duplicate(0);
        script.watch_all();
        let kind = InsiderKind::Torn(Tear::Line(LINKS));
        script.first.push(Role::Insider(kind));
        script.steps.push(Step::Gather);
        script.talk(5, 500);
        script.steps.push(Step::Say(Seat(honest)));
        script.talk(10, 500);
        for change in [Step::Refresh(Seat(0)), Step::Enter(Role::Honest)] {
            script.wait(below(1000, rng));
            script.steps.push(change);
            script.talk(20, 500);
            script.promise(Claim::Changed, 240);
        }
        script.promise(Claim::Accepted, 60);
        script.promise(Claim::AllRead, 60);
        script
    },
};
