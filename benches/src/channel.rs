//! Rooms in one channel in memory, on virtual time.
//!
//! Every packet reaches everyone else at once and in the order in which it was sent, and time moves only when nobody has
//! anything to say: what is left is the work of the members.

use std::rc::Rc;

use mpotr_core::crypto::rand_core::CryptoRng;
use mpotr_core::crypto::{CryptoSuite, IdentityKey, IdentityKeyPair, UnsupportedSuite};
use mpotr_core::gka::RoomId;
use mpotr_core::{Admission, Duration, Event, Room, RoomConfig, SendError, Timestamp};
use mpotr_netem::{Network, Weather};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// Turns of the clock after which what is waited for will never happen.
const MOST_TURNS: usize = 1000;

/// Members in one channel.
pub struct Channel<S: CryptoSuite, R> {
    seats: Vec<Seat<S>>,
    network: Network<usize, Rc<[u8]>>,
    now: Timestamp,
    rng: R,
    /// Messages after which an epoch asks for fresh keys; `None` for the default.
    epoch_messages: Option<usize>,
}

/// A member with what it has sent and been told.
struct Seat<S: CryptoSuite> {
    room: Room<S>,
    identity: IdentityKey,
    /// Bytes sent.
    sent: usize,
    /// Members of the newest epoch; none before the first.
    roster: usize,
    texts: Vec<Vec<u8>>,
}

/// Why members did not reach what they were to reach.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The backend cannot compute the suite on this machine.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedSuite),
    /// No epoch came about with the roster that was waited for.
    #[error("only {there} of {members} members are in an epoch of {roster}")]
    NoEpoch {
        /// Members that are.
        there: usize,
        /// All members.
        members: usize,
        /// The roster's size.
        roster: usize,
    },
    /// There is no such member.
    #[error("there is no member {0}")]
    NoMember(usize),
    /// Not all that was sent was read.
    #[error("{read} of {sent} messages were read")]
    NotRead {
        /// Messages read.
        read: usize,
        /// Messages sent.
        sent: usize,
    },
    /// A room did not take a text.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl<S: CryptoSuite> Channel<S, ChaCha20Rng> {
    /// So many people in one epoch, the same ones for the same seed.
    ///
    /// # Errors
    /// [`ChannelError::Unsupported`] or [`ChannelError::NoEpoch`].
    pub fn formed(members: usize, seed: u64) -> Result<Self, ChannelError> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let identities: Vec<_> = (0..members)
            .map(|_| IdentityKeyPair::random::<S>(&mut rng))
            .collect();
        let mut channel = Self::enter(identities, rng)?;
        channel.until_secure()?;
        Ok(channel)
    }
}

impl<S: CryptoSuite, R: CryptoRng> Channel<S, R> {
    /// These people enter, and wait for one another.
    ///
    /// # Errors
    /// [`ChannelError::Unsupported`].
    pub fn enter(
        identities: impl IntoIterator<Item = IdentityKeyPair>,
        rng: R,
    ) -> Result<Self, ChannelError> {
        Self::enter_with(identities, rng, None)
    }

    /// As [`enter`](Self::enter), with epochs of any number of messages: none asks for fresh keys.
    ///
    /// # Errors
    /// [`ChannelError::Unsupported`].
    pub fn enter_long(
        identities: impl IntoIterator<Item = IdentityKeyPair>,
        rng: R,
    ) -> Result<Self, ChannelError> {
        Self::enter_with(identities, rng, Some(usize::MAX))
    }

    fn enter_with(
        identities: impl IntoIterator<Item = IdentityKeyPair>,
        rng: R,
        epoch_messages: Option<usize>,
    ) -> Result<Self, ChannelError> {
        let identities: Vec<_> = identities.into_iter().collect();
        let mut channel = Self {
            seats: Vec::with_capacity(identities.len()),
            // Nothing is drawn that counts: no copy is lost, doubled or late.
            network: Network::new(Weather::fair(0), 0),
            now: Timestamp::default(),
            rng,
            epoch_messages,
        };
        let members = Some(identities.len());
        for identity in identities {
            channel.seat(identity, members)?;
        }
        Ok(channel)
    }

