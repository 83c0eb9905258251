//! What the driver tells the application.

use core::time::Duration;

use mpotr_core::Record;

use crate::transport::Closed;

/// What happened to a room that a driver runs. Nothing follows the end of the room or of the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DriverEvent<E> {
    /// An event of the room: a `mpotr::Event` of a `mpotr::Member`.
    Room(E),
    /// What belongs in a transcript, before the event that tells of it. Only if the room's configuration asks for records.
    Record(Record),
    /// The transport is lost, and another is asked for after a wait. Until [`DriverEvent::Reconnected`] nothing is sent or
    /// heard, and the time of the room stands still. A `mpotr::Member` tells of it too, in the form of all its events, as it
    /// does of the next two.
    Reconnecting {
        /// Why the transport is lost, or why the attempt before failed.
        closed: Closed,
        /// Which attempt is next, from 1.
        attempt: u32,
        /// How long is waited before it.
        wait: Duration,
    },
    /// A new transport is there, and the room goes on.
    Reconnected,
    /// The transport is lost for good, and with it the room.
    Disconnected(Closed),
    /// A person wrote this into the channel for all to read, or it is forged: it has nothing to do with the room, and is no text
    /// of it.
    Plain {
        /// What the carrier calls them.
        name: String,
        /// What they wrote.
        text: String,
    },
    /// The carrier itself has this to say to the person. It may be any words.
    Notice {
        /// Its words.
        text: String,
    },
}
