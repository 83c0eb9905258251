//! XMPP as a carrier, by the program on a real Prosody: the contract that all carriers keep, what the server and the room refuse,
//! and what a person sees who is in the room by another client.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: what cannot be done is a failure"
)]

#[path = "../../../../mpotr-transport/tests/carriers/contract.rs"]
mod contract;
mod limits;
#[path = "../../../../mpotr-transport/tests/carriers/member.rs"]
mod member;
mod person;
#[path = "../../../tests/process.rs"]
mod process;
mod room;
mod server;
#[path = "../../../tests/talking.rs"]
mod talking;
mod world;

pub(crate) use contract::carrier_contract;