    /// One more enters, and waits to be let in.
    ///
    /// # Errors
    /// [`ChannelError::Unsupported`].
    pub fn join(&mut self, identity: IdentityKeyPair) -> Result<(), ChannelError> {
        self.seat(identity, None)
    }

    fn seat(
        &mut self,
        identity: IdentityKeyPair,
        members: Option<usize>,
    ) -> Result<(), ChannelError> {
        let defaults = RoomConfig::new(RoomId::of_name::<S>("benchmark"), Admission::Open);
        let config = RoomConfig {
            members,
            refresh_messages: self.epoch_messages.unwrap_or(defaults.refresh_messages),
            ..defaults
        };
        self.seats.push(Seat {
            identity: identity.public(),
            room: Room::new(config, identity, self.now, &mut self.rng)?,
            sent: 0,
            roster: 0,
            texts: Vec::new(),
        });
        Ok(())
    }

    /// Lets the members talk until all of them are in an epoch.
    ///
    /// # Errors
    /// [`ChannelError::NoEpoch`].
    pub fn until_secure(&mut self) -> Result<(), ChannelError> {
        self.until_epoch(self.seats.len())
    }

    /// Lets the members talk until the first `roster` of them are in an epoch of so many.
    ///
    /// # Errors
    /// [`ChannelError::NoEpoch`].
    pub fn until_epoch(&mut self, roster: usize) -> Result<(), ChannelError> {
        let there = |channel: &Self| {
            let members = channel.seats.iter().take(roster);
            members.filter(|seat| seat.roster == roster).count()
        };
        for _ in 0..MOST_TURNS {
            self.carry();
            if there(self) == roster {
                return Ok(());
            }
            self.turn();
        }
        Err(ChannelError::NoEpoch {
            there: there(self),
            members: self.seats.len(),
            roster,
        })
    }

    /// The last member goes without a word, and another asks that it be left out.
    ///
    /// # Errors
    /// [`ChannelError::NoMember`].
    pub fn exclude_last(&mut self, by: usize) -> Result<(), ChannelError> {
        let excluded = self.seats.pop().ok_or(ChannelError::NoMember(0))?;
        let seat = self.seats.get_mut(by).ok_or(ChannelError::NoMember(by))?;
        // A member has one vote at a time.
        let _asked = seat.room.exclude(self.now, excluded.identity);
        Ok(())
    }

    /// A member says something. It is on its way when the channel next [carries](Self::carry) it.
    ///
    /// # Errors
    /// [`ChannelError::NoMember`] or [`ChannelError::Send`].
    pub fn say(&mut self, member: usize, text: &[u8]) -> Result<(), ChannelError> {
        let seat = self
            .seats
            .get_mut(member)
            .ok_or(ChannelError::NoMember(member))?;
        let seen = seat.room.newest_seen();
        seat.room.send(self.now, text.to_vec(), seen)?;
        Ok(())
    }

    /// Carries packets until nobody has anything to say.
    pub fn carry(&mut self) {
        self.collect();
        while let Some(copy) = self.network.arrived(self.now.as_millis()) {
            // A member that has gone without a word hears nothing.
            let Some(seat) = self.seats.get_mut(copy.to) else {
                continue;
            };
            // A packet may tell a room nothing new: an offer that it has heard, for example.
            let _nothing_new = seat
                .room
                .handle_message(self.now, &copy.payload, &mut self.rng);
            self.collect_from(copy.to);
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
        self.now = end.max(self.now);
    }

    fn next_timeout(&self) -> Option<Timestamp> {
        self.seats
            .iter()
            .filter_map(|seat| seat.room.poll_timeout())
            .min()
    }

    /// Moves the clock to the next thing that is due anywhere, and lets it be done.
    fn turn(&mut self) {
        let Some(next) = self.next_timeout() else {
            return;
        };
        self.now = next.max(self.now);
        for seat in &mut self.seats {
            seat.room.handle_timeout(self.now, &mut self.rng);
        }
    }

    /// Takes out what the rooms want to send and to say.
    fn collect(&mut self) {
        for from in 0..self.seats.len() {
            self.collect_from(from);
        }
    }

    fn collect_from(&mut self, from: usize) {
        let members = 0..self.seats.len();
        let now = self.now.as_millis();
        let Some(seat) = self.seats.get_mut(from) else {
            return;
        };
        while let Some(packet) = seat.room.poll_transmit() {
            seat.sent = seat.sent.saturating_add(packet.len());
            // No member has a line that would refuse it.
            let _passed = self
                .network
                .broadcast(now, from, members.clone(), packet.into());
        }
        while let Some(event) = seat.room.poll_event() {
            if let Event::Secure { roster, .. } = event {
                seat.roster = roster.len();
            } else if let Event::Message { body, .. } = event {
                seat.texts.push(body);
            }
        }
    }

    /// The texts, its own too, that a member has read since it was asked last.
    pub fn read(&mut self, member: usize) -> Vec<Vec<u8>> {
        self.seats
            .get_mut(member)
            .map(|seat| std::mem::take(&mut seat.texts))
            .unwrap_or_default()
    }

    /// Bytes that each member has sent, each packet counted once however many receive it.
    pub fn sent(&self) -> impl Iterator<Item = usize> {
        self.seats.iter().map(|seat| seat.sent)
    }

    /// The time in the channel.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The room of each member, to be worked by hand.
    pub fn rooms(&mut self) -> impl Iterator<Item = &mut Room<S>> {
        self.seats.iter_mut().map(|seat| &mut seat.room)
    }
}

impl<S: CryptoSuite, R> core::fmt::Debug for Channel<S, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list()
            .entries(self.seats.iter().map(|seat| &seat.room))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
    use mpotr_core::Duration;
    use mpotr_core::crypto::IdentityKeyPair;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::{Channel, ChannelError};

