//! The relay, its client and the driver over real sockets.

#![cfg(test)]

mod broadcast;
mod client;
mod crowds;
mod driver;
mod floods;
mod harness;
mod lifetime;
mod members;
#[cfg(feature = "websocket")]
mod page;
mod reconnecting;
mod refusals;
mod rooms;
mod slow_readers;
#[cfg(feature = "websocket")]
mod websocket;
