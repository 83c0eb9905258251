//! Joins by a light run. `docs/spec/14-light-runs.md`, "Joins".
//!
//! ```text
//! p: HELLO    a fresh key, to the joiner                         OwnHello::draw
//! J: JOINREQ  its offer, and that it is who it says              Joining::answer, OwnHello::admit -> Admitted
//!             p lists the offer in SEED; all freeze; p closes
//! p: WELCOME  what the joiner needs of SEED and CUT              Cutting::welcome, Joining::welcome -> Welcomed
//! J: READY    its part, and a tag for each member                Welcomed::ready -> Arrived
//!             all share, and install
//! i: opening  its part, and a tag for each joiner                Continuation::opening, Arrived::hear_opening
//! J:          when all are right                                 Arrived::finish -> Joined
//! ```
//!
//! No member shares before it has checked by triple Diffie-Hellman who joins, and a joiner takes nobody for a member before it
//! has done the same. Parts `F` are all committed to, the joiner's too, before any is shown.

mod answering;
mod arriving;
#[cfg(test)]
mod example;
mod hello;
mod offer;
mod opening;
mod pairs;
mod ready;
mod record;
#[cfg(test)]
mod tests;
mod welcome;

pub use answering::{Joining, WelcomeError};
pub use arriving::{Arrived, ArrivedError, Joined, Unverified, Welcomed};
pub use hello::{Admitted, Hello, JoinRequest, OwnHello, RequestError};
pub use offer::{JoinOffer, JoinOfferDigest, OfferError};
pub use opening::{Opening, WrongOpening};
pub use pairs::JoinTag;
pub use ready::Ready;
pub use record::JoinRecord;
pub use welcome::Welcome;

pub(super) use offer::decode_key;
pub(crate) use opening::Committed;
pub(super) use opening::commitment_of_member;
pub(super) use pairs::remember;
pub(super) use ready::{Arrival, Host, ReadyError};
pub(crate) use welcome::JoinTerms;

/// The most that join by one light run.
pub const MAX_JOINERS: usize = 8;
