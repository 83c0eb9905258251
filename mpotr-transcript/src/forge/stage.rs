//! Rooms on a network in memory, on invented time: everything that happens between them happens as it does anywhere.

mod acting;
mod place;

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::{Duration, Room, RoomConfig, Timestamp};
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, UnsupportedSuite};

pub use place::Part;
use place::Place;

use super::{Act, ForgeError, Play};

/// How the network treats a packet on its way to each member. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// The least time that a packet takes.
    pub latency: u64,
    /// How much longer it may take.
    pub jitter: u64,
    /// How many of 100 packets are lost.
    pub loss: u64,
    /// The longest pause between one act and the next.
    pub pause: u64,
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            latency: 20,
            jitter: 60,
            loss: 0,
            pause: 6_000,
        }
    }
}

/// No talk waits longer for one act, in milliseconds.
const PATIENCE: u64 = 600_000;
/// Performs a talk with rooms that `enter` makes, and returns what is left of each member's part. A member that is going to say
/// two things is made twice.
///
/// # Errors
/// Why the play cannot be performed.
pub fn perform<S: CryptoSuite>(
    play: &Play,
    enter: impl FnMut(
        IdentityKey,
        RoomConfig,
        Timestamp,
        &mut dyn CryptoRng,
    ) -> Result<Room<S>, UnsupportedSuite>,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<Part>, ForgeError> {
    let cast = play.cast();
    let members = cast.len();
    if members < 2 {
        return Err(ForgeError::TooFew { members });
    }
    let mut stage = Stage {
        play,
        enter,
        rng,
        now: Timestamp::default(),
        places: play.members.iter().map(|_| Place::empty()).collect(),
        voted_out: BTreeSet::new(),
        disconnected: BTreeSet::new(),
        epochs: 0,
        in_flight: BTreeMap::new(),
        packets: 0,
    };
    for member in &cast {
        stage.enter(0, *member, Some(&cast))?;
        // Nobody comes in at the same moment as another.
        stage.pause(500);
    }
    stage.wait(0, |stage| {
        cast.iter().all(|member| stage.is_in(*member)) && stage.is_settled()
    })?;
    for (act, what) in play.acts.iter().enumerate() {
        // Those who were told different things have not compared them before the next word.
        if !matches!(
            act.checked_sub(1).and_then(|before| play.acts.get(before)),
            Some(Act::Fork { .. })
        ) {
            stage.pause(play.weather.pause);
        }
        stage.act(act, what)?;
    }
    stage.pause(play.weather.pause);
    for member in stage.there() {
        stage.leave(member);
        stage.pause(play.weather.pause);
    }
    stage.wait(play.acts.len(), |stage| stage.there().is_empty())?;
    Ok(stage.places.into_iter().map(Place::into_part).collect())
}

struct Stage<'a, S: CryptoSuite, E> {
    play: &'a Play,
    enter: E,
    rng: &'a mut dyn CryptoRng,
    now: Timestamp,
    places: Vec<Place<S>>,
    /// Members against whom somebody voted, or who said two things.
    voted_out: BTreeSet<usize>,
    /// Members without a network.
    disconnected: BTreeSet<usize>,
    /// How often somebody installed an epoch.
    epochs: usize,
    /// To whom a packet comes, and when; the number keeps packets of one moment apart.
    in_flight: BTreeMap<(Timestamp, u64), (usize, Vec<u8>)>,
    packets: u64,
}

