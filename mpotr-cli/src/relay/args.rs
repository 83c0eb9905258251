//! The arguments of `mpotr relay`.

#[cfg(feature = "tls")]
use std::path::PathBuf;

use clap::Args;

use super::limits::LimitArgs;
use crate::address::host_and_port;

/// `mpotr relay`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RelayArgs {
    /// Where to listen; port 0 lets the system choose one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7667", value_parser = host_and_port)]
    pub(super) listen: String,
    /// Speak TLS, too, on the same port, with the certificate and key in FILE, PEM; made and kept there if there is no such file
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE")]
    pub(super) tls: Option<PathBuf>,
    /// What the relay takes on.
    #[command(flatten)]
    pub(super) limits: LimitArgs,
}
