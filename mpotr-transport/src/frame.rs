//! The frames of the relay, byte by byte: `docs/spec/07-transport.md`.
//!
//! ```text
//!   0       4                     4 + length
//!   +-------+---------------------+
//!   |length | payload             |      length: uint32, big-endian, bytes of the payload, at least 1
//!   +-------+---------------------+
//!
//!   from the client, first        version: uint8 = 1 | room name: 1 to 64 bytes
//!   from the client, then         packet: 1 to 2^20 bytes
//!
//!   from the relay                0 | sender hint: uint64 | packet: 1 to 2^20 bytes
//!                                 1 | code: uint8 | text: 0 to 255 bytes of ASCII
//!                                 2
//!   from a carrier by anyone      as from the relay, and 3 | report: 21 bytes
//! ```
//!
//! [`FrameCodec`] finds where a payload starts and ends, [`Join`] and [`ServerFrame`] read and write what is in it.
//! Decoding is strict, and works on bytes alone, so that a fuzzer reaches all of it.

mod codec;
mod join;
mod refusal;
mod report;
mod server;

pub use codec::{FrameCodec, FrameError};
pub use join::{Join, RoomName};
pub use refusal::{Refusal, RefusalCode};
pub use report::Report;
pub use server::ServerFrame;

use crate::transport::SenderHint;

/// The version of the relay's protocol.
pub const VERSION: u8 = 1;

/// The most bytes of a packet: 2^20. The relay passes packets on and looks into none.
pub const MAX_PACKET: usize = 1 << 20;

/// The bytes of a frame before its payload.
pub const LENGTH_PREFIX: usize = 4;
