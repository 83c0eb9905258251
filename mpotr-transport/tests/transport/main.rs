//! The relay, its client and the driver over real sockets.

#![cfg(test)]

mod broadcast;
mod client;
mod driver;
mod harness;
mod lifetime;
mod refusals;
mod rooms;
mod slow_readers;
