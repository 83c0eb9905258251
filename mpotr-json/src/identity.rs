//! Identities from the bytes of their files: `docs/spec/08-identity-file.md`.

use mpotr::crypto::zeroize::Zeroizing;
use mpotr::{DefaultSuite, IdentityKeyPair};
use mpotr_formats::identity::{PassphraseError, is_sealed, open, parse, render, seal};

use crate::Failure;

/// The identity in a file. One under a passphrase needs it, and takes about a second.
///
/// # Errors
/// `identity_file` of another file; `passphrase` of one that is missing, not asked for, empty or wrong.
pub fn read_identity(file: &[u8], passphrase: Option<&[u8]>) -> Result<IdentityKeyPair, Failure> {
    let text = match (is_sealed(file), passphrase) {
        (false, None) => return parsed(file),
        (true, Some(passphrase)) => open(file, typed(passphrase)?).map_err(|error| why(&error))?,
        (true, None) => return Err(Failure::passphrase("the file is under a passphrase")),
        (false, Some(_)) => {
            return Err(Failure::passphrase("the file is not under a passphrase"));
        }
    };
    parsed(&text)
}

/// The file of an identity, under a passphrase if one is given, which takes about a second.
///
/// # Errors
/// `passphrase` of one that is empty or no UTF-8.
pub fn write_identity(
    identity: &IdentityKeyPair,
    passphrase: Option<&[u8]>,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let text = render(identity);
    let file = match passphrase {
        None => text.to_vec(),
        Some(passphrase) => seal(&*text, typed(passphrase)?).map_err(|error| why(&error))?,
    };
    Ok(Zeroizing::new(file))
}

fn parsed(text: &[u8]) -> Result<IdentityKeyPair, Failure> {
    parse::<DefaultSuite>(text).map_err(Failure::identity_file)
}

fn typed(passphrase: &[u8]) -> Result<&str, Failure> {
    core::str::from_utf8(passphrase).map_err(|_error| Failure::passphrase("it is no UTF-8"))
}

fn why(error: &PassphraseError) -> Failure {
    let is_typed = matches!(error, PassphraseError::Empty | PassphraseError::Wrong);
    match is_typed {
        true => Failure::passphrase(error),
        false => Failure::identity_file(error),
    }
}

#[cfg(test)]
mod tests {
    use mpotr::new_identity;

    use super::{read_identity, write_identity};

    fn refused(file: &[u8], passphrase: Option<&[u8]>) -> String {
        let failure = read_identity(file, passphrase).unwrap_err();
        failure.code().to_owned()
    }

    #[test]
    fn an_identity_that_is_written_is_read_again() {
        let identity = new_identity();
        let file = write_identity(&identity, None).unwrap();
        let read = read_identity(&file, None).unwrap();
        assert_eq!(read.public(), identity.public());
    }

    #[test]
    fn what_is_no_identity_and_what_is_no_passphrase_are_told_apart() {
        let file = write_identity(&new_identity(), None).unwrap();
        assert_eq!(refused(b"", None), "identity_file");
        assert_eq!(refused(&file[1..], None), "identity_file");
        assert_eq!(refused(&file, Some(b"why")), "passphrase");
        let sealed = b"age-encryption.org/v1\n";
        assert_eq!(refused(sealed, None), "passphrase");
        assert_eq!(refused(sealed, Some(b"\xff")), "passphrase");
        assert_eq!(refused(sealed, Some(b"words")), "identity_file");
        let empty = write_identity(&new_identity(), Some(b"")).unwrap_err();
        assert_eq!(empty.code(), "passphrase");
    }
}
