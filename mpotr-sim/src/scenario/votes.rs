//! Members vote one another out as the seed has it, also at one moment and while the network is bad.

use rand_chacha::ChaCha20Rng;

use super::Scenario;
use crate::draw::below;
use crate::party::Seat;
use crate::script::{Script, Step, Wanted};
use mpotr_netem::Weather;

pub(super) const VOTES: Scenario = Scenario {
    name: "votes",
    about: "3 to 6 members vote one another out, each by its own word, and the network is bad",
    script,
};

/// So many things happen.
const HAPPEN: u64 = 24;

fn script(wanted: &Wanted, rng: &mut ChaCha20Rng) -> Script {
    let drawn = usize::try_from(below(4, rng)).unwrap_or(0);
    let members = wanted.members.unwrap_or_else(|| drawn.saturating_add(3));
    let fair = Weather::fair(below(200, rng).max(5));
    let weather = wanted.weather(fair.jitter(below(200, rng)).loss(below(300, rng)));
    let mut script = Script::of(members, wanted.weather(fair));
    script.steps.extend([Step::Gather, Step::Weather(weather)]);
    script.splits = true;
    let seat = |rng: &mut ChaCha20Rng| {
        let members = u64::try_from(members).unwrap_or(u64::MAX);
        Seat(usize::try_from(below(members, rng)).unwrap_or(0))
    };
    for _ in 0..HAPPEN {
        script.wait(below(4000, rng));
        match below(10, rng) {
            0..5 => script.steps.push(Step::SomebodySays),
            5 | 6 => script.steps.push(Step::Refresh(seat(rng))),
            7 => {
                let apart = (0..members).filter(|_| below(2, rng) == 0);
                script.steps.push(Step::Part(apart.map(Seat).collect()));
                script.wait(below(20_000, rng));
                script.steps.push(Step::Heal);
            }
            _ => {
                // Some at one moment, or nearly so.
                for _ in 0..=below(3, rng) {
                    let (by, whom) = (seat(rng), seat(rng));
                    if by != whom {
                        script.steps.push(Step::Exclude { by, whom });
                    }
                    script.wait(below(2, rng).saturating_mul(below(300, rng)));
                }
            }
        }
    }
    script
}
