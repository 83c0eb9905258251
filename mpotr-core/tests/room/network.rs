//! Rooms on one network in memory, with a tap on the wire.

use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::gka::{EpochName, RoomId};
use mpotr_core::wire::Bundle;
use mpotr_core::{
    Admission, Duration, Event, Rekey, Room, RoomConfig, Seen, TextId, Timers, Timestamp,
};
use mpotr_netem::Weather;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub(crate) type Suite = ChaCha20Poly1305Suite;

/// Next to nothing goes wrong.
pub(crate) const FAIR: Weather = Weather::fair(5);
/// Much is lost, doubled and overtaken.
pub(crate) const FOUL: Weather = Weather::fair(50).jitter(150).loss(100).duplicate(50);

/// What one on the wire does to a packet on its way from one member to another: nothing, change or drop it.
type Tamper = Box<dyn FnMut(usize, usize, &[u8]) -> Option<Vec<u8>>>;

/// Members in one channel.
pub(crate) struct Network {
    pub(crate) rooms: Vec<Room<Suite>>,
    pub(crate) keys: Vec<IdentityKey>,
    pub(crate) events: Vec<Vec<Event>>,
    /// Every packet as it went over the wire.
    pub(crate) raw: Vec<(usize, Vec<u8>)>,
    /// The same, and of what was enclosed what is inside.
    pub(crate) wire: Vec<(usize, Vec<u8>)>,
    pub(crate) now: Timestamp,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) tamper: Option<Tamper>,
    medium: mpotr_netem::Network<usize, Rc<[u8]>>,
    dead: BTreeSet<usize>,
    /// Of whom the network takes nothing: what they have to say waits in their rooms.
    pub(crate) stuck: BTreeSet<usize>,
}

impl Network {
    /// Members who wait for one another.
    pub(crate) fn new(members: usize, seed: u64) -> Self {
        Self::with(members, seed, |config| config.members = Some(members))
    }

    /// The same where keys are made anew by full runs.
    pub(crate) fn full(members: usize, seed: u64) -> Self {
        Self::with(members, seed, |config| {
            config.members = Some(members);
            config.policy.rekey = Rekey::Full;
        })
    }

    pub(crate) fn with(members: usize, seed: u64, configure: impl Fn(&mut RoomConfig)) -> Self {
        let mut network = Self {
            rooms: Vec::new(),
            keys: Vec::new(),
            events: Vec::new(),
            raw: Vec::new(),
            wire: Vec::new(),
            now: Timestamp::default(),
            rng: ChaCha20Rng::seed_from_u64(seed),
            tamper: None,
            medium: mpotr_netem::Network::new(FAIR, seed),
            dead: BTreeSet::new(),
            stuck: BTreeSet::new(),
        };
        for _ in 0..members {
            network.enter(&configure);
        }
        network
    }

    /// A person enters with the defaults, no matter who else there is.
    pub(crate) fn enter_with(&mut self, identity: IdentityKeyPair) -> usize {
        let mut config = RoomConfig::new(RoomId::of_name::<Suite>("test"), Admission::Open);
        config.timers = Timers::RELAY;
        self.enter_as(identity, config)
    }

    /// A further member enters.
    pub(crate) fn enter(&mut self, configure: impl Fn(&mut RoomConfig)) -> usize {
        let mut config = RoomConfig::new(RoomId::of_name::<Suite>("test"), Admission::Open);
        config.timers = Timers::RELAY;
        configure(&mut config);
        let identity = IdentityKeyPair::random::<Suite>(&mut self.rng);
        self.enter_as(identity, config)
    }

    /// A person enters, perhaps again.
    pub(crate) fn enter_as(&mut self, identity: IdentityKeyPair, config: RoomConfig) -> usize {
        self.keys.push(identity.public());
        self.rooms
            .push(Room::new(config, identity, self.now, &mut self.rng).unwrap());
        self.events.push(Vec::new());
        let index = self.rooms.len() - 1;
        self.collect(index);
        index
    }

    /// From now on the network is so.
    pub(crate) fn set_weather(&mut self, weather: Weather) {
        self.medium.set_weather(weather);
    }

    /// Puts a packet on the wire for everyone but its sender.
    pub(crate) fn broadcast(&mut self, from: usize, packet: &[u8]) {
        self.raw.push((from, packet.to_vec()));
        let opened = self.rooms.get(from).and_then(|room| room.opened(packet));
        let inside = opened.as_deref().unwrap_or(packet);
        self.wire.push((from, inside.to_vec()));
        for to in (0..self.rooms.len()).filter(|to| *to != from) {
            let packet = match &mut self.tamper {
                // What it leaves as it is goes on as it was sent.
                Some(tamper) => match tamper(from, to, inside) {
                    Some(same) if same == inside => Some(packet.to_vec()),
                    other => other,
                },
                None => Some(packet.to_vec()),
            };
            let Some(packet) = packet else { continue };
            self.medium
                .send(self.now.as_millis(), from, [to], packet.into())
                .unwrap();
        }
    }

    /// What each member was told, for a test that fails.
    pub(crate) fn history(&self) -> String {
        let lines = self
            .events
            .iter()
            .zip(&self.rooms)
            .enumerate()
            .map(|(index, (events, room))| format!("\n{index} {room:?}\n  {events:?}"));
        lines.collect()
    }

    /// Takes out what a room wants to send and to say.
    pub(crate) fn collect(&mut self, index: usize) {
        while !self.stuck.contains(&index)
            && let Some(packet) = self.rooms[index].poll_transmit()
        {
            // What travels together is looked at, and lost, packet by packet.
            for packet in Bundle::split(&packet).unwrap() {
                self.broadcast(index, packet);
            }
        }
        while let Some(event) = self.rooms[index].poll_event() {
            self.events[index].push(event);
        }
    }

