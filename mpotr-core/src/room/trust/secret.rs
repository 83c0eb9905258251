//! A secret that two people share, and what they call a question to it. `docs/spec/13-trust.md`, "Shared secret".
//!
//! ```text
//! PRS = NFKC, case-folded, NFKC again, trimmed, white space as one space; UTF-8, 1 to 1,024 bytes
//! ```

use mpotr_crypto::zeroize::Zeroizing;
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;

/// The most bytes of a secret as it is compared.
const LONGEST: usize = 1024;
/// What the secret of a link begins with.
const ONCE: &[u8] = b"mpotr once ";

/// A secret as it is compared: people type the same thing in many ways.
pub struct SharedSecret(Zeroizing<Vec<u8>>);

impl SharedSecret {
    /// What a person typed. `None` of one that is empty, or longer than 1,024 bytes, as it is compared.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let composed = Zeroizing::new(text.nfkc().collect::<String>());
        let folded = Zeroizing::new(UniCase::unicode(composed.as_str()).to_folded_case());
        let composed = Zeroizing::new(folded.nfkc().collect::<String>());
        let mut secret = Zeroizing::new(Vec::with_capacity(composed.len()));
        for word in composed.split_whitespace() {
            if !secret.is_empty() {
                secret.push(b' ');
            }
            secret.extend_from_slice(word.as_bytes());
        }
        (1..=LONGEST)
            .contains(&secret.len())
            .then_some(Self(secret))
    }

    /// The secret of a link or of a QR code, which serves once.
    #[must_use]
    pub fn of_once(once: &[u8; 16]) -> Self {
        Self(Zeroizing::new([ONCE, once].concat()))
    }

    /// `PRS`.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::SharedSecret;

    fn normal(text: &str) -> Option<String> {
        let secret = SharedSecret::of_text(text)?;
        Some(String::from_utf8(secret.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn what_is_typed_alike_is_the_same_secret() {
        for (typed, secret) in [
            ("The  old\tMill ", "the old mill"),
            ("\u{a0}the\u{2003}old mill\n", "the old mill"),
            ("STRASSE", "strasse"),
            ("Straße", "strasse"),
            ("CAFE\u{301}", "caf\u{e9}"),
            ("caf\u{e9}", "caf\u{e9}"),
            ("ＴＥＡ", "tea"),
            ("ﬁre", "fire"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("σίσυφος", "σίσυφοσ"),
            ("№ 7", "no 7"),
        ] {
            assert_eq!(normal(typed).as_deref(), Some(secret), "{typed:?}");
        }
        assert_ne!(normal("the old mill"), normal("theold mill"));
    }

    #[test]
    fn a_secret_that_is_empty_or_too_long_is_none() {
        for text in ["", " ", "\t\u{a0}\n"] {
            assert_eq!(normal(text), None, "{text:?}");
        }
        assert!(normal(&"a".repeat(1024)).is_some());
        assert_eq!(normal(&"a".repeat(1025)), None);
        // One character that is eighteen.
        assert_eq!(normal(&"\u{fdfa}".repeat(40)), None);
    }

    #[test]
    fn the_secret_of_a_link_is_no_text_that_a_person_types() {
        let once = SharedSecret::of_once(&[0xff; 16]);
        assert_eq!(once.as_bytes(), [&b"mpotr once "[..], &[0xff; 16]].concat());
        assert_eq!(format!("{once:?}"), "SharedSecret(..)");
    }

    proptest! {
        #[test]
        fn what_is_normal_stays_as_it_is(text in "\\PC{0,80}") {
            if let Some(secret) = normal(&text) {
                prop_assert_eq!(normal(&secret), Some(secret));
            }
        }
    }
}
