//! Text of others made safe for a terminal.
//!
//! A terminal obeys control characters: they move the cursor, set the title, answer queries as if typed. Others change
//! the order of what is shown, or are not shown at all. What a member sends may hold any of them, so each is printed as
//! an escape (`\n`, `\u{1b}`). Nothing else is changed.

use core::fmt::{Display, Formatter, Result, Write as _};

/// Displays a text with each character that is not safe in a terminal as an escape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.0
            .chars()
            .try_for_each(|character| match is_unsafe(character) {
                true => write!(f, "{}", character.escape_default()),
                false => f.write_char(character),
            })
    }
}

/// Whether a terminal may obey a character, re-order others by it, or hide it.
pub(super) fn is_unsafe(character: char) -> bool {
    // Cc: C0, delete and C1.
    character.is_control()
        || matches!(
            character,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // Zero-width space, marks of direction. The joiners between them, which scripts and emoji need, are shown.
            | '\u{200b}' | '\u{200e}' | '\u{200f}'
            // Line and paragraph separators, embeddings and overrides of direction.
            | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators, isolates of direction, deprecated format characters.
            | '\u{2060}'..='\u{206f}'
            // Byte order mark, interlinear annotation.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // Tags.
            | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Escaped;

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
            "日本語",
            "👩\u{200d}🚀",
        ] {
            assert_eq!(escaped(text), text);
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

    proptest! {
        #[test]
        fn no_control_character_gets_through(text in any::<String>()) {
            prop_assert!(!escaped(&text).contains(char::is_control));
        }
    }
}
