//! The file of a public key: `docs/spec/08-identity-file.md`, "Public key".
//!
//! ```text
//!  0                              64
//! +-------------------------------+----+
//! | public key A, 64 hex digits   | LF |     64 or 65 bytes
//! +-------------------------------+----+
//! ```
//!
//! The digits are lower-case, as an [`IdentityKey`] displays itself. The line feed may be missing: people copy keys by hand.

use mpotr_crypto::{CryptoSuite, Group as _, IdentityKey};

use crate::identity::is_identity;

/// What is wrong with the file of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// It is the file of the secret.
    #[error("it is an identity, which is secret and stays with its owner")]
    Identity,
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
/// The first thing that is wrong with it.
pub fn parse<S: CryptoSuite>(file: &[u8]) -> Result<IdentityKey, PublicKeyError> {
    if is_identity(file) {
        return Err(PublicKeyError::Identity);
    }
    from_digits::<S>(file.strip_suffix(b"\n").unwrap_or(file))
}

/// The public key of 64 lower-case hexadecimal digits.
///
/// # Errors
/// [`PublicKeyError::Digits`], [`PublicKeyError::Element`].
pub fn from_digits<S: CryptoSuite>(digits: &[u8]) -> Result<IdentityKey, PublicKeyError> {
    let mut key = [0; 32];
    match base16ct::lower::decode(digits, &mut key) {
        Ok(decoded) if decoded.len() == IdentityKey::LENGTH => {}
        Ok(_) | Err(_) => return Err(PublicKeyError::Digits),
    }
    if key == [0; 32] || S::Group::decode(&key).is_none() {
        return Err(PublicKeyError::Element);
    }
    Ok(IdentityKey::new(key))
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;

    use super::{PublicKeyError, parse};

    /// The generator: RFC 9496 appendix A.1.
    const ONE: &str = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";

    #[test]
    fn a_key_is_read_with_and_without_its_line_feed() {
        for file in [ONE.to_owned(), format!("{ONE}\n")] {
            assert_eq!(parse::<Suite>(file.as_bytes()).unwrap().to_string(), ONE);
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
                parse::<Suite>(file.as_bytes()),
                Err(PublicKeyError::Digits),
                "{file:?}"
            );
        }
        for file in ["00".repeat(32), "ff".repeat(32)] {
            assert_eq!(
                parse::<Suite>(file.as_bytes()),
                Err(PublicKeyError::Element),
                "{file:?}"
            );
        }
    }

    #[test]
    fn the_file_of_a_secret_is_told_from_one_of_a_key() {
        let bare = format!("mpotr-identity-v1 {}\n", "0".repeat(64));
        for file in [
            &bare,
            "mpotr-identity-v2 ",
            "age-encryption.org/v1\n-> scrypt",
        ] {
            assert_eq!(
                parse::<Suite>(file.as_bytes()),
                Err(PublicKeyError::Identity),
                "{file:?}"
            );
        }
    }
}
