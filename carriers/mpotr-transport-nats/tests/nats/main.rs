//! NATS as a carrier, by the program on a real `nats-server`: the contract that all carriers keep, the limits of the server, and
//! many rooms on a cluster of which one server ends.

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
#[expect(dead_code, reason = "the tests of other carriers use the rest")]
#[path = "../../../tests/process.rs"]
mod process;
mod server;
#[path = "../../../tests/talking.rs"]
mod talking;
mod world;

pub(crate) use contract::carrier_contract;
