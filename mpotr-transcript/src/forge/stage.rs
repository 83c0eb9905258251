//! Rooms on a network in memory, on invented time: everything that happens between them happens as it does anywhere.

mod acting;
mod place;

use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::{Duration, Room, RoomConfig, Timestamp};
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, UnsupportedSuite};
use mpotr_netem::Network;

pub use place::Part;
use place::Place;

use super::{Act, ForgeError, Play};

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
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    let mut stage = Stage {
        play,
        network: Network::from_seed(play.weather, seed),
        enter,
        rng,
        now: Timestamp::default(),
        places: play.members.iter().map(|_| Place::empty()).collect(),
        voted_out: BTreeSet::new(),
        epochs: 0,
    };
    for member in &cast {
        stage.enter(0, *member, Some(&cast))?;
        // No two people come in at the same moment.
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
            stage.pause(play.pause_ms);
        }
        stage.act(act, what)?;
    }
    stage.pause(play.pause_ms);
    for member in stage.there() {
        stage.leave(member);
        stage.pause(play.pause_ms);
    }
    stage.wait(play.acts.len(), |stage| stage.there().is_empty())?;
    Ok(stage.places.into_iter().map(Place::into_part).collect())
}

struct Stage<'a, S: CryptoSuite, E> {
    play: &'a Play,
    network: Network<usize, Rc<[u8]>>,
    enter: E,
    rng: &'a mut dyn CryptoRng,
    now: Timestamp,
    places: Vec<Place<S>>,
    /// Members that another voted against, or that said two things.
    voted_out: BTreeSet<usize>,
    /// How many times members have installed an epoch.
    epochs: usize,
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

    /// The epochs that have a member in them now.
    fn epochs(&self) -> impl Iterator<Item = mpotr_core::EpochName> {
        let present = self.places.iter().filter_map(Place::present);
        present.map(|present| present.name)
    }

    /// Whether all who are in an epoch are in the same one, which lists them alone, and nobody is about to leave. A
    /// member without others counts as settled.
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
        for packet in output.packets {
            self.send(member, 0..self.places.len(), packet);
        }
    }

    /// A packet is on its way to these members, but for its sender.
    fn send(&mut self, from: usize, to: impl IntoIterator<Item = usize>, packet: Vec<u8>) {
        let now = self.now.as_millis();
        // No member has a line that would refuse it.
        let _passed = self.network.broadcast(now, from, to, packet.into());
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

    /// Time passes until `done` says so.
    fn wait(&mut self, act: usize, done: impl Fn(&Self) -> bool) -> Result<(), ForgeError> {
        let is_done = self.pass(PATIENCE, done);
        is_done.then_some(()).ok_or(ForgeError::Stuck { act })
    }

    /// At most so many milliseconds pass, until `done` says so; whether it does.
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
        let packet = self.network.next_at().map(Timestamp::from_millis);
        let timer = self.places.iter().filter_map(Place::timeout).min();
        packet.into_iter().chain(timer).min()
    }

    /// Moves the clock to the next thing that happens, and lets it happen.
    fn step(&mut self) {
        let Some(next) = self.next_at() else { return };
        self.now = next.max(self.now);
        let now = self.now;
        if let Some(copy) = self.network.arrived(now.as_millis()) {
            let (to, packet) = (copy.to, copy.payload);
            if let Some(place) = self.places.get_mut(to) {
                place.act(self.rng, |room, rng| {
                    // A rejected packet is no fault of the talk: packets repeat.
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
