//! Every carrier keeps one contract: `docs/spec/07-transport.md`. The relay, and IRC on real servers.
//!
//! A server that is not installed is told on standard error, and its tests do nothing; with `MPOTR_SERVERS=all` in the
//! environment they fail.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: what cannot be done is a failure"
)]

mod contract;
#[cfg(feature = "websocket")]
mod encrypted;
#[cfg(unix)]
mod exec;
#[cfg(feature = "irc")]
mod irc;
#[cfg(feature = "irc")]
mod measure;
mod member;
mod relay;
#[cfg(feature = "irc")]
mod server;

pub(crate) use contract::carrier_contract;
