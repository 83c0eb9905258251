//! The identity file: `docs/spec/08-identity-file.md`, "Text".
//!
//! ```text
//!  0                    17 18                             82
//! +-----------------------+-------------------------------+----+
//! | "mpotr-identity-v1 "  | secret scalar a, 64 hex digits | LF |     83 bytes
//! +-----------------------+-------------------------------+----+
//! ```
//!
//! One line and nothing else. The digits are lower-case and encode 32 bytes, little-endian: the canonical encoding of a
//! non-zero scalar of ristretto255. A key has one file, so a file that decodes encodes to the same bytes.

#[cfg(feature = "passphrase")]
mod passphrase;

use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{CryptoSuite, IdentityKeyPair, Secret};

#[cfg(feature = "passphrase")]
pub use passphrase::{PassphraseError, open, seal};

/// What the line begins with, without the version.
const KIND: &[u8] = b"mpotr-identity-v";
/// What the line begins with.
const HEAD: &[u8; 18] = b"mpotr-identity-v1 ";
/// Digits of the secret.
const DIGITS: usize = 64;

/// Length of an identity file, in bytes.
pub const IDENTITY_TEXT_LENGTH: usize = HEAD.len() + DIGITS + 1;

/// What an age file begins with.
const AGE_HEAD: &[u8] = b"age-encryption.org/v1\n";

/// Whether a file is under a passphrase, by its first line.
#[must_use]
pub fn is_sealed(file: &[u8]) -> bool {
    file.starts_with(AGE_HEAD)
}

/// Whether a file is an identity, under a passphrase or not, of whatever version.
#[must_use]
pub fn is_identity(file: &[u8]) -> bool {
    file.starts_with(KIND) || is_sealed(file)
}

/// What is wrong with an identity file. No variant holds a byte of the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityTextError {
    /// Another kind of file.
    #[error("it is no identity file: it does not begin with `mpotr-identity-v1 `")]
    OtherKind,
    /// An identity file of a version that this program does not know.
    #[error("it is an identity file of a version that this program does not know")]
    OtherVersion,
    /// The line is too short or too long.
    #[error("it is {length} bytes long; an identity file has {IDENTITY_TEXT_LENGTH}")]
    Length {
        /// Length of the file in bytes.
        length: usize,
    },
    /// The last byte is no line feed.
    #[error("its line does not end with a line feed")]
    LineEnd,
    /// A byte of the secret is no lower-case hexadecimal digit.
    #[error("byte {offset} is no lower-case hexadecimal digit")]
    Digit {
        /// Offset of the first such byte from the start of the file.
        offset: usize,
    },
    /// The digits encode no secret: zero, or a number that is not below the order of the group.
    #[error("its digits are not those of an identity: zero, or not below the order of the group")]
    Scalar,
}

/// The identity in a file.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse<S: CryptoSuite>(file: &[u8]) -> Result<IdentityKeyPair, IdentityTextError> {
    let Some(line) = file.strip_prefix(HEAD) else {
        return Err(match file.starts_with(KIND) {
            true if HEAD.starts_with(file) => IdentityTextError::Length { length: file.len() },
            true => IdentityTextError::OtherVersion,
            false => IdentityTextError::OtherKind,
        });
    };
    if file.len() != IDENTITY_TEXT_LENGTH {
        return Err(IdentityTextError::Length { length: file.len() });
    }
    let digits = line.strip_suffix(b"\n").ok_or(IdentityTextError::LineEnd)?;

    let mut decoded = Ok(());
    let secret = Secret::fill_with(|bytes| {
        decoded = base16ct::lower::decode(digits, bytes).map(drop);
    });
    decoded.map_err(|_| IdentityTextError::Digit {
        offset: first_bad_digit(file),
    })?;
    IdentityKeyPair::from_secret::<S>(&secret).ok_or(IdentityTextError::Scalar)
}

/// The file of an identity.
#[must_use]
pub fn render(identity: &IdentityKeyPair) -> Zeroizing<[u8; IDENTITY_TEXT_LENGTH]> {
    let mut file = Zeroizing::new([b'\n'; IDENTITY_TEXT_LENGTH]);
    let (head, rest) = file.split_at_mut(HEAD.len());
    head.copy_from_slice(HEAD);
    let (digits, _line_feed) = rest.split_at_mut(DIGITS);
    // The room for the digits is exact, so that nothing can fail here.
    let _written = base16ct::lower::encode(identity.secret().expose(), digits);
    file
}

