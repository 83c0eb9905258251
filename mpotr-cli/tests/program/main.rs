//! The program from outside: what a person or a script sees of it.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: what cannot be done is a failure"
)]

mod admitting;
mod awaiting;
mod burst;
mod chat;
mod demo;
mod doctor;
#[cfg(unix)]
mod evening;
mod fates;
#[cfg(feature = "lab")]
mod gka;
mod identity;
#[cfg(feature = "irc")]
mod irc;
mod limits;
mod linking;
mod memory;
#[cfg(unix)]
mod networks;
mod people;
mod program;
mod reconnect;
mod relay;
mod rpc;
#[cfg(unix)]
mod screen;
#[cfg(feature = "lab")]
mod sim;
#[cfg(unix)]
mod stopping;
mod talk;
#[cfg(unix)]
mod terminal;
mod transcript;
mod usage;
mod wiretap;