    /// Members who expect one another, each by its key.
    pub(crate) fn of_friends(members: usize, seed: u64) -> Self {
        let mut network = Self::with(0, seed, |_| {});
        let people: Vec<_> = (0..members)
            .map(|_| IdentityKeyPair::random::<Suite>(&mut network.rng))
            .collect();
        let keys: BTreeSet<_> = people.iter().map(IdentityKeyPair::public).collect();
        for person in people {
            let admission = Admission::Only(keys.clone());
            let mut config = RoomConfig::new(RoomId::of_name::<Suite>("test"), admission);
            config.timers = Timers::RELAY;
            network.enter_as(person, config);
        }
        network
    }

    /// What the person behind a room has seen, who looks at all that is told.
    pub(crate) fn seen(&self, member: usize) -> Seen {
        let told = self.events[member]
            .iter()
            .rev()
            .find_map(|event| match event {
                Event::Secure { sid, .. } => Some(Seen::Epoch(*sid)),
                _ => None,
            });
        told.unwrap_or(Seen::Expected)
    }

    /// Sends a text.
    pub(crate) fn send(&mut self, from: usize, text: &str) -> TextId {
        let seen = self.seen(from);
        let body = text.as_bytes().to_vec();
        let text_id = self.rooms[from].send(self.now, body, seen);
        self.collect(from);
        text_id.unwrap()
    }

    /// A member dies: nothing reaches it, and nothing comes from it.
    pub(crate) fn kill(&mut self, member: usize) {
        self.dead.insert(member);
    }

    /// A member that was dead is not.
    pub(crate) fn revive(&mut self, member: usize) {
        self.dead.remove(&member);
    }

    /// Leaves.
    pub(crate) fn leave(&mut self, member: usize) {
        self.rooms[member].leave(self.now);
        self.collect(member);
    }

    /// Moves on to the next thing that happens; whether there was one.
    fn step(&mut self) -> bool {
        let Some(next) = self.next_at() else {
            return false;
        };
        self.now = next.max(self.now);
        if let Some(copy) = self.medium.arrived(self.now.as_millis()) {
            let to = copy.to;
            if self.dead.contains(&to) {
                return true;
            }
            // A rejected packet is what this network is for.
            let _rejected = self.rooms[to].handle_message(self.now, &copy.payload, &mut self.rng);
            self.collect(to);
        } else {
            for index in 0..self.rooms.len() {
                let due = self.rooms[index]
                    .poll_timeout()
                    .is_some_and(|at| at <= self.now);
                if due && !self.dead.contains(&index) {
                    self.rooms[index].handle_timeout(self.now, &mut self.rng);
                    self.collect(index);
                }
            }
        }
        true
    }

    /// Runs until a condition holds, for so many seconds of virtual time at most.
    pub(crate) fn run_until(&mut self, seconds: u64, done: impl Fn(&Self) -> bool) {
        let limit = self.now.after(Duration::from_secs(seconds));
        while !done(self) {
            assert!(
                self.step() && self.now <= limit,
                "not reached: {}",
                self.history()
            );
        }
    }

    /// Runs for so many seconds of virtual time.
    pub(crate) fn run_for(&mut self, seconds: u64) {
        self.run_for_millis(1000 * seconds);
    }

    /// Runs for so many milliseconds of virtual time.
    pub(crate) fn run_for_millis(&mut self, millis: u64) {
        let limit = self.now.after(Duration::from_millis(millis));
        while self.next_at().is_some_and(|at| at <= limit) && self.step() {}
        self.now = self.now.max(limit);
    }

    /// When the next thing happens.
    fn next_at(&self) -> Option<Timestamp> {
        let packet = self.medium.next_at().map(Timestamp::from_millis);
        let living = (0..self.rooms.len()).filter(|index| !self.dead.contains(index));
        let timer = living
            .filter_map(|index| self.rooms[index].poll_timeout())
            .min();
        packet.into_iter().chain(timer).min()
    }

    /// Runs until every room is secure.
    pub(crate) fn until_secure(mut self) -> Self {
        self.run_until(120, |network| network.rooms.iter().all(Room::is_secure));
        self
    }

    /// The texts that a member has read, in the order in which it read them.
    pub(crate) fn read(&self, member: usize) -> Vec<String> {
        let texts = self.events[member].iter().filter_map(|event| match event {
            Event::Message { body, .. } => Some(String::from_utf8(body.clone()).unwrap()),
            _ => None,
        });
        texts.collect()
    }

    pub(crate) fn count(&self, member: usize, is: impl Fn(&Event) -> bool) -> usize {
        self.events[member].iter().filter(|event| is(event)).count()
    }
}

/// The name and the roster of the last epoch of a member.
pub(crate) fn epoch_of(network: &Network, member: usize) -> (EpochName, Vec<IdentityKey>) {
    let mut events = network.events[member].iter().rev();
    let last = events.find_map(|event| match event {
        Event::Secure { name, roster, .. } => {
            Some((*name, roster.iter().map(|it| it.identity).collect()))
        }
        _ => None,
    });
    last.unwrap()
}

/// The member of the network whose turn it is in view 0.
pub(crate) fn first_proposer(network: &Network) -> usize {
    let (name, roster) = epoch_of(network, 0);
    let first = u64::from_be_bytes(*name.as_bytes().first_chunk().unwrap());
    let first = usize::try_from(first % u64::try_from(roster.len()).unwrap()).unwrap();
    let is_first = |key: &IdentityKey| *key == roster[first];
    network.keys.iter().position(is_first).unwrap()
}
