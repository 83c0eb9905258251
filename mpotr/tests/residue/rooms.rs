//! Rooms on a network in memory, whose members' draws of randomness are written down.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use mpotr::room::{Duration, Event, Room, RoomConfig, Timers, Timestamp};
use mpotr::{Admission, Rekey, Seen};
use mpotr_core::crypto::rand_core::{TryCryptoRng, TryRng};
use mpotr_core::crypto::zeroize::Zeroize;
use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair, TranscriptHash, label, wiping_stack};
use mpotr_core::gka::{Methods, RoomId, Sid};
use mpotr_core::wire::Packet;
use mpotr_netem::{Network, Weather};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::secrets::{Needle, Source};

/// A source of randomness that keeps what it gave.
pub(crate) struct Draws {
    rng: ChaCha20Rng,
    pub(crate) drawn: Vec<Vec<u8>>,
}

impl TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.rng.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.rng.next_u64())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.rng.fill_bytes(out);
        self.drawn.push(out.to_vec());
        Ok(())
    }
}

impl TryCryptoRng for Draws {}

/// Which scene is played. No two have a secret in common: what the search for those of one has left on the stack of a thread
/// that has ended is not taken for those of another.
#[derive(Clone, Copy)]
pub(crate) struct Scene(u64);

impl Scene {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// A source of randomness of this scene.
    fn rng(self, which: usize) -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(self.0 * 1000 + u64::try_from(which).unwrap())
    }
}

/// The identity of a member, made again when it is wanted.
pub(crate) fn identity<S: CryptoSuite>(scene: Scene, member: usize) -> IdentityKeyPair {
    IdentityKeyPair::random::<S>(&mut scene.rng(member))
}

/// The text that is said as the `number`th: 128 characters that stand nowhere but where they are said.
pub(crate) fn text<S: CryptoSuite>(scene: Scene, number: u32) -> Vec<u8> {
    // What computing it leaves on the stack is not the library's.
    wiping_stack(|| {
        let hash = TranscriptHash::<S>::new(label::ROOM)
            .u64(scene.0)
            .u32(number)
            .finish();
        let mut text = Vec::with_capacity(2 * hash.len());
        for byte in hash {
            for nibble in [byte >> 4, byte & 15] {
                text.push(b'a' + nibble);
            }
        }
        text
    })
}

pub(crate) struct Rooms<S: CryptoSuite> {
    scene: Scene,
    rooms: Vec<Room<S>>,
    draws: Vec<RefCell<Draws>>,
    wire: Vec<Vec<u8>>,
    network: Network<usize, Rc<[u8]>>,
    now: Timestamp,
    /// The epochs that each member has been in.
    epochs: Vec<Vec<Sid>>,
    published: Vec<Sid>,
    /// Whom the others have gone on without.
    behind: Vec<usize>,
    /// How many messages of the epoch are final at each member.
    finals: Vec<u32>,
    /// Texts said.
    said: u32,
    /// The first text of each epoch.
    first_said: Vec<u32>,
}

impl<S: CryptoSuite> Rooms<S> {
    pub(crate) fn new(members: usize, methods: Methods, rekey: Rekey, timers: &Timers) -> Self {
        let mut rooms = Self {
            scene: Scene::next(),
            rooms: Vec::new(),
            draws: Vec::new(),
            wire: Vec::new(),
            network: Network::new(Weather::fair(5), 0),
            now: Timestamp::default(),
            epochs: vec![Vec::new(); members],
            published: Vec::new(),
            behind: Vec::new(),
            finals: vec![0; members],
            said: 0,
            first_said: Vec::new(),
        };
        for member in 0..members {
            let mut config = RoomConfig::new(RoomId::of_name::<S>("residue"), Admission::Open);
            config.timers = *timers;
            config.members = Some(members);
            config.policy.agreement = methods.agreement;
            config.policy.authentication = methods.authentication;
            config.policy.rekey = rekey;
            let mut draws = Draws {
                rng: rooms.scene.rng(100 + member),
                drawn: Vec::new(),
            };
            let room = Room::new(
                config,
                identity::<S>(rooms.scene, member),
                rooms.now,
                &mut draws,
            )
            .unwrap();
            rooms.rooms.push(room);
            rooms.draws.push(RefCell::new(draws));
        }
        rooms
    }

