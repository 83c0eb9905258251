//! Suites and backends as the command line names them.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use mpotr::Backend;
use mpotr::crypto::SuiteId;

// Any suite of this build, for what is the same in all of them: identities, fingerprints and room ids.
#[cfg(all(
    feature = "backend-ring",
    not(any(feature = "backend-rustcrypto", feature = "backend-sodium"))
))]
pub(crate) use mpotr::ring::ChaCha20Poly1305Suite as AnySuite;
#[cfg(feature = "backend-rustcrypto")]
pub(crate) use mpotr::rustcrypto::ChaCha20Poly1305Suite as AnySuite;
#[cfg(all(feature = "backend-sodium", not(feature = "backend-rustcrypto")))]
pub(crate) use mpotr::sodium::ChaCha20Poly1305Suite as AnySuite;

/// Who computes the suite, for each member of a demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backends {
    /// One for all.
    Same(Backend),
    /// Another one for each member, in turn.
    Mixed,
}

/// The name of [`Backends::Mixed`].
const MIXED: &str = "mixed";

/// The backend without an option: the first that is built in.
pub(crate) fn default_backend() -> Backend {
    Backend::available().next().unwrap_or(Backend::RustCrypto)
}

/// Reads a backend. Those that are not built in have names too: the error that follows names the feature.
pub(crate) fn backend_parser() -> impl TypedValueParser<Value = Backend> {
    PossibleValuesParser::new(Backend::ALL.map(Backend::name))
        .try_map(|name| name.parse::<Backend>())
}

/// Reads a backend or `mixed`.
pub(crate) fn backends_parser() -> impl TypedValueParser<Value = Backends> {
    PossibleValuesParser::new(Backend::ALL.map(Backend::name).into_iter().chain([MIXED])).try_map(
        |name| match name.as_str() {
            MIXED => Ok(Backends::Mixed),
            name => name.parse::<Backend>().map(Backends::Same),
        },
    )
}

/// Reads a suite.
pub(crate) fn suite_parser() -> impl TypedValueParser<Value = SuiteId> {
    PossibleValuesParser::new(SuiteId::ALL.map(SuiteId::name)).try_map(|name| {
        SuiteId::ALL
            .into_iter()
            .find(|suite| suite.name() == name)
            .ok_or_else(|| format!("no suite is called {name}"))
    })
}
