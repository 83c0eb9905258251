//! What the driver tells the application.

use mpotr_core::{Event, Record};

/// What happened to a room that a driver runs. Nothing follows the end of the room or of the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DriverEvent {
    /// What the room says.
    Room(Event),
    /// What belongs in a transcript, before the event that tells of it. Only if the room's configuration asks for records.
    Record(Record),
    /// The transport is lost, and with it the room: the text says why, for a person.
    Disconnected(String),
}
