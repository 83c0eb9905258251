//! The program's side of a carrier that is a program: `docs/spec/07-transport.md`, "A carrier by anyone".
//!
//! `mpotr` starts `mpotr-transport-NAME` and speaks the frames of the relay with it. What such a program has to know is how
//! to carry packets: a [`Transport`], and what makes one from what it was [`Asked`] for. The rest is [`run`]:
//!
//! ```text
//!   stdin   Join ──> Asked ──> open ──> Transport
//!           packets ──────────────────> send         the end of input: close, and the end
//!   stdout  joined, report <──────────  carrier, link
//!           packets <─────────────────  receive
//!           refused <─────────────────  whatever ends it
//!   stderr  words <───────────────────  what people write, and what the carrier has to say
//! ```
//!
//! A connection that is best a task of its own speaks through [`TaskTransport`].
//!
//! Such a program sees what a wire sees: packets, never a key or a text that is not encrypted.

mod asked;
mod closing;
mod place;
mod serving;
mod task;

pub use asked::{Asked, Login, LoginError};
pub use mpotr_transport::{
    Bytes, Carrier, CloseCode, Closed, LinkReport, Received, SenderHint, Transport,
};
pub use place::{Server, pins};
pub use serving::{Words, run, serve};
pub use task::{Ends, Outgoing, Taken, TaskTransport};
