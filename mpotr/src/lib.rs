//! Multi-party Off-the-Record messaging: private group chat over any transport, with no trusted server.
//!
//! The members of a room agree on fresh keys, prove to each other who they are in a way that convinces nobody else, and end
//! with the same transcript. The network between them is trusted with nothing. `docs/spec` is the protocol, byte by byte,
//! and `SECURITY.md` says what it promises and what not. It has not been audited.
//!
//! This is the crate to depend on. To talk over a socket, add `mpotr-transport`.
//!
//! # Concepts
//!
//! **A member** is one person's part in one room: a [`Member`]. It does no IO and reads no clock:
//!
//! ```text
//!   handle_packet(now, packet)        ─┐                   ┌─> poll_packet()    bytes for everyone else in the channel
//!   handle_timeout(now)               ─┼──>  Member  ──────┼─> poll_event()     what the application should know
//!   send(now, text, seen), leave(now) ─┘                   └─> poll_timeout()   when to call handle_timeout
//! ```
//!
//! **An identity** is a long-term key pair, an [`IdentityKeyPair`]. Others know a member by the public half, an
//! [`IdentityKey`], and people compare its [`fingerprint()`]. It never signs: what it proves, it proves to the room alone.
//!
//! **Admission** says whom a member is willing to be in a room with. There is no default, so that nobody lets strangers
//! in by saying nothing: see [`Admission`] and [`RoomOptions`].
//!
//! **An epoch** is a roster and the keys in force for it. [`Membership::Secure`] tells of each, when all of the roster have
//! proven their identity. A member that comes, leaves, falls silent or is voted out makes the next epoch; whose word
//! that takes is the room's [`Policy`].
//!
//! **A text** goes out by [`Member::send`], to those whom its author has [`Seen`] and to nobody else, waits until the room is
//! secure, and meets one of three fates, once: [`Message::Acknowledged`] by everyone it was for, [`Message::Missed`] by those
//! named, or [`Message::Dropped`]. It reaches the others as [`Message::Text`], after all that its author had read. All members
//! see one order of the texts: at first it is provisional, and what [`Order::Final`] names never changes.
//!
//! **The end** is in order: after [`Member::leave`] the room waits until its texts have arrived, and [`Ended::Ended`] says
//! whether they have.
//!
//! **Errors** are sorted by fault. What the caller misuses is an `Err` with a stable `code()`. What a member does wrong is an
//! event that names it. Why a packet counted for nothing, a [`Rejection`], is for logs: anyone can send packets.
//!
//! # Example
//!
//! Two members in one process (`examples/two_in_memory.rs`). Whatever one has to send is to reach the other, somehow; here a
//! loop carries it, and turns the clock when nobody has more to say.
//!
//! <!-- quote: mpotr/examples/two_in_memory.rs -->
//! ```
//! use std::collections::BTreeSet;
//! use std::error::Error;
//!
//! use mpotr::{
//!     Admission, Ended, IdentityKey, IdentityKeyPair, Member, Membership, Message, RoomOptions, Seen,
//!     Told, new_identity,
//! };
//!
//! fn main() -> Result<(), Box<dyn Error>> {
//!     // Made once, and kept: other people know a member by its public key.
//!     let [alice, bob] = [(); 2].map(|()| new_identity());
//!     let (alices_key, bobs_key) = (alice.public(), bob.public());
//!     let mut alice = enter(alice, bobs_key)?;
//!     let mut bob = enter(bob, alices_key)?;
//!
//!     // Texts wait until the room is secure, and nobody reads them but those who are expected.
//!     let mut now = 0;
//!     alice.send(now, b"hello from alice".to_vec(), Seen::Expected)?;
//!     bob.send(now, b"hello from bob".to_vec(), Seen::Expected)?;
//!     let mut inside = BTreeSet::from(["alice", "bob"]);
//!     while now < 60_000 {
//!         carry(&mut alice, &mut bob, now);
//!         carry(&mut bob, &mut alice, now);
//!         for (name, member, friend) in [
//!             ("alice", &mut alice, bobs_key),
//!             ("bob", &mut bob, alices_key),
//!         ] {
//!             while let Some(event) = member.poll_event() {
//!                 match event.told {
//!                     Told::Membership(Membership::Secure { roster, .. }) => {
//!                         println!("{name}: the room is secure, {} members", roster.len());
//!                     }
//!                     Told::Message(Message::Text { author, body, .. }) if author == friend => {
//!                         println!("{name} reads: {}", String::from_utf8_lossy(&body));
//!                         member.leave(now);
//!                     }
//!                     Told::Ended(Ended::Ended(departure)) if departure.acknowledged => {
//!                         println!("{name} has left, and all that it said has arrived");
//!                         inside.remove(name);
//!                     }
//!                     _ => {}
//!                 }
//!             }
//!         }
//!         if inside.is_empty() {
//!             return Ok(());
//!         }
//!         // Nobody has more to say: it is later.
//!         let due = [alice.poll_timeout(), bob.poll_timeout()];
//!         now = due.into_iter().flatten().min().ok_or("nothing is due")?;
//!         alice.handle_timeout(now);
//!         bob.handle_timeout(now);
//!     }
//!     Err("a minute is over, and they are still there".into())
//! }
//!
//! /// A member of the room "tea", with this friend and with nobody else.
//! fn enter(me: IdentityKeyPair, friend: IdentityKey) -> Result<Member, Box<dyn Error>> {
//!     let options = RoomOptions::new("tea", Admission::Only([friend].into()))?;
//!     Ok(Member::new(options, me, 0)?)
//! }
//!
//! /// What one has to send reaches the other.
//! fn carry(from: &mut Member, to: &mut Member, now: u64) {
//!     while let Some(packet) = from.poll_packet() {
//!         if let Err(rejection) = to.handle_packet(now, &packet) {
//!             println!("a packet counted for nothing: {rejection}");
//!         }
//!     }
//! }
//! ```
//!
//! # Backends
//!
//! A suite is a set of algorithms with an id on the wire; a backend is a library that computes it. Cargo features make
//! backends available. They add up, and none changes what another does: [`RoomOptions`] name suite and backend, and members on
//! different backends share a room.
//!
//! | feature | backend | module |
//! |---|---|---|
//! | `backend-rustcrypto` (default) | the RustCrypto crates and curve25519-dalek, pure Rust | `mpotr::rustcrypto` |
//! | `backend-ring` | *ring*, with group arithmetic from curve25519-dalek | `mpotr::ring` |
//! | `backend-sodium` | libsodium, built from its bundled source | `mpotr::sodium` |
//!
//! A backend of one's own is a type, and so is the room on it: see [`crypto`] and [`room`].
//!
//! The feature `serde` writes events and states as JSON, in one form for every program: see the module `json`.
//!
//! The feature `inspect` adds the module `inspect` for tests, simulators and researchers: packets, the key agreement,
//! epochs held. **It is outside of semantic versioning.**
//!
//! # Beside this crate
//!
//! | crate | what |
//! |---|---|
//! | `mpotr-transport` | runs a [`Member`] on a transport; a relay and its client |
//! | `mpotr-transcript` | keeps what [`Member::poll_record`] gives out as a file, verifies such files, invents them |

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
mod event;
mod identity;
#[cfg(feature = "inspect")]
pub mod inspect;
#[cfg(feature = "serde")]
pub mod json;
mod member;
mod random;
pub mod room;

