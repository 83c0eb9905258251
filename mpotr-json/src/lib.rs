//! The face of `mpotr` by names and JSON: `docs/interfaces.md`.
//!
//! A method of [`Member`](mpotr::Member) is called by its name, with parameters that are a JSON object; what comes of it is a
//! JSON value, or a [`Failure`] with a stable code. `mpotr rpc` and the libraries for other languages are shells over this, and
//! so take and tell the same.
//!
//! ```text
//!   {"name":"tea","admission":..} ──> Params ──> Opening ──> Member, Texts
//!   "send" {"text":..,"seen":..}  ──> Params ──> call() ───> {"text_id":0}, or a Failure
//!   Event ────────────────────────> told() ────> {"type":"message","nick":..,"text":..}
//! ```
//!
//! ```
//! use mpotr::{Member, new_identity};
//! use mpotr_json::{Opening, Params, call};
//!
//! let params = Params::parse(br#"{"name":"tea","admission":"open","nick":"bob"}"#)?;
//! let Opening { options, texts } = Opening::read(params)?;
//! let mut member = Member::new(options, new_identity(), 0)?;
//! let state = call(&mut member, &texts, 0, "state", Params::default())?;
//! assert_eq!(state["phase"], "gathering");
//! let early = Params::parse(br#"{"text":"hello","seen":"expected"}"#)?;
//! let refused = call(&mut member, &texts, 0, "send", early).unwrap_err();
//! assert_eq!(refused.code(), "not_secure");
//! # Ok::<(), mpotr_json::Failure>(())
//! ```

mod calls;
mod failure;
#[cfg(feature = "passphrase")]
mod identity;
mod member;
mod opening;
mod params;
mod texts;
mod transcript;

pub use calls::{METHODS, call};
pub use failure::Failure;
#[cfg(feature = "passphrase")]
pub use identity::{read_identity, write_identity};
pub use member::JsonMember;
pub use opening::{Opening, bounded, max_packet, options};
pub use params::Params;
pub use texts::{Texts, chat, told};
