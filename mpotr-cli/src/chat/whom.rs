//! Whom a person means by a word. `docs/spec/09-chat-payload.md`, "Who is meant".
//!
//! ```text
//! 04711 80815 .. (40 digits)   a whole fingerprint, with or without spaces, `-` or `#`
//! e2f2ae0a .. (64 digits)      a public key, in lower-case hexadecimal
//! bob.pub, ./bob               a file with a public key: it ends in `.pub` or has a `/`
//! #04711-80815                 the first ten digits of a fingerprint or more, with a nick before them or without
//! bob                          a nick
//! ```
//!
//! A word never means two things: digits are no nick, and what is written like a file is a file even if a member is called
//! so. A word that fits two people means neither.

use std::path::PathBuf;

use mpotr::{Fingerprint, IdentityKey};
use mpotr_formats::{Escaped, Skeleton, public_key};

use crate::suite::AnySuite;

/// Digits of a whole fingerprint.
const WHOLE: usize = 40;
/// The least digits behind a `#`: its first two groups.
const SHORT: usize = 10;
/// With so many digits a key of another cannot be made to fit: it would take 2^66 attempts.
const TELLING: usize = 20;
/// So many digits are wrong, missing or in the wrong order at most where one who types makes a slip.
const MOST_SLIPS: usize = 2;

/// What a word says about whom it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// The digits of a whole fingerprint.
    Fingerprint(Digits),
    /// A public key.
    Key(IdentityKey),
    /// A file with a public key.
    File(PathBuf),
    /// The first digits of a fingerprint, ten or more, and the nick before them.
    Short {
        nick: Option<Skeleton>,
        digits: Digits,
    },
    /// A nick.
    Nick(Skeleton),
}

/// Why a word means nobody to whom something could be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WhomError {
    /// Digits that are no fingerprint.
    #[error(
        "a fingerprint has {WHOLE} digits, and its first {SHORT} or more are written with # before them; digits are no name"
    )]
    Digits,
    /// Nobody fits.
    #[error(
        "nobody here is meant by {0}; /members lists who is here. Who has said nothing yet is meant by # and its first ten \
         digits, or a file with its public key"
    )]
    Nobody(String),
    /// It is clear who is meant, of whom nothing was asked.
    #[error("you have asked nothing about {0}")]
    NothingAsked(String),
    /// Several fit.
    #[error(
        "{word} may mean any of these; say it by the whole fingerprint or by a file with the public key:"
    )]
    Several { word: String, hits: Vec<String> },
    /// Nobody fits, and some do nearly: one digit or two are others.
    #[error("{word} is nobody's here, and nothing was done; all but a digit or two are those of:")]
    Nearly { word: String, hits: Vec<String> },
    /// Too little to let a person in by: what to type is behind it.
    #[error("a nick proves nothing of a stranger outside; say it by the whole fingerprint or by a file with the public key{}",
        if hits.is_empty() { "" } else { "; outside wait:" })]
    Stranger { hits: Vec<String> },

    /// The person means itself.
    #[error("that is you")]
    Yourself,
    /// There is no key in the file.
    #[error("{0}")]
    File(String),
}

impl WhomError {
    /// What to tell the person.
    pub(super) fn lines(&self) -> Vec<String> {
        let hits = match self {
            Self::Several { hits, .. } | Self::Nearly { hits, .. } | Self::Stranger { hits } => {
                hits.as_slice()
            }
            Self::Digits
            | Self::Nobody(_)
            | Self::NothingAsked(_)
            | Self::Yourself
            | Self::File(_) => &[],
        };
        core::iter::once(self.to_string())
            .chain(hits.iter().map(|hit| format!("  {hit}")))
            .collect()
    }
}

