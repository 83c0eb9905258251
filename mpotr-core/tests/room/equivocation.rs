//! A member that tells one thing to some and another to others, in a whole room.

use std::rc::Rc;

use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::gka::RoomId;
use mpotr_core::{Admission, Duration, Event, Room, RoomConfig, Timestamp};
use mpotr_netem::{Network, Weather};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::network::Suite;

const ALICE: usize = 0;
const BOB: usize = 1;
const MALLORY: usize = 2;
/// Mallory a second time: the same inputs and the same random numbers, so the same keys and the same places.
const TWIN: usize = 3;

struct Split {
    rooms: Vec<Room<Suite>>,
    mallory: IdentityKey,
    events: Vec<Vec<Event>>,
    network: Network<usize, Rc<[u8]>>,
    now: Timestamp,
    rng: ChaCha20Rng,
    is_split: bool,
}

impl Split {
    fn new(exclude: bool) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let now = Timestamp::default();
        let mut rooms = Vec::new();
        let mut enter = |identity, rng: &mut ChaCha20Rng| {
            let mut config = RoomConfig::new(RoomId::of_name::<Suite>("test"), Admission::Open);
            config.members = Some(3);
            config.exclude_cheats = exclude;
            rooms.push(Room::new(config, identity, now, rng).unwrap());
        };
        for _ in [ALICE, BOB] {
            let identity = IdentityKeyPair::random::<Suite>(&mut rng);
            enter(identity, &mut rng);
        }
        let [mallory, twin] = [(); 2].map(|()| {
            let mut same = ChaCha20Rng::seed_from_u64(2);
            IdentityKeyPair::random::<Suite>(&mut same)
        });
        let key = mallory.public();
        let mut copy = rng.clone();
        enter(mallory, &mut rng);
        enter(twin, &mut copy);
        let mut split = Self {
            rooms,
            mallory: key,
            events: vec![Vec::new(); 4],
            network: Network::new(Weather::fair(0), 1),
            now,
            rng,
            is_split: false,
        };
        split.collect();
        split
    }

    fn collect(&mut self) {
        for from in [ALICE, BOB, MALLORY, TWIN] {
            while let Some(event) = self.rooms[from].poll_event() {
                self.events[from].push(event);
            }
            while let Some(packet) = self.rooms[from].poll_transmit() {
                // Once it has told two things, nothing more comes of Mallory.
                if from == TWIN || (from == MALLORY && self.is_split) {
                    continue;
                }
                let now = self.now.as_millis();
                let heard = self
                    .network
                    .broadcast(now, from, [ALICE, BOB, MALLORY], packet.into());
                heard.unwrap();
            }
        }
    }

    fn run(&mut self, millis: u64) {
        let limit = self.now.after(Duration::from_millis(millis));
        while self.now < limit {
            while let Some(copy) = self.network.arrived(self.now.as_millis()) {
                let (to, packet) = (copy.to, copy.payload);
                let mut same = self.rng.clone();
                let _rejected = self.rooms[to].handle_message(self.now, &packet, &mut self.rng);
                if to == MALLORY {
                    let _same = self.rooms[TWIN].handle_message(self.now, &packet, &mut same);
                }
                self.collect();
            }
            self.now = self.now.after(Duration::from_millis(50));
            for member in [ALICE, BOB, MALLORY] {
                let mut copy = self.rng.clone();
                self.rooms[member].handle_timeout(self.now, &mut self.rng);
                if member == MALLORY {
                    self.rooms[TWIN].handle_timeout(self.now, &mut copy);
                }
            }
            self.collect();
        }
    }

    /// Mallory tells Alice one thing, and Bob another.
    fn split(&mut self) {
        self.split_to([(ALICE, MALLORY), (BOB, TWIN)]);
    }

    /// Mallory tells one thing and its twin another; each listed member hears what the room beside it tells.
    fn split_to<const N: usize>(&mut self, heard: [(usize, usize); N]) {
        self.is_split = true;
        for (room, body) in [(MALLORY, "to some"), (TWIN, "to others")] {
            let seen = self.rooms[room].newest_seen();
            let now = self.now;
            self.rooms[room].send(now, body.into(), seen).unwrap();
            let packet = self.rooms[room].poll_transmit().unwrap();
            let to = heard.iter().filter(|(_, from)| *from == room);
            let to = to.map(|(to, _)| *to);
            let now = self.now.as_millis();
            self.network.send(now, room, to, packet.into()).unwrap();
        }
    }

    fn count(&self, member: usize, is: impl Fn(&Event) -> bool) -> usize {
        self.events[member].iter().filter(|event| is(event)).count()
    }
}

