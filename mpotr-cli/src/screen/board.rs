//! What is on the screen, and which part of it is looked at.

use crate::chat::view::{self, Pinned, View};
use crate::rows::Rows;

use super::log::{Entry, Kind, Log};
use super::news::News;
use super::sheet::{Sheet, What};

/// Columns before a line: the sign of a text, or that of a notice, and a blank.
pub(super) const GUTTER: usize = 2;

/// The most alarms that are kept before a person has seen them.
const MOST_ALARMS: usize = 64;

/// The lowest row that is looked at, where that is not the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    /// The entry.
    pub(super) number: u64,
    /// So many of its rows are below.
    pub(super) hidden: usize,
}

/// Where what was said is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) rows: Rows,
    pub(super) height: usize,
}

/// What is on the screen.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) log: Log,
    pub(super) view: Option<View>,
    /// The line that is typed, and what of it is before the cursor.
    pub(super) line: Vec<u8>,
    pub(super) before: Vec<u8>,
    /// What the word before the cursor may be.
    pub(super) choices: Option<String>,
    /// What is asked about what was pasted.
    pub(super) question: Option<String>,
    /// What a person has not said to have seen.
    pub(super) alarms: Vec<String>,
    /// The other rooms, and what came there.
    pub(super) others: Option<String>,
    /// What is looked at in place of the talk.
    pub(super) sheet: Option<Sheet>,
    at: Option<At>,
    /// Whether the terminal is looked at, as far as it tells.
    is_looked_at: bool,
    /// The first text that came while nobody looked where it is.
    unread: Option<u64>,
    /// What came that the person has not looked at.
    pub(super) news: News,
    window: Window,
}

impl Board {
    pub(super) fn new() -> Self {
        Self {
            log: Log::default(),
            view: None,
            line: Vec::new(),
            before: Vec::new(),
            choices: None,
            question: None,
            alarms: Vec::new(),
            others: None,
            sheet: None,
            at: None,
            is_looked_at: true,
            unread: None,
            news: News::default(),
            window: Window {
                rows: Rows::new(None),
                height: 1,
            },
        }
    }

    /// A text of another member has come.
    pub(super) fn text(&mut self, id: Option<mpotr::MessageId>, line: &str) {
        let number = self.log.next();
        self.log.text(id, line);
        if !self.is_seen() {
            self.unread.get_or_insert(number);
            self.news.text(line);
        }
    }

    /// Whether what comes now is looked at.
    pub(super) const fn is_seen(&self) -> bool {
        self.is_looked_at && self.is_at_end()
    }

    /// The room as it is now.
    pub(super) fn show(&mut self, view: View) {
        let before = self.view.as_ref().map_or(&[][..], |view| &view.pinned);
        let is_new = |it: &&Pinned| it.kind != view::Kind::Waits && !before.contains(it);
        let asks = view.pinned.iter().find(is_new).is_some();
        if asks && !self.is_seen() {
            self.news.asks();
        }
        self.view = Some(view);
    }

    /// What the program tells.
    pub(super) fn notice(&mut self, line: &str) {
        if !self.log.notice(line) {
            return;
        }
        if self.alarms.len() < MOST_ALARMS {
            self.alarms.push(line.to_owned());
        }
        if !self.is_seen() {
            self.news.asks();
        }
    }

    /// The person has seen the oldest alarm.
    pub(super) fn dismiss(&mut self) {
        if !self.alarms.is_empty() {
            self.alarms.remove(0);
        }
    }

    /// The person has sent a line: it has read what is there, and looks at the end.
    pub(super) fn answered(&mut self) {
        self.unread = None;
        self.at = None;
        self.choices = None;
        self.sheet = None;
    }

    /// Whether the terminal is looked at.
    pub(super) const fn focus(&mut self, is_looked_at: bool) {
        self.is_looked_at = is_looked_at;
    }