impl<S: CryptoSuite, E> Stage<'_, S, E>
where
    E: FnMut(
        IdentityKey,
        RoomConfig,
        Timestamp,
        &mut dyn CryptoRng,
    ) -> Result<Room<S>, UnsupportedSuite>,
{
    fn leave(&mut self, member: usize) {
        let now = self.now;
        if let Some(place) = self.places.get_mut(member) {
            place.leave(now);
        }
        self.collect(member);
    }

    /// Who has a room.
    fn there(&self) -> Vec<usize> {
        let members = 0..self.places.len();
        members.filter(|member| self.is_there(*member)).collect()
    }

    fn is_there(&self, member: usize) -> bool {
        self.places.get(member).is_some_and(Place::is_there)
    }

    /// Whether a member is in an epoch.
    fn is_in(&self, member: usize) -> bool {
        let place = self.places.get(member);
        place.is_some_and(|place| place.present().is_some())
    }

    /// The epochs in which somebody is.
    fn handles(&self) -> impl Iterator<Item = mpotr_core::wire::Handle> {
        let present = self.places.iter().filter_map(Place::present);
        present.map(|present| present.handle)
    }

    /// Whether all who are in an epoch are in one, of them and nobody else, and nobody is about to leave. Whoever is alone is.
    fn is_settled(&self) -> bool {
        let places = || self.play.members.iter().zip(&self.places);
        let inside = places().filter_map(|(key, place)| Some((*key, place.present()?)));
        let keys: BTreeSet<_> = inside.clone().map(|(key, _)| key).collect();
        let is_alone = keys.len() < 2;
        let mut inside = inside.map(|(_, present)| present);
        self.places.iter().all(|place| !place.is_leaving())
            && inside.all(|present| is_alone || present.roster == keys)
    }

    /// Takes out all that a room has to give.
    fn collect(&mut self, member: usize) {
        let Some(place) = self.places.get_mut(member) else {
            return;
        };
        let output = place.collect();
        self.epochs = self.epochs.saturating_add(output.installed);
        let is_heard = !self.disconnected.contains(&member);
        for packet in output.packets.into_iter().filter(|_| is_heard) {
            for to in (0..self.places.len()).filter(|to| *to != member) {
                if self.draw(100) >= self.play.weather.loss {
                    self.carry(to, &packet);
                }
            }
        }
    }

    /// A packet is under way, if it finds a way.
    fn carry(&mut self, to: usize, packet: &[u8]) {
        if self.disconnected.contains(&to) {
            return;
        }
        let Weather {
            latency, jitter, ..
        } = self.play.weather;
        let takes = latency.saturating_add(self.draw(jitter.saturating_add(1)));
        let at = self.now.after(Duration::from_millis(takes));
        self.packets = self.packets.saturating_add(1);
        self.in_flight
            .insert((at, self.packets), (to, packet.to_vec()));
    }

    /// A number below a bound; 0 if the bound is.
    fn draw(&mut self, bound: u64) -> u64 {
        self.rng.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// Time passes, up to so many milliseconds.
    fn pause(&mut self, most: u64) {
        let takes = self.draw(most.saturating_add(1));
        self.run(takes);
    }

    /// So many milliseconds pass.
    fn run(&mut self, millis: u64) {
        let until = self.now.after(Duration::from_millis(millis));
        while self.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = self.now.max(until);
    }

    /// Time passes until something is so.
    fn wait(&mut self, act: usize, done: impl Fn(&Self) -> bool) -> Result<(), ForgeError> {
        let is_done = self.pass(PATIENCE, done);
        is_done.then_some(()).ok_or(ForgeError::Stuck { act })
    }

    /// So many milliseconds pass, or less if something is so; whether it is.
    fn pass(&mut self, most: u64, done: impl Fn(&Self) -> bool) -> bool {
        let limit = self.now.after(Duration::from_millis(most));
        while !done(self) {
            if self.next_at().is_none_or(|at| at > limit) {
                return false;
            }
            self.step();
        }
        true
    }

    /// When the next thing happens.
    fn next_at(&self) -> Option<Timestamp> {
        let packet = self.in_flight.keys().next().map(|(at, _)| *at);
        let timer = self.places.iter().filter_map(Place::timeout).min();
        packet.into_iter().chain(timer).min()
    }

    /// Goes on to the next thing that happens.
    fn step(&mut self) {
        let Some(next) = self.next_at() else { return };
        self.now = next.max(self.now);
        let now = self.now;
        let due = self.in_flight.first_entry().filter(|it| it.key().0 <= now);
        if let Some(entry) = due {
            let (to, packet) = entry.remove();
            if let Some(place) = self.places.get_mut(to) {
                place.act(self.rng, |room, rng| {
                    // A packet that counts for nothing is nothing to talk about.
                    let _rejected = room.handle_message(now, &packet, rng);
                });
            }
            self.collect(to);
            return;
        }
        for member in self.there() {
            if let Some(place) = self.places.get_mut(member) {
                place.act(self.rng, |room, rng| room.handle_timeout(now, rng));
            }
            self.collect(member);
        }
    }
}
