//! Transports of mpOTR: the embedded relay, its client, and the driver that joins a room to a transport.
//!
//! A member of a room does no IO. This crate does it: over a relay that comes with it, or over any network for
//! which you write two methods. It needs Tokio, and the crate `mpotr` for rooms and identities. Specification:
//! `docs/spec/07-transport.md`.
//!
//! # Concepts
//!
//! **A transport** ([`Transport`]) is one member's connection to a channel: it sends a packet to everyone else in there,
//! receives theirs, and closes. It is trusted with nothing. It may lose, repeat, re-order, delay and forge packets; it has
//! to keep each one whole.
//!
//! **The driver** ([`Driver`]) runs a member on a transport as one task:
//!
//! ```text
//!   RoomHandle ── commands ─────>┐                  ┌── packets ──> Transport::send
//!   Transport::receive ─ packets ┼──>  Member  ─────┤
//!   the clock ───────── timeouts ┘                  └── events ───> the application
//! ```
//!
//! The application speaks to the room by a [`RoomHandle`] and reads [`DriverEvent`]s. It has to read them: while it does
//! not, nothing is received, and the others take this member for gone. What a driver runs is a [`Participant`]: a
//! `mpotr::Member`, or a `mpotr::room::Room` on a suite of one's own (`room.with_rng(..)`).
//!
//! **The relay** ([`Relay`]) has rooms by name over TCP, and passes each packet on to all others in the room. It can
//! read none of them. A client that sends too much is slowed down, and one that takes next to nothing is dropped:
//! [`RelayLimits`] bounds what it holds. [`RelayTransport`] is a member's connection to it. With [`RelayConnect`] and
//! [`Retry`], the driver makes another when it is lost, and the same room goes on: [`Driver::spawn_reconnecting`].
//!
//! **What carries packets** tells its face by a [`Carrier`], which the room is made for, and why it is over by [`Closed`]. On
//! carriers of lines of text, [`armour`] makes lines of packets and packets of lines.
//!
//! Nothing here sees a key or a text that is not encrypted, except the driver, which hands texts between room and
//! application.
//!
//! # Example
//!
//! Three members on a relay of their own (`examples/three_over_relay.rs`):
//!
//! <!-- quote: mpotr-transport/examples/three_over_relay.rs -->
//! ```no_run
//! use std::collections::BTreeSet;
//! use std::error::Error;
//! use std::net::SocketAddr;
//!
//! use mpotr::{
//!     Admission, Ended, IdentityKey, IdentityKeyPair, Member, Membership, Message, Profile,
//!     RoomOptions, Seen, Told, new_identity,
//! };
//! use mpotr_transport::{CancellationToken, Driver, DriverEvent, Relay, RelayTransport};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn Error>> {
//!     let relay = Relay::bind("127.0.0.1:0").await?;
//!     let address = relay.local_addr();
//!     tokio::spawn(relay.run(CancellationToken::new()));
//!
//!     // Made once, and kept: other people know a member by its public key.
//!     let me = [(); 3].map(|()| new_identity());
//!     let keys: BTreeSet<_> = me.iter().map(IdentityKeyPair::public).collect();
//!     let [alice, bob, carol] = me;
//!     tokio::try_join!(
//!         talk("alice", alice, keys.clone(), address),
//!         talk("bob", bob, keys.clone(), address),
//!         talk("carol", carol, keys, address),
//!     )?;
//!     Ok(())
//! }
//!
//! async fn talk(
//!     name: &str,
//!     me: IdentityKeyPair,
//!     keys: BTreeSet<IdentityKey>,
//!     relay: SocketAddr,
//! ) -> Result<(), Box<dyn Error>> {
//!     let mut unread = keys.clone();
//!     // With these people and no others. Across the internet, leave the profile as it is.
//!     let options = RoomOptions::new("tea", Admission::Only(keys))?.profile(Profile::Loopback);
//!     let transport = RelayTransport::connect(relay, options.room_id()).await?;
//!     let member = Member::new(options, me, 0)?;
//!     let (handle, mut events) = Driver::spawn(member, transport);
//!     // It waits until the room is secure, and nobody reads it but those who are expected.
//!     let hello = format!("hello from {name}");
//!     handle.send(hello, Seen::Expected).await?;
//!     while let Some(event) = events.recv().await {
//!         let told = match event {
//!             DriverEvent::Room(event) => event.told,
//!             DriverEvent::Disconnected(reason) => return Err(reason.into()),
//!             _ => continue,
//!         };
//!         match told {
//!             Told::Membership(Membership::Secure { roster, .. }) => {
//!                 println!("{name}: the room is secure, {} members", roster.len());
//!             }
//!             // Its own come too, in their place: all members read one transcript.
//!             Told::Message(Message::Text { author, body, .. }) => {
//!                 println!("{name} reads: {}", String::from_utf8_lossy(&body));
//!                 unread.remove(&author);
//!                 if unread.is_empty() {
//!                     handle.leave().await?;
//!                 }
//!             }
//!             Told::Ended(Ended::Ended(departure)) if departure.acknowledged => {
//!                 println!("{name} has left, and all that it said has arrived");
//!                 return Ok(());
//!             }
//!             _ => {}
//!         }
//!     }
//!     Err(format!("{name} is cut off from the others").into())
//! }
//! ```
//!
//! # A transport of your own
//!
//! Bounded channels inside one process in place of a network (`examples/own_transport.rs`). What a transport must do,
//! and what it must not, is in `docs/spec/07-transport.md`, "What a transport does".
//!
//! <!-- quote: mpotr-transport/examples/own_transport.rs -->
//! ```
//! # use std::future;
//! #
//! # use mpotr_transport::{Bytes, Carrier, Closed, Received, SenderHint, Transport};
//! # use tokio::sync::{Mutex, mpsc};
//! #
//! /// One member's end.
//! struct Channel {
//!     me: SenderHint,
//!     others: Vec<mpsc::Sender<Received>>,
//!     incoming: Mutex<mpsc::Receiver<Received>>,
//! }
//!
//! impl Transport for Channel {
//!     fn carrier(&self) -> Carrier {
//!         Carrier {
//!             name: "channel",
//!             ..Carrier::RELAY
//!         }
//!     }
//!
//!     async fn send(&self, packet: Bytes) -> Result<(), Closed> {
//!         for other in &self.others {
//!             let (sender, packet) = (self.me, packet.clone());
//!             // A member that has gone misses nothing.
//!             let _ = other.send(Received::Packet { sender, packet }).await;
//!         }
//!         Ok(())
//!     }
//!
//!     async fn receive(&self) -> Result<Received, Closed> {
//!         match self.incoming.lock().await.recv().await {
//!             Some(received) => Ok(received),
//!             // Everyone else has gone: nothing comes from now on.
//!             None => future::pending().await,
//!         }
//!     }
//!
//!     async fn close(self) -> Result<(), Closed> {
//!         Ok(())
//!     }
//! }
//! ```
//!
//! # Features
//!
//! - `irc`: channels of IRC as a carrier.
//! - `tls`: encrypted connections.
//! - `websocket`: relays and their clients speak over WebSocket, too.
//!
//! Backends are features of `mpotr`, and all of them run on all transports.

