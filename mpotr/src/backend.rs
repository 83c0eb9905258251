//! The backends, as a choice that is made while a program runs.

use core::fmt;
use core::str::FromStr;

use mpotr_core::crypto::{CryptoSuite, SuiteId, UnsupportedSuite};

use crate::suite_visitor::SuiteVisitor;

/// Who computes a suite. Every backend has a name here, whether or not it is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// The RustCrypto crates and curve25519-dalek.
    RustCrypto,
    /// *ring*, with group arithmetic from curve25519-dalek.
    Ring,
    /// libsodium.
    Sodium,
}

impl Backend {
    /// Every backend there is, the default first.
    pub const ALL: [Self; 3] = [Self::RustCrypto, Self::Ring, Self::Sodium];

    /// The name, as features, options and reports have it: `rustcrypto`, `ring` or `sodium`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RustCrypto => "rustcrypto",
            Self::Ring => "ring",
            Self::Sodium => "sodium",
        }
    }

    /// Whether it is built in.
    #[must_use]
    pub const fn is_available(self) -> bool {
        match self {
            Self::RustCrypto => cfg!(feature = "backend-rustcrypto"),
            Self::Ring => cfg!(feature = "backend-ring"),
            Self::Sodium => cfg!(feature = "backend-sodium"),
        }
    }

    /// The backends that are built in, in the order of [`Backend::ALL`].
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(|backend| backend.is_available())
    }

    /// Calls `visitor` with the type of `suite` on this backend, once the backend has said that it can compute it here.
    ///
    /// # Errors
    /// The backend is not built in, or cannot compute the suite on this machine. `visitor` is not called then.
    pub fn visit<V: SuiteVisitor>(
        self,
        suite: SuiteId,
        visitor: V,
    ) -> Result<V::Output, SuiteError> {
        match self {
            #[cfg(feature = "backend-rustcrypto")]
            Self::RustCrypto => {
                use crate::rustcrypto::{Aes256GcmSuite, ChaCha20Poly1305Suite};
                dispatch::<ChaCha20Poly1305Suite, Aes256GcmSuite, V>(suite, visitor)
            }
            #[cfg(feature = "backend-ring")]
            Self::Ring => {
                use crate::ring::{Aes256GcmSuite, ChaCha20Poly1305Suite};
                dispatch::<ChaCha20Poly1305Suite, Aes256GcmSuite, V>(suite, visitor)
            }
            #[cfg(feature = "backend-sodium")]
            Self::Sodium => {
                use crate::sodium::{Aes256GcmSuite, ChaCha20Poly1305Suite};
                dispatch::<ChaCha20Poly1305Suite, Aes256GcmSuite, V>(suite, visitor)
            }
            #[cfg(not(feature = "backend-rustcrypto"))]
            Self::RustCrypto => Err(SuiteError::NotBuiltIn(self)),
            #[cfg(not(feature = "backend-ring"))]
            Self::Ring => Err(SuiteError::NotBuiltIn(self)),
            #[cfg(not(feature = "backend-sodium"))]
            Self::Sodium => Err(SuiteError::NotBuiltIn(self)),
        }
    }
}

/// Calls `visitor` with whichever of a backend's two suites has the id.
#[cfg(any(
    feature = "backend-rustcrypto",
    feature = "backend-ring",
    feature = "backend-sodium"
))]
fn dispatch<ChaCha: CryptoSuite, Aes: CryptoSuite, V: SuiteVisitor>(
    suite: SuiteId,
    visitor: V,
) -> Result<V::Output, SuiteError> {
    fn supported<S: CryptoSuite, V: SuiteVisitor>(visitor: V) -> Result<V::Output, SuiteError> {
        S::check_supported()?;
        Ok(visitor.visit::<S>())
    }
    match suite {
        SuiteId::ChaCha20Poly1305 => supported::<ChaCha, V>(visitor),
        SuiteId::Aes256Gcm => supported::<Aes, V>(visitor),
        _ => Err(SuiteError::Unsupported(UnsupportedSuite {
            suite,
            backend: ChaCha::BACKEND,
            reason: "the backend does not have it",
        })),
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        Self::ALL
            .into_iter()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| UnknownBackend(name.to_owned()))
    }
}

/// A name that no backend has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no backend {0:?}: there are rustcrypto, ring and sodium")]
pub struct UnknownBackend(String);

/// Why a suite cannot be had from a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// The program was built without the backend.
    #[error("the {0} backend is not built in: build with the feature `backend-{0}`")]
    NotBuiltIn(Backend),
    /// The backend cannot compute the suite on this machine.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedSuite),
}

#[cfg(test)]
mod tests {
    use mpotr_core::crypto::{CryptoSuite, SuiteId};

    use super::{Backend, SuiteError};
    use crate::SuiteVisitor;

    struct Name;

    impl SuiteVisitor for Name {
        type Output = (&'static str, SuiteId);

        fn visit<S: CryptoSuite>(self) -> Self::Output {
            (S::BACKEND, S::ID)
        }
    }

    #[test]
    fn a_backend_is_found_by_its_name_and_by_no_other() {
        for backend in Backend::ALL {
            assert_eq!(backend.to_string().parse(), Ok(backend));
        }
        for name in ["", "Ring", "ring ", "openssl"] {
            let error = name.parse::<Backend>().unwrap_err();
            assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
        }
    }

    #[test]
    fn a_visitor_gets_the_suite_and_the_backend_that_were_asked_for() {
        assert!(Backend::available().next().is_some());
        for backend in Backend::available() {
            for suite in SuiteId::ALL {
                match backend.visit(suite, Name) {
                    Ok(visited) => assert_eq!(visited, (backend.name(), suite)),
                    // libsodium has AES-256-GCM where the CPU has it. It says which suite it lacks.
                    Err(SuiteError::Unsupported(error)) => {
                        assert_eq!((error.backend, error.suite), ("sodium", SuiteId::Aes256Gcm));
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    #[test]
    fn a_backend_that_is_not_built_in_is_an_error_that_names_the_feature() {
        for backend in Backend::ALL
            .into_iter()
            .filter(|backend| !backend.is_available())
        {
            let error = backend.visit(SuiteId::ChaCha20Poly1305, Name).unwrap_err();
            assert_eq!(error, SuiteError::NotBuiltIn(backend));
            assert!(
                error
                    .to_string()
                    .contains(&format!("`backend-{}`", backend.name()))
            );
        }
    }
}
