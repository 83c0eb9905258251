//! A member hears nothing for as long as it takes the others to write nine thousand messages, and catches up. Of one
//! author that is fewer than are kept for a member that lags (`docs/spec/06-epochs.md`, "Talking"): beyond that, the room makes
//! fresh keys without it.

use mpotr_core::Duration;

use super::Scenario;
use crate::claim::Claim;
use crate::party::Seat;
use crate::script::{Script, Step};
use mpotr_netem::Weather;

/// Longer than all of it takes: nobody is left out, no keys are replaced.
const LONG: Duration = Duration::from_secs(4 * 3600);

pub(super) const BACKLOG: Scenario = Scenario {
    name: "backlog",
    about: "10 members, one hears nothing while 9 write 9,000 messages, and then catches up in the same epoch",
    script: |wanted, _| {
        let members = wanted.members.unwrap_or(10);
        let mut script = Script::of(members, wanted.weather(Weather::fair(50)));
        let messages = wanted.messages.unwrap_or(9_000);
        script.refresh_messages = usize::MAX;
        script.timers.silent = LONG;
        script.timers.heartbeat = LONG;
        script.timers.refresh = LONG;
        script.timers.expire = LONG;
        let (authors, late) = (
            members.saturating_sub(1).max(1),
            Seat(members.saturating_sub(1)),
        );
        script.steps.push(Step::Gather);
        script.steps.push(Step::Block {
            from: (0..authors).map(Seat).collect(),
            to: vec![late],
        });
        for message in 0..messages {
            let author = message.checked_rem(authors).unwrap_or(0);
            script.steps.push(Step::Say(Seat(author)));
            script.wait(20);
        }
        script.steps.push(Step::Heal);
        for claim in [Claim::AllRead, Claim::OneFinalOrder, Claim::OneEpoch] {
            script.promise(claim, 120);
        }
        script
    },
};
