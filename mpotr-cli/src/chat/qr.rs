//! A QR code in a terminal: two modules above one another in a character, as half blocks.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// The rows of a QR code of a text, with the margin that a camera needs; none of a text that has no room in one. What is bright in
/// it is drawn, and what is dark is left out: so it is on a dark terminal as it is on paper, and on a bright one it is inverted,
/// which most cameras read as well.
pub(super) fn rows(text: &str) -> Vec<String> {
    // It is read from a screen, where nothing is torn or stained.
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else {
        return Vec::new();
    };
    let drawn = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    drawn.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use mpotr_formats::escape::first_unsafe;

    use super::rows;

    /// What a camera sees: a module is two pixels wide and high, and bright where something is drawn.
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
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(
            width.saturating_mul(SIDE),
            height.saturating_mul(SIDE),
            |x, y| {
                if is_bright(x / SIDE, y / SIDE) {
                    255
                } else {
                    0
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
        let drawn = rows(&link);
        assert_eq!(seen(&drawn), Some(link));
        // It fits beside the list of members on a screen of 80 columns, whose log has 52.
        assert!(
            drawn[0].chars().count() <= 52,
            "{}",
            drawn[0].chars().count()
        );
    }

    #[test]
    fn its_rows_are_alike_and_nothing_in_them_steers_a_terminal() {
        let drawn = rows("mpotr:tea?at=mpotr://r");
        for row in &drawn {
            assert_eq!(first_unsafe(row), None, "{row:?}");
            assert_eq!(row.chars().count(), drawn[0].chars().count());
            // What is cut off at the end of a line would be missing.
            assert!(row.ends_with('█') || row.ends_with(['▀', '▄']), "{row:?}");
        }
        assert_eq!(rows(&"x".repeat(4000)), Vec::<String>::new());
    }
}
