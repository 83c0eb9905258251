//! Public keys of others, from their files.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use mpotr::IdentityKey;
use mpotr::crypto::zeroize::Zeroizing;
use mpotr_formats::Escaped;
use mpotr_formats::public_key::{PublicKeyError, parse};

use crate::suite::AnySuite;

/// The public key in a file.
///
/// # Errors
/// The file cannot be read, or holds none.
pub(crate) fn read(path: &Path) -> anyhow::Result<IdentityKey> {
    // It may hold a secret, if a person takes one file for another.
    let file =
        Zeroizing::new(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?);
    parse::<AnySuite>(&file)
        .map_err(|error| match error {
            PublicKeyError::Identity => anyhow::anyhow!(
                "{error}; what others get is the output of `mpotr identity show --public --identity {}`",
                Escaped(&path.display().to_string())
            ),
            PublicKeyError::Digits | PublicKeyError::Element | _ => error.into(),
        })
        .with_context(|| format!("no public key in {}", path.display()))
}
