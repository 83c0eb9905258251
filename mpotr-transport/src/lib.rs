//! Transports of mpOTR: the embedded relay, its client, and the driver that joins a room to a transport.
//!
//! | module | what |
//! |---|---|
//! | [`Transport`] | what a transport is: send a packet to the room, receive one, close |
//! | [`Driver`] | runs a room on a transport as one task; the application holds a [`RoomHandle`] and reads events |
//! | [`Relay`] | the embedded relay: rooms by name over TCP, each packet to all others in the room |
//! | [`RelayTransport`] | a member's connection to a relay; [`RelayConnect`] makes another when it is lost |
//! | [`frame`] | the frames of the relay, byte by byte |
//!
//! Nothing here sees a key or a text that is not encrypted, except the driver, which hands texts between room and
//! application. Specification: `docs/spec/07-transport.md`.

mod driver;
pub mod frame;
mod relay;
mod relay_client;
mod transport;

pub use driver::{Driver, DriverEvent, Fixed, HandleError, Retry, RoomHandle};
pub use relay::{Relay, RelayCounters, RelayCounts, RelayLimits};
pub use relay_client::{RelayConnect, RelayError, RelayTransport};
pub use transport::{Connect, Received, SenderHint, Transport};

pub use bytes::Bytes;
pub use tokio_util::sync::CancellationToken;

/// Every packet of the protocol fits into a frame of the relay, and the relay needs to know nothing else of it.
const _: () = assert!(frame::MAX_PACKET == mpotr_core::MAX_PACKET);
