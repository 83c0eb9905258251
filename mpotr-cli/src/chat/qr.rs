//! A QR code in a terminal: two modules above one another in a character, as half blocks.

use core::fmt;

use mpotr::crypto::zeroize::Zeroizing;
use qrcode::{Color, EcLevel, QrCode};

/// Modules that are left bright around a code, for a camera to find it, as the standard wants it; and the fewest with which one does.
pub(crate) const MARGIN: usize = 4;
pub(crate) const LEAST_MARGIN: usize = 1;

/// The modules of a QR code, row by row. It may hold a secret.
#[derive(Clone)]
pub(crate) struct Modules {
    side: usize,
    /// 1 where one is dark.
    dark: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Modules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Modules(..)")
    }
}

impl Modules {
    /// Those of a text; `None` of one that has no room in a code.
    pub(crate) fn of(text: &str) -> Option<Self> {
        // It is read from a screen, where nothing is torn or stained.
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let dark = code.to_colors().into_iter();
        let dark = dark.map(|it| u8::from(it == Color::Dark)).collect();
        Some(Self {
            side: code.width(),
            dark: Zeroizing::new(dark),
        })
    }

    /// The columns and rows that it takes with a margin.
    pub(crate) const fn size(&self, margin: usize) -> (usize, usize) {
        let columns = self.side.saturating_add(margin.saturating_mul(2));
        (columns, columns.div_ceil(2))
    }

    /// The rows of it, all alike. What is bright in it is drawn, and what is dark is left out: so it is on a dark terminal as it is on
    /// paper, and on a bright one it is inverted, which most cameras read as well.
    pub(crate) fn drawn(&self, margin: usize) -> Vec<String> {
        let (columns, rows) = self.size(margin);
        let is_bright = |x: usize, y: usize| {
            let at = x.checked_sub(margin).zip(y.checked_sub(margin));
            let at = at.filter(|(x, y)| *x < self.side && *y < self.side);
            let at = at.map(|(x, y)| y.saturating_mul(self.side).saturating_add(x));
            at.and_then(|at| self.dark.get(at)) != Some(&1)
        };
        let cell = |x: usize, row: usize| {
            let y = row.saturating_mul(2);
            match (is_bright(x, y), is_bright(x, y.saturating_add(1))) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            }
        };
        let rows = (0..rows).map(|row| (0..columns).map(|x| cell(x, row)).collect());
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use mpotr_formats::escape::first_unsafe;

    use super::{LEAST_MARGIN, MARGIN, Modules};

    /// What a camera sees: a module is two pixels wide and high, and bright where something is drawn. Around the screen it is dark.
    fn seen(rows: &[String]) -> Option<String> {
        const SIDE: usize = 4;
        let width = rows[0].chars().count();
        let cells: Vec<Vec<char>> = rows.iter().map(|row| row.chars().collect()).collect();
        let is_bright = |x: usize, y: usize| match cells[y / 2][x] {
            '█' => true,
            '▀' => y.is_multiple_of(2),
            '▄' => !y.is_multiple_of(2),
            ' ' => false,
            other => panic!("{other:?}"),
        };
        let height = rows.len().saturating_mul(2);
        let around: usize = 32;
        let with_dark = |length: usize| {
            let length = length.saturating_mul(SIDE);
            length.saturating_add(around.saturating_mul(2))
        };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(
            with_dark(width),
            with_dark(height),
            |x, y| {
                let at = x.checked_sub(around).zip(y.checked_sub(around));
                let at = at.map(|(x, y)| (x / SIDE, y / SIDE));
                match at.filter(|(x, y)| *x < width && *y < height) {
                    Some((x, y)) if is_bright(x, y) => 255,
                    Some(_) | None => 0,
                }
            },
        );
        let grids = image.detect_grids();
        let (_, text) = grids.first()?.decode().ok()?;
        Some(text)
    }

    #[test]
    fn a_camera_reads_what_is_drawn() {
        let key = "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY";
        let link = format!(
            "mpotr:tea?at=mpotr://relay.example:7667&key={key}&once=BwcHBwcHBwcHBwcHBwcHBw"
        );
        let modules = Modules::of(&link).unwrap();
        for margin in [MARGIN, 2, LEAST_MARGIN] {
            let drawn = modules.drawn(margin);
            assert_eq!(seen(&drawn).as_ref(), Some(&link), "{margin}");
            let (columns, rows) = modules.size(margin);
            assert_eq!(drawn.len(), rows);
            assert_eq!(drawn[0].chars().count(), columns);
        }
        // It fits beside the list of members on a screen of 80 columns, whose log has 52, and whole on one of 24 rows.
        assert!(modules.size(MARGIN).0 <= 52);
        assert!(modules.size(LEAST_MARGIN).1 <= 24);
    }

    #[test]
    fn its_rows_are_alike_and_nothing_in_them_steers_a_terminal() {
        let drawn = Modules::of("mpotr:tea?at=mpotr://r").unwrap().drawn(MARGIN);
        for row in &drawn {
            assert_eq!(first_unsafe(row), None, "{row:?}");
            assert_eq!(row.chars().count(), drawn[0].chars().count());
            // What is cut off at the end of a line would be missing.
            assert!(row.ends_with('█') || row.ends_with(['▀', '▄']), "{row:?}");
        }
        assert!(Modules::of(&"x".repeat(4000)).is_none());
    }
}