pub use backend::{Backend, SuiteError, UnknownBackend};
pub use identity::{fingerprint, new_identity};
pub use random::SystemRng;

// A member of a room, and what it is told and shows.
pub use event::{
    Ended, Event, Membership, Message, Misconduct, Order, Told, Verification, Waiting,
};
pub use member::{
    Alert, Member, MemberView, OptionError, OutsideView, Phase, Presence, Profile, RoomOptions,
    RoomView, TextState, TextView,
};
#[doc(inline)]
pub use mpotr_core::{
    Admission, AttemptId, Carrier, CarrierNews, CodeFailure, Departure, DropReason, EpochName,
    Evidence, LastHeard, LinkReport, MAX_BODY, MAX_FOUNDERS, MAX_PACKET, MemberInfo, MessageId,
    MessageState, Policy, PolicyError, Record, Rejection, Rekey, RoomCode, RoundId, Rule,
    SecretOutcome, Seen, SendError, SharedSecret, TextId, VerifyError, Vote, VoteError,
    WaitingReason,
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

/// ChaCha20-Poly1305 on the first backend that is built in, in the order of [`Backend::ALL`]: for programs that do not choose, and
/// for what is the same in all suites, such as identities, fingerprints and the ids of rooms.
pub type DefaultSuite = crypto::ChaCha20Poly1305Suite<DefaultBackend>;
