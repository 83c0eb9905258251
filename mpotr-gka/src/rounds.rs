//! One member's way through a run: contribute, confirm, established. `docs/spec/04-key-agreement.md`, "Rounds".
//!
//! ```text
//! struct { opaque agreement<0..2^18>; opaque knowledge_share<0..32>; opaque inner_keys[32]; } ContributionBody;
//! struct { uint16 sender; ContributionBody body; opaque signature[64]; } Contribution;
//! struct { uint16 sender; opaque D[32]; opaque kc[32]; opaque sealed<16..2^17>; opaque signature[64]; } Confirmation;
//!
//! D   = H("contributions", sid, bodies in cycle order)
//! es  = extract(sid, K)                                        the epoch secret
//! kc  = expand(es, "commit", D)                                32 bytes
//! sealed_i = seal(key_i, nonce 0, sid || i || D || kc, keys_i || salt_i || authentication payload)
//!                                                              key_i from expand(es, "confirm", ..)
//! ```
//!
//! Each phase is a struct that the step after it consumes, so that its secrets end with it. A phase that is
//! rejected comes back inside [`Rejected`] as it was: it has sent nothing and forgotten nothing, so a member
//! proves once in a run, over one D and kc. Signatures are looked at only when something is wrong.
//!
//! ```
//! # use mpotr_crypto::{CryptoSuite, IdentityKeyPair, rand_core::CryptoRng};
//! # use mpotr_gka::{Confirming, Contributing, Contribution, Rejected};
//! fn confirm<S: CryptoSuite>(
//!     phase: Contributing<S>,
//!     contributions: &[Contribution],
//!     me: &IdentityKeyPair,
//!     rng: &mut dyn CryptoRng,
//! ) -> Result<Confirming<S>, Box<Rejected<Contributing<S>>>> {
//!     phase.confirm(contributions, me, rng)
//! }
//! ```
//!
//! A second confirmation of one run, over other contributions, does not compile:
//!
//! ```compile_fail,E0382
//! # use mpotr_crypto::{CryptoSuite, IdentityKeyPair, rand_core::CryptoRng};
//! # use mpotr_gka::{Confirming, Contributing, Contribution, Rejected};
//! fn confirm_twice<S: CryptoSuite>(
//!     phase: Contributing<S>,
//!     [one, other]: [&[Contribution]; 2],
//!     me: &IdentityKeyPair,
//!     rng: &mut dyn CryptoRng,
//! ) -> Result<[Confirming<S>; 2], Box<Rejected<Contributing<S>>>> {
//!     Ok([phase.confirm(one, me, rng)?, phase.confirm(other, me, rng)?])
//! }
//! ```

mod confirmation;
mod confirming;
pub(crate) mod contributing;
mod contribution;
pub(crate) mod inner_keys;
mod packet;
mod sealing;
mod slots;

pub use confirmation::Confirmation;
pub use confirming::{Confirming, Established};
pub use contributing::Contributing;
pub use contribution::{Contribution, ContributionBody};
pub use inner_keys::{MemberKeys, ReceiveKey};
pub use packet::RoundPacket;
pub use slots::{Slots, Unfilled};

use crate::fault::RunError;

/// A phase that a round did not complete, and why. The phase is as it was.
#[derive(Debug)]
pub struct Rejected<P> {
    /// The phase, to go on from if packets were merely not received.
    pub phase: P,
    /// What is wrong.
    pub error: RunError,
}
