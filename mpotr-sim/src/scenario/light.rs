//! Rooms that change their keys by light runs: `docs/spec/14-light-runs.md`.

use core::num::NonZeroU16;

use mpotr_core::{Duration, Rekey, Rule};
use rand_chacha::ChaCha20Rng;

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::insider::InsiderKind;
use crate::party::Seat;
use crate::script::{Role, Script, Step, Wanted};
use mpotr_netem::Weather;

/// A change must come about in this time, or in so many round trips if those take longer.
const PATIENCE: Duration = Duration::from_secs(600);
const PATIENCE_ROUND_TRIPS: u32 = 100;

/// Between two texts.
const BETWEEN_TEXTS_MS: u64 = 1000;
/// So long after a change was asked for it has gone wrong where it does: from then on members have the rest of a minute to be
/// together.
const SECONDS_OF_A_CHANGE: u64 = 15;
const SECONDS_TO_BE_TOGETHER: u64 = 45;
/// What was done is over.
const SETTLED_MS: u64 = 30_000;

pub(super) const LIGHT_CHURN: Scenario = Scenario {
    name: "light-churn",
    about: "8 members change keys by light runs 20 times; 4 leave and 3 come in",
    script: |wanted, rng| {
        let weather = wanted.weather(Weather::fair(50).jitter(30));
        changes(wanted, weather, rng)
    },
};

pub(super) const LIGHT_LOSS: Scenario = Scenario {
    name: "light-loss",
    about: "the same where a tenth of all is lost, doubled and overtaken, to the end",
    script: |wanted, rng| {
        let weather = Weather::fair(100).jitter(100).loss(100).duplicate(50);
        changes(wanted, wanted.weather(weather), rng)
    },
};

pub(super) const LIGHT_LIAR: Scenario = Scenario {
    name: "light-liar",
    about: "5 members change keys by light runs, in which one says what is wrong: signed, in others' names, or to some",
    script: |wanted, rng| {
        let honest = wanted.members.unwrap_or(5).saturating_sub(1).max(2);
        let mut script = Script::of(honest, wanted.weather(Weather::fair(20)));
        script.first.push(Role::Insider(InsiderKind::LightLiar));
        script.wait_for_all = false;
        script.insiders_stop = true;
        script.policy.rekey = Rekey::Light;
        script.policy.exclude = Rule::Quorum(NonZeroU16::MIN.saturating_add(1));
        for message in 0..wanted.messages.unwrap_or(40) {
            script.wait(below(4000, rng));
            if message % 5 == 4 {
                script.steps.push(Step::Refresh(seat(honest, rng)));
            }
            script.steps.push(Step::SomebodySays);
        }
        script
    },
};

pub(super) const LATE_SHARE: Scenario = Scenario {
    name: "late-share",
    about: "6 members change keys by light runs, in which one holds its share back until the next view is about to end: all are \
            in one room a minute later",
    script: |wanted, rng| {
        let honest = wanted.members.unwrap_or(6).saturating_sub(1).max(2);
        let mut script = Script::of(honest, wanted.weather(Weather::fair(10).jitter(50)));
        script.first.push(Role::Insider(InsiderKind::LateShare));
        script.insiders_stop = true;
        script.policy.rekey = Rekey::Light;
        script.steps.push(Step::Gather);
        for _ in 0..4 {
            script.talk(4, BETWEEN_TEXTS_MS);
            script.steps.push(Step::Refresh(seat(honest, rng)));
            script.talk(SECONDS_OF_A_CHANGE, BETWEEN_TEXTS_MS);
            script.promise(Claim::Together, SECONDS_TO_BE_TOGETHER);
            script.wait(SETTLED_MS);
        }
        script
    },
};

fn seat(of: usize, rng: &mut ChaCha20Rng) -> Seat {
    let of = u64::try_from(of).unwrap_or(u64::MAX);
    Seat(usize::try_from(below(of, rng)).unwrap_or(0))
}

fn changes(wanted: &Wanted, weather: Weather, rng: &mut ChaCha20Rng) -> Script {
    let members = wanted.members.unwrap_or(8);
    let mut script = Script::of(members, weather);
    script.watch_all();
    script.policy.rekey = Rekey::Light;
    let round_trip = script.round_trip();
    let within = PATIENCE.max(round_trip.saturating_mul(PATIENCE_ROUND_TRIPS));
    let claim = Claim::Changed;
    script.steps.push(Step::Gather);
    // The first four stay.
    let mut leavers = (4..members).map(Seat);
    for change in 0..20 {
        script.steps.push(Step::SomebodySays);
        script.steps.push(match change % 5 {
            2 => leavers.next().map_or(Step::Refresh(Seat(0)), Step::Leave),
            4 if change > 5 => Step::Enter(Role::Honest),
            _ => Step::Refresh(seat(4, rng)),
        });
        script.steps.push(Step::Await { claim, within });
    }
    script
}
