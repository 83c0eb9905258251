//! Suites and backends as the command line names them.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use mpotr::{Backend, Rekey, SuiteError, SuiteId, UnknownBackend};

/// Any suite of this build, for what is the same in all of them.
pub(crate) use mpotr::DefaultSuite as AnySuite;

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

/// Reads a backend. The help lists those that are built in; the error for another names the feature that builds it in.
pub(crate) fn backend_parser() -> impl TypedValueParser<Value = Backend> {
    PossibleValuesParser::new(backend_names()).try_map(|name| built_in(&name))
}

/// Reads a backend or `mixed`.
pub(crate) fn backends_parser() -> impl TypedValueParser<Value = Backends> {
    PossibleValuesParser::new(backend_names().chain([PossibleValue::new(MIXED)])).try_map(|name| {
        match name.as_str() {
            MIXED => Ok(Backends::Mixed),
            name => built_in(name).map(Backends::Same),
        }
    })
}

/// The names of all backends, hidden from the help if they are not built in.
pub(crate) fn backend_names() -> impl Iterator<Item = PossibleValue> {
    Backend::ALL
        .into_iter()
        .map(|backend| PossibleValue::new(backend.name()).hide(!backend.is_available()))
}

/// The backend of a name, if it is built in.
///
/// # Errors
/// It is not, or no backend is called so.
pub(crate) fn built_in(name: &str) -> Result<Backend, BackendError> {
    let backend: Backend = name.parse()?;
    match backend.is_available() {
        true => Ok(backend),
        false => Err(SuiteError::NotBuiltIn(backend).into()),
    }
}

/// Why a name is no backend that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackendError {
    /// No backend is called so.
    #[error(transparent)]
    Unknown(#[from] UnknownBackend),
    /// This build does not have it.
    #[error(transparent)]
    NotBuiltIn(#[from] SuiteError),
}

/// Reads by which runs keys are made anew.
pub(crate) fn rekey_parser() -> impl TypedValueParser<Value = Rekey> {
    PossibleValuesParser::new(Rekey::ALL.map(Rekey::name)).try_map(|name| {
        let found = Rekey::ALL.into_iter().find(|it| it.name() == name);
        found.ok_or_else(|| format!("no runs are called {name}"))
    })
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
