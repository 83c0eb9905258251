//! Two honest members and an attacker on the wire between them, who holds no keys: it drops, repeats, delays, changes and
//! invents packets. Whatever it does, nobody is accused, and nothing is read that was not written.

use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::crypto::IdentityKeyPair;
use mpotr_core::gka::RoomId;
use mpotr_core::{Admission, Duration, Event, Room, RoomConfig, Timers, Timestamp};
use mpotr_netem::{Network, Weather};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// The most steps of one run: a run ends with its input in any case.
const MAX_STEPS: usize = 400;

struct Wire {
    rooms: [Room<Suite>; 2],
    /// Packets that the attacker has not let through or dropped so far. The network itself does nothing to them.
    network: Network<usize, Rc<[u8]>>,
    /// All packets that were sent, with their receiver.
    packets: Vec<(usize, Rc<[u8]>)>,
    now: Timestamp,
    rng: ChaCha20Rng,
    written: BTreeSet<Vec<u8>>,
}

/// Runs the attacker's program: one step an opcode with its operands.
pub fn run(program: &[u8]) {
    let mut wire = Wire::new();
    let mut input = program.iter().copied();
    for _ in 0..MAX_STEPS {
        let Some(opcode) = input.next() else { break };
        wire.step(opcode, &mut input);
    }
}

impl Wire {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let now = Timestamp::default();
        let rooms = [(); 2].map(|()| {
            let mut config = RoomConfig::new(RoomId::of_name::<Suite>("fuzz"), Admission::Open);
            config.members = Some(2);
            config.timers = Timers::LOOPBACK;
            let identity = IdentityKeyPair::random::<Suite>(&mut rng);
            Room::new(config, identity, now, &mut rng).expect("the backend computes the suite")
        });
        let mut wire = Self {
            rooms,
            network: Network::new(Weather::fair(0), 1),
            packets: Vec::new(),
            now,
            rng,
            written: BTreeSet::new(),
        };
        wire.collect();
        wire
    }

    fn step(&mut self, opcode: u8, input: &mut impl Iterator<Item = u8>) {
        let mut operand = || usize::from(input.next().unwrap_or(0));
        match opcode % 8 {
            // The wire works for a while.
            0 | 1 => {
                for _ in 0..=operand() % 8 {
                    self.deliver_next();
                }
            }
            2 => drop(self.network.arrived(self.now.as_millis())),
            3 => {
                let index = operand() % self.packets.len().max(1);
                self.give(index, |_| {});
            }
            4 => {
                let (index, position, mask) =
                    (operand(), operand() << 2 | operand() & 3, operand());
                self.give(index % self.packets.len().max(1), |packet| {
                    let length = packet.len().max(1);
                    if let Some(byte) = packet.get_mut(position % length) {
                        *byte ^= u8::try_from(mask).unwrap_or(1);
                    }
                });
            }
            5 => {
                let text = vec![0x61; operand()];
                let member = operand() % 2;
                let seen = self.rooms[member].newest_seen();
                let taken = self.rooms[member].send(self.now, text.clone(), seen);
                if taken.is_ok() {
                    self.written.insert(text);
                }
            }
            6 => {
                self.now = self
                    .now
                    .after(Duration::from_millis(10 << (operand() % 10)));
                for room in &mut self.rooms {
                    room.handle_timeout(self.now, &mut self.rng);
                }
            }
            _ => {
                let (to, length) = (operand() % 2, operand());
                let packet: Vec<u8> = input.take(length).collect();
                self.hear(to, &packet);
            }
        }
        self.collect();
    }

    fn deliver_next(&mut self) {
        if let Some(copy) = self.network.arrived(self.now.as_millis()) {
            self.hear(copy.to, &copy.payload);
            self.collect();
        }
    }

    fn give(&mut self, index: usize, change: impl FnOnce(&mut Vec<u8>)) {
        let Some((to, packet)) = self.packets.get(index) else {
            return;
        };
        let (to, mut packet) = (*to, packet.to_vec());
        change(&mut packet);
        self.hear(to, &packet);
    }

    fn hear(&mut self, to: usize, packet: &[u8]) {
        let _any = self.rooms[to].handle_message(self.now, packet, &mut self.rng);
    }

    fn collect(&mut self) {
        for from in 0..2 {
            while let Some(packet) = self.rooms[from].poll_transmit() {
                let (to, packet) = (1 - from, Rc::from(packet));
                self.packets.push((to, Rc::clone(&packet)));
                let sent = self.network.send(self.now.as_millis(), from, [to], packet);
                sent.expect("no member has a line that would refuse it");
            }
            while let Some(event) = self.rooms[from].poll_event() {
                match event {
                    // A packet that was changed may end a run, which is no member's fault.
                    Event::AgreementFailed { fault, claimed } => {
                        assert!(fault.is_none() || claimed.is_empty());
                    }
                    Event::Fork { .. } => panic!("a fork between two honest members"),
                    Event::Message { body, .. } => assert!(self.written.contains(&body)),
                    _ => {}
                }
            }
        }
    }
}
