//! An identity file under a passphrase: `docs/spec/08-identity-file.md`, "Passphrase".
//!
//! The text of an identity file inside an age file (age-encryption.org/v1, binary, scrypt recipient), so that other
//! programs open it too. Why age: `docs/decisions/0003-age-for-passphrases.md`.

use std::io::{Read, Write};

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt};
use mpotr_crypto::zeroize::Zeroizing;
use unicode_normalization::UnicodeNormalization as _;

use super::IDENTITY_TEXT_LENGTH;

/// scrypt's N is 2^18: about one second and 256 MiB for each guess. Fixed, not measured, so that a busy machine does
/// not choose a weak one.
const WORK_FACTOR: u8 = 18;

/// The most work that a file may ask for: four times as much.
const MAX_WORK_FACTOR: u8 = 20;

/// Why a file under a passphrase was not made or not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    Empty,
    /// The wrong passphrase.
    #[error("the passphrase is wrong")]
    Wrong,
    /// The file was made for age keys, not for a passphrase.
    #[error("the file is an age file that no passphrase opens")]
    NoPassphrase,
    /// The file asks for more work than is reasonable.
    #[error("the file asks for scrypt work 2^{required}; at most 2^{MAX_WORK_FACTOR} is done")]
    TooMuchWork {
        /// The base-2 logarithm of scrypt's N that the file asks for.
        required: u8,
    },
    /// Not an age file, or one that was changed or cut short.
    #[error("the age file is damaged")]
    Damaged,
    /// More than an identity is inside.
    #[error("the age file holds more than an identity")]
    TooLong,
    /// The passphrase could not be used.
    #[error("cannot seal the file")]
    Seal(#[source] std::io::Error),
}

/// Bytes that the composed form of a text may have for each of the text (UAX 15, "Stability of normalized forms").
const MOST_EXPANSION: usize = 3;

/// The composed form (NFC): systems differ in how they write what a person types alike.
fn composed(passphrase: &str) -> Zeroizing<String> {
    // The buffer never moves, so no copy is left behind.
    let most = passphrase.len().saturating_mul(MOST_EXPANSION);
    let mut composed = Zeroizing::new(String::with_capacity(most));
    composed.extend(passphrase.nfc());
    composed
}

/// Seals the text of an identity file, under the composed form (NFC) of a passphrase.
///
/// # Errors
/// [`PassphraseError::Empty`], [`PassphraseError::Seal`].
pub fn seal(text: &[u8], passphrase: &str) -> Result<Vec<u8>, PassphraseError> {
    seal_with_work(text, &composed(passphrase), WORK_FACTOR)
}

fn seal_with_work(text: &[u8], passphrase: &str, work: u8) -> Result<Vec<u8>, PassphraseError> {
    if passphrase.is_empty() {
        return Err(PassphraseError::Empty);
    }
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase));
    recipient.set_work_factor(work);
    let recipient: &dyn age::Recipient = &recipient;
    let encryptor = Encryptor::with_recipients(core::iter::once(recipient))
        .map_err(|error| PassphraseError::Seal(std::io::Error::other(error)))?;

    let mut file = Vec::new();
    let mut writer = encryptor
        .wrap_output(&mut file)
        .map_err(PassphraseError::Seal)?;
    writer.write_all(text).map_err(PassphraseError::Seal)?;
    writer.finish().map_err(PassphraseError::Seal)?;
    Ok(file)
}

/// Opens what [`seal`] made: the text of an identity file, not yet parsed. The composed form of the passphrase is tried
/// first, then the passphrase as it is typed, for files that another program has sealed.
///
/// # Errors
/// Every variant of [`PassphraseError`] but `Empty` and `Seal`.
pub fn open(file: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
    let composed = composed(passphrase);
    match open_as_typed(file, &composed) {
        Err(PassphraseError::Wrong) if *composed != *passphrase => open_as_typed(file, passphrase),
        opened => opened,
    }
}

fn open_as_typed(file: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
    let decryptor = Decryptor::new_buffered(file).map_err(fault)?;
    if !decryptor.is_scrypt() {
        return Err(PassphraseError::NoPassphrase);
    }
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase));
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    let identity: &dyn age::Identity = &identity;
    let reader = decryptor
        .decrypt(core::iter::once(identity))
        .map_err(fault)?;

    // One byte more than a text has tells that there is more, and the buffer never moves, so no copy is left behind.
    let limit = IDENTITY_TEXT_LENGTH.saturating_add(1);
    let mut text = Zeroizing::new(Vec::with_capacity(limit));
    let mut bytes = Zeroizing::new([0; 1]);
    let mut reader = reader;
    while text.len() < limit {
        match reader
            .read(&mut *bytes)
            .map_err(|_| PassphraseError::Damaged)?
        {
            0 => return Ok(text),
            _ => text.extend_from_slice(&*bytes),
        }
    }
    Err(PassphraseError::TooLong)
}