fn has_read(body: &str) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Message { body: read, .. } if read == body.as_bytes())
}

fn is_equivocation(event: &Event) -> bool {
    matches!(event, Event::Equivocation { .. })
}

#[test]
fn who_tells_two_things_is_found_out_by_all_and_left_out() {
    let mut room = Split::new(true);
    room.run(20_000);
    assert!(room.rooms.iter().all(Room::is_secure));
    room.split();
    room.run(200);
    assert_eq!(room.count(ALICE, has_read("to some")), 1);
    assert_eq!(room.count(BOB, has_read("to others")), 1);
    // They answer, and so find out.
    for (member, text) in [(ALICE, "so you say"), (BOB, "do you")] {
        let seen = room.rooms[member].newest_seen();
        room.rooms[member]
            .send(room.now, text.into(), seen)
            .unwrap();
    }
    room.collect();
    room.run(60_000);
    for (member, own, other) in [
        (ALICE, "to some", "to others"),
        (BOB, "to others", "to some"),
    ] {
        assert_eq!(room.count(member, is_equivocation), 1);
        assert!(room.count(member, has_read(own)) == 1 && room.count(member, has_read(other)) == 0);
        let disputed = |event: &Event| matches!(event, Event::Disputed { body, .. } if body == other.as_bytes());
        assert_eq!(room.count(member, disputed), 1, "{:?}", room.events[member]);
        assert_eq!(room.count(member, has_read("so you say")), 1);
        assert_eq!(room.count(member, has_read("do you")), 1);
        let left_out = Event::LeftOut {
            member: room.mallory,
        };
        assert_eq!(room.count(member, |event| *event == left_out), 1);
        assert!(room.rooms[member].is_secure());
    }
    // What both brought along is one order.
    let last_final = |member: usize| {
        let finals: Vec<_> = room.events[member]
            .iter()
            .filter_map(|event| match event {
                Event::Final { count, digest, .. } => Some((*count, *digest)),
                _ => None,
            })
            .collect();
        finals.last().copied()
    };
    assert_eq!(last_final(ALICE).unwrap().0, 4);
    assert_eq!(last_final(ALICE), last_final(BOB));
}

#[test]
fn an_application_that_wants_no_exclusion_decides_for_itself() {
    let mut room = Split::new(false);
    room.run(20_000);
    room.split();
    room.run(200);
    let seen = room.rooms[ALICE].newest_seen();
    room.rooms[ALICE]
        .send(room.now, b"so you say".to_vec(), seen)
        .unwrap();
    room.collect();
    // Bob needs what Alice answered, finds the two, and tells Alice.
    room.run(15_000);
    for member in [ALICE, BOB] {
        assert_eq!(room.count(member, is_equivocation), 1, "{member}");
        assert_eq!(
            room.count(member, |event| matches!(event, Event::LeftOut { .. })),
            0
        );
    }
}

#[test]
fn who_has_the_proof_sends_it_on_to_those_who_heard_one_thing_only() {
    let mut room = Split::new(false);
    room.run(20_000);
    assert!(room.rooms.iter().all(Room::is_secure));
    // Nobody writes anything after it: Bob learns of the other text from Alice's proof, or never.
    room.split_to([(ALICE, MALLORY), (ALICE, TWIN), (BOB, MALLORY)]);
    room.run(200);
    assert_eq!(room.count(ALICE, is_equivocation), 1);
    assert_eq!(room.count(BOB, is_equivocation), 1);
}
