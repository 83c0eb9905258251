//! What a backend has to show before it is used: known answers of everything that a suite is made of, and what it must
//! refuse. `docs/spec/02-suites.md`, "Backends".
//!
//! A library is linked by its version, and some by whatever the system has. What it accepts may change under the same
//! name, and members that disagree on one signature, one element or one seal hold two transcripts. So a suite is tried
//! when it is picked ([`check_supported`]), once in the life of the process; it takes a few milliseconds. The answers
//! are published ones where there are any, and else those that three libraries agree on (`mpotr-conformance`). A suite
//! cannot skip the test, which is a function and not a method that a suite could override.

mod aead;
mod group;
mod hash;
mod signature;
mod signature_cases;
pub mod vectors;

use core::any::TypeId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::suite::CryptoSuite;
use crate::suite_id::UnsupportedSuite;

pub use signature::verification;
pub use signature_cases::{SIGNATURES, SignatureCase};

/// What a backend gets wrong: the first check that it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TrialFault(pub &'static str);

/// The verdicts of this process, by suite and backend.
static VERDICTS: Mutex<BTreeMap<TypeId, Result<(), TrialFault>>> = Mutex::new(BTreeMap::new());

/// Makes a backend ready and says whether it can compute a suite on this machine. The backend has to prove itself first, once
/// in the life of the process.
///
/// # Errors
/// [`UnsupportedSuite`], with what is missing, or what the backend gets wrong.
pub fn check_supported<S: CryptoSuite>() -> Result<(), UnsupportedSuite> {
    S::make_ready()?;
    once::<S>()
}

/// Tries a suite of a backend, if that was not done yet in this process.
fn once<S: CryptoSuite>() -> Result<(), UnsupportedSuite> {
    // A verdict is written whole or not at all, so a panic elsewhere leaves the table sound.
    let mut verdicts = VERDICTS.lock().unwrap_or_else(PoisonError::into_inner);
    let verdict = *verdicts.entry(TypeId::of::<S>()).or_insert_with(run::<S>);
    verdict.map_err(|TrialFault(reason)| UnsupportedSuite {
        suite: S::ID,
        backend: S::BACKEND,
        reason,
    })
}

/// Tries a suite of a backend.
///
/// # Errors
/// The first [`TrialFault`] found.
pub fn run<S: CryptoSuite>() -> Result<(), TrialFault> {
    hash::check::<S>()?;
    signature::check::<S>()?;
    group::check::<S::Group>()?;
    aead::check::<S>()
}

/// The fault, unless `holds`.
const fn ensure(holds: bool, fault: &'static str) -> Result<(), TrialFault> {
    if holds {
        Ok(())
    } else {
        Err(TrialFault(fault))
    }
}

/// The bytes of a vector.
fn hex<const N: usize>(text: &str) -> Result<[u8; N], TrialFault> {
    let mut bytes = [0; N];
    match base16ct::lower::decode(text, &mut bytes) {
        Ok(decoded) if decoded.len() == N => Ok(bytes),
        _ => Err(TrialFault("a vector of its self-test is damaged")),
    }
}
