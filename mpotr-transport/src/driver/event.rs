//! What the driver tells the application.

use core::time::Duration;

use mpotr_core::{Event, Record};

use crate::transport::Closed;

/// What happened to a room that a driver runs. Nothing follows the end of the room or of the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DriverEvent {
    /// An event of the room.
    Room(Event),
    /// What belongs in a transcript, before the event that tells of it. Only if the room's configuration asks for records.
    Record(Record),
    /// The transport is lost, and another is asked for after a wait. Until [`DriverEvent::Reconnected`] nothing is sent or
    /// heard, and the time of the room stands still.
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
    /// A person wrote this into the channel for all to read, or it is forged: it has nothing to do with the room. Texts of the
    /// room are [`Event::Message`] alone.
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
