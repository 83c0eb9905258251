//! Insiders that stay to the end and spoil changes, each in its way: the willing go on without them.

use rand_chacha::ChaCha20Rng;

use crate::claim::Claim;
use crate::draw::below;
use crate::insider::InsiderKind;
use crate::party::Seat;
use crate::script::{Role, Script, Step, Wanted};
use mpotr_netem::Weather;

/// Between two texts.
const PAUSE_MS: u64 = 1000;
/// A change must come about within so many seconds for each insider: three views and one more, each of the greatest
/// length that the timers of a relay have.
const PATIENCE_SECS: u64 = 64 * 4;

pub(super) fn script(kind: InsiderKind, wanted: &Wanted, rng: &mut ChaCha20Rng) -> Script {
    let insiders = wanted.insiders.unwrap_or(1);
    let honest = wanted.members.unwrap_or(5).saturating_sub(insiders).max(2);
    let mut script = Script::of(honest, wanted.weather(Weather::fair(100)));
    script.weather_at_last = script.weather.loss(0).duplicate(0);
    script.watch_all();
    script.first.extend(vec![Role::Insider(kind); insiders]);
    script.steps.push(Step::Gather);
    let patience = u64::try_from(insiders).unwrap_or(u64::MAX);
    let patience = PATIENCE_SECS.saturating_mul(patience.max(1));
    for change in [Step::Refresh(Seat(0)), Step::Enter(Role::Honest)] {
        script.talk(10, PAUSE_MS);
        script.wait(below(PAUSE_MS, rng));
        script.steps.push(change);
        script.talk(30, PAUSE_MS);
        script.promise(Claim::Changed, patience);
    }
    script
}
