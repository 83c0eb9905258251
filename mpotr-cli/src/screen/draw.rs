//! How the screen looks, at any size.
//!
//! ```text
//!  tea | secure, 3 members | relay.example:7667           the room, in reverse
//! * bob is in                       | 3 members           what was said, and who is there
//! = bob: hello                      | alice (you)
//! + alice: hi                       | bob
//! vote: bob asks to leave ..                              what stays for as long as it holds
//! > what is ty_                                           the line, with the cursor of the terminal
//! ~ waits  > sent  + all have it ..                       the signs
//! ```
//!
//! No colour says what no sign or word says. What others wrote is escaped before it is broken into rows, and each row but the first
//! of a line begins with a mark, as where it is printed line by line.

mod pages;

use mpotr::Phase;
use mpotr_formats::Escaped;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Position;
use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::terminal::Frame;
use unicode_width::UnicodeWidthStr as _;

use super::board::{Board, GUTTER, Window};
use super::log::{Entry, Kind};
use crate::chat::view::{Person, Standing, View};
use crate::chat::wording::{count, with_blanks_for_tabs};
use crate::rows::Rows;

/// Columns of the list of who is there, and of a screen that has room for one.
const PEOPLE: usize = 26;
const WIDE: usize = 64;

/// Rows of a screen that has room for the signs.
const HIGH: usize = 16;

/// One part in so many of the rows is for the line that is typed, and as much for what stays, or a few rows on a small screen.
const PART: usize = 4;
const FEW: usize = 4;

/// What stands before the line that is typed.
const PROMPT: &str = "> ";

/// The signs, and keys that are not seen.
const SIGNS: &str = "~ waits > sent + all have it = final ? held ! not all x unsent | PgUp PgDn";

/// Before the first text that came while nobody looked.
const UNREAD: &str = "--- new since you looked ---";

/// Whether there are colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Colours(bool);

impl Colours {
    /// As the person wants it (no-color.org).
    pub(super) fn wanted() -> Self {
        Self(std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty()))
    }

    #[cfg(test)]
    pub(super) const NONE: Self = Self(false);

    fn of(self, colour: Color) -> Style {
        match self.0 {
            true => Style::new().fg(colour),
            false => Style::new(),
        }
    }
}

/// A row, and how it looks.
type Row = (String, Style);

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const REVERSED: Style = Style::new().add_modifier(Modifier::REVERSED);

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, board: &mut Board, rows: Rows, colours: Colours) {
    let area = frame.area();
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let rows = rows.of_width(width);
    if pages::draw(frame, board, rows) {
        return;
    }
    let part = (height / PART).max(1);
    let (typed, (column, row)) = typed(board, rows.of_width(width.saturating_sub(GUTTER)), part);
    let stays = part.max(FEW.min(height / 3));
    let header = usize::from(height > 3);
    let room = height
        .saturating_sub(header)
        .saturating_sub(typed.len())
        .saturating_sub(1);
    let pinned = pinned(board, rows, (stays, room), colours);
    let signs = usize::from(height >= HIGH);
    let is_wide = width >= WIDE;
    let names = usize::from(!is_wide && header > 0 && board.view.is_some());
    let others = usize::from(header > 0 && board.others.is_some());
    let around = [header, others, names, pinned.len(), typed.len(), signs];
    let log = height.saturating_sub(around.into_iter().fold(0, usize::saturating_add));
    let log_width = match is_wide {
        true => width.saturating_sub(PEOPLE),
        false => width,
    };
    board.place(Window {
        rows: rows.of_width(log_width.saturating_sub(GUTTER)),
        height: log.max(1),
    });
    let buffer = frame.buffer_mut();
    let mut y = head(
        buffer,
        board,
        rows,
        [header, others, names].map(|it| it > 0),
    );
    body(buffer, board, (y, log), (rows, log_width), colours);
    y = y.saturating_add(log);
    for (row, style) in &pinned {
        put(buffer, 0, y, row, width, *style);
        y = y.saturating_add(1);
    }
    let line = y;
    for (at, row) in typed.iter().enumerate() {
        let prompt = if at == 0 { PROMPT } else { "  " };
        put(buffer, 0, y, prompt, width, BOLD);
        put(buffer, GUTTER, y, row, width, PLAIN);
        y = y.saturating_add(1);
    }
    if signs > 0 {
        put(buffer, 0, y, &cut(SIGNS, rows), width, DIM);
    }
    let column = column.saturating_add(GUTTER).min(width.saturating_sub(1));
    let row = line.saturating_add(row).min(height.saturating_sub(1));
    frame.set_cursor_position(Position::new(short(column), short(row)));
}

