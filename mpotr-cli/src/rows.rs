//! Lines as rows of a terminal: `docs/spec/09-chat-payload.md`, "Terminal".
//!
//! A terminal breaks a line that is longer than its rows, and what comes then begins a row as a line of another person does:
//! `ok`, enough spaces, `alice: I owe you`. So the program breaks lines itself, and each row that goes on begins with a mark
//! that no line begins with.

use mpotr_formats::escape;
use unicode_width::UnicodeWidthChar as _;

/// What each row but the first of a line begins with. A line begins with a nick, which holds no space, or with `* `.
pub(crate) const MARK: &str = "  | ";

/// Columns of the widest characters.
const WIDEST: usize = 2;

/// Columns of a terminal that does not say how many it has.
const UNKNOWN: u16 = 80;

/// The rows of a terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    columns: usize,
    /// Whether it shows the letters of Greek, Cyrillic and others as wide as those of East Asia.
    is_east_asian: bool,
}

impl Rows {
    /// Rows of so many columns, of this person's language.
    pub(crate) fn new(columns: Option<u16>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        Self {
            columns: usize::from(columns.unwrap_or(UNKNOWN)),
            is_east_asian: locale
                .is_some_and(|locale| ["zh", "ja", "ko"].iter().any(|it| locale.starts_with(it))),
        }
    }

    /// Rows of so many columns, in which letters of Latin and what has no width of its own are one wide.
    #[cfg(test)]
    pub(crate) const fn of_columns(columns: usize) -> Self {
        Self {
            columns,
            is_east_asian: false,
        }
    }

    /// Rows of another width, in the same language.
    pub(crate) const fn of_width(self, columns: usize) -> Self {
        Self { columns, ..self }
    }

    /// How many columns they have.
    pub(crate) const fn columns(self) -> usize {
        self.columns
    }

    /// The rows of a line that a person types, with their columns: none is full, so that the cursor stands in the last.
    pub(crate) fn of_typed(self, line: &str) -> Vec<(String, usize)> {
        let most = self.columns.saturating_sub(1);
        let (mut rows, mut row, mut width) = (Vec::new(), String::new(), 0_usize);
        for character in line.chars() {
            let wide = self.width(character);
            if width.saturating_add(wide) > most && !row.is_empty() {
                rows.push((core::mem::take(&mut row), width));
                width = 0;
            }
            row.push(character);
            width = width.saturating_add(wide);
        }
        rows.push((row, width));
        rows
    }

    /// The rows of a line, which holds nothing unsafe. Put together without the marks they are the line.
    pub(crate) fn of(self, line: &str) -> Vec<String> {
        let mut rows = Vec::new();
        let (mut row, mut width) = (String::new(), 0_usize);
        for character in line.chars() {
            let wide = self.width(character);
            if width.saturating_add(wide) > self.columns && width > MARK.len() {
                let rest = self.take_last_word(&mut row);
                rows.push(row);
                row = format!("{MARK}{rest}");
                width = self.width_of(&row);
            }
            row.push(character);
            width = width.saturating_add(wide);
        }
        rows.push(row);
        rows
    }

    /// Takes off the word that a row ends with, if the row has others and the next has room for it.
    fn take_last_word(self, row: &mut String) -> String {
        let at = row.rfind(' ').map_or(0, |at| at.saturating_add(1));
        let fits = |word: &str| {
            let width = self.width_of(word);
            width.saturating_add(MARK.len()).saturating_add(WIDEST) <= self.columns
                && width <= self.columns / 2
        };
        match at > MARK.len() && row.get(at..).is_some_and(fits) {
            true => row.split_off(at),
            false => String::new(),
        }
    }

    fn width_of(self, text: &str) -> usize {
        let widths = text.chars().map(|character| self.width(character));
        widths.fold(0, usize::saturating_add)
    }

    /// The most columns that a terminal may take for a character. Terminals differ, and a row too short is harmless where
    /// one too long is not.
    fn width(self, character: char) -> usize {
        let may_be_wide =
            escape::may_be_emoji(character) || (self.is_east_asian && !character.is_ascii());
        let least = if may_be_wide { WIDEST } else { 1 };
        character.width().unwrap_or(least).max(least)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MARK, Rows};

    fn rows(line: &str, columns: usize) -> Vec<String> {
        let rows = Rows {
            columns,
            is_east_asian: false,
        };
        rows.of(line)
    }

    #[test]
    fn a_line_that_fits_is_one_row() {
        assert_eq!(rows("bob: 12345", 10), ["bob: 12345"]);
        assert_eq!(rows("", 10), [""]);
    }

    #[test]
    fn a_longer_one_is_broken_between_words_and_goes_on_after_a_mark() {
        assert_eq!(
            rows("bob: one two three four", 16),
            ["bob: one two ", "  | three four"]
        );
        assert_eq!(
            rows("bob: 0123456789abcdef", 12),
            ["bob: 0123456", "  | 789abcde", "  | f"]
        );
    }

    #[test]
    fn spaces_do_not_begin_a_row_in_anothers_name() {
        let line = format!("eve: ok{}alice: I owe eve 1000", " ".repeat(73));
        let rows = rows(&line, 80);
        assert!(rows.len() > 1, "{rows:?}");
        assert!(rows.iter().skip(1).all(|row| row.starts_with(MARK)));
    }

    #[test]
    fn what_a_terminal_shows_two_columns_wide_counts_as_two() {
        assert_eq!(rows("b: 日本語日本", 9), ["b: 日本語", "  | 日本"]);
        assert_eq!(rows("🚀🚀🚀🚀🚀", 8), ["🚀🚀🚀🚀", "  | 🚀"]);
        // Halves of flags, and tones of skin.
        for wide in ['\u{1f1e6}', '\u{1f1ff}', '\u{1f3fd}'] {
            let line = wide.to_string().repeat(5);
            assert_eq!(rows(&line, 8).len(), 2, "{wide:?}");
        }
    }

    #[test]
    fn letters_that_east_asia_shows_wide_count_as_two_there() {
        let rows = Rows {
            columns: 8,
            is_east_asian: true,
        };
        assert_eq!(rows.of("абвгде"), ["абвг", "  | де"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_row_is_too_long(
            line in "(\\PC| ){0,200}", columns in 8_usize..100,
        ) {
            let all = rows(&line, columns);
            let (first, rest) = all.split_first().unwrap();
            let mut joined = first.clone();
            for row in rest {
                joined.push_str(row.strip_prefix(MARK).unwrap());
            }
            prop_assert_eq!(joined, line);
            for row in all {
                let width: usize = row
                    .chars()
                    .map(|it| unicode_width::UnicodeWidthChar::width(it).unwrap_or(0))
                    .sum();
                prop_assert!(width <= columns, "{row:?}");
            }
        }
    }
}
