//! Parties: members that are honest, and members that deviate.

use std::fmt;

use mpotr_core::crypto::IdentityKey;
use mpotr_core::wire::EpochHint;
use mpotr_core::{EpochName, Event, LinkReport, TextId, Timestamp};

/// One instance of a person in the channel, by the order of entry. A person that restarts takes another seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat(pub usize);

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Whom a packet is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everyone in the channel.
    Everyone,
    /// Those on even seats, which takes an accomplice in the transport.
    Even,
    /// Those on odd seats.
    Odd,
}

impl Audience {
    pub(crate) const fn includes(self, seat: Seat) -> bool {
        match self {
            Self::Everyone => true,
            Self::Even => seat.0 & 1 == 0,
            Self::Odd => seat.0 & 1 == 1,
        }
    }
}

/// A packet that leaves a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Whom it is sent to.
    pub audience: Audience,
    /// Its bytes.
    pub packet: Vec<u8>,
}

/// A request of a person to its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// To leave in order.
    Leave,
    /// Fresh keys.
    Refresh,
    /// To leave a member out.
    Exclude(IdentityKey),
    /// To let a person in.
    Admit(IdentityKey),
    /// To become one with another room.
    Merge(EpochName),
}

/// A party in the channel, driven as a room is. What a party without a room does not do has a default that says so.
pub trait Party {
    /// Takes a packet from the channel. An honest room does not look at who sent it.
    fn hear(&mut self, now: Timestamp, from: Seat, packet: &[u8]);

    /// Does what is due.
    fn wake(&mut self, now: Timestamp);

    /// When something is due.
    fn next_wake(&self) -> Option<Timestamp>;

    /// Learns what its line says of itself.
    fn note_link(&mut self, _now: Timestamp, _report: LinkReport) {}

    /// The next packet to send.
    fn transmit(&mut self) -> Option<Transmit>;

    /// The next thing that its person is told.
    fn event(&mut self) -> Option<Event> {
        None
    }

    /// Writes a text; `None` if the room does not take it.
    fn send(&mut self, _now: Timestamp, _text: &[u8]) -> Option<TextId> {
        None
    }

    /// A text is held: lets it leave for the members whom its person has seen by now, or takes it back.
    fn decide(&mut self, _now: Timestamp, _text_id: TextId, _leaves: bool) {}

    /// Asks something of the room.
    fn act(&mut self, _now: Timestamp, _act: Act) {}

    /// A secret that all members of the present epoch share.
    fn export(&self) -> Option<[u8; 32]> {
        None
    }

    /// Whether it has left.
    fn has_ended(&self) -> bool {
        false
    }

    /// The epochs that it holds, the present one first, and whether it has stated of each that everyone has closed it. What
    /// an insider says of itself counts for nothing.
    fn epochs_held(&self) -> Vec<(EpochHint, bool)> {
        Vec::new()
    }

    /// What is inside a packet that it enclosed for its epoch; `None` of any other packet.
    fn opened(&self, _packet: &[u8]) -> Option<Vec<u8>> {
        None
    }

    /// In a change, how many views it has entered.
    fn views(&self) -> Option<u32> {
        None
    }
}
