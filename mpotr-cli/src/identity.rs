//! Long-term identities in files: `docs/spec/08-identity-file.md`.

mod args;
mod echo;
mod folder;
mod prompt;
mod public_key;
pub(crate) mod store;
mod store_error;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mpotr::crypto::zeroize::Zeroizing;
use mpotr::{Fingerprint, IdentityKey, IdentityKeyPair, SystemRng};
use mpotr_formats::identity::{PassphraseError, is_sealed, open, parse, render, seal};

use crate::output::Output;
use crate::stop::Stop;
use crate::suite::AnySuite;

use args::IdentityArgs;
pub(crate) use args::IdentityCommand;
pub(crate) use echo::unless_stopped;
use prompt::PromptError;
pub(crate) use public_key::{read as public_key, read_regular as public_key_at_hand};
pub(crate) use store_error::StoreError;

/// Where the passphrase of an identity file comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Passphrase<'a> {
    /// From the person, if the file needs one.
    IfNeeded,
    /// Nobody is there to be asked. The file has to need none.
    Never,
    /// From the person. The file has to need one.
    Asked,
    /// From a file. The identity file has to need one.
    InFile(&'a Path),
}

/// `mpotr identity`.
///
/// # Errors
/// The file cannot be made or read; a wrong passphrase; standard output is closed; the program is asked to stop.
pub(crate) async fn run(command: &IdentityCommand, out: &mut Output) -> anyhow::Result<()> {
    let mut stop = Stop::listen().context("cannot take signals")?;
    match command {
        IdentityCommand::New(args) => make(args, &mut stop, out).await,
        IdentityCommand::Show(args) => show(args, &mut stop, out).await,
    }
}

/// A fresh identity that is in no file.
pub(crate) fn throw_away() -> IdentityKeyPair {
    IdentityKeyPair::random::<AnySuite>(&mut SystemRng::default())
}

/// A fresh identity, without a passphrase in a file that does not exist yet.
///
/// # Errors
/// The file cannot be made.
pub(crate) fn make_at(path: &Path) -> Result<IdentityKeyPair, StoreError> {
    let identity = throw_away();
    store::create(path, &*render(&identity))?;
    Ok(identity)
}

/// The identity in a file.
///
/// # Errors
/// The file cannot be read or does not parse; a wrong passphrase.
pub(crate) fn load(path: &Path, passphrase: Passphrase<'_>) -> anyhow::Result<IdentityKeyPair> {
    let file = read(path)?;
    let text = match (is_sealed(&file), passphrase) {
        (false, Passphrase::IfNeeded | Passphrase::Never) => file,
        (true, Passphrase::Never) => return Err(PromptError::NotGiven.into()),
        (false, Passphrase::Asked | Passphrase::InFile(_)) => {
            anyhow::bail!("{} is not under a passphrase", path.display())
        }
        (true, Passphrase::InFile(from)) => {
            open(&file, &prompt::from_file(from)?).with_context(|| cannot_open(path))?
        }
        (true, Passphrase::IfNeeded | Passphrase::Asked) => {
            open(&file, &prompt::ask(path)?).with_context(|| cannot_open(path))?
        }
    };
    parsed(path, &text)
}

/// Looks whether there is an identity in a file, and whether it is under a passphrase.
///
/// # Errors
/// The file cannot be read, others can read it, or it does not parse.
pub(crate) fn look(path: &Path) -> anyhow::Result<bool> {
    let file = read(path)?;
    let is_sealed = is_sealed(&file);
    if !is_sealed {
        let _identity = parsed(path, &file)?;
    }
    Ok(is_sealed)
}

fn read(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    store::read(path).map_err(|error| match is_public_key(path) {
        true => mistaken(path),
        false => error.into(),
    })
}

