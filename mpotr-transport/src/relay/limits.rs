//! The limits of a relay.

use std::time::Duration;

use crate::frame::{LENGTH_PREFIX, ServerFrame};

/// The limits of a relay. A client that goes over one is refused or slowed down, and no other client notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayLimits {
    /// Clients at one time.
    pub clients: usize,
    /// Clients at one time from one IPv4 address, or one IPv6 network of 64 bits.
    pub address_clients: usize,
    /// Rooms with a client in them at one time.
    pub rooms: usize,
    /// Clients in one room.
    pub room_clients: usize,
    /// Bytes that a client may send at once.
    pub burst: usize,
    /// Bytes a second that a client may send on after that. One that sends faster is read no faster. All clients of an
    /// address together may send as much as four clients.
    pub rate: usize,
    /// How long a client may be held back to its rate, pauses deducted, before it is refused.
    pub flood: Duration,
    /// Frames that wait for one client. One sender may have a quarter of them waiting.
    pub queue_frames: usize,
    /// Bytes that wait for one client. One sender may have a quarter of them waiting, or one frame. Less than
    /// [`RelayLimits::LONGEST_FRAME`] counts as that.
    pub queue_bytes: usize,
    /// Bytes of all packets that wait, each counted once. One sender may have a quarter of it waiting, or one frame.
    pub memory: usize,
    /// How long a client may take too little while others wait for it to take what they sent.
    pub stall: Duration,
    /// Bytes a second that are too little.
    pub slowest: usize,
    /// The longest time from the connection to the whole first frame.
    pub join: Duration,
    /// How long a client may send no whole packet. Members of a room say something every minute.
    pub idle: Duration,
    /// How long a connection that the relay ends may take for its last frames.
    pub linger: Duration,
}

impl RelayLimits {
    /// For a relay that a few groups share.
    pub const DEFAULT: Self = Self {
        clients: 1_024,
        address_clients: 64,
        rooms: 1_024,
        room_clients: 512,
        burst: 16 << 20,
        rate: 1 << 20,
        flood: Duration::from_secs(30),
        queue_frames: 16_384,
        queue_bytes: 8 << 20,
        memory: 256 << 20,
        stall: Duration::from_secs(10),
        slowest: 8 << 10,
        join: Duration::from_secs(10),
        idle: Duration::from_secs(300),
        linger: Duration::from_secs(2),
    };

    /// Bytes of the longest frame that the relay sends.
    pub const LONGEST_FRAME: usize = ServerFrame::MAX + LENGTH_PREFIX;

    /// The bytes that may wait for one client.
    pub(super) fn queue_bytes_or_one_frame(&self) -> usize {
        self.queue_bytes.max(Self::LONGEST_FRAME)
    }
}

impl Default for RelayLimits {
    /// [`RelayLimits::DEFAULT`].
    fn default() -> Self {
        Self::DEFAULT
    }
}
