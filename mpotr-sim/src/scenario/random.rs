//! Three to eight members and whatever the seed brings: weather, partitions, deaths, returns, joins, leaves, insiders.

use core::num::NonZeroU16;

use mpotr_core::Rule;
use rand_chacha::ChaCha20Rng;

use super::Scenario;
use crate::draw::below;
use crate::insider::InsiderKind;
use crate::party::Seat;
use crate::script::{Role, Script, Step, Wanted};
use mpotr_netem::Weather;

pub(super) const RANDOM: Scenario = Scenario {
    name: "random",
    about: "3 to 8 members, and faults as the seed has it",
    script,
};

fn script(wanted: &Wanted, rng: &mut ChaCha20Rng) -> Script {
    let members = wanted.members.unwrap_or_else(|| within(3, 8, rng));
    let weather = wanted.weather(draw_weather(rng));
    let mut script = Script::of(members, weather);
    script.weather_at_last = Weather::fair(weather.latency_ms);
    script.wait_for_all = below(2, rng) == 0;
    // It is about what insiders do while they are there; what they hinder by staying is for scenarios about that.
    script.insiders_stop = true;
    let insiders = match below(4, rng) {
        0 | 1 => 0,
        2 => 1,
        _ => within(1, members.saturating_sub(2).max(1), rng),
    };
    if insiders > 0 {
        // Members that wait for all wait for the silent one, too.
        script.wait_for_all = false;
        let votes = u16::try_from(insiders).unwrap_or(u16::MAX);
        script.policy.exclude = Rule::Quorum(NonZeroU16::MIN.saturating_add(votes));
    }
    for _ in 0..insiders {
        let kind = InsiderKind::ALL.get(within(0, InsiderKind::ALL.len().saturating_sub(1), rng));
        let seat = script
            .first
            .get_mut(within(1, members.saturating_sub(1), rng));
        if let (Some(kind), Some(seat)) = (kind, seat) {
            *seat = Role::Insider(*kind);
        }
    }
    if script.wait_for_all {
        // Members that wait for all wait, too, for those who leave or die before.
        script.weather = script.weather_at_last;
        script.steps.extend([Step::Gather, Step::Weather(weather)]);
    }
    let mut fate = Fate {
        here: script
            .first
            .iter()
            .enumerate()
            .filter(|(_, role)| **role == Role::Honest)
            .map(|(seat, _)| Seat(seat))
            .collect(),
        dead: Vec::new(),
        next: members,
        newcomers: 0,
        parted: false,
    };
    let messages = wanted.messages.unwrap_or_else(|| within(5, 30, rng));
    let mut said = 0;
    while said < messages {
        script.wait(below(1 << within(5, 14, rng), rng));
        if below(3, rng) > 0 {
            script.steps.push(Step::SomebodySays);
            said = said.saturating_add(1);
        } else {
            script.steps.extend(fate.strike(rng));
        }
    }
    script
}

/// Who is there, and what may befall them.
struct Fate {
    here: Vec<Seat>,
    dead: Vec<Seat>,
    next: usize,
    newcomers: usize,
    parted: bool,
}

impl Fate {
    fn strike(&mut self, rng: &mut ChaCha20Rng) -> Option<Step> {
        match below(10, rng) {
            0 | 1 => self
                .here
                .get(pick(&self.here, rng))
                .copied()
                .map(Step::Refresh),
            2 if self.newcomers < 3 => {
                self.newcomers = self.newcomers.saturating_add(1);
                self.sit_down();
                Some(Step::Enter(Role::Honest))
            }
            3 if self.here.len() > 2 => {
                let victim = self.here.swap_remove(pick(&self.here, rng));
                self.dead.push(victim);
                Some(Step::Kill(victim))
            }
            4 | 5 if !self.dead.is_empty() => {
                let risen = self.dead.swap_remove(pick(&self.dead, rng));
                self.sit_down();
                Some(Step::Return(risen))
            }
            6 if self.here.len() > 2 => {
                let leaver = self.here.swap_remove(pick(&self.here, rng));
                Some(Step::Leave(leaver))
            }
            7 | 8 if self.parted => {
                self.parted = false;
                Some(Step::Heal)
            }
            7 => {
                self.parted = true;
                let apart = (0..self.next).filter(|_| below(2, rng) == 0);
                Some(Step::Part(apart.map(Seat).collect()))
            }
            9 => Some(Step::Weather(draw_weather(rng))),
            _ => None,
        }
    }

    fn sit_down(&mut self) {
        self.here.push(Seat(self.next));
        self.next = self.next.saturating_add(1);
    }
}

fn draw_weather(rng: &mut ChaCha20Rng) -> Weather {
    Weather::fair(below(300, rng))
        .jitter(below(400, rng))
        .loss(below(200, rng))
        .duplicate(below(100, rng))
}

fn pick(seats: &[Seat], rng: &mut ChaCha20Rng) -> usize {
    within(0, seats.len().saturating_sub(1), rng)
}

fn within(least: usize, most: usize, rng: &mut ChaCha20Rng) -> usize {
    let span = most.saturating_sub(least).saturating_add(1);
    let drawn = below(u64::try_from(span).unwrap_or(u64::MAX), rng);
    least.saturating_add(usize::try_from(drawn).unwrap_or(0))
}
