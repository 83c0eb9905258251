//! Long-term identities in files: `docs/spec/08-identity-file.md`.

mod passphrase;
mod prompt;
mod store;
mod text;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mpotr::SystemRng;
use mpotr::crypto::{Fingerprint, IdentityKey, IdentityKeyPair};

use crate::args::{IdentityArgs, IdentityCommand};
use crate::output::Output;
use crate::suite::AnySuite;

pub use passphrase::{PassphraseError, is_sealed, open, seal};
pub use text::{IDENTITY_TEXT_LENGTH, IdentityTextError, parse, render};

/// Where the passphrase of an identity file comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Passphrase<'a> {
    /// From the person, if the file needs one.
    IfNeeded,
    /// From the person. The file has to need one.
    Asked,
    /// From a file. The identity file has to need one.
    InFile(&'a Path),
}

/// `mpotr identity`.
///
/// # Errors
/// The file cannot be made or read; a wrong passphrase; standard output is closed.
pub(crate) fn run(command: &IdentityCommand, out: &mut Output) -> anyhow::Result<()> {
    match command {
        IdentityCommand::New(args) => make(args, out),
        IdentityCommand::Show(args) => show(args, out),
    }
}

/// A fresh identity that is in no file.
pub(crate) fn throw_away() -> IdentityKeyPair {
    IdentityKeyPair::random::<AnySuite>(&mut SystemRng::default())
}

/// The identity in a file.
///
/// # Errors
/// The file cannot be read or does not parse; a wrong passphrase.
pub(crate) fn load(path: &Path, passphrase: Passphrase<'_>) -> anyhow::Result<IdentityKeyPair> {
    let file = store::read(path)?;
    let text = match (is_sealed(&file), passphrase) {
        (false, Passphrase::IfNeeded) => file,
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
    parse::<AnySuite>(&text).with_context(|| cannot_open(path))
}

fn cannot_open(path: &Path) -> String {
    format!("cannot open the identity {}", path.display())
}

fn make(args: &IdentityArgs, out: &mut Output) -> anyhow::Result<()> {
    let path = path_of(args)?;
    // Before anybody is asked for a passphrase.
    store::refuse_existing(&path)?;
    let identity = throw_away();
    let text = render(&identity);
    match passphrase_of(args) {
        Passphrase::IfNeeded => store::create(&path, &*text)?,
        Passphrase::Asked => store::create(&path, &seal(&*text, &prompt::ask_new()?)?)?,
        Passphrase::InFile(from) => {
            store::create(&path, &seal(&*text, &prompt::from_file(from)?)?)?;
        }
    }
    if matches!(passphrase_of(args), Passphrase::IfNeeded) {
        out.notice(format_args!(
            "{} has no passphrase: who reads it is you; --passphrase asks for one",
            path.display()
        ));
    }
    if !args.public {
        out.line(format_args!("identity     {}", path.display()))?;
    }
    describe(args, &identity.public(), out)
}

fn show(args: &IdentityArgs, out: &mut Output) -> anyhow::Result<()> {
    describe(
        args,
        &load(&path_of(args)?, passphrase_of(args))?.public(),
        out,
    )
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

fn path_of(args: &IdentityArgs) -> Result<PathBuf, store::StoreError> {
    match &args.identity {
        Some(path) => Ok(path.clone()),
        None => store::default_path(),
    }
}
