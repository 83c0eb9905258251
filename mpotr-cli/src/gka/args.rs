//! The arguments of `mpotr gka`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use mpotr::{AgreementId, AuthenticationId, Backend, SuiteId};

use super::series::Series;
use super::sizes::Sizes;
use crate::suite::{backend_names, built_in, default_backend, suite_parser};

/// `mpotr gka`.
#[derive(Clone, Debug, Args)]
pub(crate) struct GkaArgs {
    /// Sizes of the group, 1 to 4096; `..` doubles from the size before it up to the size after it
    #[arg(long, value_name = "N,..", default_value = "2,4,8,..,1024")]
    pub(super) sizes: Sizes,
    /// How the members agree on a key
    #[arg(long, default_value = "bd", value_parser = choice(AgreementId::ALL, AgreementId::name))]
    gka: Choice<AgreementId>,
    /// How they show one another who they are
    #[arg(long, default_value = "proof",
        value_parser = choice(AuthenticationId::ALL, AuthenticationId::name))]
    auth: Choice<AuthenticationId>,
    /// Who computes the suite; `all` are those of this build that can [default: the first of this
    /// build]
    #[arg(long, value_parser = backend_choice())]
    pub(super) backend: Option<Choice<Backend>>,
    /// The algorithms
    #[arg(long, default_value_t = SuiteId::ChaCha20Poly1305, value_parser = suite_parser())]
    pub(super) suite: SuiteId,
    /// Print one JSON object a line
    #[arg(long)]
    pub(super) json: bool,
    /// Draw the curves into FILE, as SVG
    #[arg(long, value_name = "FILE.svg")]
    pub(super) plot: Option<PathBuf>,
}

impl GkaArgs {
    /// The backends that were asked for, whether or not they are there.
    pub(super) fn backends(&self) -> Vec<Backend> {
        match self.backend {
            None => vec![default_backend()],
            Some(Choice::One(backend)) => vec![backend],
            Some(Choice::All) => Backend::available().collect(),
        }
    }

    /// What is measured on these backends.
    pub(super) fn series(&self, backends: &[Backend]) -> Vec<Series> {
        let mut series = Vec::new();
        for backend in backends {
            for agreement in self.gka.among(AgreementId::ALL) {
                for authentication in self.auth.among(AuthenticationId::ALL) {
                    series.push(Series {
                        agreement,
                        authentication,
                        backend: *backend,
                    });
                }
            }
        }
        series
    }
}

/// One of several, or every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice<T> {
    /// This one.
    One(T),
    /// Every one.
    All,
}

impl<T: Copy> Choice<T> {
    fn among(self, all: impl IntoIterator<Item = T>) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::All => all.into_iter().collect(),
        }
    }
}

/// The name of [`Choice::All`].
const ALL: &str = "all";

/// Reads the name of one of `values`, or `all`.
fn choice<T: Copy + Send + Sync + 'static, const N: usize>(
    values: [T; N],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = Choice<T>> {
    PossibleValuesParser::new(values.map(name).into_iter().chain([ALL])).map(move |given| {
        let named = values.into_iter().find(|value| name(*value) == given);
        // Of the names that get past the first parser, `all` alone names no value.
        named.map_or(Choice::All, Choice::One)
    })
}

fn backend_choice() -> impl TypedValueParser<Value = Choice<Backend>> {
    PossibleValuesParser::new(backend_names().chain([PossibleValue::new(ALL)])).try_map(|name| {
        match name.as_str() {
            ALL => Ok(Choice::All),
            name => built_in(name).map(Choice::One),
        }
    })
}
