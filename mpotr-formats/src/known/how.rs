//! How a person came to know whose a key is.

/// How it is known whose a key is. A later kind is greater, but for one that this program does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It was there: nobody looked whose it is.
    Seen,
    /// The person compared the fingerprint.
    Compared,
    /// It was scanned, or the other proved to have scanned this one.
    Qr,
    /// The code of a room was the same.
    Code,
    /// Both knew a secret.
    Secret,
    /// A word of a later program. It is kept, and counts as [`How::Seen`].
    Other(Word),
}

/// A word that this program does not know: 1 to 16 lower-case letters, digits and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(String);

/// A text is no word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a word has 1 to 16 lower-case letters, digits and `-`")]
pub struct WordError;

const LONGEST: usize = 16;

impl How {
    /// All that this program knows, the least first.
    pub const ALL: [Self; 5] = [
        Self::Seen,
        Self::Compared,
        Self::Qr,
        Self::Code,
        Self::Secret,
    ];

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Seen => "seen",
            Self::Compared => "compared",
            Self::Qr => "qr",
            Self::Code => "code",
            Self::Secret => "secret",
            Self::Other(word) => &word.0,
        }
    }

    /// Whether a person, or what a person did, vouches for the key.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.rank() > 0
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Seen | Self::Other(_) => 0,
            Self::Compared => 1,
            Self::Qr => 2,
            Self::Code => 3,
            Self::Secret => 4,
        }
    }

    /// Takes what was learned in addition. It never sinks: what is known already stays unless this is more.
    pub fn raise(&mut self, learned: Self) {
        if learned.rank() > self.rank() {
            *self = learned;
        }
    }
}

impl core::fmt::Display for How {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::str::FromStr for How {
    type Err = WordError;

    fn from_str(word: &str) -> Result<Self, WordError> {
        if let Some(how) = Self::ALL.into_iter().find(|how| how.as_str() == word) {
            return Ok(how);
        }
        let is_letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        match (1..=LONGEST).contains(&word.len()) && word.bytes().all(is_letter) {
            true => Ok(Self::Other(Word(word.to_owned()))),
            false => Err(WordError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::How;

    #[test]
    fn it_never_sinks() {
        for (place, before) in How::ALL.into_iter().enumerate() {
            for (other, learned) in How::ALL.into_iter().enumerate() {
                let mut how = before.clone();
                how.raise(learned);
                assert_eq!(how, How::ALL[place.max(other)]);
            }
        }
    }

    #[test]
    fn an_unknown_word_counts_as_seen_and_stays_until_more_is_known() {
        let mut how: How = "oath".parse().unwrap();
        assert!(!how.is_verified());
        how.raise(How::Seen);
        assert_eq!(how.as_str(), "oath");
        how.raise(How::Compared);
        assert_eq!(how, How::Compared);
        how.raise("oath".parse().unwrap());
        assert_eq!(how, How::Compared);
    }

    #[test]
    fn what_is_no_word_is_refused() {
        for word in ["", "Seen", "a b", "sécret", "aaaaaaaaaaaaaaaaa"] {
            assert!(word.parse::<How>().is_err(), "{word:?}");
        }
    }
}
