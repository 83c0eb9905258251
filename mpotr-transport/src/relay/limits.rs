//! What a relay takes on.

use std::time::Duration;

use crate::frame::{LENGTH_PREFIX, ServerFrame};

/// What a relay takes on. Whatever goes over a limit is refused to the client that asks for it, and to nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayLimits {
    /// Clients at one time.
    pub clients: usize,
    /// Rooms with a client in them at one time.
    pub rooms: usize,
    /// Clients in one room.
    pub room_clients: usize,
    /// Frames that wait for one client.
    pub queue_frames: usize,
    /// Bytes that wait for one client. Less than [`RelayLimits::LONGEST_FRAME`] counts as that.
    pub queue_bytes: usize,
    /// From the connection to the whole first frame.
    pub join: Duration,
    /// How long a connection that the relay ends may take for its last frames.
    pub linger: Duration,
}

impl RelayLimits {
    /// Bytes of the longest frame that the relay sends.
    pub const LONGEST_FRAME: usize = ServerFrame::MAX + LENGTH_PREFIX;

    /// The bytes that may wait for one client.
    pub(super) fn queue_bytes_or_one_frame(&self) -> usize {
        self.queue_bytes.max(Self::LONGEST_FRAME)
    }
}

impl Default for RelayLimits {
    /// For a relay that a few groups share.
    fn default() -> Self {
        Self {
            clients: 1_024,
            rooms: 256,
            room_clients: 512,
            queue_frames: 16_384,
            queue_bytes: 16 << 20,
            join: Duration::from_secs(10),
            linger: Duration::from_secs(2),
        }
    }
}
