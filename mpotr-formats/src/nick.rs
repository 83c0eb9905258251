//! What a person calls itself in a chat.

use crate::escape::first_unsafe;
use crate::skeleton::{Skeleton, is_form_of, is_number, looks_like};

/// A nick: 1 to 32 bytes of UTF-8 that fit into `nick: text` without a doubt about where the nick ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nick(String);

/// Why a name is no nick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NickError {
    /// The nick is empty.
    #[error("a nick has at least one byte")]
    Empty,
    /// Over [`Nick::MAX_LENGTH`].
    #[error("a nick has at most {} bytes, not {length}", Nick::MAX_LENGTH)]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// White space; a character that a terminal obeys or does not show; `:`, which ends a nick; `#`, which begins a
    /// fingerprint; `*`, which begins a notice; or `|`, which begins a row; in any of their forms.
    #[error("a nick cannot hold the character {character:?}")]
    Character {
        /// The first such character.
        character: char,
    },
    /// It has characters, and none of them is shown.
    #[error("nothing of the nick is shown")]
    Invisible,
    /// The program uses it for its own lines.
    #[error("a nick cannot look like `you` or `mpotr`, which stand for the program's own words")]
    Reserved,
    /// Digits are those of a fingerprint.
    #[error("a nick cannot be a number: digits stand for fingerprints")]
    Number,
}

impl Nick {
    /// The most bytes of a nick.
    pub const MAX_LENGTH: usize = 32;

    /// Takes a name that can be a nick.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn new(name: &str) -> Result<Self, NickError> {
        if name.is_empty() {
            return Err(NickError::Empty);
        }
        if name.len() > Self::MAX_LENGTH {
            return Err(NickError::TooLong { length: name.len() });
        }
        let shown = |character: &char| !is_allowed(*character);
        match first_unsafe(name).or_else(|| name.chars().find(shown)) {
            Some(character) => Err(NickError::Character { character }),
            None if Skeleton::of(name).is_empty() => Err(NickError::Invisible),
            None if is_reserved(name) => Err(NickError::Reserved),
            None if is_number(name) => Err(NickError::Number),
            None => Ok(Self(name.to_owned())),
        }
    }

    /// The nick as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its length in bytes, which fits a byte.
    pub(crate) fn length(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }
}

fn is_allowed(character: char) -> bool {
    !(character.is_whitespace()
        || is_form_of(character, &MARKS)
        || BARS.contains(&character)
        || HASHES.contains(&character)
        || looks_like(character, &[':', '*', '?']))
}

/// What ends a nick, begins a fingerprint, a notice and a row, and stands behind the nick of one that nobody knows.
const MARKS: [char; 5] = [':', '#', '*', '|', '?'];

/// What parts columns, as `|` does, which begins the rows of a line that goes on. The table of UTS 39 takes them for an `l`.
const BARS: [char; 7] = [
    '\u{a6}', '\u{1c0}', '\u{2223}', '\u{23d0}', '\u{2502}', '\u{2503}', '\u{2758}',
];

/// What looks like `#`, of which the table of UTS 39 has nothing.
const HASHES: [char; 6] = [
    '\u{266f}', '\u{2317}', '\u{22d5}', '\u{29e3}', '\u{29e4}', '\u{2a33}',
];

/// Words that the program puts where a name stands.
const RESERVED: [&str; 2] = ["you", "mpotr"];

fn is_reserved(name: &str) -> bool {
    let look = Skeleton::of(&name.to_lowercase());
    RESERVED.iter().any(|word| Skeleton::of(word) == look)
}

impl core::fmt::Display for Nick {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::str::FromStr for Nick {
    type Err = NickError;

    fn from_str(name: &str) -> Result<Self, NickError> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Nick, NickError};

    #[test]
    fn letters_of_all_scripts_digits_and_marks_are_allowed() {
        for name in [
            "a",
            "Bob_2",
            "zoë",
            "Ольга",
            "名前",
            "🦀",
            "o'neil-x.y",
            "दुःख",
            "🦀42",
            &"a".repeat(32),
        ] {
            assert_eq!(Nick::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn the_length_is_counted_in_bytes() {
        assert_eq!(Nick::new(""), Err(NickError::Empty));
        assert_eq!(
            Nick::new(&"a".repeat(33)),
            Err(NickError::TooLong { length: 33 })
        );
        assert_eq!(
            Nick::new(&"é".repeat(17)),
            Err(NickError::TooLong { length: 34 })
        );
    }

    #[test]
    fn a_nick_that_shows_nothing_is_refused() {
        for name in ["\u{200d}", "\u{3164}", "\u{34f}\u{3164}", "\u{fe0f}"] {
            assert!(Nick::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_passes_for_the_program_or_for_its_marks_is_refused() {
        for name in ["you", "You", "mpotr", "MPOTR", "y\u{43e}u"] {
            assert_eq!(Nick::new(name), Err(NickError::Reserved), "{name:?}");
        }
        assert!(Nick::new("young").is_ok());
        for character in [
            '|', '\u{2502}', '\u{2217}', '\u{a789}', '\u{2236}', '\u{5c3}', '\u{16ec}', '\u{205a}',
            '\u{1361}', '\u{1803}', '\u{fe30}', '\u{66d}', '\u{204e}', '\u{266f}', '\u{2317}',
            '\u{22d5}',
        ] {
            let name = format!("bob{character}");
            assert_eq!(Nick::new(&name), Err(NickError::Character { character }));
        }
    }

    #[test]
    fn what_passes_for_the_digits_of_a_fingerprint_is_refused() {
        for name in [
            "04711-80815",
            "04711",
            "４２",
            "58776\u{2010}73320",
            "\u{271b}04711-80815",
            "\u{a7}04711",
            "+04711\u{338}",
        ] {
            assert_eq!(Nick::new(name), Err(NickError::Number), "{name:?}");
        }
        for character in ['\u{ff03}', '\u{fe5f}', '\u{ff1a}', '\u{ff0a}'] {
            let name = format!("bob{character}04711-80815");
            assert_eq!(
                Nick::new(&name),
                Err(NickError::Character { character }),
                "{name:?}"
            );
        }
    }

    #[test]
    fn what_could_make_a_line_look_like_anothers_is_refused() {
        for character in [
            ':',
            '?',
            '#',
            '*',
            ' ',
            '\t',
            '\n',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{a0}',
            '\u{200b}',
            '\u{202e}',
            '\u{2028}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            let name = format!("bob{character}x");
            assert_eq!(
                Nick::new(&name),
                Err(NickError::Character { character }),
                "{name:?}"
            );
        }
    }
}
