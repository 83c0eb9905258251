//! mpOTR as one sans-IO state machine.
//!
//! A [`Room`] is one member's local state in one channel. It does no IO, reads no clock, spawns no thread and names
//! no backend: bytes, time and randomness come in as arguments, and what it wants comes out by polling.
//!
//! ```text
//!   handle_message(now, bytes) ─┐                 ┌─> poll_transmit()   bytes for everyone in the channel
//!   handle_timeout(now)        ─┼──>  Room  ──────┼─> poll_event()      what the application should know
//!   send(now, text, seen), leave ─┘                └─> poll_timeout()    when to call handle_timeout
//! ```
//!
//! | folder | what |
//! |---|---|
//! | `wire` | every packet, byte by byte (`docs/spec/05-wire.md`) |
//! | `room` | the state machine: a shell over parts that each own their state |
//! | `epoch` | the keys, messages, statements, graph and order of one epoch |
//!
//! Applications add the crate `mpotr`, which has of this what they need, and backends. The features here add what it takes to
//! look into rooms and to deviate: `inspect` for tests and measurements, `insider` for simulators. Neither is part of what
//! a version promises.

mod carrier;
mod config;
mod epoch;
mod error;
mod event;
mod participant;
mod policy;
mod reason;
mod record;
mod room;
mod seen;
mod time;
mod timers;
pub mod wire;

pub use carrier::{Carrier, CarrierNews, LinkReport};
pub use config::{Admission, RoomConfig, Timers};
pub use epoch::{Evidence, SignedChain, SigningKeyState};
pub use error::{Rejection, SendError, VerifyError, VoteError};
pub use event::{
    CodeFailure, Departure, DropReason, Event, MemberInfo, MessageState, SecretOutcome, TextId,
};
pub use participant::{Participant, WithRng};
pub use policy::{MAX_FOUNDERS, Policy, PolicyError, Rekey, Rule};
pub use reason::WaitingReason;
pub use record::{Record, RunRecord};
pub use room::Room;
pub use room::last_heard::LastHeard;
pub use room::trust::code::RoomCode;
pub use room::trust::secret::SharedSecret;
pub use seen::Seen;
pub use time::{Duration, Timestamp};
pub use wire::{AttemptId, EpochName, MAX_BODY, MAX_PACKET, MessageId, RoundId, Vote};

pub use {mpotr_crypto as crypto, mpotr_gka as gka};