/// What is above of what was said: the room, the others, and on a narrow screen who is there. Returns the next row.
fn head(
    buffer: &mut Buffer,
    board: &Board,
    rows: Rows,
    [header, others, names]: [bool; 3],
) -> usize {
    let width = rows.columns();
    let mut y: usize = 0;
    if header {
        put(buffer, 0, 0, &" ".repeat(width), width, REVERSED);
        put(buffer, 0, 0, &cut(&title(board), rows), width, REVERSED);
        y = 1;
    }
    if let Some(line) = board.others.as_ref().filter(|_| others) {
        put(buffer, 0, y, &cut(line, rows), width, BOLD);
        y = y.saturating_add(1);
    }
    if names {
        let line = board.view.as_ref().map(in_one_row).unwrap_or_default();
        put(buffer, 0, y, &cut(&line, rows), width, DIM);
        y = y.saturating_add(1);
    }
    y
}

/// What was said and, on a wide screen, who is there: from row `y` on, as many rows as are given.
fn body(
    buffer: &mut Buffer,
    board: &Board,
    (y, height): (usize, usize),
    (rows, width): (Rows, usize),
    colours: Colours,
) {
    let said = said(board, height, colours);
    // The newest is the lowest.
    let free = height.saturating_sub(said.len());
    for (at, (row, style)) in said.into_iter().enumerate() {
        let y = y.saturating_add(free).saturating_add(at);
        put(buffer, 0, y, &row, width, style);
    }
    if width == rows.columns() {
        return;
    }
    if let Some(view) = &board.view {
        let x = width.saturating_add(GUTTER);
        let people = people(
            view,
            rows.of_width(PEOPLE.saturating_sub(GUTTER)),
            height,
            colours,
        );
        for (at, (row, style)) in people.into_iter().enumerate() {
            put(buffer, x, y.saturating_add(at), &row, PEOPLE, style);
        }
    }
    for at in 0..height {
        put(buffer, width, y.saturating_add(at), "|", 1, DIM);
    }
}

