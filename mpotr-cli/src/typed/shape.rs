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

/// How the line stands on the screen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// The columns of each row before the one that the cursor is in.
    above: Vec<usize>,
    /// The column of the cursor; none if no line is there.
    column: Option<usize>,
}

impl Shape {
    /// Takes it off a screen of so many columns: what is written for that.
    pub(super) fn hide(&mut self, columns: usize) -> String {
        let columns = columns.max(1);
        let rows_of = |width: usize| width.div_ceil(columns).max(1);
        let Some(column) = self.column.take() else {
            return String::new();
        };
        let above = self.above.drain(..).map(rows_of);
        let above = above.fold(0, usize::saturating_add);
        match above.saturating_add(rows_of(column)).saturating_sub(1) {
            0 => "\r\x1b[J".to_owned(),
            rows => format!("\r\x1b[{rows}A\x1b[J"),
        }
    }

    /// Puts a line there, of which as many rows are shown as a screen has, that of the cursor among them: what is written for
    /// that. What is before the cursor is given by itself.
    pub(super) fn show(&mut self, before: &[u8], line: &[u8], rows: Rows, most: usize) -> String {
        let before = rows.of_typed(&shown(before));
        let (row, column) = match before.last() {
            Some((_, width)) => (before.len().saturating_sub(1), *width),
            None => (0, 0),
        };
        let rows = rows.of_typed(&shown(line));
        let row = row.min(rows.len().saturating_sub(1));
        let first = rows.len().saturating_sub(most).min(row);
        let shown: Vec<_> = rows.iter().skip(first).take(most).collect();
        let above = row.saturating_sub(first);
        let widths = shown.iter().take(above).map(|(_, width)| *width);
        self.above = widths.collect();
        self.column = Some(column);
        let texts: Vec<_> = shown.iter().map(|(text, _)| text.as_str()).collect();
        let mut written = texts.join("\r\n");
        let below = shown.len().saturating_sub(above).saturating_sub(1);
        let is_at_end = below == 0 && shown.last().is_none_or(|(_, width)| *width == column);
        if !is_at_end {
            if below > 0 {
                written.push_str(&format!("\x1b[{below}A"));
            }
            written.push('\r');
            if column > 0 {
                written.push_str(&format!("\x1b[{column}C"));
            }
        }
        written
    }
}

/// A line as it is shown.
fn shown(line: &[u8]) -> String {
    let line = with_blanks_for_tabs(&String::from_utf8_lossy(line));
    Escaped(&line).to_string()
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

    /// With the cursor at the end.
    fn show(shape: &mut Shape, line: &[u8], most: usize) -> String {
        shape.show(line, line, TEN, most)
    }

    #[test]
    fn a_line_is_hidden_from_where_it_begins() {
        let mut shape = Shape::default();
        assert_eq!(shape.hide(10), "");
        assert_eq!(show(&mut shape, b"short", 5), "short");
        assert_eq!(shape.hide(10), "\r\x1b[J");
        assert_eq!(
            show(&mut shape, b"0123456789abcdefghijkl", 5),
            "012345678\r\n9abcdefgh\r\nijkl"
        );
        assert_eq!(shape.hide(10), "\r\x1b[2A\x1b[J");
        assert_eq!(shape.hide(10), "");
    }

    #[test]
    fn the_cursor_is_where_the_next_character_goes() {
        let line = b"0123456789abcdefghijkl";
        let mut shape = Shape::default();
        let shown = shape.show(&line[..11], line, TEN, 5);
        assert_eq!(shown, "012345678\r\n9abcdefgh\r\nijkl\x1b[1A\r\x1b[2C");
        assert_eq!(shape.hide(10), "\r\x1b[1A\x1b[J");
        let shown = shape.show(b"", line, TEN, 5);
        assert_eq!(shown, "012345678\r\n9abcdefgh\r\nijkl\x1b[2A\r");
        assert_eq!(shape.hide(10), "\r\x1b[J");
        // Of a line longer than the screen, the row of the cursor is among those that are shown.
        let shown = shape.show(b"01", line, TEN, 2);
        assert_eq!(shown, "012345678\r\n9abcdefgh\x1b[1A\r\x1b[2C");
        assert_eq!(shape.hide(10), "\r\x1b[J");
    }

    #[test]
    fn a_narrower_terminal_has_broken_rows() {
        let mut shape = Shape::default();
        show(&mut shape, b"0123456789ab", 5);
        // Of nine columns three rows of four, and one of three.
        assert_eq!(shape.hide(4), "\r\x1b[3A\x1b[J");
    }

    #[test]
    fn of_more_rows_than_a_screen_has_the_last_are_shown() {
        let mut shape = Shape::default();
        assert_eq!(
            show(&mut shape, b"0123456789abcdefghijkl", 2),
            "9abcdefgh\r\nijkl"
        );
        assert_eq!(shape.hide(10), "\r\x1b[1A\x1b[J");
    }

    #[test]
    fn what_is_typed_is_escaped_and_what_is_no_text_is_marked() {
        let mut shape = Shape::default();
        assert_eq!(show(&mut shape, "a\u{202e}".as_bytes(), 5), "a\\u{202e}");
        assert_eq!(show(&mut shape, b"a\tb", 5), "a    b");
        assert_eq!(show(&mut shape, b"a\xff", 5), "a\u{fffd}");
        assert_eq!(
            show(&mut shape, "日本語日本".as_bytes(), 5),
            "日本語日\r\n本"
        );
    }
}