/// Where the digits stop being digits, for a file that was refused already.
fn first_bad_digit(file: &[u8]) -> usize {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let digits = file.iter().skip(HEAD.len());
    HEAD.len()
        .saturating_add(digits.take_while(|byte| is_digit(byte)).count())
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
    use mpotr_crypto::{IdentityKeyPair, Secret};
    use proptest::prelude::*;

    use super::{IDENTITY_TEXT_LENGTH, IdentityTextError, parse, render};

    fn of_number(number: u8) -> IdentityKeyPair {
        let mut secret = [0; 32];
        secret[0] = number;
        IdentityKeyPair::from_secret::<Suite>(&Secret::new(secret)).unwrap()
    }

    fn refused(file: &[u8]) -> IdentityTextError {
        parse::<Suite>(file).unwrap_err()
    }

    /// The file of the scalar 1.
    const ONE: &[u8; IDENTITY_TEXT_LENGTH] = b"mpotr-identity-v1 \
        0100000000000000000000000000000000000000000000000000000000000000\n";

    #[test]
    fn a_known_secret_has_a_known_file_and_the_generator_as_its_public_key() {
        assert_eq!(&*render(&of_number(1)), ONE);
        // RFC 9496 appendix A.1, 1 * G.
        assert_eq!(
            parse::<Suite>(ONE).unwrap().public().to_string(),
            "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
        );
    }

    #[test]
    fn a_file_cut_short_anywhere_is_refused() {
        for length in 0..ONE.len() {
            parse::<Suite>(&ONE[..length]).unwrap_err();
        }
    }

    #[test]
    fn anything_after_the_line_is_refused() {
        for extra in [&b"\n"[..], b" ", b"mpotr-identity-v1 "] {
            let file = [&ONE[..], extra].concat();
            assert_eq!(
                refused(&file),
                IdentityTextError::Length { length: file.len() }
            );
        }
    }

    #[test]
    fn other_kinds_and_other_versions_are_told_apart() {
        assert_eq!(refused(b""), IdentityTextError::OtherKind);
        assert_eq!(
            refused(b"-----BEGIN PRIVATE KEY-----"),
            IdentityTextError::OtherKind
        );
        assert_eq!(
            refused(b"mpotr-identity-v2 00\n"),
            IdentityTextError::OtherVersion
        );
        assert_eq!(
            refused(b"mpotr-identity-v11 00\n"),
            IdentityTextError::OtherVersion
        );
    }

    #[test]
    fn an_upper_case_digit_is_refused_by_its_offset() {
        let mut file = *ONE;
        file[40] = b'A';
        assert_eq!(refused(&file), IdentityTextError::Digit { offset: 40 });
    }

    #[test]
    fn a_carriage_return_is_no_line_end() {
        let mut file = *ONE;
        file[IDENTITY_TEXT_LENGTH - 1] = b'\r';
        assert_eq!(refused(&file), IdentityTextError::LineEnd);
    }

    #[test]
    fn zero_and_the_order_of_the_group_are_no_identities() {
        let zero = format!("mpotr-identity-v1 {}\n", "00".repeat(32));
        assert_eq!(refused(zero.as_bytes()), IdentityTextError::Scalar);
        // L = 2^252 + 27742317777372353535851937790883648493, little-endian.
        let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        let order = format!("mpotr-identity-v1 {order}\n");
        assert_eq!(refused(order.as_bytes()), IdentityTextError::Scalar);
    }

    #[test]
    fn no_error_shows_a_digit_of_the_secret() {
        let mut file = *ONE;
        file[18..82].fill(b'7');
        file[81] = b'x';
        let shown = format!("{0} {0:?}", refused(&file));
        assert!(!shown.contains("77"), "{shown}");
    }

    proptest! {
        #[test]
        fn every_identity_survives_its_file(seed in any::<[u8; 32]>()) {
            let mut secret = seed;
            secret[31] &= 0x0f;
            let identity = IdentityKeyPair::from_secret::<Suite>(&Secret::new(secret));
            prop_assume!(identity.is_some());
            let identity = identity.unwrap();
            let read = parse::<Suite>(&*render(&identity)).unwrap();
            prop_assert_eq!(read.secret(), identity.secret());
            prop_assert_eq!(read.public(), identity.public());
        }

        #[test]
        fn what_parses_renders_to_the_same_bytes(
            at in 0..IDENTITY_TEXT_LENGTH, byte in any::<u8>(),
        ) {
            let mut file = *ONE;
            file[at] = byte;
            if let Ok(identity) = parse::<Suite>(&file) {
                prop_assert_eq!(&*render(&identity), &file);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(file in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse::<Suite>(&file).is_err());
        }
    }
}
