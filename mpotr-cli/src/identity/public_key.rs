//! Public keys of others, from their files.

use std::path::Path;

use anyhow::Context as _;
use mpotr::IdentityKey;
use mpotr_formats::Escaped;
use mpotr_formats::public_key::{PublicKeyError, parse};

use super::store_error::MAX_FILE;
use crate::files;
use crate::suite::AnySuite;

/// The public key in a file, which may be a pipe: its writer is waited for.
///
/// # Errors
/// The file cannot be read, or holds none.
pub(crate) fn read(path: &Path) -> anyhow::Result<IdentityKey> {
    let file = files::read(path, MAX_FILE).map_err(|error| with_hint(error.into(), path))?;
    key_in(&file, path)
}

/// What a person may have meant by the name of a file that is not there: those of public keys end in `.pub`, as a rule.
fn with_hint(error: anyhow::Error, path: &Path) -> anyhow::Error {
    let mut meant = path.as_os_str().to_owned();
    meant.push(".pub");
    match path.exists() || !Path::new(&meant).exists() {
        true => error,
        false => error.context(format!(
            "there is a file {}, and none of this name",
            Escaped(&meant.to_string_lossy())
        )),
    }
}

/// The same of a regular file alone, which nobody has to wait for.
///
/// # Errors
/// The file is no regular one, cannot be read, or holds none.
pub(crate) fn read_regular(path: &Path) -> anyhow::Result<IdentityKey> {
    key_in(&files::read_regular(path, MAX_FILE)?, path)
}

fn key_in(file: &[u8], path: &Path) -> anyhow::Result<IdentityKey> {
    parse::<AnySuite>(file)
        .map_err(|error| match error {
            PublicKeyError::Identity => anyhow::anyhow!(
                "{error}; what others get is the output of `mpotr identity show --public --identity {}`",
                Escaped(&path.display().to_string())
            ),
            PublicKeyError::Digits | PublicKeyError::Element | _ => error.into(),
        })
        .with_context(|| format!("no public key in {}", path.display()))
}
