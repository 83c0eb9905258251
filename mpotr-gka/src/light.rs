//! Light runs: a change of members for one broadcast, certified by one signature of all who stay.
//! `docs/spec/14-light-runs.md`.
//!
//! ```text
//!                                                                    who proposes           all others
//! p: SEED   a fresh secret, wrapped for each who stays            Proposed::new          Seeded::open
//! i: FREEZE where i stands, nonces, the next receive key          freeze -> Proposing    freeze -> Frozen
//! p: CUT    what all will have delivered, and the next keys       cut    -> Cutting
//! i: SHARE  i's part of one signature over all of it              share  -> Shared       share  -> Shared
//! p: JOINT  the signature: the certificate                        Shared::certify, Shared::install -> Installed
//! ```
//!
//! Each phase is consumed by the step that follows, and its secrets end with it: a pair of nonces makes one share. All
//! signatures but the one are looked at when it does not verify ([`Verdict`]), or as packets come, in an eager view
//! ([`Watch`]).
//!
//! ```
//! # use mpotr_crypto::CryptoSuite;
//! # use mpotr_gka::light::{Context, Frozen, Heard, Held, LightCut, ShareError, Shared, Signed};
//! # use mpotr_gka::Continuation;
//! fn share<S: CryptoSuite>(
//!     phase: Frozen<S>,
//!     parent: &mut Continuation<S>,
//!     cut: Signed<LightCut>,
//!     context: &Context<'_, S>,
//! ) -> Result<Shared<S>, Box<Held<Frozen<S>, ShareError>>> {
//!     phase.share(parent, cut, &Heard::default(), context)
//! }
//! ```
//!
//! Shares for two cuts do not compile:
//!
//! ```compile_fail,E0382
//! # use mpotr_crypto::CryptoSuite;
//! # use mpotr_gka::light::{Context, Frozen, Heard, LightCut, Signed};
//! # use mpotr_gka::Continuation;
//! fn share_twice<S: CryptoSuite>(
//!     phase: Frozen<S>,
//!     parent: &mut Continuation<S>,
//!     [one, other]: [Signed<LightCut>; 2],
//!     context: &Context<'_, S>,
//! ) {
//!     let _first = phase.share(parent, one, &Heard::default(), context);
//!     let _second = phase.share(parent, other, &Heard::default(), context);
//! }
//! ```
//!
//! nor do two cuts of one SEED by who proposes,
//!
//! ```compile_fail,E0382
//! # use mpotr_crypto::CryptoSuite;
//! # use mpotr_gka::light::{Context, Freeze, Proposing, Signed};
//! # use mpotr_gka::Continuation;
//! fn cut_twice<S: CryptoSuite>(
//!     phase: Proposing<S>,
//!     parent: &Continuation<S>,
//!     [one, other]: [&[Signed<Freeze>]; 2],
//!     context: &Context<'_, S>,
//! ) {
//!     let _first = phase.cut(parent, one, context);
//!     let _second = phase.cut(parent, other, context);
//! }
//! ```
//!
//! nor a share of its own in any cut but the one that it made.
//!
//! ```compile_fail,E0061
//! # use mpotr_crypto::CryptoSuite;
//! # use mpotr_gka::light::{Context, Cutting, Heard, LightCut, Signed};
//! # use mpotr_gka::Continuation;
//! fn share_in<S: CryptoSuite>(
//!     phase: Cutting<S>,
//!     parent: &mut Continuation<S>,
//!     other: Signed<LightCut>,
//!     context: &Context<'_, S>,
//! ) {
//!     let _share = phase.share(parent, other, &Heard::default(), context);
//! }
//! ```
//!
//! Who joins has phases of its own, [`Joining`] first, and members share by [`Frozen::share_with`]. What the parent epoch has delivered is the room's: it answers by [`Order`].

mod attempts;
mod audit;
mod blame;
mod closing;
mod cut;
mod cutting;
mod family;
mod freeze;
mod freezing;
mod fresh;
mod joining;
mod object;
mod packet;
mod proposing;
mod schedule;
mod seed;
mod seeding;
mod share;
mod sharing;
mod standing;
mod wrapping;

pub use attempts::{Attempts, NextView, ViewEnd};
pub use audit::{LightAudit, LightAuditError, LightRecord, RecordedEpoch, RecordedMember};
pub use blame::{ChangePacket, Verdict};
pub use cut::{LightCut, ListedKeys, ListedPart};
pub use cutting::{CutError, Cutting, Proposing};
pub use freeze::Freeze;
pub use freezing::{Frozen, Held, ShareError};
pub use joining::{
    Admitted, Arrived, ArrivedError, Hello, JoinOffer, JoinOfferDigest, JoinRecord, JoinRequest,
    JoinTag, Joined, Joining, MAX_JOINERS, OfferError, Opening, OwnHello, Ready, RequestError,
    Unverified, Welcome, WelcomeError, Welcomed, WrongOpening,
};
pub use object::{Object, Objection};
pub use packet::{ChangeBody, Signed};
pub use proposing::{ProposeError, Proposed, TermsWithJoiners};
pub use seed::{ChangeKind, Handle, LightTerms, Seed, TermsError, Watch, Wrap};
pub use seeding::{FreezeError, SeedError, Seeded, complain};
pub use share::{Joint, Share};
pub use sharing::{CertifyError, InstallError, Installed, Shared};
pub use standing::{Closing, LightVote, Order, Prefix, Standing};

pub(crate) use joining::{Committed, JoinTerms};

use mpotr_crypto::{CryptoSuite, Digest32, EphemeralKeyPair};

use crate::identity::Identity;
use crate::sid::Sid;

/// What the room gives a member for a step: its order, and the key by which it signs in the parent epoch.
pub struct Context<'a, S: CryptoSuite> {
    /// What is held of the parent epoch.
    pub order: &'a dyn Order,
    /// `m` of the parent epoch.
    pub signing: &'a EphemeralKeyPair<S>,
}

/// What a member has heard of a view besides SEED and CUT, when it shares.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard<'a> {
    /// Who objects: looked at before anything leaves.
    pub objections: &'a [Signed<Object>],
}

/// What a member needs to check those who join, and to convince them.
#[derive(Clone, Copy, Debug)]
pub struct Joiners<'a, S: CryptoSuite> {
    /// Who this member is.
    pub identity: &'a dyn Identity<S>,
    /// What those who join have shown.
    pub readies: &'a [Ready],
}

impl<S: CryptoSuite> core::fmt::Debug for Context<'_, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Context(..)")
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
