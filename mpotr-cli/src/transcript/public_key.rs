//! A public identity key in a file: one line of 64 lower-case hexadecimal digits, as `mpotr identity show --public` prints it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use mpotr::crypto::Group as _;
use mpotr::crypto::zeroize::Zeroizing;
use mpotr::{CryptoSuite, IdentityKey};

use crate::suite::AnySuite;
use crate::{escape, identity};

/// Why a file holds no public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PublicKeyError {
    /// It is the secret, not the key for others.
    #[error(
        "it is an identity, which is secret and stays with its owner; what others get is the output of `mpotr identity show \
         --public --identity {}`", escape::Escaped(.0)
    )]
    Identity(String),
    /// It is no line of 64 digits.
    #[error("it is no line of 64 lower-case hexadecimal digits")]
    Digits,
    /// The digits encode no element, or the identity element.
    #[error("its digits are those of no key")]
    Element,
}

/// The public key in a file.
///
/// # Errors
/// The file cannot be read, or holds none.
pub(crate) fn read(path: &Path) -> anyhow::Result<IdentityKey> {
    // It may hold a secret, if a person takes one file for another.
    let file =
        Zeroizing::new(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?);
    let read = if identity::is_identity(&file) {
        Err(PublicKeyError::Identity(path.display().to_string()))
    } else {
        parse(&file)
    };
    read.with_context(|| format!("no public key in {}", path.display()))
}

fn parse(file: &[u8]) -> Result<IdentityKey, PublicKeyError> {
    let digits = file.strip_suffix(b"\n").unwrap_or(file);
    let mut key = [0; 32];
    match base16ct::lower::decode(digits, &mut key) {
        Ok(decoded) if decoded.len() == IdentityKey::LENGTH => {}
        Ok(_) | Err(_) => return Err(PublicKeyError::Digits),
    }
    if key == [0; 32] || <AnySuite as CryptoSuite>::Group::decode(&key).is_none() {
        return Err(PublicKeyError::Element);
    }
    Ok(IdentityKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::{PublicKeyError, parse};

    /// The generator: RFC 9496 appendix A.1.
    const ONE: &str = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";

    #[test]
    fn a_key_is_read_with_and_without_its_line_feed() {
        for file in [ONE.to_owned(), format!("{ONE}\n")] {
            assert_eq!(parse(file.as_bytes()).unwrap().to_string(), ONE);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let digits = [
            "",
            "00",
            &ONE.to_uppercase(),
            &format!("{ONE}00"),
            &format!("{ONE}\n\n"),
        ];
        for file in digits.map(str::to_owned) {
            assert_eq!(
                parse(file.as_bytes()),
                Err(PublicKeyError::Digits),
                "{file:?}"
            );
        }
        for file in ["00".repeat(32), "ff".repeat(32)] {
            assert_eq!(
                parse(file.as_bytes()),
                Err(PublicKeyError::Element),
                "{file:?}"
            );
        }
    }
}
