//! Members and faults as they are asked for.

use super::Scenario;
use crate::party::Seat;
use crate::script::{Role, Script, Step};
use mpotr_netem::Weather;

/// So many copies of a thousand may be lost for as long as the run lasts, and all members must come together
/// nevertheless. With more loss (from a quarter on, in a room of ten) a round takes longer than a view to reach all:
/// nothing is promised before the network heals.
const BORNE_LOSS_PERMILLE: u64 = 200;

pub(super) const CUSTOM: Scenario = Scenario {
    name: "custom",
    about: "members, texts, losses, joins and leaves as asked for",
    script: |wanted, _| {
        let weather = wanted.weather(Weather::fair(50));
        let mut script = Script::of(wanted.members.unwrap_or(10), weather);
        if weather.loss_permille <= BORNE_LOSS_PERMILLE {
            script.steps.push(Step::Gather);
        } else {
            script.steps.push(Step::Try);
        }
        script.weather_at_last = weather.loss(0);
        let messages = wanted.messages.unwrap_or(75);
        let joins = vec![Step::Enter(Role::Honest); wanted.joins.unwrap_or(0)];
        let leavers = (1..script.first.len()).rev().map(Seat).map(Step::Leave);
        let leaves = leavers.take(wanted.leaves.unwrap_or(0));
        let changes: Vec<_> = joins.into_iter().chain(leaves).collect();
        // Spread evenly over the talk.
        let every = messages
            .checked_div(changes.len().saturating_add(1))
            .unwrap_or(0)
            .max(1);
        let mut changes = changes.into_iter();
        for message in 1..=messages {
            script.steps.push(Step::SomebodySays);
            script.wait(500);
            if message % every == 0 {
                script.steps.extend(changes.next());
            }
        }
        script.steps.extend(changes);
        script
    },
};
