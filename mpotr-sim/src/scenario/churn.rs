//! People come and go all the time.

use super::Scenario;
use crate::draw::below;
use crate::party::Seat;
use crate::script::{Role, Script, Step};
use mpotr_netem::Weather;

pub(super) const CHURN: Scenario = Scenario {
    name: "churn",
    about: "6 members, 8 joins and 6 leaves while 80 messages are written",
    script: |wanted, rng| {
        let mut script = Script::of(
            wanted.members.unwrap_or(6),
            wanted.weather(Weather::fair(50)),
        );
        script.steps.push(Step::Gather);
        let mut changes = vec![true; wanted.joins.unwrap_or(8)];
        changes.extend(vec![false; wanted.leaves.unwrap_or(6)]);
        let mut here: Vec<_> = (0..script.first.len()).map(Seat).collect();
        let mut next = here.len();
        let messages = wanted.messages.unwrap_or(80);
        let every = messages.checked_div(changes.len()).unwrap_or(0).max(1);
        for message in 0..messages {
            if message % every == 0 && !changes.is_empty() {
                let joins = changes.swap_remove(pick(changes.len(), rng));
                if joins {
                    script.steps.push(Step::Enter(Role::Honest));
                    here.push(Seat(next));
                    next = next.saturating_add(1);
                } else if here.len() > 2 {
                    let leaver = here.swap_remove(pick(here.len(), rng));
                    script.steps.push(Step::Leave(leaver));
                }
            }
            script.steps.push(Step::SomebodySays);
            script.wait(1000);
        }
        script
    },
};

fn pick(count: usize, rng: &mut rand_chacha::ChaCha20Rng) -> usize {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    usize::try_from(below(count, rng)).unwrap_or(0)
}