fn short(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// Writes a row where there is room for it.
fn put(buffer: &mut Buffer, x: usize, y: usize, text: &str, width: usize, style: Style) {
    let at = Position::new(short(x), short(y));
    if buffer.area.contains(at) {
        buffer.set_stringn(at.x, at.y, text, width, style);
    }
}

/// What has room in one row, and that there is more.
fn cut(line: &str, rows: Rows) -> String {
    if let [whole] = &rows.of(line)[..] {
        return whole.clone();
    }
    match &rows
        .of_width(rows.columns().saturating_sub(GUTTER))
        .of(line)[..]
    {
        [] => String::new(),
        [one] => one.clone(),
        [first, ..] => format!("{}..", first.trim_end()),
    }
}

/// The room, and what else is worth the first row.
fn title(board: &Board) -> String {
    let Some(view) = &board.view else {
        return String::new();
    };
    let phase = match view.phase {
        Phase::Alone => "nobody else is here".to_owned(),
        Phase::Gathering => "not secure yet".to_owned(),
        Phase::Agreeing => "agreeing on a key".to_owned(),
        Phase::Secure => format!("secure, {}", count(view.members(), "member")),
        Phase::Leaving => "leaving".to_owned(),
        Phase::Ended => "left".to_owned(),
    };
    let away = if view.is_away { " | NO WAY TO IT" } else { "" };
    let below = match (board.at(), board.below()) {
        (None, _) => String::new(),
        (Some(_), 0) => " | earlier: PgDn".to_owned(),
        (Some(_), new) => format!(" | {new} new below: PgDn"),
    };
    let (room, place) = (Escaped(&view.room), Escaped(&view.place));
    // What matters comes first where there is little room.
    format!(" {phase}{away}{below} | {room} | {place}")
}

/// Who is there, in one row.
fn in_one_row(view: &View) -> String {
    let members = view.people.iter().filter_map(|person| {
        let name = Escaped(&person.name);
        match (person.standing, &person.notes[..]) {
            (Standing::Member, []) => Some(name.to_string()),
            (Standing::Member, notes) => Some(format!("{name} ({})", Escaped(&notes.join(", ")))),
            (Standing::Me | Standing::Outside | Standing::Elsewhere, _) => None,
        }
    });
    let members: Vec<_> = members.collect();
    match members.is_empty() {
        true => "with nobody yet".to_owned(),
        false => format!("with {}", members.join(", ")),
    }
}

/// What was said and told, as many rows as have room.
fn said(board: &Board, height: usize, colours: Colours) -> Vec<Row> {
    let mut rows = Vec::new();
    let last = board.log.next().saturating_sub(1);
    let (mut number, mut hidden) = board.at().map_or((last, 0), |at| (at.number, at.hidden));
    while rows.len() < height
        && let Some(entry) = board.log.get(number)
    {
        let its = rows_of(board, entry, colours);
        let shown = its.len().saturating_sub(hidden);
        hidden = 0;
        rows.extend(its.into_iter().take(shown).rev());
        if board.unread() == Some(number) {
            rows.push((UNREAD.to_owned(), BOLD));
        }
        let Some(before) = number.checked_sub(1) else {
            break;
        };
        number = before;
    }
    rows.truncate(height);
    rows.reverse();
    rows
}

/// The rows of an entry, with its sign.
fn rows_of(board: &Board, entry: &Entry, colours: Colours) -> Vec<Row> {
    let (sign, style) = match entry.kind {
        Kind::Text { progress, is_own } => {
            let style = if is_own {
                colours.of(Color::Cyan)
            } else {
                PLAIN
            };
            (progress.sign(), style)
        }
        Kind::Notice => ("*", DIM),
        Kind::Alarm => ("*", BOLD.patch(colours.of(Color::Red))),
        Kind::Typed => ("-", DIM),
    };
    let rows = board.rows(entry).into_iter().enumerate();
    let rows = rows.map(|(at, row)| match at {
        0 => (format!("{sign} {row}"), style),
        _ => (format!("  {row}"), style),
    });
    rows.collect()
}

/// Who is there, as many rows as have room.
fn people(view: &View, width: Rows, height: usize, colours: Colours) -> Vec<Row> {
    let mut rows = vec![(count(view.members(), "member"), BOLD)];
    let mut is_outside = false;
    for person in &view.people {
        if person.standing == Standing::Outside && !is_outside {
            is_outside = true;
            rows.push(("outside:".to_owned(), BOLD));
        }
        rows.extend(rows_of_person(person, width, colours));
    }
    if rows.len() > height {
        rows.truncate(height.saturating_sub(1));
        rows.push(("/members lists all".to_owned(), BOLD));
    }
    rows
}

fn rows_of_person(person: &Person, width: Rows, colours: Colours) -> Vec<Row> {
    let wrapped = |text: String, style: Style| {
        let rows = width.of(&Escaped(&text).to_string()).into_iter();
        rows.map(move |row| (row, style)).collect::<Vec<_>>()
    };
    match person.standing {
        Standing::Me => wrapped(format!("{} (you)", person.name), PLAIN),
        Standing::Elsewhere => wrapped(person.line.clone(), DIM),
        Standing::Member | Standing::Outside => {
            let name = wrapped(person.name.clone(), PLAIN).into_iter();
            let how = (!person.how.is_empty()).then(|| {
                let style = match person.how.starts_with("verified") {
                    true => colours.of(Color::Green),
                    false => DIM,
                };
                wrapped(format!(" {}", person.how), style)
            });
            let notes = person.notes.iter();
            let notes = notes.flat_map(|note| wrapped(format!(" {note}"), PLAIN));
            name.chain(how.into_iter().flatten()).chain(notes).collect()
        }
    }
}

/// What stays where it is seen, as many rows as have room: alarms, and what is asked of the person, first. `most` are for that, and
/// `room` for what is asked about the line that is typed, which is to be answered before anything else.
fn pinned(board: &Board, rows: Rows, (most, room): (usize, usize), colours: Colours) -> Vec<Row> {
    let loud = BOLD.patch(colours.of(Color::Yellow));
    let choices = board.choices.iter().chain(&board.question).cloned();
    let alarms = board.alarms.first().map(|alarm| {
        let more = board.alarms.len().saturating_sub(1);
        let more = if more > 0 {
            format!(" ({more} more)")
        } else {
            String::new()
        };
        format!("{alarm}{more}  (ctrl-g: seen)")
    });
    let view = board.view.iter().flat_map(|view| &view.pinned);
    let lines = view.map(|it| format!("{}: {}", it.kind.word(), it.line));
    let all: Vec<_> = alarms.into_iter().chain(lines).collect();
    let rows_of = |line: &String| rows.of(&Escaped(line).to_string());
    let mut shown = Vec::new();
    let mut left = 0_usize;
    let choices: Vec<_> = choices.collect();
    let most = most.max(choices.iter().map(|line| rows_of(line).len()).sum());
    let most = most.min(room.max(1));
    for line in choices.iter().chain(&all) {
        let its = rows_of(line);
        let is_cut = shown.len().saturating_add(its.len()) > most;
        left = left.saturating_add(usize::from(is_cut));
        shown.extend(its);
    }
    if shown.len() > most {
        shown.truncate(most.saturating_sub(1));
        shown.push(format!("  .. {left} not whole here: ctrl-o"));
    }
    shown.into_iter().map(|row| (row, loud)).collect()
}

/// The rows of the line that is typed, and the column and row of the cursor among them.
fn typed(board: &Board, rows: Rows, most: usize) -> (Vec<String>, (usize, usize)) {
    let shown = |line: &[u8]| {
        let line = with_blanks_for_tabs(&String::from_utf8_lossy(line));
        rows.of_typed(&Escaped(&line).to_string())
    };
    let before = shown(&board.before);
    // As wide as the cells are in which it is put.
    let column = before.last().map_or(0, |(row, _)| row.width());
    let all = shown(&board.line);
    let row = before.len().min(all.len()).saturating_sub(1);
    let first = all.len().saturating_sub(most).min(row);
    let all = all.into_iter().skip(first).take(most);
    (
        all.map(|(row, _)| row).collect(),
        (column, row.saturating_sub(first)),
    )
}

#[cfg(test)]
mod tests;
