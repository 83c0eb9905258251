//! A member's own line to the network: its limits, and the packets that wait for it.

/// What a member's own line to the network takes. Lengths are in bytes. [`Line::new`] takes everything at once.
///
/// In any span of time, `rate` times the span passes, and once the burst, or the longest packet if that is longer. A
/// packet is through when its last byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// Bytes that pass in a second, at least 1; `None` for no limit.
    pub rate: Option<u64>,
    /// Bytes that pass at once after a time of silence.
    pub burst: u64,
    /// A packet takes as much as the next multiple of this: a line of IRC counts whole however short it is.
    pub unit: u64,
    /// A packet that finds more bytes than this waiting is dropped.
    pub queue: u64,
    /// A packet that is longer than this is dropped.
    pub max_packet: u64,
}

impl Line {
    /// Takes everything, and at once.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            rate: None,
            burst: 0,
            unit: 1,
            queue: u64::MAX,
            max_packet: u64::MAX,
        }
    }

    /// So many bytes pass in a second; 0 is taken as 1.
    #[must_use]
    pub const fn rate(mut self, bytes_per_second: u64) -> Self {
        self.rate = Some(if bytes_per_second == 0 {
            1
        } else {
            bytes_per_second
        });
        self
    }

    /// So many bytes pass at once after a time of silence, and come back at the rate.
    #[must_use]
    pub const fn burst(mut self, bytes: u64) -> Self {
        self.burst = bytes;
        self
    }

    /// A packet takes as much as the next multiple of this; 0 is taken as 1.
    #[must_use]
    pub const fn unit(mut self, bytes: u64) -> Self {
        self.unit = if bytes == 0 { 1 } else { bytes };
        self
    }

    /// A packet that finds more bytes than this waiting is dropped.
    #[must_use]
    pub const fn queue(mut self, bytes: u64) -> Self {
        self.queue = bytes;
        self
    }

    /// A packet that is longer than this is dropped.
    #[must_use]
    pub const fn max_packet(mut self, bytes: u64) -> Self {
        self.max_packet = bytes;
        self
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}

/// What waits for a member's line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Bytes that have not passed, rounded up; of each packet, what it takes of the line.
    pub bytes: u64,
    /// When the last of them has passed; now if none waits.
    pub until_ms: u64,
}

/// Why a line does not take a packet. Nobody receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// It is longer than the line takes.
    #[error("a packet of {length} bytes, and the line takes {limit}")]
    TooLong {
        /// The length of the packet.
        length: u64,
        /// The most that the line takes.
        limit: u64,
    },
    /// Too much waits for the line already.
    #[error("{waiting} bytes wait for the line, which keeps {limit}")]
    QueueFull {
        /// Bytes that wait.
        waiting: u64,
        /// Above so many, nothing more is taken.
        limit: u64,
    },
}
