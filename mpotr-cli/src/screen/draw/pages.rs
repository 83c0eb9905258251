//! Pages that have all of the screen: what is asked of the person, each line of it whole, and a link.

use mpotr_formats::Escaped;
use ratatui_core::layout::Position;
use ratatui_core::terminal::Frame;

use super::{BOLD, PLAIN, PROMPT, REVERSED, Row, cut, put, short, typed};
use crate::chat::qr::{LEAST_MARGIN, MARGIN, Modules};
use crate::rows::Rows;
use crate::screen::board::{Board, GUTTER};
use crate::screen::sheet::What;

/// The fewest columns in which words stand beside a code.
const BESIDE: usize = 17;

/// Draws the page that is looked at. Returns whether there is one.
pub(super) fn draw(frame: &mut Frame<'_>, board: &mut Board, rows: Rows) -> bool {
    let area = frame.area();
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let Some(sheet) = &board.sheet else {
        return false;
    };
    let pages = match &sheet.what {
        What::Asked => return draw_asked(frame, board, rows, (width, height)),
        What::Link { code, link } => {
            let asked = count_asked(board);
            let fits = code.as_ref().and_then(|code| {
                let margin = fitting(code, width, height)?;
                Some(beside(code, margin, rows, asked))
            });
            let lacks = code.as_ref().filter(|_| fits.is_none());
            let link = as_link(link, lacks, rows, height);
            fits.into_iter().chain(link).collect::<Vec<_>>()
        }
    };
    if let Some(sheet) = &mut board.sheet {
        sheet.have(pages.len());
        let page = pages.get(sheet.page()).into_iter().flatten();
        for (y, (row, style)) in page.enumerate() {
            put(frame.buffer_mut(), 0, y, row, width, *style);
        }
    }
    let last = Position::new(area.width.saturating_sub(1), area.height.saturating_sub(1));
    frame.set_cursor_position(last);
    true
}

/// How many things are asked of the person.
pub(super) fn count_asked(board: &Board) -> usize {
    let pinned = board.view.as_ref().map_or(0, |view| view.pinned.len());
    board.alarms.len().saturating_add(pinned)
}

/// The widest margin with which a code fits.
fn fitting(code: &Modules, width: usize, height: usize) -> Option<usize> {
    let mut margins = (LEAST_MARGIN..=MARGIN).rev();
    margins.find(|margin| {
        let (columns, rows) = code.size(*margin);
        columns <= width && rows <= height
    })
}

/// A code, and where there is room beside it, what it is.
fn beside(code: &Modules, margin: usize, rows: Rows, asked: usize) -> Vec<Row> {
    let (columns, _) = code.size(margin);
    let room = rows.columns().saturating_sub(columns).saturating_sub(1);
    let mut words = Vec::new();
    if room >= BESIDE {
        let mut lines = vec![
            "a link for one".to_owned(),
            "person: nobody".to_owned(),
            "else is to see it".to_owned(),
            "PgDn: in letters".to_owned(),
            "ctrl-o: the talk".to_owned(),
        ];
        if asked > 0 {
            lines.push(format!("asked of you: {asked}"));
        }
        let rows = rows.of_width(room);
        words = lines.iter().flat_map(|line| rows.of(line)).collect();
    }
    let mut words = words.into_iter();
    let drawn = code.drawn(margin).into_iter();
    let drawn = drawn.map(|row| match words.next() {
        Some(word) => (format!("{row} {word}"), PLAIN),
        None => (row, PLAIN),
    });
    drawn.collect()
}

/// A link in letters, in rows without a mark, so that they are a link when they are copied: white space in it is passed over.
fn as_link(link: &str, lacks: Option<&Modules>, rows: Rows, height: usize) -> Vec<Vec<Row>> {
    let width = rows.columns().max(1);
    let mut all = vec![(
        cut(" link for one person, PgUp PgDn ctrl-o", rows),
        REVERSED,
    )];
    // It is of ASCII alone.
    let letters: Vec<_> = link.chars().collect();
    let letters = letters.chunks(width).map(|row| row.iter().collect());
    all.extend(letters.map(|row: String| (row, PLAIN)));
    let mut words = vec![String::new()];
    if let Some(code) = lacks {
        let (columns, high) = code.size(LEAST_MARGIN);
        words.push(format!(
            "For its QR code this window is too small: it takes {columns} columns and {high} rows. Make it larger, or write the link \
             into a file: /link NAME to FILE"
        ));
    }
    words.push("ctrl-o, or return, goes back to the talk.".to_owned());
    let words = words.iter().flat_map(|line| rows.of(line));
    all.extend(words.map(|row| (row, PLAIN)));
    all.chunks(height.max(1)).map(<[Row]>::to_vec).collect()
}

/// All that is asked of the person, above the line that is typed.
fn draw_asked(
    frame: &mut Frame<'_>,
    board: &mut Board,
    rows: Rows,
    (width, height): (usize, usize),
) -> bool {
    let part = (height / super::PART).max(1);
    let (typed, (column, row)) = typed(board, rows.of_width(width.saturating_sub(GUTTER)), part);
    let body = height.saturating_sub(typed.len()).saturating_sub(1).max(1);
    let alarms = board
        .alarms
        .iter()
        .map(|it| format!("{it}  (ctrl-g: seen)"));
    let asked = board.choices.iter().chain(&board.question).cloned();
    let view = board.view.iter().flat_map(|view| &view.pinned);
    let pinned = view.map(|it| format!("{}: {}", it.kind.word(), it.line));
    let lines = asked.chain(alarms).chain(pinned);
    let mut all: Vec<_> = lines
        .flat_map(|line| rows.of(&Escaped(&line).to_string()))
        .collect();
    if all.is_empty() {
        all.push("nothing is asked of you".to_owned());
    }
    let pages: Vec<_> = all.chunks(body).collect();
    let Some(sheet) = &mut board.sheet else {
        return false;
    };
    sheet.have(pages.len());
    let title = format!(
        " asked of you, {} of {} | PgUp PgDn ctrl-o",
        sheet.page().saturating_add(1),
        pages.len()
    );
    let buffer = frame.buffer_mut();
    put(buffer, 0, 0, &" ".repeat(width), width, REVERSED);
    put(buffer, 0, 0, &cut(&title, rows), width, REVERSED);
    let page = pages.get(sheet.page()).into_iter().copied().flatten();
    for (at, row) in page.enumerate() {
        put(buffer, 0, at.saturating_add(1), row, width, PLAIN);
    }
    let first = height.saturating_sub(typed.len());
    for (at, row) in typed.iter().enumerate() {
        let prompt = if at == 0 { PROMPT } else { "  " };
        let y = first.saturating_add(at);
        put(buffer, 0, y, prompt, width, BOLD);
        put(buffer, GUTTER, y, row, width, PLAIN);
    }
    let column = column.saturating_add(GUTTER).min(width.saturating_sub(1));
    let row = first.saturating_add(row).min(height.saturating_sub(1));
    frame.set_cursor_position(Position::new(short(column), short(row)));
    true
}
