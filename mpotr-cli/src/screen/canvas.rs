//! What is written to a terminal to show cells: the part of ECMA-48 that every one of them knows.
//!
//! Programs and terminals differ on how wide some characters are. So the place of a cell is written anew after each character that
//! is not ASCII: whatever it was taken for, what follows it stands where it should.

use std::convert::Infallible;
use std::fs::File;
use std::io::Write as _;

use ratatui_core::backend::{Backend, ClearType, WindowSize};
use ratatui_core::buffer::Cell;
use ratatui_core::layout::{Position, Size};
use ratatui_core::style::{Color, Modifier};

/// Cells of a terminal that does not say how many it has.
const UNKNOWN: Size = Size {
    width: 80,
    height: 24,
};

/// Another screen with nothing on it, whose rows end where they end; paste and focus are told, and the title is kept.
pub(super) const ENTER: &[u8] = b"\x1b[22;2t\x1b[?1049h\x1b[?7l\x1b[?2004h\x1b[?1004h\x1b[H\x1b[2J";

/// The screen as it was, and the title: none, where the terminal has not kept it.
pub(super) const LEAVE: &[u8] =
    b"\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[0m\x1b[?25h\x1b[?1049l\x1b]2;\x07\x1b[23;2t";

/// What is to be written.
#[derive(Debug)]
pub(super) struct Canvas {
    terminal: File,
    written: Vec<u8>,
    cursor: Position,
}

impl Canvas {
    pub(super) const fn new(terminal: File) -> Self {
        Self {
            terminal,
            written: Vec::new(),
            cursor: Position::ORIGIN,
        }
    }

    /// Takes what is to be written.
    pub(super) fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.written)
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Memory takes all of it.
        let _done = self.written.write_fmt(text);
    }

    fn go(&mut self, column: u16, row: u16) {
        let (column, row) = (column.saturating_add(1), row.saturating_add(1));
        self.put(format_args!("\x1b[{row};{column}H"));
    }

    fn style(&mut self, cell: &Cell) {
        self.put(format_args!("\x1b[0"));
        for (modifier, code) in [
            (Modifier::BOLD, 1),
            (Modifier::DIM, 2),
            (Modifier::UNDERLINED, 4),
            (Modifier::REVERSED, 7),
        ] {
            if cell.modifier.contains(modifier) {
                self.put(format_args!(";{code}"));
            }
        }
        if let Some(code) = colour(cell.fg) {
            self.put(format_args!(";{code}"));
        }
        self.put(format_args!("m"));
    }
}

/// The colours that are used here.
#[expect(clippy::wildcard_enum_match_arm, reason = "no others are used")]
const fn colour(colour: Color) -> Option<u8> {
    match colour {
        Color::Red => Some(31),
        Color::Green => Some(32),
        Color::Yellow => Some(33),
        Color::Cyan => Some(36),
        _ => None,
    }
}

impl Backend for Canvas {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut next = None;
        let mut style = None;
        for (column, row, cell) in content {
            if next != Some((column, row)) {
                self.go(column, row);
            }
            let its = (cell.modifier, cell.fg);
            if style.replace(its) != Some(its) {
                self.style(cell);
            }
            let symbol = cell.symbol();
            self.put(format_args!("{symbol}"));
            next = symbol.is_ascii().then(|| (column.saturating_add(1), row));
        }
        self.put(format_args!("\x1b[0m"));
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.put(format_args!("\x1b[?25l"));
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        self.put(format_args!("\x1b[?25h"));
        Ok(())
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        Ok(self.cursor)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.cursor = position.into();
        self.go(self.cursor.x, self.cursor.y);
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.put(format_args!("\x1b[0m\x1b[2J"));
        Ok(())
    }

    fn clear_region(&mut self, _region: ClearType) -> Result<(), Infallible> {
        // The whole screen is drawn, and nothing else is on it.
        self.clear()
    }

    fn size(&self) -> Result<Size, Infallible> {
        let size = terminal_size::terminal_size_of(&self.terminal);
        let size = size.map(|(width, height)| Size::new(width.0, height.0));
        let is_there = |size: &Size| size.width > 0 && size.height > 0;
        Ok(size.filter(is_there).unwrap_or(UNKNOWN))
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        // It is written by who draws, when nothing is held.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use ratatui_core::backend::Backend as _;
    use ratatui_core::buffer::Buffer;
    use ratatui_core::layout::Rect;
    use ratatui_core::style::{Color, Modifier, Style};

    use super::{Canvas, ENTER, LEAVE};

    fn canvas() -> Canvas {
        Canvas::new(tempfile::tempfile().unwrap())
    }

    #[test]
    fn cells_stand_where_they_should_behind_what_is_as_wide_as_a_terminal_likes() {
        let area = Rect::new(0, 0, 12, 1);
        let (empty, mut full) = (Buffer::empty(area), Buffer::empty(area));
        full.set_string(0, 0, "日本 ☺ |", Style::new().add_modifier(Modifier::BOLD));
        let mut canvas = canvas();
        let Ok(()) = canvas.draw(empty.diff(&full).into_iter());
        let written = String::from_utf8(canvas.take()).unwrap();
        // The last sign is placed by its column, behind two that may be wide.
        assert!(written.contains("日\x1b[1;3H本"), "{written:?}");
        assert!(written.contains("☺\x1b[1;7H"), "{written:?}");
        let mut screen = vt100::Parser::new(size(1), size(12), 0);
        screen.process(written.as_bytes());
        let row = screen.screen().rows(0, 12).next().unwrap();
        assert!(row.starts_with("日本 ☺"), "{row:?}");
    }

    #[test]
    fn a_style_is_written_when_it_changes_and_ends_with_the_row() {
        let area = Rect::new(0, 0, 4, 1);
        let (empty, mut full) = (Buffer::empty(area), Buffer::empty(area));
        let style = Style::new().add_modifier(Modifier::REVERSED).fg(Color::Red);
        full.set_string(0, 0, "ab", style);
        full.set_string(2, 0, "c", Style::new());
        let mut canvas = canvas();
        let Ok(()) = canvas.draw(empty.diff(&full).into_iter());
        let written = String::from_utf8(canvas.take()).unwrap();
        assert_eq!(written, "\x1b[1;1H\x1b[0;7;31mab\x1b[0mc\x1b[0m");
    }

    /// What is switched on is switched off again.
    #[test]
    fn what_is_left_is_what_was_entered() {
        let modes = |bytes: &[u8], to: char| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let parts = text.split("\x1b[?").skip(1);
            let set = parts.filter_map(|part| {
                let end = part.find(['h', 'l'])?;
                part[end..].starts_with(to).then(|| part[..end].to_owned())
            });
            set.collect::<std::collections::BTreeSet<_>>()
        };
        let on = modes(ENTER, 'h');
        assert_eq!(modes(LEAVE, 'l'), on);
        // Rows that end, and a cursor that is hidden while nothing is typed.
        assert!(modes(LEAVE, 'h').is_superset(&modes(ENTER, 'l')));
        assert!(modes(LEAVE, 'h').contains("25"));
    }

    fn size(length: u16) -> NonZeroU16 {
        NonZeroU16::new(length).unwrap()
    }
}
