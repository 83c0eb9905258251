//! The arguments of `mpotr demo`.

use clap::Args;
use mpotr::{Rekey, SuiteId};

use crate::suite::{Backends, backends_parser, default_backend, rekey_parser, suite_parser};

/// `mpotr demo`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// Members of the room
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u16).range(2..=512))]
    pub(super) members: u16,
    /// Messages that the members write, one after the other
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) messages: u32,
    /// Changes of keys after that, for which the members ask in turn
    #[arg(long, value_name = "N", default_value_t = 0,
        value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub(super) changes: u16,
    /// By which runs they come about [default: light]
    #[arg(long, value_parser = rekey_parser(), requires = "changes")]
    pub(super) rekey: Option<Rekey>,
    /// Who computes the suite; `mixed` gives each member another backend of this build [default: the
    /// first of this build]
    #[arg(long, value_parser = backends_parser())]
    pub(super) backend: Option<Backends>,
    /// The algorithms
    #[arg(long, default_value_t = SuiteId::ChaCha20Poly1305, value_parser = suite_parser())]
    pub(super) suite: SuiteId,
    /// Print what was measured as one JSON object, and all else on standard error
    #[arg(long)]
    pub(super) json: bool,
}

impl DemoArgs {
    /// The backends of the members.
    pub(super) fn backends(&self) -> Backends {
        self.backend
            .unwrap_or_else(|| Backends::Same(default_backend()))
    }
}