impl Whom {
    /// Reads a word.
    ///
    /// # Errors
    /// [`WhomError::Digits`].
    pub(crate) fn parse(word: &str) -> Result<Self, WhomError> {
        let word = word.trim();
        let is_file = word.contains(std::path::is_separator) || word.ends_with(".pub");
        if is_file {
            return Ok(Self::File(PathBuf::from(word)));
        }
        if let Ok(key) = public_key::from_digits::<AnySuite>(word.as_bytes()) {
            return Ok(Self::Key(key));
        }
        // What the program puts behind the nicks of those whom nobody knows is no part of the digits.
        let marked = word.contains('#').then(|| word.trim_end_matches('?'));
        let (nick, digits) = match marked.unwrap_or(word).rsplit_once('#') {
            Some((nick, digits)) => (Some(nick), digits),
            None if Digits::are_in(word) => (None, word),
            None => return Ok(Self::Nick(Skeleton::of(word))),
        };
        if !Digits::are_in(digits) {
            return Err(WhomError::Digits);
        }
        let digits = Digits::of(digits);
        match (nick, digits.0.len()) {
            (_, WHOLE) => Ok(Self::Fingerprint(digits)),
            (Some(nick), SHORT..WHOLE) => Ok(Self::Short {
                nick: (!nick.is_empty()).then(|| Skeleton::of(nick)),
                digits,
            }),
            _ => Err(WhomError::Digits),
        }
    }

    /// The key that a word is, or that is in the file that it names.
    ///
    /// # Errors
    /// [`WhomError::File`].
    pub(crate) fn key(&self) -> Result<Option<IdentityKey>, WhomError> {
        match self {
            Self::File(path) => crate::identity::public_key_at_hand(path)
                .map(Some)
                .map_err(|error| WhomError::File(Escaped(&format!("{error:#}")).to_string())),
            Self::Key(key) => Ok(Some(*key)),
            Self::Fingerprint(_) | Self::Short { .. } | Self::Nick(_) => Ok(None),
        }
    }
}

/// The digits of a fingerprint, without what stands between them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digits(String);

impl Digits {
    /// Those of a key.
    pub(crate) fn of_key(key: &IdentityKey) -> Self {
        Self::of(&Fingerprint::of::<AnySuite>(key).to_string())
    }

    fn of(text: &str) -> Self {
        Self(text.chars().filter(char::is_ascii_digit).collect())
    }

    /// Whether a text is digits alone, in groups or not.
    fn are_in(text: &str) -> bool {
        text.contains(|character: char| character.is_ascii_digit())
            && text
                .chars()
                .all(|character| character.is_ascii_digit() || matches!(character, ' ' | '-'))
    }

    /// The first ten.
    pub(crate) fn short(&self) -> &str {
        self.0.get(..SHORT).unwrap_or(&self.0)
    }

    /// Whether these, whole, begin with others.
    pub(crate) fn begin_with(&self, others: &Self) -> bool {
        self.0.starts_with(&others.0)
    }

    /// Whether one who means these may have typed others, whole or not, by a slip.
    pub(super) fn are_nearly(&self, typed: &Self) -> bool {
        let begin = self.0.get(..typed.0.len()).unwrap_or(&self.0);
        strsim::osa_distance(begin, &typed.0) <= MOST_SLIPS
    }

    /// Whether there are so many that they are those of one key alone.
    pub(super) fn are_telling(&self) -> bool {
        self.0.len() >= TELLING
    }

    /// In groups of five with something between.
    pub(super) fn grouped(&self, between: &str) -> String {
        groups(&self.0, between)
    }
}

/// Digits in groups of five.
pub(super) fn groups(digits: &str, between: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push_str(between);
        }
        text.push(digit);
    }
    text
}