fn parsed(path: &Path, text: &[u8]) -> anyhow::Result<IdentityKeyPair> {
    let parsed = parse::<AnySuite>(text).with_context(|| cannot_open(path));
    parsed.map_err(|error| match is_public_key(path) {
        true => mistaken(path),
        false => error,
    })
}

fn mistaken(path: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "{} is a public key, which others have too; an identity is the file that `mpotr identity new` made",
        path.display()
    )
}

/// Whether a file holds a public key: who names it where an identity is wanted took one for the other.
fn is_public_key(path: &Path) -> bool {
    public_key::read_regular(path).is_ok()
}

/// Whether an identity was not read for want of the right passphrase.
pub(crate) fn is_about_passphrase(error: &anyhow::Error) -> bool {
    let is_wrong =
        |error: &PassphraseError| matches!(error, PassphraseError::Empty | PassphraseError::Wrong);
    error
        .chain()
        .any(|cause| cause.is::<PromptError>() || cause.downcast_ref().is_some_and(is_wrong))
}

fn cannot_open(path: &Path) -> String {
    format!("cannot open the identity {}", path.display())
}

async fn make(args: &IdentityArgs, stop: &mut Stop, out: &mut Output) -> anyhow::Result<()> {
    let path = path_of(args)?;
    // Before a person is asked for a passphrase.
    store::refuse_existing(&path)?;
    let identity = throw_away();
    let key = identity.public();
    let asked = args.clone();
    let file = unless_stopped(stop, move || file_of(&identity, passphrase_of(&asked))).await?;
    store::create(&path, &file)?;
    if matches!(passphrase_of(args), Passphrase::IfNeeded) {
        out.notice(format_args!(
            "{} has no passphrase: who reads it is you; --passphrase asks for one",
            path.display()
        ));
    }
    tell_of(args, &path, &key, out).inspect_err(|_error| {
        let path = path.display();
        out.notice(format_args!(
            "the identity is made and in {path}; `mpotr identity show` shows it"
        ));
    })
}

/// What is written to the file of an identity.
fn file_of(
    identity: &IdentityKeyPair,
    passphrase: Passphrase<'_>,
) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let text = render(identity);
    let sealed = match passphrase {
        Passphrase::IfNeeded | Passphrase::Never => return Ok(Zeroizing::new(text.to_vec())),
        Passphrase::Asked => seal(&*text, &prompt::ask_new()?)?,
        Passphrase::InFile(from) => seal(&*text, &prompt::from_file(from)?)?,
    };
    Ok(Zeroizing::new(sealed))
}

fn tell_of(
    args: &IdentityArgs,
    path: &Path,
    key: &IdentityKey,
    out: &mut Output,
) -> anyhow::Result<()> {
    if !args.public {
        out.line(format_args!("identity     {}", path.display()))?;
    }
    describe(args, key, out)
}

async fn show(args: &IdentityArgs, stop: &mut Stop, out: &mut Output) -> anyhow::Result<()> {
    let asked = args.clone();
    let load = move || Ok(load(&path_of(&asked)?, passphrase_of(&asked))?.public());
    let key = unless_stopped(stop, load).await?;
    describe(args, &key, out)
}

fn describe(args: &IdentityArgs, key: &IdentityKey, out: &mut Output) -> anyhow::Result<()> {
    if args.public {
        out.line(key)?;
    } else {
        out.line(format_args!(
            "fingerprint  {}",
            Fingerprint::of::<AnySuite>(key)
        ))?;
        out.line(format_args!("public key   {key}"))?;
    }
    Ok(())
}

fn passphrase_of(args: &IdentityArgs) -> Passphrase<'_> {
    match &args.passphrase_file {
        Some(from) => Passphrase::InFile(from),
        None if args.passphrase => Passphrase::Asked,
        None => Passphrase::IfNeeded,
    }
}

fn path_of(args: &IdentityArgs) -> Result<PathBuf, StoreError> {
    match &args.identity {
        Some(path) => Ok(path.clone()),
        None => store::default_path(),
    }
}
