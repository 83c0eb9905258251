//! Who takes part in a run: the holder of an identity key, or a member that a forger invents from the public key alone.
//! `docs/security/deniability.md`, "The forger".
//!
//! A run treats both alike, but for how they prove. The group proof says *"I know a, or I know log T"*: a holder knows `a`. The
//! members of a conversation that one person invents know `log T = sum h_j y_j`, since that person drew every `y`. So they know
//! what goes into a tag of triple Diffie-Hellman, too: `a_i Y_j = y_j A_i`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mpotr_crypto::{CryptoSuite, IdentityKey, IdentityKeyPair, SecretScalar};

use crate::offer::TrapdoorKey;
use crate::run::Run;

/// A party that can take part in runs: an [`IdentityKeyPair`], or an [`Invented`] member.
///
/// Sealed, since an implementation is handed the trapdoor secrets of its own offers.
pub trait Identity<S: CryptoSuite>: sealed::Sealed<S> + core::fmt::Debug + Send {
    /// The identity key `A`.
    fn public(&self) -> IdentityKey;
}

pub(crate) mod sealed {
    use super::Speaker;
    use mpotr_crypto::CryptoSuite;

    /// How the proof of an identity is made.
    pub trait Sealed<S: CryptoSuite> {
        /// By which of the two secrets.
        fn speaker(&self) -> Speaker<'_, S>;
    }
}

/// The secret by which a member proves its identity.
#[derive(Debug)]
pub enum Speaker<'a, S: CryptoSuite> {
    /// `a`.
    Holder(&'a IdentityKeyPair),
    /// All `y` of the runs in which nobody else takes part.
    Forger(&'a Forger<S>),
}

impl<S: CryptoSuite> sealed::Sealed<S> for IdentityKeyPair {
    fn speaker(&self) -> Speaker<'_, S> {
        Speaker::Holder(self)
    }
}

impl<S: CryptoSuite> Identity<S> for IdentityKeyPair {
    fn public(&self) -> IdentityKey {
        Self::public(self)
    }
}

/// A party that invents a conversation. It keeps the trapdoor secrets of all the members that it invents.
///
/// It deceives no member. An invented member proves its identity only in runs where *every* trapdoor key is the
/// forger's own; a real member takes part with an offer of its own, whose `y` the forger lacks.
pub struct Forger<S: CryptoSuite> {
    /// `y` by `Y`.
    trapdoors: Trapdoors<S>,
}

type Trapdoors<S> = Arc<Mutex<BTreeMap<TrapdoorKey, SecretScalar<S>>>>;

impl<S: CryptoSuite> Forger<S> {
    /// A forger that has invented nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            trapdoors: Arc::default(),
        }
    }

    /// A member with this identity key, whose secret nobody here knows.
    #[must_use]
    pub fn invent(&self, identity: IdentityKey) -> Invented<S> {
        Invented {
            identity,
            forger: self.clone(),
        }
    }

    /// Remembers the trapdoor secret of an offer that an invented member contributes with.
    pub(crate) fn remember(&self, key: TrapdoorKey, secret: &SecretScalar<S>) {
        self.trapdoors().insert(key, secret.duplicate());
    }

    /// The trapdoor secrets of all members of a run in cycle order; `None` if one of them was not invented here.
    pub(crate) fn secrets(&self, run: &Run<S>) -> Option<Vec<SecretScalar<S>>> {
        let trapdoors = self.trapdoors();
        run.members()
            .iter()
            .map(|member| Some(trapdoors.get(&member.offer().trapdoor)?.duplicate()))
            .collect()
    }

    /// The trapdoor secret of one key, if it was drawn by an invented member.
    pub(crate) fn secret(&self, key: &TrapdoorKey) -> Option<SecretScalar<S>> {
        let trapdoors = self.trapdoors();
        trapdoors.get(key).map(SecretScalar::duplicate)
    }

    /// Nothing is left half done when a thread panics: an entry is whole or not there.
    fn trapdoors(&self) -> MutexGuard<'_, BTreeMap<TrapdoorKey, SecretScalar<S>>> {
        self.trapdoors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A second reference to the same forger: what one remembers, the other does.
impl<S: CryptoSuite> Clone for Forger<S> {
    fn clone(&self) -> Self {
        Self {
            trapdoors: Arc::clone(&self.trapdoors),
        }
    }
}

impl<S: CryptoSuite> Default for Forger<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Forger<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Forger(..)")
    }
}

/// A member of an invented conversation. See [`Forger::invent`].
#[derive(Debug)]
pub struct Invented<S: CryptoSuite> {
    identity: IdentityKey,
    forger: Forger<S>,
}

impl<S: CryptoSuite> sealed::Sealed<S> for Invented<S> {
    fn speaker(&self) -> Speaker<'_, S> {
        Speaker::Forger(&self.forger)
    }
}

impl<S: CryptoSuite> Identity<S> for Invented<S> {
    fn public(&self) -> IdentityKey {
        self.identity
    }
}
