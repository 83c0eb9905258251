//! Time passes: one thing after another, until then or until something holds.

use mpotr_core::{Duration, Timestamp};

use super::World;
use crate::claim::{Awaited, Claim};
use crate::healing;
use crate::ledger::Ledger;
use crate::party::Seat;

/// The interval at which a claim is checked while time passes.
const LOOK: Duration = Duration::from_millis(100);

impl World {
    /// Lets time pass.
    pub fn run_for(&mut self, duration: Duration) {
        let until = self.now.after(duration);
        while !self.is_broken() && self.step(until) {}
        self.now = self.now.max(until);
    }

    /// Lets time pass until a condition holds, for so long at most; whether it came to hold.
    pub(crate) fn run_until(&mut self, within: Duration, done: impl Fn(&Ledger) -> bool) -> bool {
        let until = self.now.after(within);
        loop {
            if done(&self.ledger) {
                return true;
            }
            if self.is_broken() || !self.step_to_news(until) {
                self.now = self.now.max(until);
                return false;
            }
        }
    }

    /// All honest members come together within the bound, or that is a breach. How long it took.
    pub(crate) fn gather(&mut self) -> Option<Duration> {
        let gathered = self.try_to_gather();
        if gathered.is_none() && !self.is_broken() {
            let bound = self.bound();
            let apart: Vec<_> = self
                .ledger
                .staying()
                .map(|(seat, person)| {
                    let sid = person.present.map(|sid| sid.to_string());
                    let sid = sid.as_deref().and_then(|sid| sid.get(..8));
                    format!("{seat} {}", sid.unwrap_or("nowhere"))
                })
                .collect();
            self.breach(
                "healing",
                format!("not in one room within {bound:?}: {}", apart.join(", ")),
            );
        }
        gathered
    }

    /// The time within which all honest members must be in one room.
    pub(crate) fn bound(&self) -> Duration {
        healing::bound_on(&self.config.timers, self.places.len(), self.round_trips)
    }

    /// Lets time pass until all honest members are in one room, for the bound at most. How long it took, if they are.
    pub(crate) fn try_to_gather(&mut self) -> Option<Duration> {
        let began = self.now;
        let bound = self.bound();
        let is_whole = self.run_until(bound, healing::is_whole);
        is_whole.then(|| self.now.since(began))
    }

    /// Lets time pass until a claim holds; a breach if that takes longer.
    pub fn await_claim(&mut self, claim: Claim, within: Duration) {
        let began = self.now;
        let until = began.after(within);
        loop {
            let Err(why) = claim.check(&self.ledger) else {
                self.awaited.push(Awaited {
                    claim: claim.name(),
                    took: self.now.since(began),
                });
                return;
            };
            if self.is_broken() {
                return;
            }
            if self.now >= until {
                return self.breach(claim.name(), format!("after {within:?} {why}"));
            }
            self.run_for(LOOK);
        }
    }

    /// Steps until some honest member is told something; whether one was.
    fn step_to_news(&mut self, until: Timestamp) -> bool {
        loop {
            let Some(news) = self.step_one(until) else {
                return false;
            };
            if news {
                return true;
            }
        }
    }

    /// The next thing that happens until then; whether there was one.
    fn step(&mut self, until: Timestamp) -> bool {
        self.step_one(until).is_some()
    }

    /// The next thing that happens until then, and whether an honest member was told anything.
    fn step_one(&mut self, until: Timestamp) -> Option<bool> {
        let wake = self
            .places
            .iter()
            .zip(&self.ledger.people)
            .enumerate()
            .filter(|(_, (_, person))| person.is_alive)
            .filter_map(|(seat, (place, _))| Some((place.wake?, Seat(seat))))
            .min();
        let arrival = self.next_arrival();
        let free = self.next_free();
        let due = [arrival, wake.map(|(at, _)| at), free.map(|(at, _)| at)];
        let next = due.into_iter().flatten().min()?;
        if next > until {
            return None;
        }
        self.now = self.now.max(next);
        if let Some(copy) = self.arrived() {
            if !self.is_there(copy.to) {
                return Some(false);
            }
            self.watch_line(copy.to);
            let place = self.places.get_mut(copy.to.0)?;
            place.party.hear(self.now, copy.from, &copy.payload);
            return Some(self.collect(copy.to));
        }
        if let Some((_, seat)) = free.filter(|(at, _)| *at <= self.now) {
            return Some(self.collect(seat));
        }
        let (_, seat) = wake.filter(|(at, _)| *at <= self.now)?;
        self.watch_line(seat);
        self.places.get_mut(seat.0)?.party.wake(self.now);
        Some(self.collect(seat))
    }

    /// Whose line is free next, and when, of those that may have something to send.
    fn next_free(&self) -> Option<(Timestamp, Seat)> {
        self.line?;
        let seats = (0..).map(Seat).zip(&self.places);
        let waiting = seats.filter_map(|(seat, place)| Some((place.free?, seat)));
        // Who has left has said all, and sends it.
        let is_alive = |seat| self.ledger.person(seat).is_some_and(|it| it.is_alive);
        waiting.filter(|(_, seat)| is_alive(*seat)).min()
    }
}
