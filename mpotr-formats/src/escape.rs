//! Text of others made safe for a terminal: `docs/spec/09-chat-payload.md`, "Terminal".
//!
//! A terminal obeys control characters: they move the cursor, set the title, answer queries as if typed. Others change
//! the order of what is shown, or are not shown at all. What a member sends may hold any of them, so each is printed as
//! an escape (`\n`, `\u{1b}`), and so is a mark that would be put on a character with too many. Nothing else is changed.

use core::fmt::{Display, Formatter, Result, Write as _};

use icu_properties::props::{
    BidiControl, CanonicalCombiningClass, DefaultIgnorableCodePoint, EmojiModifier,
    EmojiPresentation, ExtendedPictographic, GeneralCategory, JoiningType,
};
use icu_properties::{CodePointMapData, CodePointSetData};

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// Asks for the coloured form of the character before it.
const EMOJI_SELECTOR: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

/// The most marks on one character, as in the stream-safe text format (UAX 15, section 13): no writing needs as many, and with
/// more of them a terminal that stacks what it shows paints over the lines of others.
const MOST_STACKED: usize = 30;

/// Displays a text with each character that is not safe in a terminal as an escape.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (character, is_shown) in looked_at(self.0) {
            match is_shown {
                true => f.write_char(character)?,
                false => write!(f, "{}", character.escape_default())?,
            }
        }
        Ok(())
    }
}

/// The first character of a text that [`Escaped`] would not show as it is.
pub fn first_unsafe(text: &str) -> Option<char> {
    looked_at(text).find_map(|(character, is_shown)| (!is_shown).then_some(character))
}

/// Each character of a text, and whether it is shown as it is where it stands.
fn looked_at(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut stacked = 0_usize;
    text.char_indices().map(move |(at, character)| {
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        let is_shown = !is_unsafe(character) || is_shown_between(before, character, rest);
        stacked = match is_stacked(character) {
            true => stacked.saturating_add(1),
            false => 0,
        };
        let fits = stacked <= MOST_STACKED;
        if !(is_shown && fits) {
            // The escape takes room of its own, and what follows stands on that.
            stacked = 0;
        }
        (character, is_shown && fits)
    })
}

/// Whether a character is put on, under or around the one before it, or joins two: it takes no room of its own.
fn is_stacked(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    matches!(
        category,
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    ) || matches!(character, ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER)
}

/// Whether a terminal may obey a character, re-order others by it, or show nothing for it, where it stands alone.
pub fn is_unsafe(character: char) -> bool {
    // Most of what is ever printed.
    if matches!(character, ' '..='~') {
        return false;
    }
    let has_no_glyph = matches!(
        CodePointMapData::<GeneralCategory>::new().get(character),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            // What these show is for a private agreement, a later edition of the standard or a font to say.
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
            | GeneralCategory::Surrogate
    );
    has_no_glyph
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || CodePointSetData::new::<BidiControl>().contains(character)
        || is_blank(character)
}

/// Whether a character is a blank that no writing needs, or one that passes for a letter. The space, the two that do not
/// break and the wide one of East Asia are shown: text is full of them, and they take room as a space does.
fn is_blank(character: char) -> bool {
    let is_space = CodePointMapData::<GeneralCategory>::new().get(character)
        == GeneralCategory::SpaceSeparator;
    let is_written = matches!(character, ' ' | '\u{a0}' | '\u{202f}' | '\u{3000}');
    // Letters and symbols whose glyph is empty; no property of the standard tells them.
    let is_empty_glyph = matches!(
        character,
        // Braille without a dot, filler of Khitan, full and half blank of Egyptian, note without a head.
        '\u{2800}' | '\u{16fe4}' | '\u{13441}' | '\u{13442}' | '\u{1d159}'
    );
    (is_space && !is_written) || is_empty_glyph
}

