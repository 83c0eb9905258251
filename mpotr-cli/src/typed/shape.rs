//! How the line that is typed stands on the screen.
//!
//! The program breaks it into rows itself, one column short of the terminal's: so the terminal breaks none, and the cursor
//! stands where it is thought to. If the terminal has become narrower since, it has broken them by now, or cut them.

use std::fs::File;

use mpotr_formats::Escaped;

use crate::chat::wording::with_blanks_for_tabs;
use crate::rows::Rows;

/// Rows of a terminal that does not say how many it has.
const UNKNOWN: usize = 24;

/// The columns of each row of the line on the screen, the last of which the cursor is in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shape(Vec<usize>);

impl Shape {
    /// Takes it off a screen of so many columns: what is written for that.
    pub(super) fn hide(&mut self, columns: usize) -> String {
        let columns = columns.max(1);
        let rows = self.0.iter().map(|width| width.div_ceil(columns).max(1));
        let rows = rows.fold(0, usize::saturating_add);
        self.0.clear();
        match rows {
            0 => String::new(),
            1 => "\r\x1b[J".to_owned(),
            rows => format!("\r\x1b[{}A\x1b[J", rows.saturating_sub(1)),
        }
    }

    /// Puts a line there, of which as many rows are shown as a screen has, the last ones: what is written for that.
    pub(super) fn show(&mut self, line: &[u8], rows: Rows, most: usize) -> String {
        let line = with_blanks_for_tabs(&String::from_utf8_lossy(line));
        let line = Escaped(&line).to_string();
        let rows = rows.of_typed(&line);
        let shown = rows.get(rows.len().saturating_sub(most)..);
        let shown = shown.unwrap_or_default();
        self.0 = shown.iter().map(|(_, width)| *width).collect();
        let texts: Vec<_> = shown.iter().map(|(text, _)| text.as_str()).collect();
        texts.join("\r\n")
    }
}

/// Rows of the terminal.
pub(super) fn rows_of(terminal: &File) -> Rows {
    let size = terminal_size::terminal_size_of(terminal);
    Rows::new(size.map(|(width, _)| width.0))
}

/// How many it has but one, in which others' lines can be seen.
pub(super) fn height_of(terminal: &File) -> usize {
    let size = terminal_size::terminal_size_of(terminal);
    let rows = size.map_or(UNKNOWN, |(_, height)| usize::from(height.0));
    rows.saturating_sub(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::Shape;
    use crate::rows::Rows;

    const TEN: Rows = Rows::of_columns(10);

    #[test]
    fn a_line_is_hidden_from_where_it_begins() {
        let mut shape = Shape::default();
        assert_eq!(shape.hide(10), "");
        assert_eq!(shape.show(b"short", TEN, 5), "short");
        assert_eq!(shape.hide(10), "\r\x1b[J");
        assert_eq!(
            shape.show(b"0123456789abcdefghijkl", TEN, 5),
            "012345678\r\n9abcdefgh\r\nijkl"
        );
        assert_eq!(shape.hide(10), "\r\x1b[2A\x1b[J");
        assert_eq!(shape.hide(10), "");
    }

    #[test]
    fn a_narrower_terminal_has_broken_rows() {
        let mut shape = Shape::default();
        shape.show(b"0123456789ab", TEN, 5);
        // Of nine columns three rows of four, and one of three.
        assert_eq!(shape.hide(4), "\r\x1b[3A\x1b[J");
    }

    #[test]
    fn of_more_rows_than_a_screen_has_the_last_are_shown() {
        let mut shape = Shape::default();
        assert_eq!(
            shape.show(b"0123456789abcdefghijkl", TEN, 2),
            "9abcdefgh\r\nijkl"
        );
        assert_eq!(shape.hide(10), "\r\x1b[1A\x1b[J");
    }

    #[test]
    fn what_is_typed_is_escaped_and_what_is_no_text_is_marked() {
        let mut shape = Shape::default();
        assert_eq!(shape.show("a\u{202e}".as_bytes(), TEN, 5), "a\\u{202e}");
        assert_eq!(shape.show(b"a\tb", TEN, 5), "a    b");
        assert_eq!(shape.show(b"a\xff", TEN, 5), "a\u{fffd}");
        assert_eq!(
            shape.show("日本語日本".as_bytes(), TEN, 5),
            "日本語日\r\n本"
        );
    }
}