    /// Carries packets and turns the clock, until something holds of these rooms.
    fn run_until(&mut self, what: &str, is_reached: impl Fn(&Self) -> bool) {
        let limit = self.now.after(Duration::from_secs(7200));
        loop {
            self.collect();
            if is_reached(self) {
                return;
            }
            let packet = self.network.next_at().map(Timestamp::from_millis);
            let timers = self.rooms.iter().filter_map(Room::poll_timeout);
            let next = timers.chain(packet).min();
            let Some(next) = next.filter(|next| *next < limit) else {
                panic!("never {what}: {:?}", self.finals);
            };
            self.now = self.now.max(next);
            if let Some(copy) = self.network.arrived(self.now.as_millis()) {
                let mut draws = self.draws[copy.to].borrow_mut();
                // Of what is late, or for others, nothing comes.
                let room = &mut self.rooms[copy.to];
                let _rejected = room.handle_message(self.now, &copy.payload, &mut *draws);
            } else {
                for (room, draws) in self.rooms.iter_mut().zip(&self.draws) {
                    room.handle_timeout(self.now, &mut *draws.borrow_mut());
                }
            }
        }
    }

    fn collect(&mut self) {
        for member in 0..self.rooms.len() {
            while let Some(packet) = self.rooms[member].poll_transmit() {
                let now = self.now.as_millis();
                let members = 0..self.rooms.len();
                let payload = packet.as_slice().into();
                self.network
                    .broadcast(now, member, members, payload)
                    .unwrap();
                self.wire.push(packet);
            }
            while let Some(event) = self.rooms[member].poll_event() {
                match event {
                    Event::Secure { sid, .. } => {
                        self.epochs[member].push(sid);
                        self.finals[member] = 0;
                    }
                    Event::Final { count, .. } => self.finals[member] = count,
                    Event::Published { sid } => self.published.push(sid),
                    Event::Behind => self.behind.push(member),
                    // What an application has is its own to wipe.
                    Event::Message { mut body, .. } => body.zeroize(),
                    _ => {}
                }
            }
        }
    }

    /// Until all who are still here are in their `count`th epoch.
    pub(crate) fn until_secure(&mut self, count: usize) {
        self.run_until("secure", |all| {
            let mut here = all.rooms.iter().zip(&all.epochs);
            here.all(|(room, epochs)| room.has_ended() || epochs.len() == count)
        });
        self.first_said.push(self.said);
    }

    /// What a person has seen who looks at all that is told.
    fn seen(&self, member: usize) -> Seen {
        let newest = self.epochs[member].last();
        newest.map_or(Seen::Expected, |sid| Seen::Epoch(*sid))
    }

    /// All members here say two things, until all of them are final.
    pub(crate) fn talk(&mut self) {
        let here: Vec<_> = (0..self.rooms.len())
            .filter(|member| !self.rooms[*member].has_ended())
            .collect();
        let mut count = 0;
        for _ in 0..2 {
            for member in &here {
                let seen = self.seen(*member);
                self.rooms[*member]
                    .send(self.now, text::<S>(self.scene, self.said), seen)
                    .unwrap();
                self.said += 1;
                count += 1;
            }
        }
        self.run_until("final", |all| {
            here.iter().all(|member| all.finals[*member] == count)
        });
    }

    /// A member says something.
    pub(crate) fn say(&mut self, member: usize) {
        let seen = self.seen(member);
        self.rooms[member]
            .send(self.now, text::<S>(self.scene, self.said), seen)
            .unwrap();
        self.said += 1;
        self.collect();
    }

    /// What the secrets call the last text.
    pub(crate) fn last_said(&self) -> String {
        format!("text {}", self.said - 1)
    }

    /// From here on no packet arrives.
    pub(crate) fn cut_off(&mut self) {
        // Nor one that is under way.
        self.network = Network::new(Weather::fair(0).loss(1000), 0);
    }

