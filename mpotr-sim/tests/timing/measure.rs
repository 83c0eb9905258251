//! Rooms on a network of virtual time, and how many round trips and packets things take there.

use std::collections::BTreeMap;
use std::rc::Rc;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
use mpotr_core::crypto::IdentityKeyPair;
use mpotr_core::gka::{RoomId, Sid};
use mpotr_core::wire::{Bundle, PacketKind};
use mpotr_core::{Admission, Event, Rekey, Room, RoomConfig, Timers, Timestamp};
use mpotr_netem::{Line, Network, Weather};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

type Suite = ChaCha20Poly1305Suite;

/// Packets that share a unit of a carrier.
const TOGETHER: usize = 8;

/// Members in one channel.
pub(crate) struct Channel {
    pub(crate) now: u64,
    pub(crate) rooms: Vec<Room<Suite>>,
    /// Who neither hears nor is heard.
    pub(crate) dead: Vec<usize>,
    /// How long the one machine of all members takes for a packet that one of them hears.
    pub(crate) takes: u64,
    network: Network<usize, Rc<[u8]>>,
    rng: ChaCha20Rng,
    /// The epoch of each member, and how many it has been in.
    pub(crate) epochs: Vec<(Option<Sid>, usize)>,
    /// Packets by kind.
    pub(crate) sent: BTreeMap<&'static str, usize>,
    pub(crate) bytes: usize,
    pub(crate) units: usize,
    /// What each was told, and when.
    pub(crate) told: Vec<(u64, usize, Event)>,
}

/// A latency with a jitter of a tenth on either side, and a loss.
pub(crate) fn weather(latency_ms: u64, loss_permille: u64) -> Weather {
    Weather::fair(latency_ms - latency_ms / 10)
        .jitter(latency_ms / 5)
        .loss(loss_permille)
}

impl Channel {
    pub(crate) fn new(members: usize, weather: Weather, timers: Timers, seed: u64) -> Self {
        Self::on_lines(members, weather, timers, seed, Line::new())
    }

    /// On a relay, where members change their keys by runs of this kind.
    pub(crate) fn with(members: usize, weather: Weather, rekey: Rekey) -> Self {
        let configure = |config: &mut RoomConfig| {
            config.timers = Timers::RELAY;
            config.policy.rekey = rekey;
        };
        Self::configured(members, weather, 1, Line::new(), configure)
    }

    pub(crate) fn on_lines(
        members: usize,
        weather: Weather,
        timers: Timers,
        seed: u64,
        line: Line,
    ) -> Self {
        Self::configured(members, weather, seed, line, |config| {
            config.timers = timers
        })
    }

