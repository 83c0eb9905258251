//! The arguments of `mpotr people`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mpotr_formats::Nick;
use mpotr_formats::known::{PetnameError, petname_of};

/// What is done with the people that are known.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// List them: fingerprint, name, how the key is known to be theirs, first and last day
    List(FileArgs),
    /// Remember whose a public key is
    Add(AddArgs),
    /// Forget a person
    Forget(ForgetArgs),
    /// Call a person otherwise
    Name(NameArgs),
}

/// Where they are.
#[derive(Clone, Debug, Args)]
pub(crate) struct FileArgs {
    /// The file of known people [default: mpotr/known-peers in the user's data folder]
    #[arg(long, value_name = "FILE")]
    pub(super) people: Option<PathBuf>,
}

/// `mpotr people add`.
#[derive(Clone, Debug, Args)]
pub(crate) struct AddArgs {
    /// A file with the public key (alice.pub, ./alice), or its 64 digits
    #[arg(value_name = "KEY")]
    pub(super) key: String,
    /// What to call the person. Nobody else can have the name, nor one that looks like it
    #[arg(value_parser = petname)]
    pub(super) name: Nick,
    /// You have compared the whole fingerprint with the person
    #[arg(long)]
    pub(super) compared: bool,
    #[command(flatten)]
    pub(super) file: FileArgs,
}

/// `mpotr people forget`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ForgetArgs {
    /// A name, a whole fingerprint, a file with the public key, or its 64 digits
    #[arg(value_name = "WHO")]
    pub(super) who: String,
    #[command(flatten)]
    pub(super) file: FileArgs,
}

/// `mpotr people name`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NameArgs {
    /// The name so far, a whole fingerprint, a file with the public key, or its 64 digits
    #[arg(value_name = "WHO")]
    pub(super) who: String,
    /// What to call the person from now on
    #[arg(value_parser = petname)]
    pub(super) name: Nick,
    #[command(flatten)]
    pub(super) file: FileArgs,
}

fn petname(name: &str) -> Result<Nick, PetnameError> {
    petname_of(name)
}
