//! Rooms in one channel in memory, on virtual time.
//!
//! Every packet reaches everyone else at once and in the order in which it was sent, and time moves only when nobody has
//! anything to say: what is left is the work of the members.

use std::collections::VecDeque;
use std::rc::Rc;

use mpotr_core::crypto::rand_core::CryptoRng;
use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair, UnsupportedSuite};
use mpotr_core::gka::RoomId;
use mpotr_core::{Duration, Event, Room, RoomConfig, SendError, Timestamp};

/// Turns of the clock after which a room that is not secure never will be.
const MOST_TURNS: usize = 1000;

/// Members in one channel.
pub struct Channel<S: CryptoSuite, R> {
    rooms: Vec<Room<S>>,
    /// Bytes that each member has sent.
    sent: Vec<usize>,
    in_flight: VecDeque<(usize, Rc<[u8]>)>,
    now: Timestamp,
    rng: R,
}

/// The rooms do not become secure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only {secure} of {members} rooms became secure")]
pub struct NotSecure {
    /// Rooms that did.
    pub secure: usize,
    /// All rooms.
    pub members: usize,
}

/// Why nobody can talk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Talk {
    /// There is no such member.
    #[error("there is no member {0}")]
    NoMember(usize),
    /// The room did not take the text.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl<S: CryptoSuite, R: CryptoRng> Channel<S, R> {
    /// These people enter, and wait for one another.
    ///
    /// # Errors
    /// The backend cannot compute the suite on this machine.
    pub fn enter(
        identities: impl IntoIterator<Item = IdentityKeyPair>,
        mut rng: R,
    ) -> Result<Self, UnsupportedSuite> {
        let identities: Vec<_> = identities.into_iter().collect();
        let now = Timestamp::default();
        let config = RoomConfig {
            members: Some(identities.len()),
            ..RoomConfig::new(RoomId::of_name::<S>("benchmark"))
        };
        let rooms = identities
            .into_iter()
            .map(|identity| Room::new(config.clone(), identity, now, &mut rng))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            sent: vec![0; rooms.len()],
            in_flight: VecDeque::new(),
            rooms,
            now,
            rng,
        })
    }

    /// Lets the members talk until all rooms are secure.
    ///
    /// # Errors
    /// They do not become secure.
    pub fn until_secure(&mut self) -> Result<(), NotSecure> {
        for _ in 0..MOST_TURNS {
            self.carry();
            if self.rooms.iter().all(Room::is_secure) {
                return Ok(());
            }
            self.turn();
        }
        Err(NotSecure {
            secure: self.rooms.iter().filter(|room| room.is_secure()).count(),
            members: self.rooms.len(),
        })
    }

    /// A member says something. It is on its way when the channel next [carries](Self::carry) it.
    ///
    /// # Errors
    /// There is no such member, or its room does not take the text.
    pub fn say(&mut self, member: usize, text: &[u8]) -> Result<(), Talk> {
        let room = self.rooms.get_mut(member).ok_or(Talk::NoMember(member))?;
        room.send(self.now, text.to_vec())?;
        Ok(())
    }

    /// Carries packets until nobody has anything to say.
    pub fn carry(&mut self) {
        self.collect();
        while let Some((from, packet)) = self.in_flight.pop_front() {
            for (_, room) in self.rooms.iter_mut().enumerate().filter(|(to, _)| *to != from) {
                // A packet may tell a room nothing new: an offer that it has heard, for example.
                let _nothing_new = room.handle_message(self.now, &packet, &mut self.rng);
            }
            self.collect();
        }
    }

    /// Lets time pass, with all that is due in it, answers too.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now.after(time);
        self.carry();
        while self.next_timeout().is_some_and(|next| next <= end) {
            self.turn();
            self.carry();
        }
        self.now = end;
    }

    fn next_timeout(&self) -> Option<Timestamp> {
        self.rooms.iter().filter_map(Room::poll_timeout).min()
    }

    /// Moves the clock to the next thing that is due anywhere, and lets it be done.
    fn turn(&mut self) {
        let Some(next) = self.next_timeout() else { return };
        self.now = next.max(self.now);
        for room in &mut self.rooms {
            room.handle_timeout(self.now, &mut self.rng);
        }
    }

    /// The texts of others that a member has read since it was asked last.
    pub fn read(&mut self, member: usize) -> Vec<Vec<u8>> {
        let mut texts = Vec::new();
        if let Some(room) = self.rooms.get_mut(member) {
            while let Some(event) = room.poll_event() {
                if let Event::Message { body, .. } = event {
                    texts.push(body);
                }
            }
        }
        texts
    }

    /// Bytes that each member has sent, each packet counted once however many receive it.
    #[must_use]
    pub fn sent(&self) -> &[usize] {
        &self.sent
    }

    /// The time in the channel.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The rooms, to be worked by hand.
    pub fn rooms(&mut self) -> &mut [Room<S>] {
        &mut self.rooms
    }

    fn collect(&mut self) {
        for (from, (room, sent)) in self.rooms.iter_mut().zip(&mut self.sent).enumerate() {
            while let Some(packet) = room.poll_transmit() {
                *sent = sent.saturating_add(packet.len());
                self.in_flight.push_back((from, packet.into()));
            }
        }
    }
}

impl<S: CryptoSuite, R> core::fmt::Debug for Channel<S, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.rooms.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
    use mpotr_core::crypto::IdentityKeyPair;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::{Channel, Talk};

    fn channel(members: usize) -> Channel<Suite, ChaCha20Rng> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let identities: Vec<_> =
            (0..members).map(|_| IdentityKeyPair::random::<Suite>(&mut rng)).collect();
        Channel::enter(identities, rng).unwrap()
    }

    #[test]
    fn everybody_reads_what_one_says_in_a_secure_room() {
        let mut channel = channel(5);
        channel.until_secure().unwrap();
        channel.say(2, b"hello").unwrap();
        channel.carry();
        for member in 0..5 {
            // Authors are told of their own texts by another event, if at all.
            let others = usize::from(member != 2);
            let read = channel.read(member);
            assert_eq!(read.iter().filter(|text| *text == b"hello").count(), others, "{member}");
            assert_eq!(channel.read(member), Vec::<Vec<u8>>::new());
        }
        assert!(channel.sent().iter().all(|bytes| *bytes > 500), "{:?}", channel.sent());
    }

    #[test]
    fn one_person_alone_does_not_become_secure() {
        let error = channel(1).until_secure().unwrap_err();
        assert_eq!((error.secure, error.members), (0, 1));
    }

    #[test]
    fn who_is_not_there_says_nothing() {
        assert!(matches!(channel(2).say(2, b""), Err(Talk::NoMember(2))));
    }
}
