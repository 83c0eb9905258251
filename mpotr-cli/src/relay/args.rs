//! The arguments of `mpotr relay`.

use clap::Args;

use super::limits::LimitArgs;
use crate::address::host_and_port;

/// `mpotr relay`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RelayArgs {
    /// Where to listen; port 0 lets the system choose one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7667", value_parser = host_and_port)]
    pub(super) listen: String,
    /// What the relay takes on.
    #[command(flatten)]
    pub(super) limits: LimitArgs,
}