    fn channel(members: usize) -> Channel<Suite, ChaCha20Rng> {
        Channel::formed(members, 1).unwrap()
    }

    #[test]
    fn everybody_reads_what_one_says() {
        for members in [2, 3, 5] {
            let mut channel = channel(members);
            channel.say(0, b"hello").unwrap();
            channel.carry();
            for member in 0..members {
                assert_eq!(channel.read(member), [b"hello"], "{member} of {members}");
                assert_eq!(channel.read(member), Vec::<Vec<u8>>::new());
            }
            assert_eq!(channel.sent().count(), members);
            assert!(channel.sent().all(|bytes| bytes > 200), "{members}");
        }
    }

    #[test]
    fn one_joins_and_is_left_out_again() {
        let mut channel = channel(3);
        let newcomer = IdentityKeyPair::random::<Suite>(&mut ChaCha20Rng::seed_from_u64(2));
        channel.join(newcomer).unwrap();
        channel.until_epoch(4).unwrap();
        channel.say(0, b"welcome").unwrap();
        channel.carry();
        assert_eq!(channel.read(3), [b"welcome"]);

        channel.exclude_last(0).unwrap();
        channel.until_epoch(3).unwrap();
        channel.say(0, b"among us").unwrap();
        channel.carry();
        assert_eq!(channel.read(2), [&b"welcome"[..], b"among us"]);
        assert_eq!(channel.sent().count(), 3);
    }

    #[test]
    fn what_a_member_sends_in_a_change_does_not_grow_with_the_room() {
        let sent = |members| {
            let mut channel = channel(members);
            channel.pass(Duration::from_secs(60));
            let before: Vec<_> = channel.sent().collect();
            channel.exclude_last(0).unwrap();
            channel.until_epoch(members - 1).unwrap();
            // What is said of the old epoch afterwards, too, and nothing of a heartbeat.
            channel.pass(Duration::from_secs(10));
            let mut sent: Vec<_> = std::iter::zip(channel.sent(), before)
                .map(|(after, before)| after - before)
                .collect();
            sent.sort_unstable();
            sent[sent.len() / 2]
        };
        let (small, large) = (sent(5), sent(17));
        assert!(large < small + small / 4, "{small} B of 5, {large} B of 17");
    }

    #[test]
    fn an_epoch_that_cannot_come_about_is_an_error() {
        let error = channel(2).until_epoch(3).unwrap_err();
        assert!(
            matches!(
                error,
                ChannelError::NoEpoch {
                    there: 0,
                    members: 2,
                    roster: 3
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn who_is_not_there_says_nothing() {
        let mut channel = channel(2);
        assert!(matches!(
            channel.say(2, b""),
            Err(ChannelError::NoMember(2))
        ));
        assert!(matches!(
            channel.exclude_last(1),
            Err(ChannelError::NoMember(1))
        ));
    }
}