/// Whether a character that shows nothing alone changes what is shown where it stands, so that no two texts look the same
/// by it: the joiners where RFC 5892 appendix A allows them in names and between emoji (UAX 29, GB11), and the selector that
/// gives a symbol the form of an emoji.
fn is_shown_between(before: &str, character: char, rest: &str) -> bool {
    let after = || rest.chars().skip(1);
    match character {
        EMOJI_SELECTOR => before.chars().next_back().is_some_and(|symbol| {
            let is_keycap = matches!(symbol, '0'..='9' | '#' | '*');
            (is_pictograph(symbol) && !shows_as_emoji(symbol))
                || (is_keycap && after().next() == Some(KEYCAP))
        }),
        ZERO_WIDTH_JOINER => {
            follows_virama(before)
                || (ends_in_emoji(before) && after().next().is_some_and(is_pictograph))
        }
        ZERO_WIDTH_NON_JOINER => follows_virama(before) || parts_letters(before, after()),
        _ => false,
    }
}

/// Whether a character is a picture: an emoji of its own, or a symbol that a selector makes one.
pub fn is_pictograph(character: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(character)
}

/// Whether a terminal may show a character as an emoji, two columns wide: a picture, a half of a flag, a tone of skin.
pub fn may_be_emoji(character: char) -> bool {
    is_pictograph(character) || shows_as_emoji(character)
}

fn shows_as_emoji(character: char) -> bool {
    CodePointSetData::new::<EmojiPresentation>().contains(character)
}

fn ends_in_emoji(text: &str) -> bool {
    let is_extension = |character: &char| {
        *character == EMOJI_SELECTOR
            || CodePointSetData::new::<EmojiModifier>().contains(*character)
    };
    let mut backwards = text.chars().rev().skip_while(is_extension);
    backwards.next().is_some_and(is_pictograph)
}

/// RFC 5892 appendix A.1 and A.2: the sign that takes a letter's vowel away stands before.
fn follows_virama(text: &str) -> bool {
    let class = CodePointMapData::<CanonicalCombiningClass>::new();
    let last = text.chars().next_back();
    last.is_some_and(|last| class.get(last) == CanonicalCombiningClass::Virama)
}

