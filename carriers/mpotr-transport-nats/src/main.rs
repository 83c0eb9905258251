//! mpOTR over NATS JetStream, for `mpotr chat --at nats://host`: `docs/spec/07-transport.md`, "NATS".
//!
//! ```text
//!   Join ──> subject mpotr.v1.<room>   in the stream MPOTR, which keeps ten minutes
//!   packet ──> publish, with an id of its own; again until the stream has it
//!   packet <── an ordered consumer, from where it was
//! ```

mod address;
mod connecting;
mod outgoing;
mod reading;
mod stream;
mod transport;

use std::process::ExitCode;

fn main() -> ExitCode {
    mpotr_carrier::run(connecting::open)
}