    fn configured(
        members: usize,
        weather: Weather,
        seed: u64,
        line: Line,
        configure: impl Fn(&mut RoomConfig),
    ) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut network = Network::new(weather, seed);
        let mut rooms = Vec::new();
        for member in 0..members {
            network.set_line(0, member, line);
            let room = RoomId::of_name::<Suite>("timing");
            let mut config = RoomConfig::new(room, Admission::Open);
            configure(&mut config);
            config.members = Some(members);
            let identity = IdentityKeyPair::random::<Suite>(&mut rng);
            let now = Timestamp::default();
            rooms.push(Room::new(config, identity, now, &mut rng).unwrap());
        }
        let mut channel = Self {
            now: 0,
            rooms,
            dead: Vec::new(),
            takes: 0,
            network,
            rng,
            epochs: vec![(None, 0); members],
            sent: BTreeMap::new(),
            bytes: 0,
            units: 0,
            told: Vec::new(),
        };
        (0..members).for_each(|member| channel.collect(member));
        channel
    }

    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    pub(crate) fn act(&mut self, member: usize, act: impl FnOnce(&mut Room<Suite>, Timestamp)) {
        let now = self.at();
        act(&mut self.rooms[member], now);
        self.collect(member);
    }

    fn collect(&mut self, member: usize) {
        let room = &mut self.rooms[member];
        let mut together = 0;
        while let Some(packet) = room.poll_transmit() {
            if self.dead.contains(&member) {
                continue;
            }
            for packet in Bundle::split(&packet).unwrap() {
                let kind = PacketKind::of(packet).unwrap();
                *self.sent.entry(kind.name()).or_insert(0) += 1;
            }
            self.bytes += packet.len();
            // What is sent at one moment shares a unit of the carrier, so many at most.
            if together % TOGETHER == 0 {
                self.units += 1;
            }
            together += 1;
            let all = 0..self.epochs.len();
            let _full = self.network.broadcast(self.now, member, all, packet.into());
        }
        while let Some(event) = room.poll_event() {
            if let Event::Secure { sid, .. } = &event {
                let (epoch, count) = &mut self.epochs[member];
                *epoch = Some(*sid);
                *count += 1;
            }
            self.told.push((self.now, member, event));
        }
    }

    pub(crate) const fn packets(&self) -> usize {
        self.units
    }

    /// Lets time pass until something holds; when it did.
    pub(crate) fn until(&mut self, limit: u64, done: impl Fn(&Self) -> bool) -> Option<u64> {
        while !done(self) {
            let alive = (0..self.rooms.len()).filter(|member| !self.dead.contains(member));
            let wake = alive.filter_map(|member| {
                let at = self.rooms[member].poll_timeout()?.as_millis();
                Some((at, member))
            });
            let (wake_at, member) = wake.min().unwrap_or((u64::MAX, 0));
            let arrival = self.network.next_at().unwrap_or(u64::MAX);
            let next = arrival.min(wake_at);
            if next > limit {
                self.now = limit;
                return None;
            }
            self.now = self.now.max(next);
            let now = self.at();
            // What comes first is looked at first, however late that is.
            let arrived = arrival <= wake_at;
            if let Some(copy) = arrived.then(|| self.network.arrived(self.now)).flatten() {
                self.now += self.takes;
                let now = self.at();
                if !self.dead.contains(&copy.to) {
                    let room = &mut self.rooms[copy.to];
                    let _rejected = room.handle_message(now, &copy.payload, &mut self.rng);
                    self.collect(copy.to);
                }
            } else {
                self.rooms[member].handle_timeout(now, &mut self.rng);
                self.collect(member);
            }
        }
        Some(self.now)
    }

    /// Whether all who are alive are in one epoch, at least their `number`th.
    pub(crate) fn is_together(&self, number: usize) -> bool {
        let alive = (0..self.epochs.len()).filter(|member| !self.dead.contains(member));
        let mut epochs = alive.map(|member| self.epochs[member]);
        let Some((first, _)) = epochs.next() else {
            return true;
        };
        let mut all = epochs.chain([(first, self.epochs[0].1.max(1))]);
        first.is_some()
            && all.all(|(epoch, _)| epoch == first)
            && (0..self.epochs.len())
                .filter(|member| !self.dead.contains(member))
                .all(|member| self.epochs[member].1 >= number)
    }
}

/// How long a first epoch took, and a change after it, in milliseconds; and the packets of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) first: u64,
    pub(crate) first_packets: usize,
    pub(crate) change: u64,
    pub(crate) change_packets: usize,
}

/// A room is formed and gets fresh keys.
pub(crate) fn measure(
    members: usize,
    latency_ms: u64,
    loss_permille: u64,
    timers: Timers,
    seed: u64,
) -> Option<Measured> {
    let weather = weather(latency_ms, loss_permille);
    let mut channel = Channel::new(members, weather, timers, seed);
    let limit = 160 * latency_ms;
    let first = channel.until(limit, |it| it.is_together(1))?;
    let first_packets = channel.packets();
    // What the first epoch leaves to be said is over.
    let calm = channel.now + 40 * latency_ms;
    channel.until(calm, |_| false);
    let (began, before) = (channel.now, channel.packets());
    channel.act(0, |room, now| room.refresh(now));
    let change = channel.until(began + limit, |it| it.is_together(2))? - began;
    Some(Measured {
        first,
        first_packets,
        change,
        change_packets: channel.packets() - before,
    })
}

/// The value below which so many percent of some lie.
pub(crate) fn percentile(mut of: Vec<f64>, percent: usize) -> f64 {
    of.sort_by(f64::total_cmp);
    of[(of.len() * percent / 100).min(of.len() - 1)]
}
