//! Rooms on a network in memory, on invented time: everything that happens between them happens as it does anywhere.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::{Admission, Duration, Event, Room, RoomConfig, Timestamp};
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, UnsupportedSuite};

use super::{Act, ForgeError, Play};
use crate::writer::Writer;

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

/// Performs a talk with rooms that `enter` makes, and returns the transcript file of each member; of one that was never there,
/// nothing.
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
) -> Result<Vec<Vec<u8>>, ForgeError> {
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
        in_flight: BTreeMap::new(),
        packets: 0,
    };
    for member in &cast {
        stage.enter(*member, Some(members))?;
        // Nobody comes in at the same moment as another.
        stage.pause(500);
    }
    stage.wait(0, Stage::is_together)?;
    for (act, what) in play.acts.iter().enumerate() {
        stage.pause(play.weather.pause);
        stage.act(act, what)?;
    }
    stage.pause(play.weather.pause);
    for member in stage.present() {
        stage.leave(member);
        stage.pause(play.weather.pause);
    }
    stage.wait(play.acts.len(), |stage| stage.present().is_empty())?;
    Ok(stage.places.into_iter().map(|place| place.file).collect())
}

/// A member, if it is there.
struct Place<S: CryptoSuite> {
    room: Option<Room<S>>,
    is_leaving: bool,
    roster: BTreeSet<IdentityKey>,
    writer: Option<Writer>,
    file: Vec<u8>,
}

impl<S: CryptoSuite> Place<S> {
    const fn empty() -> Self {
        Self {
            room: None,
            is_leaving: false,
            roster: BTreeSet::new(),
            writer: None,
            file: Vec::new(),
        }
    }
}