    /// What was said is shown here from now on.
    pub(super) const fn place(&mut self, window: Window) {
        self.window = window;
    }

    /// Whether what was told last is what is looked at.
    pub(super) const fn is_at_end(&self) -> bool {
        self.at.is_none() && self.sheet.is_none()
    }

    /// Looks at all that is asked of the person, or back at the talk.
    pub(super) fn turn_over(&mut self) {
        self.sheet = match self.sheet {
            Some(_) => None,
            None => Some(Sheet::new(What::Asked)),
        };
    }

    /// Whether the line that is typed is not seen: a link has all of the screen.
    pub(super) fn hides_line(&self) -> bool {
        let sheet = self.sheet.as_ref();
        sheet.is_some_and(|sheet| matches!(sheet.what, What::Link { .. }))
    }

    /// Where is looked, if that is not the end.
    pub(super) const fn at(&self) -> Option<At> {
        self.at
    }

    /// The first text that came while nobody looked where it is.
    pub(super) const fn unread(&self) -> Option<u64> {
        self.unread
    }

    /// How many texts came below of what is looked at since the person looked elsewhere.
    pub(super) fn below(&self) -> usize {
        let (Some(at), Some(unread)) = (self.at, self.unread) else {
            return 0;
        };
        let first = unread.max(at.number.saturating_add(1));
        let is_text = |number: &u64| {
            let entry = self.log.get(*number);
            entry.is_some_and(|entry| matches!(entry.kind, Kind::Text { is_own: false, .. }))
        };
        (first..self.log.next()).filter(is_text).count()
    }

    /// Rows of an entry.
    pub(super) fn rows(&self, entry: &Entry) -> Vec<String> {
        self.window.rows.of(&entry.line)
    }

    fn height_of(&self, number: u64) -> usize {
        self.log.get(number).map_or(1, |it| self.rows(it).len())
    }

    /// The lowest row of all.
    fn end(&self) -> At {
        At {
            number: self.log.next().saturating_sub(1),
            hidden: 0,
        }
    }

    /// Looks at what is above: a page.
    pub(super) fn page_up(&mut self) {
        if let Some(sheet) = &mut self.sheet {
            return sheet.turn(true);
        }
        let page = self.window.height.saturating_sub(1).max(1);
        let mut at = self.at.unwrap_or(self.end());
        let mut height = self.height_of(at.number);
        for _ in 0..page {
            if at.hidden.saturating_add(1) < height {
                at.hidden = at.hidden.saturating_add(1);
            } else if at.number > self.log.first() {
                at.number = at.number.saturating_sub(1);
                at.hidden = 0;
                height = self.height_of(at.number);
            } else {
                break;
            }
        }
        self.at = Some(at);
        // Above the first entry there is nothing to see.
        let lacks = self.window.height.saturating_sub(self.above(at));
        self.down(lacks);
    }

    /// Looks at what is below: a page.
    pub(super) fn page_down(&mut self) {
        if let Some(sheet) = &mut self.sheet {
            return sheet.turn(false);
        }
        self.down(self.window.height.saturating_sub(1).max(1));
    }

    fn down(&mut self, rows: usize) {
        let Some(mut at) = self.at else {
            return;
        };
        let end = self.end();
        for _ in 0..rows {
            if at.hidden > 0 {
                at.hidden = at.hidden.saturating_sub(1);
            } else if at.number < end.number {
                at.number = at.number.saturating_add(1);
                at.hidden = self.height_of(at.number).saturating_sub(1);
            }
        }
        self.at = Some(at).filter(|at| *at != end);
    }

    /// How many rows there are down to this one, as far as they have room.
    fn above(&self, at: At) -> usize {
        let mut rows = self.height_of(at.number).saturating_sub(at.hidden);
        let mut number = at.number;
        while rows < self.window.height && number > self.log.first() {
            number = number.saturating_sub(1);
            rows = rows.saturating_add(self.height_of(number));
        }
        rows
    }
}