/// Sorts age's errors. With one scrypt stanza, a key that does not open is a wrong passphrase.
fn fault(error: DecryptError) -> PassphraseError {
    match error {
        DecryptError::DecryptionFailed
        | DecryptError::KeyDecryptionFailed
        | DecryptError::NoMatchingKeys => PassphraseError::Wrong,
        DecryptError::ExcessiveWork { required, .. } => PassphraseError::TooMuchWork { required },
        DecryptError::InvalidHeader
        | DecryptError::InvalidMac
        | DecryptError::Io(_)
        | DecryptError::UnknownFormat
        | _ => PassphraseError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::{PassphraseError, composed, fault, open, seal, seal_with_work};
    use crate::identity::is_sealed;

    const TEXT: &[u8] = b"mpotr-identity-v1 \
        0100000000000000000000000000000000000000000000000000000000000000\n";

    fn sealed() -> Vec<u8> {
        seal_with_work(TEXT, "correct horse", 4).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_passphrase() {
        let file = sealed();
        assert!(is_sealed(&file));
        assert_eq!(&**open(&file, "correct horse").unwrap(), TEXT);
    }

    #[test]
    fn a_passphrase_opens_in_whatever_form_a_system_writes_it() {
        let (written_as_one, written_apart) = ("caf\u{e9}", "cafe\u{301}");
        let file = seal_with_work(TEXT, &composed(written_apart), 4).unwrap();
        assert_eq!(&**open(&file, written_as_one).unwrap(), TEXT);
        assert_eq!(&**open(&file, written_apart).unwrap(), TEXT);
        // As another program may have sealed it.
        let file = seal_with_work(TEXT, written_apart, 4).unwrap();
        assert_eq!(&**open(&file, written_apart).unwrap(), TEXT);
    }

    #[test]
    fn the_composed_form_fits_the_room_that_is_made_for_it() {
        // The letter that grows most.
        let longest = "\u{1d160}".repeat(100);
        let form = composed(&longest);
        assert!(form.len() == 3 * longest.len() && form.capacity() == form.len());
    }

    #[test]
    fn another_passphrase_is_told_from_damage() {
        assert!(matches!(
            open(&sealed(), "wrong horse"),
            Err(PassphraseError::Wrong)
        ));
    }

    #[test]
    fn a_file_cut_short_anywhere_is_damaged() {
        let file = sealed();
        for length in 0..file.len() {
            let error = open(&file[..length], "correct horse").unwrap_err();
            assert!(
                matches!(error, PassphraseError::Damaged),
                "{length}: {error:?}"
            );
        }
    }

    #[test]
    fn no_flipped_bit_yields_a_text() {
        let file = sealed();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            open(&changed, "correct horse").unwrap_err();
        }
    }

    #[test]
    fn an_age_file_that_holds_more_than_an_identity_is_refused() {
        let file = seal_with_work(&TEXT.repeat(2), "correct horse", 4).unwrap();
        assert!(matches!(
            open(&file, "correct horse"),
            Err(PassphraseError::TooLong)
        ));
    }

    #[test]
    fn too_much_work_is_refused_before_it_is_done() {
        let file = String::from_utf8_lossy(&sealed()).into_owned();
        let greedy = file.replacen(" 4\n", " 30\n", 1);
        assert_ne!(file, greedy);
        let error = open(greedy.as_bytes(), "correct horse").unwrap_err();
        assert!(
            matches!(error, PassphraseError::TooMuchWork { required: 30 }),
            "{error:?}"
        );
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        assert!(matches!(seal(TEXT, ""), Err(PassphraseError::Empty)));
    }

    #[test]
    fn an_age_file_for_a_key_is_told_from_a_wrong_passphrase() {
        let key = age::x25519::Identity::generate();
        let file = age::encrypt(&key.to_public(), TEXT).unwrap();
        assert!(matches!(
            open(&file, "any"),
            Err(PassphraseError::NoPassphrase)
        ));
    }

    #[test]
    fn a_failed_mac_is_damage() {
        assert!(matches!(
            fault(age::DecryptError::InvalidMac),
            PassphraseError::Damaged
        ));
    }
}