    /// A member says something that nobody hears, and hears nothing itself while the others go on without it. What they keep of
    /// their common epoch for a while opens no message.
    pub(crate) fn go_on_without(&mut self, member: usize) {
        self.network.unplug(member);
        self.say(member);
        self.refresh();
        self.run_until("gone on", |all| {
            let mut others = (0..all.rooms.len()).filter(|other| *other != member);
            others.all(|other| all.epochs[other].len() == 2)
        });
        self.first_said.push(self.said);
    }

    /// A member whom the others have gone on without hears of that.
    pub(crate) fn until_behind(&mut self, member: usize) {
        self.network.plug_in(member);
        self.run_until("behind", |all| all.behind == [member]);
    }

    pub(crate) fn until_expired(&mut self, expire: Duration) {
        let expired = self.now.after(expire);
        self.run_until("expired", |all| all.now >= expired);
    }

    pub(crate) fn refresh(&mut self) {
        self.rooms[0].refresh(self.now);
    }

    /// A member asks that another be left out.
    pub(crate) fn exclude(&mut self, member: usize, other: usize) {
        let other = identity::<S>(self.scene, other).public();
        self.rooms[member].exclude(self.now, other).unwrap();
    }

    pub(crate) fn leave(&mut self, member: usize) {
        self.rooms[member].leave(self.now);
    }

    pub(crate) fn until_drained(&mut self) {
        let drained = self
            .now
            .after(Timers::RELAY.drain)
            .after(Duration::from_secs(1));
        self.run_until("drained", |all| all.now >= drained);
    }

    pub(crate) fn until_ended(&mut self) {
        self.run_until("ended", |all| all.rooms.iter().all(Room::has_ended));
    }

    /// Drops all rooms.
    pub(crate) fn close(&mut self) {
        self.rooms.clear();
    }

    /// Whether a member has published what signed for an epoch.
    pub(crate) fn is_published(&self, epoch: usize) -> bool {
        self.published.contains(&self.epochs[0][epoch])
    }

    /// The secrets of the light run that led to an epoch, computed when they are asked for. The first epoch comes of a full run,
    /// and all others of light ones.
    pub(crate) fn secrets_of_light_run(&self, epoch: usize) -> impl FnOnce() -> Vec<Needle> + '_ {
        move || {
            let packets = self.wire.iter();
            let packets: Vec<_> = packets
                .filter_map(|packet| Packet::from_bytes(packet).ok())
                .collect();
            let draws: Vec<_> = self.draws.iter().map(RefCell::borrow).collect();
            let draws: Vec<_> = draws.iter().map(|draws| draws.drawn.as_slice()).collect();
            let epochs = &self.epochs[0];
            let first = Source::<S>::new(self.scene, epochs[0], &packets, &draws);
            let (mut found, mut parent) = (Vec::new(), first.parent());
            for sid in &epochs[1..=epoch] {
                (found, parent) = parent.next(self.scene, *sid, &packets, &draws);
            }
            found
        }
    }

    /// All secrets of an epoch, computed when they are asked for.
    pub(crate) fn secrets_of(&self, epoch: usize) -> impl FnOnce() -> Vec<Needle> + '_ {
        move || {
            let packets = self.wire.iter();
            let mut packets: Vec<_> = packets
                .filter_map(|packet| Packet::from_bytes(packet).ok())
                .collect();
            let draws: Vec<_> = self.draws.iter().map(RefCell::borrow).collect();
            let draws: Vec<_> = draws.iter().map(|draws| draws.drawn.as_slice()).collect();
            // The packets of each run are enclosed in the epoch that it follows.
            for before in &self.epochs[0][..epoch] {
                let source = Source::<S>::new(self.scene, *before, &packets, &draws);
                let secret = source.enclosed();
                let opened = packets.iter().filter_map(|packet| match packet {
                    Packet::Enclosed(enclosed) => enclosed.open::<S>(&secret).ok(),
                    _ => None,
                });
                let opened: Vec<_> = opened.collect();
                packets.extend(opened.iter().filter_map(|it| Packet::from_bytes(it).ok()));
            }
            let last = self.first_said.get(epoch + 1).copied().unwrap_or(self.said);
            let sid = self.epochs[0][epoch];
            Source::<S>::new(self.scene, sid, &packets, &draws)
                .secrets(self.first_said[epoch]..last)
        }
    }
}
