//! The arguments of `mpotr identity`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is done with an identity.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Make an identity in a file that does not exist yet
    New(IdentityArgs),
    /// Show the fingerprint and the public key of an identity
    Show(IdentityArgs),
}

/// `mpotr identity new` and `mpotr identity show`.
#[derive(Clone, Debug, Args)]
pub(crate) struct IdentityArgs {
    /// The identity file [default: mpotr/identity in the user's data folder]
    #[arg(long, value_name = "FILE")]
    pub(super) identity: Option<PathBuf>,
    /// The file is under a passphrase, which is asked for
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(super) passphrase: bool,
    /// The file is under the passphrase in FILE, one line of text
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
    /// Print the public key alone, as others store it
    #[arg(long)]
    pub(super) public: bool,
}
