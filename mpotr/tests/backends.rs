//! Rooms on every backend that is built in, in every pairing and with both suites, in memory and on virtual time.

#![cfg(test)]

use std::collections::BTreeSet;

use mpotr::room::{Event, Room, RoomConfig, Timers, Timestamp};
use mpotr::{
    Admission, Backend, CryptoSuite, IdentityKey, IdentityKeyPair, RoomId, Seen, SuiteError,
    SuiteId, SuiteVisitor, SystemRng,
};

/// A member's room, whatever it computes with.
trait AnyRoom {
    fn receive(&mut self, now: Timestamp, packet: &[u8]);
    fn transmit(&mut self) -> Option<Vec<u8>>;
    fn event(&mut self) -> Option<Event>;
    fn timeout(&self) -> Option<Timestamp>;
    fn wake(&mut self, now: Timestamp);
    fn say(&mut self, now: Timestamp, text: &str, seen: Seen);
}

impl<S: CryptoSuite> AnyRoom for Room<S> {
    fn receive(&mut self, now: Timestamp, packet: &[u8]) {
        // A packet may well count for nothing, as one that is late does.
        let _ = self.handle_message(now, packet, &mut SystemRng::default());
    }

    fn transmit(&mut self) -> Option<Vec<u8>> {
        self.poll_transmit()
    }

    fn event(&mut self) -> Option<Event> {
        self.poll_event()
    }

    fn timeout(&self) -> Option<Timestamp> {
        self.poll_timeout()
    }

    fn wake(&mut self, now: Timestamp) {
        self.handle_timeout(now, &mut SystemRng::default());
    }

    fn say(&mut self, now: Timestamp, text: &str, seen: Seen) {
        self.send(now, text.into(), seen).unwrap();
    }
}

/// Makes a room of the suite that is visited.
struct Enter;

impl SuiteVisitor for Enter {
    type Output = (IdentityKey, Box<dyn AnyRoom>);

    fn visit<S: CryptoSuite>(self) -> Self::Output {
        let mut rng = SystemRng::default();
        let identity = IdentityKeyPair::random::<S>(&mut rng);
        let key = identity.public();
        let config = RoomConfig {
            members: Some(2),
            timers: Timers::LOOPBACK,
            ..RoomConfig::new(RoomId::of_name::<S>("tea"), Admission::Open)
        };
        let room = Room::<S>::new(config, identity, Timestamp::default(), &mut rng).unwrap();
        (key, Box::new(room))
    }
}

/// Who wrote what.
type Texts = BTreeSet<(IdentityKey, Vec<u8>)>;

/// Lets two members greet each other; what each has read, its own greeting included.
fn converse(rooms: &mut [Box<dyn AnyRoom>; 2]) -> [Texts; 2] {
    let mut now = Timestamp::default();
    let greetings = ["hello from alice", "hello from bob"];
    let mut read = [Texts::new(), Texts::new()];
    while read.iter().any(|texts| texts.len() < 2) {
        let mut quiet = true;
        for (from, to) in [(0, 1), (1, 0)] {
            while let Some(packet) = rooms[from].transmit() {
                quiet = false;
                rooms[to].receive(now, &packet);
            }
        }
        for ((room, texts), greeting) in rooms.iter_mut().zip(&mut read).zip(greetings) {
            while let Some(event) = room.event() {
                if let Event::Secure { sid, .. } = event {
                    room.say(now, greeting, Seen::Epoch(sid));
                } else if let Event::Message { author, body, .. } = event {
                    texts.insert((author, body));
                }
            }
        }
        if quiet {
            now = rooms
                .iter()
                .filter_map(|room| room.timeout())
                .min()
                .expect("nothing is due");
            assert!(now.as_millis() < 60_000, "the rooms do not agree");
            rooms.iter_mut().for_each(|room| room.wake(now));
        }
    }
    read
}

/// A member on this backend, if this machine can compute the suite with it.
fn enter(backend: Backend, suite: SuiteId) -> Option<(IdentityKey, Box<dyn AnyRoom>)> {
    match backend.visit(suite, Enter) {
        Ok(entered) => Some(entered),
        // libsodium has AES-256-GCM only where the CPU has it.
        Err(SuiteError::Unsupported(error)) => {
            assert_eq!(
                (backend, suite),
                (Backend::Sodium, SuiteId::Aes256Gcm),
                "{error}"
            );
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn members_on_any_two_backends_read_each_other_with_either_suite() {
    for suite in SuiteId::ALL {
        for of_alice in Backend::available() {
            for of_bob in Backend::available() {
                let (Some((alice, to_alice)), Some((bob, to_bob))) =
                    (enter(of_alice, suite), enter(of_bob, suite))
                else {
                    continue;
                };
                let expected = Texts::from([
                    (alice, b"hello from alice".to_vec()),
                    (bob, b"hello from bob".to_vec()),
                ]);
                for read in converse(&mut [to_alice, to_bob]) {
                    assert_eq!(read, expected, "{suite}, {of_alice} and {of_bob}");
                }
            }
        }
    }
}
