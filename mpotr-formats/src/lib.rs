//! What other programs that talk with `mpotr` read and write: files of keys, and what a chat puts into messages.
//!
//! Bytes in, bytes out: no terminal, no file, no network. Whatever parses is written again as the same bytes, but for
//! the order of the lines in the file of known people, and but for the address of a room, which is read in more ways than one.
//!
//! | module | what | where it is specified |
//! |---|---|---|
//! | [`identity`] | the file of a long-term identity; under a passphrase with the feature `passphrase` | `docs/spec/08-identity-file.md` |
//! | [`public_key`] | the file that others get | `docs/spec/08-identity-file.md`, "Public key" |
//! | [`known`] | the people that a person knows | `docs/spec/13-trust.md`, "Known people" |
//! | [`room_address`] | where a room is, and with whom one talks there | `docs/spec/13-trust.md`, "Link" |
//! | [`Payload`], [`Nick`] | a chat message, and what its author calls itself | `docs/spec/09-chat-payload.md` |
//! | [`Skeleton`] | what a nick looks like | `docs/spec/09-chat-payload.md`, "Nicks" |
//! | [`escape`] | text of others made safe for a terminal | `docs/spec/09-chat-payload.md`, "Terminal" |
//!
//! ```
//! use mpotr_formats::{Escaped, Nick, Payload};
//!
//! let payload = Payload { nick: Nick::new("bob")?, text: "hello\x07".into() };
//! let read = Payload::from_bytes(&payload.to_bytes())?;
//! assert_eq!(format!("{}: {}", read.nick, Escaped(&read.text)), r"bob: hello\u{7}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod escape;
pub mod identity;
pub mod known;
mod nick;
mod payload;
pub mod public_key;
pub mod room_address;
mod skeleton;

pub use escape::Escaped;
pub use nick::{Nick, NickError};
pub use payload::{Payload, PayloadError};
pub use skeleton::{Skeleton, is_number};
