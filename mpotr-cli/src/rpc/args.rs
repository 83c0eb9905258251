//! The command line of `mpotr rpc`.

use clap::{Args, ValueEnum};

/// `mpotr rpc`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RpcArgs {
    /// Whose clock is the time of rooms: that of this machine, or that of the host, which turns it by `tick`. By `manual`
    /// there are no carriers
    #[arg(long, value_enum, default_value = "real")]
    pub(super) clock: ClockArg,
    /// Let rooms meet by `exec:NAME[:ADDRESS]`, which starts a program `mpotr-transport-NAME`: for hosts that take such an address
    /// from their person alone, and never from a link or a message
    #[arg(long)]
    pub(super) programs: bool,
}

/// Whose clock is the time of rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClockArg {
    /// That of this machine
    Real,
    /// That of the host, turned by `tick`
    Manual,
}
