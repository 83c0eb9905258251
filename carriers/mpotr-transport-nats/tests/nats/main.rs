//! NATS as a carrier, by the program on a real `nats-server`: the contract that all carriers keep, the limits of the server, and
//! many rooms on a cluster of which one server ends.
//!
//! A server that is not installed is told on standard error, and its tests do nothing; with `MPOTR_SERVERS=all` in the
//! environment they fail.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: what cannot be done is a failure"
)]

mod cluster;
#[path = "../../../../mpotr-transport/tests/carriers/contract.rs"]
mod contract;
mod limits;
#[path = "../../../../mpotr-transport/tests/carriers/member.rs"]
mod member;
mod server;
mod world;

pub(crate) use contract::carrier_contract;
