//! The rooms of a relay and who is in them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::outbox::Outbox;
use super::{RelayCounters, RelayLimits};
use crate::frame::{RoomName, ServerFrame};
use crate::transport::SenderHint;

type Rooms = BTreeMap<RoomName, BTreeMap<SenderHint, Arc<Outbox>>>;

/// All rooms that somebody is in.
#[derive(Debug)]
pub(super) struct Hall {
    pub(super) limits: RelayLimits,
    pub(super) counters: RelayCounters,
    rooms: Mutex<Rooms>,
}

/// The relay, or the room, is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Hall {
    pub(super) fn new(limits: RelayLimits) -> Self {
        Self {
            limits,
            counters: RelayCounters::default(),
            rooms: Mutex::default(),
        }
    }

    /// Puts a client into a room, with `joined` as the first frame that it gets.
    pub(super) fn join(
        self: &Arc<Self>,
        name: RoomName,
        hint: SenderHint,
        outbox: &Arc<Outbox>,
    ) -> Result<Membership, Full> {
        let mut rooms = self.rooms();
        let (rooms_after, clients_before) = match rooms.get(&name) {
            Some(room) => (rooms.len(), room.len()),
            None => (rooms.len().saturating_add(1), 0),
        };
        if rooms_after > self.limits.rooms || clients_before >= self.limits.room_clients {
            return Err(Full);
        }
        // Under the lock: before any packet of the room. The queue is empty, so there is a place.
        outbox
            .push(ServerFrame::Joined.to_frame())
            .map_err(|_overflow| Full)?;
        rooms
            .entry(name.clone())
            .or_default()
            .insert(hint, Arc::clone(outbox));
        drop(rooms);
        self.counters.joined();
        Ok(Membership {
            hall: Arc::clone(self),
            name,
            hint,
        })
    }

    /// A panic elsewhere leaves the rooms as they were before or after one client: both are sound.
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's place in a room; given up when dropped.
#[derive(Debug)]
pub(super) struct Membership {
    hall: Arc<Hall>,
    name: RoomName,
    hint: SenderHint,
}

impl Membership {
    /// Queues a packet for all others in the room. Never waits: whoever has no place left for it is on its way out.
    pub(super) fn broadcast(&self, packet: Bytes) {
        // The same bytes for everybody, held once.
        let frame = ServerFrame::Packet {
            sender: self.hint,
            packet,
        }
        .to_frame();
        let mut receivers = 0_usize;
        // One lock for the whole room: everybody gets the packets in one order.
        let rooms = self.hall.rooms();
        for (hint, outbox) in rooms.get(&self.name).into_iter().flatten() {
            if *hint != self.hint && outbox.push(frame.clone()).is_ok() {
                receivers = receivers.saturating_add(1);
            }
        }
        drop(rooms);
        self.hall.counters.broadcast(receivers);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut rooms = self.hall.rooms();
        if let Some(room) = rooms.get_mut(&self.name) {
            room.remove(&self.hint);
            if room.is_empty() {
                rooms.remove(&self.name);
            }
        }
        drop(rooms);
        self.hall.counters.left();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{Full, Hall, Membership};
    use crate::frame::{RoomName, ServerFrame};
    use crate::relay::RelayLimits;
    use crate::relay::outbox::Outbox;
    use crate::transport::SenderHint;

    fn hall(rooms: usize, room_clients: usize) -> Arc<Hall> {
        Arc::new(Hall::new(RelayLimits {
            rooms,
            room_clients,
            ..RelayLimits::default()
        }))
    }

    fn join(hall: &Arc<Hall>, room: &str, hint: u64) -> Result<(Membership, Arc<Outbox>), Full> {
        let outbox = Arc::new(Outbox::new(&hall.limits));
        let name = RoomName::new(room).unwrap();
        let membership = hall.join(name, SenderHint::from_u64(hint), &outbox)?;
        assert_eq!(outbox.try_next(), Ok(Some(ServerFrame::Joined.to_frame())));
        Ok((membership, outbox))
    }

    #[test]
    fn a_packet_goes_to_all_others_of_its_room_and_to_nobody_else() {
        let hall = hall(2, 3);
        let (alice, to_alice) = join(&hall, "tea", 1).unwrap();
        let (_bob, to_bob) = join(&hall, "tea", 2).unwrap();
        let (_carol, to_carol) = join(&hall, "tea", 3).unwrap();
        let (_dave, to_dave) = join(&hall, "coffee", 4).unwrap();
        let packet = Bytes::from_static(b"packet");
        alice.broadcast(packet.clone());
        let frame = ServerFrame::Packet {
            sender: SenderHint::from_u64(1),
            packet,
        }
        .to_frame();
        for outbox in [to_bob, to_carol] {
            assert_eq!(outbox.try_next(), Ok(Some(frame.clone())));
            assert_eq!(outbox.try_next(), Ok(None));
        }
        assert_eq!(to_alice.try_next(), Ok(None));
        assert_eq!(to_dave.try_next(), Ok(None));
        let counts = hall.counters.counts();
        assert_eq!((counts.packets_in, counts.packets_out), (1, 2));
    }

    #[test]
    fn who_has_left_gets_nothing_more() {
        let hall = hall(1, 2);
        let (alice, _to_alice) = join(&hall, "tea", 1).unwrap();
        let (bob, to_bob) = join(&hall, "tea", 2).unwrap();
        drop(bob);
        alice.broadcast(Bytes::from_static(b"packet"));
        assert_eq!(to_bob.try_next(), Ok(None));
    }

    #[test]
    fn a_full_room_takes_nobody_until_somebody_leaves() {
        let hall = hall(1, 1);
        let (alice, _to_alice) = join(&hall, "tea", 1).unwrap();
        assert_eq!(join(&hall, "tea", 2).unwrap_err(), Full);
        drop(alice);
        join(&hall, "tea", 2).unwrap();
    }

    #[test]
    fn a_full_relay_takes_no_new_room_until_a_room_is_empty() {
        let hall = hall(1, 2);
        let (alice, _to_alice) = join(&hall, "tea", 1).unwrap();
        assert_eq!(join(&hall, "coffee", 2).unwrap_err(), Full);
        let (bob, _to_bob) = join(&hall, "tea", 2).unwrap();
        drop((alice, bob));
        assert!(hall.rooms().is_empty());
        join(&hall, "coffee", 2).unwrap();
    }

    #[test]
    fn a_relay_without_places_keeps_no_empty_room() {
        let hall = hall(1, 0);
        assert_eq!(join(&hall, "tea", 1).unwrap_err(), Full);
        assert!(hall.rooms().is_empty());
    }
}
