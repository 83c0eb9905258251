//! mpOTR in rooms of XMPP, for `mpotr chat --at xmpp:room@host`: `docs/spec/07-transport.md`, "XMPP".
//!
//! ```text
//!   Join ──> presence to the room, no history
//!   packet ──> groupchat <p xmlns="urn:mpotr:0">, without a body; the next ones as echoes come
//!   packet <── groupchat of others, by the number that the room gives them
//! ```

mod address;
mod connecting;
mod entering;
mod pacing;
mod packet;
mod session;
mod sifted;
mod stanzas;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    mpotr_carrier::run(session::open)
}
