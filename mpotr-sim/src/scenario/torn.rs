//! An insider writes what one half of the room accepts and the other is meant never to, while all talk.

use rand_chacha::ChaCha20Rng;

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::insider::{InsiderKind, Tear};
use crate::party::Seat;
use crate::script::{Role, Script, Step, Wanted};
use mpotr_netem::Weather;

pub(super) const UNSIGNED_LINE: Scenario = Scenario {
    name: "unsigned-line",
    about: "an insider that forks behind 40 unsigned messages: it is found out and left out",
    script: |wanted, rng| {
        let mut script = script(Tear::Line(40), wanted, rng);
        let insider = Seat(script.first.len().saturating_sub(1));
        script.promise(Claim::Exposed(insider), 120);
        script.promise(Claim::OneFinalOrder, 60);
        script
    },
};

pub(super) const LONG_LINE: Scenario = Scenario {
    name: "long-line",
    about: "an insider that forks behind 70 unsigned messages: nobody takes them, and all read what all write",
    script: |wanted, rng| script(Tear::Line(70), wanted, rng),
};

pub(super) const BESIDE: Scenario = Scenario {
    name: "beside",
    about: "an insider that writes to one half what contradicts its statement to the other: all read what all write",
    script: |wanted, rng| script(Tear::Beside, wanted, rng),
};

fn script(tear: Tear, wanted: &Wanted, rng: &mut ChaCha20Rng) -> Script {
    let honest = wanted.members.unwrap_or(5).saturating_sub(1).max(2);
    let mut script = Script::of(honest, wanted.weather(Weather::fair(50)));
    script.first.push(Role::Insider(InsiderKind::Torn(tear)));
    // One that stays is for `long-fork`.
    script.insiders_stop = true;
    let messages = wanted.messages.unwrap_or(30);
    script.steps.push(Step::Gather);
    for message in 0..messages {
        if message == messages / 2 {
            script.steps.push(Step::Say(Seat(honest)));
        }
        script.steps.push(Step::SomebodySays);
        script.wait(below(400, rng));
    }
    script.promise(Claim::Accepted, 60);
    script.promise(Claim::AllRead, 60);
    script
}
