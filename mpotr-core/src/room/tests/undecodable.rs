//! A member that states inside the epoch what it cannot mean.

use std::collections::VecDeque;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::IdentityKeyPair;
use mpotr_gka::{CycleShare, KnowledgeCommitment, Offer, RoomId, TrapdoorKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::config::{Admission, RoomConfig, Timers};
use crate::epoch::Epoch;
use crate::event::Event;
use crate::policy::Rekey;
use crate::room::Room;
use crate::time::Timestamp;
use crate::wire::Packet;

/// The one that cheats.
const MALLORY: usize = 2;

/// Three rooms on a channel without delay.
struct Channel {
    rooms: Vec<Room<Suite>>,
    now: Timestamp,
    rng: ChaCha20Rng,
    /// The view for which Mallory has stated an offer.
    view: Option<u32>,
    spoil: fn(&mut Offer),
}

impl Channel {
    fn new(rekey: Rekey, spoil: fn(&mut Offer)) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let now = Timestamp::default();
        let rooms = (0..3)
            .map(|_| {
                let mut config = RoomConfig::new(RoomId::of_name::<Suite>("test"), Admission::Open);
                config.timers = Timers::RELAY;
                config.members = Some(3);
                config.policy.rekey = rekey;
                let identity = IdentityKeyPair::random::<Suite>(&mut rng);
                Room::new(config, identity, now, &mut rng).unwrap()
            })
            .collect();
        Self {
            rooms,
            now,
            rng,
            view: None,
            spoil,
        }
    }

    /// In every view Mallory states, and publishes, an offer with a key that does not decode.
    fn cheat(&mut self) {
        let room = &mut self.rooms[MALLORY];
        let view = room.phase.change().map(|change| change.view);
        if view.is_none() || view == self.view || room.succession.current.is_some() {
            return;
        }
        self.view = view;
        let Some(own) = room.lobby.offering.own(room.phase.name()) else {
            return;
        };
        let mut offer = own.member.offer().clone();
        (self.spoil)(&mut offer);
        let digest = offer.digest::<Suite>();
        while room.poll_transmit().is_some() {}
        room.common.out.transmit(&Packet::Offer(offer));
        if let Some(next) = room.phase.epoch_mut().and_then(Epoch::own_next) {
            next.offer = Some(digest);
        }
        room.say_next();
    }

    /// Delivers all that is sent, and then lets time pass to the next deadline.
    fn step(&mut self) {
        let mut queue: VecDeque<(usize, Vec<u8>)> = VecDeque::new();
        loop {
            self.cheat();
            for (from, room) in self.rooms.iter_mut().enumerate() {
                while let Some(packet) = room.poll_transmit() {
                    queue.push_back((from, packet));
                }
            }
            let Some((from, packet)) = queue.pop_front() else {
                break;
            };
            for to in (0..3).filter(|to| *to != from) {
                let room = &mut self.rooms[to];
                let _any = room.handle_message(self.now, &packet, &mut self.rng);
            }
        }
        let next = self.rooms.iter().filter_map(Room::poll_timeout).min();
        self.now = next.unwrap().max(self.now);
        for room in &mut self.rooms {
            room.handle_timeout(self.now, &mut self.rng);
        }
    }

    fn run(&mut self, done: impl Fn(&Self) -> bool) {
        for _ in 0..10_000 {
            if done(self) {
                return;
            }
            self.step();
        }
        assert!(done(self), "not reached by {:?}", self.now);
    }
}

const SPOILT: [fn(&mut Offer); 3] = [
    |offer| offer.trapdoor = TrapdoorKey::new([0xff; 32]),
    |offer| offer.share = CycleShare::new([0xff; 32]),
    |offer| offer.commitment = KnowledgeCommitment::new([0xff; 32]),
];

#[test]
fn an_old_member_whose_stated_offer_is_none_is_left_out_of_the_change() {
    for spoil in SPOILT {
        let mut channel = Channel::new(Rekey::Full, spoil);
        channel.run(|channel| channel.rooms.iter().all(Room::is_secure));
        let now = channel.now;
        channel.rooms[0].refresh(now);
        // It speaks in every view, so nobody may leave it out for silence.
        let members = |room: &Room<Suite>| room.phase.epoch().map(Epoch::members);
        channel.run(|channel| {
            channel.rooms[..2]
                .iter()
                .all(|room| members(room) == Some(2))
        });
        let cheat = channel.rooms[MALLORY].common.me.public();
        for room in &mut channel.rooms[..2] {
            let told = std::iter::from_fn(|| room.poll_event());
            let left_out: Vec<_> = told
                .filter_map(|event| match event {
                    Event::LeftOut { member } => Some(member),
                    _ => None,
                })
                .collect();
            assert_eq!(left_out, [cheat]);
        }
    }
}

/// A light run rests on no offer: the others have fresh keys, with it or without.
#[test]
fn who_states_an_offer_that_is_none_stops_no_light_run() {
    for spoil in SPOILT {
        let mut channel = Channel::new(Rekey::Light, spoil);
        channel.run(|channel| channel.rooms.iter().all(Room::is_secure));
        let (now, first) = (channel.now, channel.rooms[0].phase.name());
        channel.rooms[0].refresh(now);
        channel.run(|channel| {
            let mut honest = channel.rooms[..2].iter();
            honest.all(|room| room.phase.name() != first)
        });
        assert_eq!(channel.rooms[0].phase.name(), channel.rooms[1].phase.name());
    }
}