mod address;
pub mod armour;
mod driver;
mod exec;
pub mod frame;
#[cfg(feature = "irc")]
mod inbox;
#[cfg(feature = "irc")]
pub mod irc;
mod relay;
mod relay_address;
mod relay_client;
mod socket;
#[cfg(feature = "tls")]
mod tls;
mod transport;

pub use address::{AddressError, check_address, check_addresses};
pub use driver::{
    Clock, Course, Driver, DriverEvent, Fixed, HandleError, Loss, Retry, RoomHandle, Spawned,
};
pub use exec::{ExecConnect, ExecLogin, ExecTransport};
#[cfg(feature = "websocket")]
pub use relay::{Page, PageError, WebOrigin, WebOriginError};
pub use relay::{Relay, RelayCounters, RelayCounts, RelayLimits};
pub use relay_address::RelayAddress;
pub use relay_client::{RelayConnect, RelayTransport};
#[cfg(feature = "tls")]
pub use tls::{Pin, Tls, TlsServer};
pub use transport::{CloseCode, Closed, Connect, Received, SenderHint, Transport};

pub use bytes::Bytes;
pub use mpotr_core::{Carrier, LinkReport, Participant};
pub use tokio_util::sync::CancellationToken;

/// Every packet of the protocol fits into a frame of the relay, and the relay needs to know nothing else of it.
const _: () = assert!(frame::MAX_PACKET == mpotr_core::MAX_PACKET);
