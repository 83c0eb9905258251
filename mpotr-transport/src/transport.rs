//! What a transport is: `docs/spec/07-transport.md`, "What a transport does".

mod closed;

pub use closed::{CloseCode, Closed};

use core::future::Future;

use bytes::Bytes;
use mpotr_core::{Carrier, LinkReport};

/// Whom a transport believes a packet to come from: a number that it gives to each sender it can tell apart.
///
/// It is a hint, and never trusted: it may be wrong, forged or shared. It serves logs and the accounting of garbage;
/// who wrote a message is what its signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SenderHint(u64);

impl SenderHint {
    /// From the transport's number.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The transport's number.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        self.0
    }
}

impl core::fmt::Display for SenderHint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// What comes from the channel. Nothing shows yet who wrote it, or that what it says is true.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// What a room of another member has sent as one: a packet, or a bundle of packets.
    Packet {
        /// Whom the transport believes it to come from.
        sender: SenderHint,
        /// Its bytes.
        packet: Bytes,
    },
    /// A carrier that knows who is in the channel says that a client has come or gone.
    Present {
        /// Which.
        sender: SenderHint,
        /// Whether it is there.
        here: bool,
    },
    /// What a person without mpOTR, or outside of it, has written into the channel for all to read.
    Plain {
        /// Whom the transport believes it to come from.
        sender: SenderHint,
        /// What the carrier calls them.
        name: String,
        /// What they wrote: any characters but line breaks.
        text: String,
    },
    /// What the carrier itself has to say to the person at this end.
    Notice {
        /// Its words: any characters but line breaks.
        text: String,
    },
}

/// One member's connection to a room's channel.
///
/// It may lose, repeat, re-order, delay and forge packets: the protocol expects no better. It must keep each packet
/// whole, and it should not give a member its own packets back.
///
/// Sending and receiving go on side by side, so both take `&self`. At most one future of each kind is alive at a time.
/// Neither has to survive being dropped before it is done: the transport is closed next.
pub trait Transport: Send + Sync + 'static {
    /// What is fixed about what carries the packets, once connected. A room is made for it.
    fn carrier(&self) -> Carrier;

    /// Gives a packet to the transport, for everyone in the room. Done when the transport has taken it and is ready
    /// for the next; that says nothing about arrival. A transport that takes what it cannot send soon keeps from the room
    /// what the room would send first, or not at all: it should take little.
    fn send(&self, packet: Bytes) -> impl Future<Output = Result<(), Closed>> + Send;

    /// Waits for the next thing that comes from the channel.
    fn receive(&self) -> impl Future<Output = Result<Received, Closed>> + Send;

    /// What the connection knows of itself: how fast it sends, and what it has taken and not sent. Asked for when a packet
    /// waits and when it waits no longer, and each second between. One that knows nothing says so, as here.
    fn link(&self) -> LinkReport {
        LinkReport::default()
    }

    /// Ends the connection in order: all that was sent is on its way to the room when this is done without error.
    fn close(self) -> impl Future<Output = Result<(), Closed>> + Send;
}

/// Makes connections of one member to a room's channel: the first, and another in place of one that is lost.
pub trait Connect: Send + Sync + 'static {
    /// What it makes.
    type Transport: Transport;

    /// Connects. What cannot be had says by [`Closed::retry`] whether another attempt may help.
    fn connect(&self) -> impl Future<Output = Result<Self::Transport, Closed>> + Send;
}