/// Digits of a group.
const GROUP: usize = 5;

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use mpotr::IdentityKey;

    use super::{Digits, Whom, WhomError};
    use mpotr_formats::Skeleton;

    const KEY: IdentityKey = IdentityKey::new([1; 32]);

    #[test]
    fn a_whole_fingerprint_is_read_however_it_is_spaced() {
        let digits = Digits::of_key(&KEY);
        let whole = digits.grouped(" ");
        for word in [
            whole.clone(),
            whole.replace(' ', ""),
            digits.grouped("-"),
            format!("#{whole}"),
            format!("bob#{}", digits.grouped("-")),
            format!("  {whole} "),
        ] {
            assert_eq!(
                Whom::parse(&word),
                Ok(Whom::Fingerprint(digits.clone())),
                "{word}"
            );
        }
    }

    #[test]
    fn ten_digits_need_their_mark() {
        let short = |nick: Option<&str>| Whom::Short {
            nick: nick.map(Skeleton::of),
            digits: Digits::of("0471180815"),
        };
        assert_eq!(Whom::parse("#04711-80815"), Ok(short(None)));
        assert_eq!(Whom::parse("bob#04711-80815"), Ok(short(Some("bob"))));
        for word in [
            "04711-80815",
            "04711 80815",
            "0471180815",
            "4",
            "#4",
            "#",
            "bob#",
            "bob#x",
        ] {
            assert_eq!(Whom::parse(word), Err(WhomError::Digits), "{word}");
        }
    }

    #[test]
    fn more_than_ten_digits_with_their_mark_are_the_beginning_of_a_fingerprint() {
        let digits = Digits::of_key(&KEY);
        for length in [10, 15, 39] {
            let Ok(Whom::Short {
                nick: None,
                digits: typed,
            }) = Whom::parse(&format!("#{}", &digits.0[..length]))
            else {
                panic!()
            };
            assert!(digits.begin_with(&typed));
            assert_eq!(typed.are_telling(), length >= 20);
        }
    }

    #[test]
    fn a_slip_is_known_by_the_digits_that_are_right() {
        let digits = Digits("1234567890".repeat(4));
        let nearly = |typed: &str| digits.are_nearly(&Digits(typed.to_owned()));
        let whole = digits.0.as_str();
        for (typed, is_slip) in [
            (format!("{}1", &whole[..39]), true),
            (format!("21{}", &whole[2..]), true),
            ("1234567891".to_owned(), true),
            ("1234567981".to_owned(), true),
            ("1334567991".to_owned(), false),
            ("0987654321".repeat(4), false),
        ] {
            assert_eq!(nearly(&typed), is_slip, "{typed}");
        }
    }

    #[test]
    fn a_fingerprint_with_a_digit_too_few_or_too_many_is_none() {
        let whole = Digits::of_key(&KEY).grouped(" ");
        for word in [&whole[1..], &format!("{whole}0")] {
            assert_eq!(Whom::parse(word), Err(WhomError::Digits), "{word}");
        }
    }

    #[test]
    fn a_key_is_read_and_64_digits_of_none_are_not() {
        // The generator: RFC 9496 appendix A.1.
        let one = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";
        let Ok(Whom::Key(key)) = Whom::parse(one) else {
            panic!()
        };
        assert_eq!(key.to_string(), one);
        assert_eq!(Whom::Key(key).key(), Ok(Some(key)));
        assert!(!matches!(Whom::parse(&"f".repeat(64)), Ok(Whom::Key(_))));
        assert!(!matches!(Whom::parse(&one[1..]), Ok(Whom::Key(_))));
    }

    #[test]
    fn what_is_written_like_a_file_is_one() {
        for word in ["bob.pub", "./bob", "keys/bob", "/tmp/a b", "../04711"] {
            assert_eq!(Whom::parse(word), Ok(Whom::File(PathBuf::from(word))));
        }
        assert_eq!(Whom::parse("bob"), Ok(Whom::Nick(Skeleton::of("bob"))));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let missing = Whom::parse("/nowhere/bob.pub").unwrap();
        let Err(WhomError::File(error)) = missing.key() else {
            panic!()
        };
        assert!(error.contains("/nowhere/bob.pub"), "{error}");
    }
}
