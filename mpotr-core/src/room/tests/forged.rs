//! Packets of a run that an outsider or a member forges, again and again: each costs one signature.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::counting::{self, count};
use mpotr_crypto::{IdentityKeyPair, SignatureBytes};
use mpotr_gka::RoomId;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::config::{Admission, RoomConfig};
use crate::error::Rejection;
use crate::event::Event;
use crate::room::Room;
use crate::time::{Duration, Timestamp};
use crate::wire::Packet;

type Counted = counting::Counted<Suite>;

const MEMBERS: usize = 16;
/// The one in whose name packets are forged.
const VICTIM: usize = MEMBERS - 1;
/// How many forged packets of each round reach one member.
const FORGERIES: u8 = 20;

/// Members whose packets reach each other at once, but for what is withheld from the first.
struct Hall {
    rooms: Vec<Room<Counted>>,
    now: Timestamp,
    rng: ChaCha20Rng,
}

impl Hall {
    fn new() -> Self {
        let mut hall = Self {
            rooms: Vec::new(),
            now: Timestamp::default(),
            rng: ChaCha20Rng::seed_from_u64(1),
        };
        for _ in 0..MEMBERS {
            let mut config = RoomConfig::new(RoomId::of_name::<Counted>("hall"), Admission::Open);
            config.members = Some(MEMBERS);
            let identity = IdentityKeyPair::random::<Counted>(&mut hall.rng);
            let room = Room::new(config, identity, hall.now, &mut hall.rng);
            hall.rooms.push(room.unwrap());
        }
        hall
    }

    /// Delivers what is to be sent; what is withheld from the first is returned.
    fn deliver(&mut self, is_withheld: impl Fn(usize, &Packet) -> bool) -> Vec<Packet> {
        let mut withheld = Vec::new();
        loop {
            let mut sent = Vec::new();
            for (from, room) in self.rooms.iter_mut().enumerate() {
                sent.extend(std::iter::from_fn(|| room.poll_transmit()).map(|it| (from, it)));
            }
            if sent.is_empty() {
                return withheld;
            }
            for (from, bytes) in sent {
                let packet = Packet::from_bytes(&bytes).unwrap();
                for to in (0..MEMBERS).filter(|to| *to != from) {
                    if to == 0 && is_withheld(from, &packet) {
                        withheld.push(packet.clone());
                    } else {
                        let room = &mut self.rooms[to];
                        let _rejected = room.handle_message(self.now, &bytes, &mut self.rng);
                    }
                }
            }
        }
    }

    /// Runs until the victim has sent a packet of both rounds, which the first member has not received.
    fn withhold(&mut self) -> [Packet; 2] {
        let is_of_victim = |from, packet: &Packet| {
            let is_of_run = matches!(packet, Packet::Contribution(..) | Packet::Confirmation(..));
            from == VICTIM && is_of_run
        };
        for _ in 0..200 {
            self.now = self.now.after(Duration::from_millis(50));
            for room in &mut self.rooms {
                room.handle_timeout(self.now, &mut self.rng);
            }
            let withheld = self.deliver(is_of_victim);
            if !withheld.is_empty() {
                return withheld.try_into().unwrap();
            }
        }
        panic!("no run has begun");
    }
}

/// Gives the first member forged packets. Only the first of them may cost a round, whose signatures are then looked at.
fn assert_cheap(hall: &mut Hall, forge: impl Fn(u8) -> Packet, first: usize) {
    for n in 0..FORGERIES {
        let packet = forge(n).to_bytes();
        let (taken, work) =
            count(|| hall.rooms[0].handle_message(hall.now, &packet, &mut hall.rng));
        if n == 0 && first > 1 {
            assert_eq!(taken, Ok(()));
            assert_eq!(work.signatures, u64::try_from(first).unwrap());
        } else {
            assert_eq!(taken, Err(Rejection::NotAuthentic));
            assert_eq!((work.signatures, work.terms), (1, 0));
        }
    }
}

#[test]
fn a_repeated_forgery_costs_one_signature() {
    let mut hall = Hall::new();
    let [first, second] = hall.withhold();
    let (Packet::Contribution(hint, contribution), Packet::Confirmation(_, confirmation)) =
        (first.clone(), second.clone())
    else {
        panic!("other packets were withheld");
    };
    let forge = |n: u8| {
        let mut forged = contribution.clone();
        forged.body.knowledge_share[0] ^= n + 1;
        forged.signature = SignatureBytes::new([7; 64]);
        Packet::Contribution(hint, forged)
    };
    assert_cheap(&mut hall, forge, MEMBERS - 1);
    // The real one still counts, and in the second round no forgery costs more than its signature either.
    let taken = hall.rooms[0].handle_message(hall.now, &first.to_bytes(), &mut hall.rng);
    assert_eq!(taken, Ok(()));
    assert!(
        hall.rooms[0]
            .succession
            .current
            .as_ref()
            .unwrap()
            .has_confirmed()
    );
    let forge = |n: u8| {
        let mut forged = confirmation.clone();
        forged.sealed[0] ^= n + 1;
        forged.signature = SignatureBytes::new([7; 64]);
        Packet::Confirmation(hint, forged)
    };
    assert_cheap(&mut hall, forge, 1);
    let taken = hall.rooms[0].handle_message(hall.now, &second.to_bytes(), &mut hall.rng);
    assert_eq!(taken, Ok(()));
    assert!(hall.rooms[0].is_secure());
}

#[test]
fn an_outsider_takes_no_room_of_packets_that_come_early() {
    let mut hall = Hall::new();
    let [first, second] = hall.withhold();
    let taken = hall.rooms[0].handle_message(hall.now, &first.to_bytes(), &mut hall.rng);
    assert_eq!(taken, Ok(()));
    // The others have the epoch now, and say something in it: the first member lacks a confirmation.
    let body = b"early".to_vec();
    let is_sealed = |_, packet: &Packet| matches!(packet, Packet::Sealed(_));
    let mut said = hall.deliver(is_sealed);
    let seen = hall.rooms[1].newest_seen();
    hall.rooms[1].send(hall.now, body.clone(), seen).unwrap();
    said.extend(hall.deliver(is_sealed));
    assert!(hall.rooms[1].is_secure() && !hall.rooms[0].is_secure());
    let give = |hall: &mut Hall, packet: &[u8]| {
        hall.rooms[0].handle_message(hall.now, packet, &mut hall.rng)
    };
    let hint = said[0].to_bytes();
    for n in 0..2000_u16 {
        // Every member sees what packets of the epoch begin with.
        let junk = [&hint[..10], &n.to_be_bytes(), &[0; 270]].concat();
        assert_eq!(give(&mut hall, &junk), Err(Rejection::UnknownEpoch));
    }
    for packet in &said {
        assert_eq!(give(&mut hall, &packet.to_bytes()), Ok(()));
    }
    assert_eq!(give(&mut hall, &second.to_bytes()), Ok(()));
    let room = &mut hall.rooms[0];
    assert!(room.is_secure());
    let mut events = std::iter::from_fn(|| room.poll_event());
    assert!(events.any(|it| matches!(it, Event::Message { body: read, .. } if *read == body)));
}
