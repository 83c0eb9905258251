//! The cryptographic parts of mpOTR, as traits: what a suite is. Backends compute it.
//!
//! A *suite* is a set of algorithms with a two-byte id on the wire ([`SuiteId`]); a *backend* is a crate
//! that computes their parts ([`Backend`]). This crate names no backend and writes the suites once over any. The parts
//! are the RustCrypto traits wherever one exists ([`aead`], [`digest`], [`signature`]) and one small trait of our own,
//! [`Group`], for ristretto255. A library that works in place is made one of those by an [`adapter`].
//!
//! A backend has to prove what can be tested: before its first use it runs through the known answers of [`self_test`].
//!
//! Everything above the suite that has to be byte-identical in every backend lives here too, once:
//! the labelled [`TranscriptHash`], the key derivation ([`kdf`]), the strict Ed25519 predicate
//! ([`VerifyingKey`]), the AEAD contract ([`AeadKey`]), the strict [`codec`], and [`cpace`] over the suite's group and hash.
//!
//! Specification: `docs/spec/02-suites.md` and `docs/spec/03-encoding.md`.

pub mod adapter;
mod aead_key;
mod backend;
mod bytes;
pub mod codec;
#[cfg(feature = "counting")]
pub mod counting;
pub mod cpace;
mod ed25519_strict;
mod edwards;
mod group;
mod identity;
mod joint;
pub mod kdf;
pub mod label;
mod secret;
mod secret_scalar;
pub mod self_test;
mod stack;
mod suite;
mod suite_id;
mod suites;
mod transcript;

pub use aead_key::{AEAD_TAG_LENGTH, AeadKey, OpenError};
pub use backend::{Backend, SignatureScheme, SuiteAead, SuiteHash, SuiteHmac};
pub use bytes::{ElementBytes, ScalarBytes};
pub use codec::{DecodeError, DecodeErrorKind, Decoder, Encoder};
pub use ed25519_strict::{
    EphemeralKey, EphemeralKeyPair, SignatureBytes, VerifyError, VerifyingKey,
};
pub use edwards::Edwards;
pub use group::{Group, random_scalar, vartime_double_scalar_mul};
pub use identity::{Fingerprint, IdentityKey, IdentityKeyPair};
pub use joint::{
    JointChallenge, JointKey, JointShare, JointSignature, NonceCommitment, NoncePair, NonceSum,
    PartKey, PartSecret, Sharer,
};
pub use secret::{Secret, SecretRef};
pub use secret_scalar::SecretScalar;
pub use self_test::check_supported;
pub use stack::wiping_stack;
pub use suite::{CryptoSuite, Element, Scalar, TranscriptHash, hash_to_scalar};
pub use suite_id::{SuiteId, UnsupportedSuite};
pub use suites::{Aes256GcmSuite, ChaCha20Poly1305Suite, SuiteVisitor, visit_suite};
pub use transcript::{Digest32, LabelledHash};

pub use {aead, digest, ed25519, hkdf, rand_core, signature, zeroize};
