//! Random faults on top of what a scenario has: the weather changes, and now and then the network is cut for less long
//! than a member may be silent. They end before anything is awaited that the scenario promises, and at its end.

use mpotr_core::Duration;
use mpotr_netem::Weather;
use rand_chacha::ChaCha20Rng;

use crate::draw::below;
use crate::party::Seat;
use crate::script::{Script, Step};

/// Copies lost at most, of a thousand: what a room must bear without losing anyone.
const LOSS_PERMILLE: u64 = 300;
const DUPLICATE_PERMILLE: u64 = 100;
/// Once in so many times that pass, a fault comes.
const RARITY: u64 = 4;
/// The longest cut, in milliseconds.
const CUT_MS: u64 = 2000;

/// Strews faults over a script.
pub(crate) fn strew(script: &mut Script, rng: &mut ChaCha20Rng) {
    let fair = script.weather_at_last;
    let members = script.first.len();
    script.weather = draw_weather(script.weather, rng);
    let mut is_fair = false;
    let mut steps = Vec::new();
    for step in script.steps.drain(..) {
        if matches!(step, Step::Await { .. }) {
            steps.extend([Step::Heal, Step::Weather(fair)]);
            is_fair = true;
        } else if matches!(step, Step::Wait(_)) && (is_fair || below(RARITY, rng) == 0) {
            is_fair = false;
            steps.extend(fault(fair, members, rng));
        }
        steps.push(step);
    }
    script.steps = steps;
}

fn fault(fair: Weather, members: usize, rng: &mut ChaCha20Rng) -> Vec<Step> {
    if below(4, rng) > 0 {
        return vec![Step::Weather(draw_weather(fair, rng))];
    }
    let apart: Vec<_> = (0..members)
        .filter(|_| below(2, rng) == 0)
        .map(Seat)
        .collect();
    let cut = Duration::from_millis(below(CUT_MS, rng));
    vec![Step::Part(apart), Step::Wait(cut), Step::Heal]
}

/// As long on the way as it was at least, and up to twice as long.
fn draw_weather(own: Weather, rng: &mut ChaCha20Rng) -> Weather {
    own.jitter(
        own.jitter_ms
            .max(below(own.latency_ms.saturating_add(1), rng)),
    )
    .loss(below(LOSS_PERMILLE, rng))
    .duplicate(below(DUPLICATE_PERMILLE, rng))
}

#[cfg(test)]
mod tests {
    use mpotr_netem::Weather;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::strew;
    use crate::claim::Claim;
    use crate::script::{Script, Step};

    #[test]
    fn faults_end_before_anything_is_awaited() {
        let fair = Weather::fair(100);
        let mut script = Script::of(4, fair);
        script.talk(60, 500);
        script.promise(Claim::Together, 10);
        strew(&mut script, &mut ChaCha20Rng::seed_from_u64(1));
        let steps = &script.steps;
        let foul = |step: &Step| matches!(step, Step::Weather(weather) if *weather != fair);
        assert!(script.weather != fair && steps.iter().any(foul));
        assert!(steps.iter().any(|step| matches!(step, Step::Part(_))));
        let awaits = steps.len().saturating_sub(1);
        assert_eq!(steps[awaits - 2..awaits], [Step::Heal, Step::Weather(fair)]);
    }
}
