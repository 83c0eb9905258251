//! Light runs: a change of members for one broadcast, certified by one signature of all who stay.
//! `docs/spec/14-light-runs.md`.
//!
//! ```text
//! p: SEED   a fresh secret, wrapped for each who stays            Seeded::propose, Seeded::open
//! i: FREEZE where i stands, nonces, the next receive key          Seeded::freeze      -> Frozen
//! p: CUT    what all will have delivered, and the next keys       Frozen::cut
//! i: SHARE  i's part of one signature over all of it              Frozen::share       -> Shared
//! p: JOINT  the signature: the certificate                        Shared::certify, Shared::install -> Installed
//! ```
//!
//! Each phase is consumed by the step that follows, and its secrets end with it: a pair of nonces makes one share. All
//! signatures but the one are looked at when it does not verify ([`Verdict`]), or as packets come, in an eager view
//! ([`Watch`]).
//!
//! ```
//! # use mpotr_crypto::CryptoSuite;
//! # use mpotr_gka::light::{Context, Frozen, Held, LightCut, ShareError, Shared, Signed};
//! # use mpotr_gka::Continuation;
//! fn share<S: CryptoSuite>(
//!     phase: Frozen<S>,
//!     parent: &mut Continuation<S>,
//!     cut: Signed<LightCut>,
//!     context: &Context<'_, S>,
//! ) -> Result<Shared<S>, Box<Held<Frozen<S>, ShareError>>> {
//!     phase.share(parent, cut, &[], context)
//! }
//! ```
//!
//! Shares for two cuts do not compile:
//!
//! ```compile_fail,E0382
//! # use mpotr_crypto::CryptoSuite;
//! # use mpotr_gka::light::{Context, Frozen, LightCut, Signed};
//! # use mpotr_gka::Continuation;
//! fn share_twice<S: CryptoSuite>(
//!     phase: Frozen<S>,
//!     parent: &mut Continuation<S>,
//!     [one, other]: [Signed<LightCut>; 2],
//!     context: &Context<'_, S>,
//! ) {
//!     let _first = phase.share(parent, one, &[], context);
//!     let _second = phase.share(parent, other, &[], context);
//! }
//! ```
//!
//! Nobody joins by a light run here. What the parent epoch has delivered is the room's: it answers by [`Order`].

mod attempts;
mod blame;
mod cut;
mod freeze;
mod freezing;
mod object;
mod packet;
mod schedule;
mod seed;
mod seeding;
mod share;
mod sharing;
mod standing;
mod wrapping;

pub use attempts::{Attempts, NextView, ViewEnd};
pub use blame::{ChangePacket, Verdict};
pub use cut::LightCut;
pub use freeze::Freeze;
pub use freezing::{CutError, Frozen, Held, ShareError};
pub use object::{Object, Objection};
pub use packet::{ChangeBody, Signed};
pub use seed::{ChangeKind, Handle, LightTerms, Seed, Wrap};
pub use seeding::{SeedError, Seeded, complain};
pub use share::{Joint, Share};
pub use sharing::{CertifyError, InstallError, Installed, Shared};
pub use standing::{Closing, LightVote, Order, Prefix, Standing};

use mpotr_crypto::{CryptoSuite, Digest32, EphemeralKeyPair};

use crate::sid::Sid;

/// When signatures of packets are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// When something is wrong.
    Lazy,
    /// As they come.
    Eager,
}

/// What the room gives a member for a step: its order, the key by which it signs in the parent epoch, and whether signatures
/// are looked at as packets come.
pub struct Context<'a, S: CryptoSuite> {
    /// What is held of the parent epoch.
    pub order: &'a dyn Order,
    /// `m` of the parent epoch.
    pub signing: &'a EphemeralKeyPair<S>,
    /// When signatures are looked at.
    pub watch: Watch,
}

impl<S: CryptoSuite> core::fmt::Debug for Context<'_, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Context({:?})", self.watch)
    }
}

/// What a pair of nonces is for: one SEED of one view of one parent.
fn purpose(parent: Sid, view: u32, seed: &Digest32) -> Vec<u8> {
    [
        parent.as_bytes().as_slice(),
        &view.to_be_bytes(),
        seed.as_bytes(),
        b"light",
    ]
    .concat()
}