/// RFC 5892 appendix A.1: letters before and after would be joined without it.
fn parts_letters(before: &str, mut after: impl Iterator<Item = char>) -> bool {
    let joining = |character: char| CodePointMapData::<JoiningType>::new().get(character);
    let is_opaque = |character: &char| joining(*character) != JoiningType::Transparent;
    let left = before.chars().rev().find(is_opaque).map(joining);
    let right = after.find(is_opaque).map(joining);
    matches!(
        left,
        Some(JoiningType::LeftJoining | JoiningType::DualJoining)
    ) && matches!(
        right,
        Some(JoiningType::RightJoining | JoiningType::DualJoining)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Escaped, first_unsafe, is_unsafe};

    fn escaped(text: &str) -> String {
        Escaped(text).to_string()
    }

    #[test]
    fn text_of_all_scripts_is_left_as_it_is() {
        for text in [
            "plain, with \\ and \"",
            "zoë",
            "שלום",
            "नमस्ते",
            "日本語\u{3000}日本",
            "«\u{a0}oui\u{202f}!\u{a0}»",
            "👩\u{200d}🚀 👩🏽\u{200d}🚀",
            "❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
        ] {
            assert_eq!(escaped(text), text);
            assert_eq!(first_unsafe(text), None);
        }
    }

    #[test]
    fn terminal_sequences_are_printed_and_not_obeyed() {
        assert_eq!(escaped("\x1b]0;title\x07"), "\\u{1b}]0;title\\u{7}");
        assert_eq!(escaped("\u{9b}2J"), "\\u{9b}2J");
        assert_eq!(escaped("\x7f\x08"), "\\u{7f}\\u{8}");
    }

    #[test]
    fn a_line_break_cannot_begin_a_line_in_anothers_name() {
        assert_eq!(escaped("hi\nalice: bye\r"), "hi\\nalice: bye\\r");
        assert_eq!(escaped("hi\u{2028}alice: bye"), "hi\\u{2028}alice: bye");
    }

    #[test]
    fn what_turns_the_order_of_letters_is_printed() {
        assert_eq!(
            escaped("\u{202e}eb\u{202c}\u{2067}"),
            "\\u{202e}eb\\u{202c}\\u{2067}"
        );
    }

    #[test]
    fn what_shows_nothing_is_printed() {
        for character in [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{180b}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{2003}',
            '\u{2060}',
            '\u{2064}',
            '\u{206f}',
            '\u{2800}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe00}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fffb}',
            '\u{fff0}',
            '\u{378}',
            '\u{13441}',
            '\u{16fe4}',
            '\u{1bca0}',
            '\u{1d159}',
            '\u{1d173}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{f0000}',
            '\u{10fffd}',
        ] {
            let text = format!("a{character}b");
            let printed = format!("a{}b", character.escape_unicode());
            assert_eq!(escaped(&text), printed);
            assert_eq!(first_unsafe(&text), Some(character));
        }
    }

    #[test]
    fn a_joiner_or_a_selector_that_changes_nothing_is_printed() {
        for (text, printed) in [
            // At a letter of Latin, twice, at an end, and at an emoji that has its form already.
            ("al\u{200d}ice", "al\\u{200d}ice"),
            ("क्\u{200d}\u{200d}ष", "क्\u{200d}\\u{200d}ष"),
            ("👩\u{200d}", "👩\\u{200d}"),
            ("👩\u{200d}x", "👩\\u{200d}x"),
            ("🚀\u{fe0f}", "🚀\\u{fe0f}"),
            ("1\u{fe0f}", "1\\u{fe0f}"),
            ("❤\u{fe0f}\u{fe0f}", "❤\u{fe0f}\\u{fe0f}"),
            ("می\u{200c}", "می\\u{200c}"),
            ("a\u{200c}b", "a\\u{200c}b"),
        ] {
            assert_eq!(escaped(text), printed);
        }
    }

    #[test]
    fn marks_that_would_cover_the_lines_of_others_are_printed() {
        for mark in ['\u{301}', '\u{323}', '\u{20dd}', '\u{e31}'] {
            let marks = |count| mark.to_string().repeat(count);
            let most = format!("a{}b", marks(30));
            assert_eq!(escaped(&most), most);
            let printed = mark.escape_unicode();
            let more = format!("a{}b", marks(31));
            assert_eq!(escaped(&more), format!("a{}{printed}b", marks(30)));
            assert_eq!(first_unsafe(&more), Some(mark));
            // None of the rest stands on more than 30 either.
            let many = escaped(&format!("a{}", marks(500)));
            let longest = many.split(|it| it != mark).map(|run| run.chars().count());
            assert_eq!(longest.max(), Some(30));
            assert_eq!(escaped(&many), many);
        }
    }

    #[test]
    fn joiners_between_marks_make_no_new_place_for_marks() {
        let text = format!("क{}", "्\u{200d}".repeat(100));
        assert!(escaped(&text).contains("\\u{"), "{}", escaped(&text));
    }

    #[test]
    fn what_is_escaped_once_is_left_as_it_is() {
        let once = escaped("a\u{1b}b\u{200d}\n\u{3164}");
        assert_eq!(escaped(&once), once);
    }

    proptest! {
        #[test]
        fn no_control_character_gets_through(text in any::<String>()) {
            prop_assert!(!escaped(&text).contains(char::is_control));
        }

        #[test]
        fn what_is_printed_is_safe(text in any::<String>()) {
            prop_assert_eq!(first_unsafe(&escaped(&text)), None);
        }

        #[test]
        fn a_text_without_unsafe_characters_is_unchanged(text in any::<String>()) {
            if !text.contains(is_unsafe) {
                prop_assert_eq!(escaped(&text), text);
            }
        }
    }
}