struct Stage<'a, S: CryptoSuite, E> {
    play: &'a Play,
    enter: E,
    rng: &'a mut dyn CryptoRng,
    now: Timestamp,
    places: Vec<Place<S>>,
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
    fn act(&mut self, act: usize, what: &Act) -> Result<(), ForgeError> {
        match what {
            Act::Say(member, body) => {
                let now = self.now;
                self.there(act, *member)?
                    .send(now, body.clone())
                    .map_err(|error| ForgeError::Send { act, error })?;
                self.collect(*member);
                Ok(())
            }
            Act::Join(member) => {
                let place = self.places.get(*member);
                if place.is_none_or(|place| !place.file.is_empty()) {
                    let member = *member;
                    return Err(ForgeError::NotThere { act, member });
                }
                self.enter(*member, None)?;
                self.wait(act, Self::is_together)
            }
            Act::Leave(member) => {
                self.there(act, *member)?;
                self.leave(*member);
                self.wait(act, Self::is_together)
            }
        }
    }

    fn enter(&mut self, member: usize, members: Option<usize>) -> Result<(), ForgeError> {
        let (Some(place), Some(identity)) = (
            self.places.get_mut(member),
            self.play.members.get(member).copied(),
        ) else {
            return Ok(());
        };
        let config = RoomConfig {
            members,
            record: true,
            ..RoomConfig::new(self.play.room, Admission::Open)
        };
        place.room = Some((self.enter)(identity, config, self.now, self.rng)?);
        let (writer, start) = Writer::start();
        place.writer = Some(writer);
        place.file = start.to_vec();
        self.collect(member);
        Ok(())
    }

    fn leave(&mut self, member: usize) {
        let now = self.now;
        if let Some(place) = self.places.get_mut(member) {
            place.is_leaving = true;
            if let Some(room) = &mut place.room {
                room.leave(now);
            }
        }
        self.collect(member);
    }

    /// Who is in the room and stays.
    fn present(&self) -> Vec<usize> {
        let places = self.places.iter().enumerate();
        let there = |place: &Place<S>| place.room.is_some();
        places
            .filter_map(|(member, place)| there(place).then_some(member))
            .collect()
    }

    /// Whether all who are there are in one epoch with all who are there, and nobody is about to leave.
    fn is_together(&self) -> bool {
        let present = self.present();
        let keys: BTreeSet<_> = present
            .iter()
            .filter_map(|member| self.play.members.get(*member).copied())
            .collect();
        let is_alone = present.len() < 2;
        let mut places = present.iter().filter_map(|member| self.places.get(*member));
        places.all(|place| !place.is_leaving && (is_alone || place.roster == keys))
    }

    /// The room of a member who may speak.
    fn there(&mut self, act: usize, member: usize) -> Result<&mut Room<S>, ForgeError> {
        let place = self.places.get_mut(member);
        place
            .filter(|place| !place.is_leaving)
            .and_then(|place| place.room.as_mut())
            .ok_or(ForgeError::NotThere { act, member })
    }

    /// Takes out all that a room has to give.
    fn collect(&mut self, member: usize) {
        let Some(place) = self.places.get_mut(member) else {
            return;
        };
        let Some(room) = &mut place.room else { return };
        let packets: Vec<_> = core::iter::from_fn(|| room.poll_transmit()).collect();
        while let Some(event) = room.poll_event() {
            if let Event::Secure { roster, .. } = event {
                place.roster = roster.iter().map(|member| member.identity).collect();
            }
        }
        if let Some(writer) = &mut place.writer {
            while let Some(record) = room.poll_record() {
                place.file.extend(writer.record(record));
            }
        }
        if room.has_ended() {
            place.room = None;
            place.is_leaving = false;
            place
                .file
                .extend(place.writer.take().map(Writer::end).unwrap_or_default());
        }
        for packet in packets {
            self.broadcast(member, &packet);
        }
    }

    fn broadcast(&mut self, from: usize, packet: &[u8]) {
        let Weather {
            latency,
            jitter,
            loss,
            ..
        } = self.play.weather;
        for to in (0..self.places.len()).filter(|to| *to != from) {
            if self.draw(100) < loss {
                continue;
            }
            let takes = latency.saturating_add(self.draw(jitter.saturating_add(1)));
            let at = self.now.after(Duration::from_millis(takes));
            self.packets = self.packets.saturating_add(1);
            self.in_flight
                .insert((at, self.packets), (to, packet.to_vec()));
        }
    }

    /// A number below a bound; 0 if the bound is.
    fn draw(&mut self, bound: u64) -> u64 {
        self.rng.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// Time passes, up to so many milliseconds.
    fn pause(&mut self, most: u64) {
        let takes = self.draw(most.saturating_add(1));
        let until = self.now.after(Duration::from_millis(takes));
        while self.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = self.now.max(until);
    }

    /// Time passes until something is so.
    fn wait(&mut self, act: usize, done: impl Fn(&Self) -> bool) -> Result<(), ForgeError> {
        let limit = self.now.after(Duration::from_millis(PATIENCE));
        while !done(self) {
            if self.next_at().is_none_or(|at| at > limit) {
                return Err(ForgeError::Stuck { act });
            }
            self.step();
        }
        Ok(())
    }

    /// When the next thing happens.
    fn next_at(&self) -> Option<Timestamp> {
        let packet = self.in_flight.keys().next().map(|(at, _)| *at);
        let rooms = self.places.iter().filter_map(|place| place.room.as_ref());
        let timer = rooms.filter_map(Room::poll_timeout).min();
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
            let place = self.places.get_mut(to);
            if let Some(room) = place.and_then(|place| place.room.as_mut()) {
                // A packet that counts for nothing is nothing to talk about.
                let _rejected = room.handle_message(now, &packet, self.rng);
            }
            self.collect(to);
            return;
        }
        for member in self.present() {
            let place = self.places.get_mut(member);
            if let Some(room) = place.and_then(|place| place.room.as_mut()) {
                room.handle_timeout(now, self.rng);
            }
            self.collect(member);
        }
    }
}
