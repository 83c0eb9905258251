//! What a nick looks like: two that people cannot tell apart have one skeleton. `docs/spec/09-chat-payload.md`, "Nicks".
//!
//! The skeleton of Unicode Technical Standard 39, section 4, of the name in form NFKC (UAX 15): each character is replaced
//! by the one that stands for all that look like it, and those that are not shown are left out. People take `Alice` and
//! `alice` for one, too: so small letters are compared, and `I`, `l` and `i` are one, since an `I` looks like an `l`. It is
//! compared, never shown.

use core::iter;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::confusable_detection::skeleton;

use crate::escape;

/// What a nick looks like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skeleton(String);

impl Skeleton {
    /// The skeleton of a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(name.nfkc().map(small_look).collect())
    }

    /// Whether another name is seen in it.
    pub(crate) fn has(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether nothing of the name is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What stands for a character.
fn look(character: char) -> String {
    skeleton(character.encode_utf8(&mut [0; 4])).collect()
}

/// What stands for a character and for its small letter. A capital that looks like a Latin one is taken for that one's.
fn small_look(character: char) -> String {
    let mut looks = look(character);
    if !looks.is_ascii() {
        looks = character.to_lowercase().map(look).collect();
    }
    let small = looks.chars().map(|it| it.to_ascii_lowercase());
    small.map(look).collect::<String>().replace('i', "l")
}

/// Whether a character is one of these, or another form of it: `＃` and `﹟` are `#`.
pub(crate) fn is_form_of(character: char, ascii: &[char]) -> bool {
    iter::once(character)
        .nfkc()
        .any(|plain| ascii.contains(&plain))
}

/// Whether a character passes for one of these by the table of UTS 39, and is no mark of a script that belongs to the letter
/// before it, as the visarga of Indic scripts does, which the table lists with `:`.
pub(crate) fn looks_like(character: char, ascii: &[char]) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let is_mark = matches!(
        category,
        GeneralCategory::SpacingMark | GeneralCategory::NonspacingMark
    );
    // By itself, too: form NFKC makes two full stops of a colon that stands upright.
    let looks = [
        Skeleton::of(character.encode_utf8(&mut [0; 4])),
        Skeleton(skeleton(character.encode_utf8(&mut [0; 4])).collect()),
    ];
    let is_look = |plain: &char| looks.contains(&Skeleton::of(plain.encode_utf8(&mut [0; 4])));
    !is_mark && ascii.iter().any(is_look)
}

/// Whether a name is a number to look at, as the groups of a fingerprint are: digits of any script and what is neither a letter
/// nor a picture, and nothing else.
#[must_use]
pub fn is_number(name: &str) -> bool {
    let makes_a_name =
        |character: char| character.is_alphabetic() || escape::is_pictograph(character);
    let mut plain = name.nfkc();
    name.nfkc().any(char::is_numeric)
        && plain.all(|character| character.is_numeric() || !makes_a_name(character))
}

#[cfg(test)]
mod tests {
    use super::{Skeleton, is_form_of, is_number};

    fn look_alike(one: &str, other: &str) -> bool {
        Skeleton::of(one) == Skeleton::of(other)
    }

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        for (one, other) in [
            ("alice", "\u{430}lice"),
            ("alice", "alic\u{435}"),
            ("alice", "alice\u{200d}"),
            ("alice", "alice\u{3164}"),
            ("alice", "ali\u{34f}ce"),
            ("alice", "ａｌｉｃｅ"),
            ("zo\u{eb}", "zoe\u{308}"),
            ("bill", "biII"),
            ("rn", "m"),
            ("Alice", "alice"),
            ("ALICE", "Alice"),
            ("Ivan", "ivan"),
            ("Ivan", "lvan"),
            ("Олег", "олег"),
            ("R0B", "rob"),
            ("Max", "max"),
            ("B\u{43e}b", "\u{412}\u{43e}b"),
        ] {
            assert!(look_alike(one, other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn names_that_are_told_apart_have_two() {
        for (one, other) in [
            ("alice", "bob"),
            ("alice", "alicia"),
            ("Ольга", "Олег"),
            ("名前", "名字"),
        ] {
            assert!(!look_alike(one, other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_name_of_which_nothing_is_shown_has_an_empty_one() {
        for name in ["\u{3164}", "\u{200d}\u{34f}", "\u{fe0f}"] {
            assert!(Skeleton::of(name).is_empty(), "{name:?}");
        }
        assert!(!Skeleton::of("a\u{3164}").is_empty());
    }

    #[test]
    fn the_other_forms_of_a_delimiter_are_known() {
        for character in ['#', '\u{ff03}', '\u{fe5f}'] {
            assert!(is_form_of(character, &['#', ':']), "{character:?}");
        }
        for character in [':', '\u{ff1a}', '\u{fe55}', '\u{fe13}'] {
            assert!(is_form_of(character, &['#', ':']), "{character:?}");
        }
        // A letter of Devanagari, whatever it resembles.
        assert!(!is_form_of('\u{903}', &['#', ':']));
        assert!(!is_form_of('a', &['#', ':']));
    }

    #[test]
    fn a_number_is_told_from_a_name() {
        for number in [
            "58776-73320",
            "58776",
            "５８７７６-７３３２０",
            "5877\u{2013}6",
            "٠١٢٣",
            "1.2",
        ] {
            assert!(is_number(number), "{number:?}");
        }
        for name in ["bob2", "2pac", "r2-d2", "-", "o'neil-x.y"] {
            assert!(!is_number(name), "{name:?}");
        }
    }
}
