//! What a person calls itself in a chat.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

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
    /// fingerprint; `*`, which begins a notice; `|`, which begins a row; `(` and `)`, around what the program knows of one; other
    /// brackets but `[`, `]`, `{` and `}`; or a tick, which says that something is verified; in any of their forms.
    #[error("a nick cannot hold the character {character:?}")]
    Character {
        /// The first such character.
        character: char,
    },
    /// It has characters, and none of them is shown.
    #[error("nothing of the nick is shown")]
    Invisible,
    /// The program uses it for its own lines.
    #[error(
        "a nick cannot look like `you` or `mpotr`, or have `verified` in it: those are the program's own words"
    )]
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
        || TICKS.contains(&character)
        || is_bracket(character)
        || looks_like(character, &[':', '*', '?', '(', ')']))
}

/// What ends a nick, begins a fingerprint, a notice and a row, stands behind the nick of one that nobody knows, and around what
/// the program says of one: `bob  (verified: code)`.
const MARKS: [char; 7] = [':', '#', '*', '|', '?', '(', ')'];

/// What programs put behind the name of one that is verified. This one does not, but people know it from others.
const TICKS: [char; 10] = [
    '\u{221a}',
    '\u{237b}',
    '\u{2611}',
    '\u{2705}',
    '\u{2713}',
    '\u{2714}',
    '\u{10102}',
    '\u{1f512}',
    '\u{1f5f8}',
    '\u{1f5f9}',
];

/// Whether it opens or closes a bracket, or is a part of one that is written over several rows. Those of nicks at IRC are allowed, in
/// which the program says nothing.
fn is_bracket(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let is_pair = matches!(
        category,
        GeneralCategory::OpenPunctuation | GeneralCategory::ClosePunctuation
    );
    let is_part = matches!(character, '\u{239b}'..='\u{23a0}');
    (is_pair && !matches!(character, '[' | ']' | '{' | '}')) || is_part
}

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

/// What the program alone says of a name, wherever it stands in one.
const SAID: &str = "verified";

fn is_reserved(name: &str) -> bool {
    let look = Skeleton::of(&name.to_lowercase());
    look.has(&Skeleton::of(SAID)) || RESERVED.iter().any(|word| Skeleton::of(word) == look)
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

    /// What is said of one stands in brackets, and what is verified has a tick in other programs.
    #[test]
    fn what_passes_for_what_the_program_says_of_one_is_refused() {
        for character in [
            '(',
            ')',
            '\u{ff08}',
            '\u{ff09}',
            '\u{207d}',
            '\u{2768}',
            '\u{2772}',
            '\u{3014}',
            '\u{2985}',
            '\u{27ee}',
            '\u{2e28}',
            '\u{fd3e}',
            '\u{239b}',
            '\u{3010}',
            '\u{300c}',
            '\u{3229}',
            '\u{2474}',
            '\u{2713}',
            '\u{2714}',
            '\u{2705}',
            '\u{2611}',
            '\u{221a}',
            '\u{1f512}',
        ] {
            let name = format!("bob{character}");
            assert_eq!(
                Nick::new(&name),
                Err(NickError::Character { character }),
                "{name}"
            );
        }
        for name in [
            "verified",
            "bob[verified]",
            "bob.Verified",
            "bob-ver\u{456}fied",
            "UNVERIFIED",
            "bob{veri\u{fb01}ed}",
        ] {
            assert_eq!(Nick::new(name), Err(NickError::Reserved), "{name}");
        }
        for name in ["bob[m]", "{bob}", "[bob]^_`", "veri", "\u{ab}bob\u{bb}"] {
            assert!(Nick::new(name).is_ok(), "{name}");
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
