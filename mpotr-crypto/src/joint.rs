//! One Schnorr signature that n of n make together: `docs/spec/12-joint-signature.md`.
//!
//! ```text
//! X    = sum F_j                                                         the joint key; never the identity
//! k_1, k_2 = H("joint nonce", f, 32 random bytes, purpose, uint8 1 | 2) mod L
//! R_1j = k_1 G,  R_2j = k_2 G                                            64 bytes from each
//! R_1  = sum R_1j,  R_2 = sum R_2j                                       64 bytes from who adds them up
//! b    = H("joint b", kc, X, R_1, R_2, m) mod L
//! R    = R_1 + b R_2
//! c    = H("joint c", kc, X, R, m) mod L
//! s_j  = k_1 + b k_2 + c f_j                                             32 bytes from each
//! signature = (R, s),  s = sum s_j                                       64 bytes
//! verify:     R is not the identity, and s G = R + c X
//! ```
//!
//! The sum is plain, so it is safe only among keys that were all fixed before any of them was seen:
//! `docs/security/joint-signature.md`. Who uses this sees to that by commitments.
//!
//! A pair of nonces makes one share. It is consumed by making it:
//!
//! ```
//! # use mpotr_crypto::{CryptoSuite, JointChallenge, JointShare, NoncePair, PartSecret};
//! fn share<S: CryptoSuite>(
//!     pair: NoncePair<S>,
//!     secret: &PartSecret<S>,
//!     challenge: &JointChallenge<S>,
//! ) -> Option<JointShare> {
//!     pair.share(secret, challenge)
//! }
//! ```
//!
//! A second share by one pair does not compile,
//!
//! ```compile_fail,E0382
//! # use mpotr_crypto::{CryptoSuite, JointChallenge, JointShare, NoncePair, PartSecret};
//! fn share_twice<S: CryptoSuite>(
//!     pair: NoncePair<S>,
//!     secret: &PartSecret<S>,
//!     [one, other]: &[JointChallenge<S>; 2],
//! ) -> [Option<JointShare>; 2] {
//!     [pair.share(secret, one), pair.share(secret, other)]
//! }
//! ```
//!
//! nor does a copy of a pair.
//!
//! ```compile_fail,E0599
//! # use mpotr_crypto::{CryptoSuite, NoncePair};
//! fn copy<S: CryptoSuite>(pair: &NoncePair<S>) -> NoncePair<S> {
//!     NoncePair::clone(pair)
//! }
//! ```

mod challenge;
mod key;
mod nonces;
mod signature;

pub use challenge::{JointChallenge, JointShare, Sharer};
pub use key::{JointKey, PartKey, PartSecret};
pub use nonces::{NonceCommitment, NoncePair, NonceSum};
pub use signature::JointSignature;

use crate::group::Group;
use crate::suite::{CryptoSuite, Element};

/// The element of an encoding that is canonical and not that of the identity.
fn decode_key<S: CryptoSuite>(bytes: &[u8; 32]) -> Option<Element<S>> {
    if bytes == &[0; 32] {
        return None;
    }
    S::Group::decode(bytes)
}

/// Two halves of 32 bytes.
fn halves(bytes: &[u8; 64]) -> [[u8; 32]; 2] {
    let (halves, _) = bytes.as_chunks::<32>();
    [0, 1].map(|half| halves.get(half).copied().unwrap_or_default())
}

/// One after the other.
fn joined(first: &[u8; 32], second: &[u8; 32]) -> [u8; 64] {
    let mut bytes = [0; 64];
    let (head, tail) = bytes.split_at_mut(32);
    head.copy_from_slice(first);
    tail.copy_from_slice(second);
    bytes
}
