//! The rooms of a relay and who is in them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::time::Instant;

use super::memory::{Memory, Part};
use super::outbox::Outbox;
use super::{RelayCounters, RelayLimits};
use crate::frame::{RefusalCode, RoomName, ServerFrame};
use crate::transport::SenderHint;

type Rooms = BTreeMap<RoomName, BTreeMap<SenderHint, Arc<Outbox>>>;

/// All rooms with a client in them.
#[derive(Debug)]
pub(super) struct Hall {
    pub(super) limits: RelayLimits,
    pub(super) counters: RelayCounters,
    memory: Memory,
    rooms: Mutex<Rooms>,
}

impl Hall {
    pub(super) fn new(limits: RelayLimits) -> Self {
        Self {
            memory: Memory::new(limits.memory),
            limits,
            counters: RelayCounters::default(),
            rooms: Mutex::default(),
        }
    }

    /// Puts a client into a room, with `joined` as the first frame that it gets. Refused if the relay has as many
    /// rooms, or the room as many clients, as the limits allow.
    pub(super) fn join(
        self: &Arc<Self>,
        name: RoomName,
        hint: SenderHint,
        outbox: &Arc<Outbox>,
    ) -> Result<Membership, RefusalCode> {
        let mut rooms = self.rooms();
        let (rooms_after, clients_before) = match rooms.get(&name) {
            Some(room) => (rooms.len(), room.len()),
            None => (rooms.len().saturating_add(1), 0),
        };
        if rooms_after > self.limits.rooms {
            return Err(RefusalCode::Full);
        }
        if clients_before >= self.limits.room_clients {
            return Err(RefusalCode::RoomFull);
        }
        // Under the lock, so that it comes before any packet of the room.
        outbox.push_first(ServerFrame::Joined.to_frame());
        rooms
            .entry(name.clone())
            .or_default()
            .insert(hint, Arc::clone(outbox));
        drop(rooms);
        self.counters.joined();
        Ok(Membership {
            hall: Arc::clone(self),
            part: self.memory.part(),
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
    part: Part,
    name: RoomName,
    hint: SenderHint,
}

impl Membership {
    /// The frame of a packet from this client. The same bytes for all receivers, held once.
    pub(super) fn frame(&self, packet: Bytes) -> Bytes {
        ServerFrame::Packet {
            sender: self.hint,
            packet,
        }
        .to_frame()
    }

    /// The frame, counted for as long as a receiver has yet to read it. `None` if the client has so much on its way
    /// that it has to wait until more of that is read; its readers are then hurried.
    pub(super) fn hold(&self, frame: &Bytes, now: Instant) -> Option<Bytes> {
        let held = self.part.hold(frame);
        if held.is_none() {
            let rooms = self.hall.rooms();
            let room = rooms.get(&self.name).into_iter().flatten();
            room.for_each(|(_hint, outbox)| outbox.hurry(self.hint, now));
        }
        held
    }

    /// Queues a frame for all others in the room, if all have room for it: to all or to none, and without waiting.
    pub(super) fn broadcast(&self, frame: &Bytes) -> Result<(), Busy> {
        // One lock for the whole room: all receivers get the packets in one order.
        let rooms = self.hall.rooms();
        let others = || {
            let room = rooms.get(&self.name).into_iter().flatten();
            room.filter_map(|(hint, outbox)| (*hint != self.hint).then_some(outbox))
        };
        let busy: Vec<_> = others()
            .filter(|outbox| !outbox.has_room(self.hint, frame.len()))
            .map(Arc::clone)
            .collect();
        if !busy.is_empty() {
            return Err(Busy {
                outboxes: busy,
                sender: self.hint,
                length: frame.len(),
            });
        }
        let receivers = others()
            .filter(|outbox| outbox.push(self.hint, frame.clone()))
            .count();
        drop(rooms);
        self.hall.counters.broadcast(receivers);
        Ok(())
    }
}

/// Those who have no room for a frame of a sender.
#[derive(Debug)]
pub(super) struct Busy {
    outboxes: Vec<Arc<Outbox>>,
    sender: SenderHint,
    length: usize,
}

impl Busy {
    /// Whether all of them have room by now, or are out. All are asked, so that the time of all runs at once.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        self.outboxes
            .retain(|outbox| !outbox.has_room_at_last(self.sender, self.length, now));
        self.outboxes.is_empty()
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
    use tokio::time::Instant;

    use super::{Hall, Membership};
    use crate::frame::{RefusalCode, RoomName, ServerFrame};
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

    fn join(
        hall: &Arc<Hall>,
        room: &str,
        hint: u64,
    ) -> Result<(Membership, Arc<Outbox>), RefusalCode> {
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
        let frame = alice.frame(packet.clone());
        alice.broadcast(&frame).unwrap();
        let expected = ServerFrame::Packet {
            sender: SenderHint::from_u64(1),
            packet,
        };
        assert_eq!(frame, expected.to_frame());
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
    fn a_frame_that_one_has_no_room_for_goes_to_nobody_before_it_goes_to_all() {
        let hall = Arc::new(Hall::new(RelayLimits {
            queue_bytes: 0,
            ..RelayLimits::default()
        }));
        let (alice, _to_alice) = join(&hall, "tea", 1).unwrap();
        let (bob, to_bob) = join(&hall, "tea", 2).unwrap();
        let (_carol, to_carol) = join(&hall, "tea", 3).unwrap();
        let long = bob.frame(Bytes::from(vec![0; crate::frame::MAX_PACKET]));
        bob.broadcast(&long).unwrap();
        let frame = alice.frame(Bytes::from_static(b"packet"));
        let mut busy = alice.broadcast(&frame).unwrap_err();
        let now = Instant::now();
        assert!(!busy.is_over(now));
        assert_eq!(to_bob.try_next(), Ok(None));
        // Carol takes the long frame.
        assert_eq!(to_carol.try_next(), Ok(Some(long)));
        assert!(busy.is_over(now));
        alice.broadcast(&frame).unwrap();
        assert_eq!(to_bob.try_next(), Ok(Some(frame.clone())));
        assert_eq!(to_carol.try_next(), Ok(Some(frame)));
    }

    #[test]
    fn who_has_left_gets_nothing_more() {
        let hall = hall(1, 2);
        let (alice, _to_alice) = join(&hall, "tea", 1).unwrap();
        let (bob, to_bob) = join(&hall, "tea", 2).unwrap();
        drop(bob);
        let frame = alice.frame(Bytes::from_static(b"packet"));
        alice.broadcast(&frame).unwrap();
        assert_eq!(to_bob.try_next(), Ok(None));
    }

    #[test]
    fn a_full_room_takes_nobody_until_somebody_leaves() {
        let hall = hall(1, 1);
        let (alice, _to_alice) = join(&hall, "tea", 1).unwrap();
        let refused = join(&hall, "tea", 2).unwrap_err();
        assert_eq!(refused, RefusalCode::RoomFull);
        drop(alice);
        join(&hall, "tea", 2).unwrap();
    }

    #[test]
    fn a_full_relay_takes_no_new_room_until_a_room_is_empty() {
        let hall = hall(1, 2);
        let (alice, _to_alice) = join(&hall, "tea", 1).unwrap();
        let refused = join(&hall, "coffee", 2).unwrap_err();
        assert_eq!(refused, RefusalCode::Full);
        let (bob, _to_bob) = join(&hall, "tea", 2).unwrap();
        drop((alice, bob));
        assert!(hall.rooms().is_empty());
        join(&hall, "coffee", 2).unwrap();
    }

    #[test]
    fn a_relay_without_places_keeps_no_empty_room() {
        let hall = hall(1, 0);
        let refused = join(&hall, "tea", 1).unwrap_err();
        assert_eq!(refused, RefusalCode::RoomFull);
        assert!(hall.rooms().is_empty());
    }
}
