//! The arguments of `mpotr doctor`.

use std::path::PathBuf;

use clap::Args;
use mpotr_transport::RelayAddress;

use crate::address::{self, Place};

/// `mpotr doctor`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The relay that a talk is to meet at; the same as --at mpotr://HOST[:PORT] [default: where `mpotr chat` has met the last
    /// time that it asked]
    #[arg(long, value_name = "HOST[:PORT]", value_parser = address::relay)]
    relay: Option<RelayAddress>,
    /// Where a talk is to meet, as `mpotr chat` takes it
    #[arg(long, value_name = "ADDRESS", conflicts_with = "relay")]
    at: Option<Place>,
    /// The identity file [default: as for `mpotr chat`]
    #[arg(long, value_name = "FILE")]
    pub(super) identity: Option<PathBuf>,
    /// The file of known people [default: as for `mpotr chat`]
    #[arg(long, value_name = "FILE")]
    pub(super) people: Option<PathBuf>,
}

impl DoctorArgs {
    /// Where a talk is to meet, if that was said.
    pub(super) fn place(&self) -> Option<Place> {
        let relay = || self.relay.clone().map(Place::Relay);
        self.at.clone().or_else(relay)
    }
}
