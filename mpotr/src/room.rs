//! The room as the core has it: generic over the suite, with time and randomness as arguments.
//!
//! [`Member`](crate::Member) is what most programs want. A [`Room`] names its suite as a type, which is how a backend of one's
//! own ([`crypto`](crate::crypto)) gets into it, and draws all randomness from its caller, which is how a run is repeated byte
//! by byte. The driver of `mpotr-transport` runs both, a room by [`Room::with_rng`].

#[doc(inline)]
pub use mpotr_core::{
    Duration, Event, Participant, PolicyError, Room, RoomConfig, Timers, Timestamp, WithRng,
};
