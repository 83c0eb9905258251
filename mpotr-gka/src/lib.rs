//! Authenticated group key agreement of mpOTR in two rounds of broadcasts, as pure computations.
//!
//! Two traits, two members each, freely combined:
//!
//! | [`GroupKeyAgreement`] | sends per member | | [`GroupAuthentication`] | sends per member |
//! |---|---|---|---|---|
//! | [`BurmesterDesmedt`] | O(1) | | [`GroupProof`] | O(1) |
//! | [`Pairwise`] | O(N) | | [`TripleDh`] | O(N) |
//!
//! [`Contributing`] and [`Confirming`] run one member through both: each takes all inputs of its round at once, is
//! consumed by the step that follows, and its secrets die with it. Nothing here does IO, reads a clock or
//! holds a source of randomness.
//!
//! Before a run, a joiner proves its identity to one member: an [`OwnChallenge`] and a [`JoinerProof`].
//!
//! A change after that, for one broadcast: [`light`].
//!
//! Specification: `docs/spec/04-key-agreement.md`, `docs/spec/14-light-runs.md`; the arguments: `docs/security/group-proof.md`,
//! `docs/security/joiner-proof.md` and `docs/security/offers.md`.

mod agreement;
mod audit;
mod authentication;
mod continuation;
mod epoch_name;
mod fault;
mod identity;
pub mod light;
mod list;
mod member;
mod member_index;
mod methods;
mod offer;
mod room_name;
mod roster;
mod rounds;
mod run;
mod sid;
pub mod simulation;
mod terms;

pub use agreement::{BurmesterDesmedt, GroupKeyAgreement, Pairwise};
pub use audit::{Audit, AuditError, Rounds, Unproven};
pub use authentication::{
    Challenge, CheckedChallenge, GroupAuthentication, GroupProof, JoinerProof, KeyProof,
    KeyStatement, OwnChallenge, TripleDh,
};
pub use continuation::{Continuation, ViewPassed};
pub use epoch_name::EpochName;
pub use fault::{CheckFailed, Fault, FaultKind, RunError};
pub use identity::{Forger, Identity, Invented};
pub use member::{KnownIdentities, RunMember};
pub use member_index::{MemberIndex, PerMember};
pub use methods::{AgreementId, AuthenticationId, Methods};
pub use offer::{
    CycleShare, KnowledgeCommitment, Nonce, Offer, OfferDigest, OfferSecrets, TrapdoorKey,
};
pub use room_name::{RoomId, RoomName, RoomNameError};
pub use roster::{MAX_MEMBERS, RosterError};
pub use rounds::{
    Confirmation, Confirming, Contributing, Contribution, ContributionBody, Established,
    MemberKeys, ReceiveKey, Rejected, RoundPacket, Slots, Unfilled,
};
pub use run::Run;
pub use sid::Sid;
pub use terms::{CommitmentSum, Terms};
