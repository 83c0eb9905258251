//! The arguments of `mpotr relay`.

#[cfg(feature = "tls")]
use std::path::PathBuf;

use clap::Args;
#[cfg(feature = "websocket")]
use mpotr_transport::WebOrigin;

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
    /// Serve the page in FOLDER to browsers, too, on the same port: bindings/js/build-page makes it
    #[cfg(feature = "websocket")]
    #[arg(long, value_name = "FOLDER")]
    pub(super) web: Option<PathBuf>,
    /// Let pages of ORIGIN speak with the relay, and serve the page under its name, such as https://chat.example; * lets in all
    #[cfg(feature = "websocket")]
    #[arg(long = "origin", value_name = "ORIGIN")]
    pub(super) origins: Vec<WebOrigin>,
    /// What the relay takes on.
    #[command(flatten)]
    pub(super) limits: LimitArgs,
}
