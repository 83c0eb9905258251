//! The backends, as a choice that is made while a program runs.

use core::fmt;
use core::str::FromStr;

use mpotr_core::crypto::{SuiteId, SuiteVisitor, UnsupportedSuite, visit_suite};

/// Every backend, a row each: how it is called, its module and the feature that builds it in.
macro_rules! backends {
    ($($(#[$doc:meta])* $backend:ident = $name:literal, $module:ident::$computes:ident, $feature:literal;)+) => {
        /// Who computes a suite. Every backend has a name here, whether or not it is built in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Backend {
            $($(#[$doc])* $backend,)+
        }

        impl Backend {
            /// Every backend there is, the default first.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$backend),+];

            /// The name, as features, options and reports have it: `rustcrypto`, `ring` or `sodium`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$backend => $name,)+
                }
            }

            /// Whether it is built in.
            #[must_use]
            pub const fn is_available(self) -> bool {
                match self {
                    $(Self::$backend => cfg!(feature = $feature),)+
                }
            }

            /// Calls `visitor` with the type of `suite` on this backend, once the backend has shown that it computes it here.
            ///
            /// ```
            /// use mpotr::{Backend, CryptoSuite, Fingerprint, IdentityKey, SuiteId, SuiteVisitor};
            ///
            /// struct Show<'a>(&'a IdentityKey);
            ///
            /// impl SuiteVisitor for Show<'_> {
            ///     type Output = String;
            ///
            ///     fn visit<S: CryptoSuite>(self) -> String {
            ///         Fingerprint::of::<S>(self.0).to_string()
            ///     }
            /// }
            ///
            /// let key = IdentityKey::new([7; 32]);
            /// for backend in Backend::available() {
            ///     let shown = backend.visit(SuiteId::ChaCha20Poly1305, Show(&key))?;
            ///     assert_eq!(shown.split(' ').count(), 8);
            /// }
            /// # Ok::<(), mpotr::SuiteError>(())
            /// ```
            ///
            /// # Errors
            /// The backend is not built in, or cannot compute the suite on this machine. `visitor` is not called then.
            pub fn visit<V: SuiteVisitor>(
                self,
                suite: SuiteId,
                visitor: V,
            ) -> Result<V::Output, SuiteError> {
                match self {
                    $(
                        #[cfg(feature = $feature)]
                        Self::$backend => Ok(visit_suite::<crate::$module::$computes, V>(suite, visitor)?),
                        #[cfg(not(feature = $feature))]
                        Self::$backend => Err(SuiteError::NotBuiltIn(self)),
                    )+
                }
            }
        }
    };
}

backends! {
    /// The RustCrypto crates and curve25519-dalek.
    RustCrypto = "rustcrypto", rustcrypto::RustCrypto, "backend-rustcrypto";
    /// *ring*, with group arithmetic from curve25519-dalek.
    Ring = "ring", ring::Ring, "backend-ring";
    /// libsodium.
    Sodium = "sodium", sodium::Libsodium, "backend-sodium";
}

impl Backend {
    /// The backends that are built in, in the order of [`Backend::ALL`].
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(|backend| backend.is_available())
    }
}

impl Default for Backend {
    /// The first that is built in, in the order of [`Backend::ALL`].
    fn default() -> Self {
        // Without any, nothing builds.
        Self::available().next().unwrap_or(Self::ALL[0])
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
