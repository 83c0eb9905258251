//! An outsider in the channel of a room that changes: it stays to the end, and all goes on as without it.

use rand_chacha::ChaCha20Rng;

use crate::draw::below;
use crate::outsider::OutsiderKind;
use crate::party::Seat;
use crate::script::{Role, Script, Step, Wanted};
use mpotr_netem::Weather;

/// Between two texts.
const PAUSE_MS: u64 = 2000;

/// A room forms; then the outsider enters, and for 300 seconds members talk, change keys, let in a newcomer, and one
/// leaves.
pub(super) fn script(kind: OutsiderKind, wanted: &Wanted, rng: &mut ChaCha20Rng) -> Script {
    let mut script = opening(wanted);
    script
        .steps
        .extend([Step::Gather, Step::Enter(Role::Outsider(kind))]);
    changes(&mut script, rng);
    script
}

/// Members, and all that can be watched.
pub(super) fn opening(wanted: &Wanted) -> Script {
    let members = wanted.members.unwrap_or(5);
    let mut script = Script::of(members, wanted.weather(Weather::fair(100)));
    script.weather_at_last =
        Weather::fair(script.weather.latency_ms).jitter(script.weather.jitter_ms);
    script.watch_all();
    script
}

/// Members talk and change for 300 seconds.
pub(super) fn changes(script: &mut Script, rng: &mut ChaCha20Rng) {
    let members = script.first.iter().filter(|role| **role == Role::Honest);
    let last = Seat(members.count().saturating_sub(1));
    for change in [
        Step::Refresh(Seat(0)),
        Step::Enter(Role::Honest),
        Step::Refresh(Seat(1)),
        Step::Leave(last),
    ] {
        script.talk(15, PAUSE_MS);
        script.wait(below(PAUSE_MS, rng));
        script.steps.push(change);
        script.talk(60, PAUSE_MS);
    }
}
