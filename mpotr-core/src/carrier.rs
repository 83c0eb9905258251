//! What carries a room's packets: its fixed face, and what it reports of itself. `docs/spec/06-epochs.md`, "Sending".

use crate::wire::MAX_PACKET;

/// What is fixed about the carrier of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// What programs and people call it.
    pub name: &'static str,
    /// The most bytes that it takes as one.
    pub max_packet: usize,
    /// What it carries costs as much as so many bytes, however short it is: a line of a chat network, or one mail. Packets
    /// that wait at the same time share them. `None` where bytes cost by themselves.
    pub unit: Option<usize>,
    /// Whether it gives a member its own packets back, by which the member knows that they have left.
    pub echoes: bool,
    /// Whether all members get packets in one order, as far as they get them.
    pub ordered: bool,
}

impl Carrier {
    /// A relay, or members in one machine.
    pub const RELAY: Self = Self {
        name: "relay",
        max_packet: MAX_PACKET,
        unit: None,
        echoes: false,
        ordered: true,
    };

    /// A chat network of short lines, one packet in each where it fits.
    pub const LINE: Self = Self {
        name: "line",
        max_packet: 1 << 16,
        unit: Some(302),
        echoes: false,
        ordered: true,
    };

    /// Mail: all that waits goes in one.
    pub const MAIL: Self = Self {
        name: "mail",
        max_packet: MAX_PACKET,
        unit: Some(MAX_PACKET),
        echoes: false,
        ordered: false,
    };
}

impl Default for Carrier {
    fn default() -> Self {
        Self::RELAY
    }
}

/// What a link to the channel says of itself, as far as it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkReport {
    /// Bytes that it sends in a second.
    pub rate: Option<u32>,
    /// Bytes that it was given and has not sent.
    pub queued: usize,
    /// Milliseconds there and back to the carrier.
    pub latency: Option<u32>,
}

/// What became of the carrier of a room. The codes are the carrier's own: `lost`, `full`, `unreachable`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarrierNews {
    /// It is lost, and another is asked for.
    Lost {
        /// Why.
        code: String,
        /// Which attempt is next, from 1.
        attempt: u32,
        /// When: milliseconds of the caller's clock.
        next: u64,
    },
    /// There is another.
    Back {
        /// Its face: a server that comes back need not be what it was.
        carrier: Carrier,
    },
    /// It is lost for good.
    Closed {
        /// Why.
        code: String,
        /// The same for a person.
        message: String,
        /// Whether a later attempt may succeed.
        retry: bool,
    },
}
