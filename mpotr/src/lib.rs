//! Multi-party Off-the-Record messaging: private group chat over any transport, with no trusted server.
//!
//! This is the crate to depend on. It is all of [`mpotr_core`] and the backends that Cargo features make available:
//!
//! | feature | backend | module |
//! |---|---|---|
//! | `backend-rustcrypto` (default) | the RustCrypto crates and curve25519-dalek, pure Rust | `mpotr::rustcrypto` |
//! | `backend-ring` | *ring*, with group arithmetic from curve25519-dalek | `mpotr::ring` |
//! | `backend-sodium` | libsodium, built from its bundled source | `mpotr::sodium` |
//!
//! Features add up, and none changes what another does: the *type* of a room names suite and backend, and members on
//! different backends talk with each other. A program that lets people choose takes a [`Backend`].
//!
//! # Two rooms
//!
//! A [`Room`] is one member's state in one channel, and does no IO: whatever it gives out by [`Room::poll_transmit`]
//! is to reach the others, somehow. The crate `mpotr-transport` does that over sockets; here a loop carries the
//! packets, and turns the clock when nobody has anything to say.
//!
//! ```
//! use mpotr::{
//!     Admission, CryptoSuite, Event, IdentityKey, IdentityKeyPair, Room, RoomConfig, RoomId, SystemRng, Timestamp,
//! };
//!
//! type Error = Box<dyn std::error::Error>;
//!
//! fn enter<S: CryptoSuite>(me: IdentityKeyPair, friend: IdentityKey) -> Result<Room<S>, Error> {
//!     // With this friend and with nobody else.
//!     let admission = Admission::Only([friend].into());
//!     let config = RoomConfig::new(RoomId::of_name::<S>("tea"), admission);
//!     Ok(Room::new(config, me, Timestamp::default(), &mut SystemRng::default())?)
//! }
//!
//! fn greet<S: CryptoSuite>() -> Result<Vec<u8>, Error> {
//!     let mut rng = SystemRng::default();
//!     let mut now = Timestamp::default();
//!     // Made once, and kept: other people know a member by it.
//!     let [alice, bob] = [(); 2].map(|()| IdentityKeyPair::random::<S>(&mut rng));
//!     let (alices_key, bobs_key) = (alice.public(), bob.public());
//!     let (mut alice, mut bob) = (enter::<S>(alice, bobs_key)?, enter::<S>(bob, alices_key)?);
//!     alice.send(now, b"hello".to_vec())?; // It waits until the room is secure.
//!     loop {
//!         let mut quiet = true;
//!         // Why a packet counts for nothing, if it does, is for logs.
//!         while let Some(packet) = alice.poll_transmit() {
//!             quiet = false;
//!             let _ = bob.handle_message(now, &packet, &mut rng);
//!         }
//!         while let Some(packet) = bob.poll_transmit() {
//!             quiet = false;
//!             let _ = alice.handle_message(now, &packet, &mut rng);
//!         }
//!         while let Some(event) = bob.poll_event() {
//!             match event {
//!                 Event::Secure { roster, .. } => assert_eq!(roster.len(), 2),
//!                 Event::Message { body, .. } => return Ok(body),
//!                 _ => {}
//!             }
//!         }
//!         if quiet {
//!             now = alice.poll_timeout().into_iter().chain(bob.poll_timeout()).min().ok_or("over")?;
//!             alice.handle_timeout(now, &mut rng);
//!             bob.handle_timeout(now, &mut rng);
//!         }
//!     }
//! }
//!
//! # #[cfg(feature = "backend-rustcrypto")]
//! assert_eq!(greet::<mpotr::rustcrypto::ChaCha20Poly1305Suite>()?, b"hello");
//! # Ok::<(), Error>(())
//! ```

#[cfg(not(any(
    feature = "backend-rustcrypto",
    feature = "backend-ring",
    feature = "backend-sodium"
)))]
compile_error!(
    "mpotr needs a backend: enable one or more of the features `backend-rustcrypto`, `backend-ring` and `backend-sodium`"
);

mod backend;
pub mod crypto;
#[cfg(feature = "inspect")]
pub mod inspect;
mod random;

pub use backend::{Backend, SuiteError, UnknownBackend};
pub use random::SystemRng;

// A room, what it is told and what it tells.
#[doc(inline)]
pub use mpotr_core::{
    Admission, Departure, DropReason, Duration, Event, Evidence, Handle, MAX_BODY, MAX_FOUNDERS,
    MAX_PACKET, MemberInfo, MessageId, MessageState, Policy, PolicyError, Record, Rejection, Room,
    RoomConfig, Rule, SendError, SendHandle, Timers, Timestamp, Wish, WishError,
};
// Names and numbers of the key agreement.
#[doc(inline)]
pub use mpotr_core::gka::{
    AgreementId, AuthenticationId, FaultKind, Identity, MAX_MEMBERS, RoomId, RoomName,
    RoomNameError, RosterError, Sid,
};
// Identities, suites, and what goes in and out as bytes.
#[doc(inline)]
pub use mpotr_core::crypto::{
    CryptoSuite, DecodeError, DecodeErrorKind, Digest32, Fingerprint, IdentityKey, IdentityKeyPair,
    Secret, SuiteId, SuiteVisitor, UnsupportedSuite, rand_core::CryptoRng,
};

#[cfg(feature = "backend-ring")]
pub use mpotr_backend_ring as ring;
#[cfg(feature = "backend-rustcrypto")]
pub use mpotr_backend_rustcrypto as rustcrypto;
#[cfg(feature = "backend-sodium")]
pub use mpotr_backend_sodium as sodium;

#[cfg(all(feature = "backend-ring", not(feature = "backend-rustcrypto")))]
use ring::Ring as DefaultBackend;
#[cfg(feature = "backend-rustcrypto")]
use rustcrypto::RustCrypto as DefaultBackend;
#[cfg(not(any(feature = "backend-rustcrypto", feature = "backend-ring")))]
use sodium::Libsodium as DefaultBackend;

/// A suite of this build, for what is the same in all of them: identities, fingerprints and room ids. ChaCha20-Poly1305 on the
/// first backend that is built in.
pub type DefaultSuite = crypto::ChaCha20Poly1305Suite<DefaultBackend>;
