//! The screen of a chat: what was said, who is there, and what waits, all at any time. `docs/spec/09-chat-payload.md`, "Screen".
//!
//! ```text
//!   the chat ── what is said, told and seen ──┐
//!                                             ├──> Board ── draw ──> cells ── Canvas ──> the terminal
//!   typed ───── the line, pages, focus ───────┘
//! ```
//!
//! A thread of its own draws and writes. Nobody waits for a terminal that takes nothing: what happens meanwhile is on the board, and
//! is shown when it takes something again. Nothing of it is written anywhere else, and the terminal's own screen comes back at the
//! end, whatever ends the program.

mod board;
mod canvas;
mod draw;
mod lent;
mod log;
mod news;
mod sheet;

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use mpotr::crypto::zeroize::Zeroizing;
use mpotr::{MessageId, TextId, Told};
use mpotr_formats::{Escaped, Nick};
use ratatui_core::terminal::Terminal;
use tokio::sync::watch;

use crate::chat::qr::Modules;
use crate::chat::view::View;
use crate::output::OutputError;
use crate::rows::Rows;
use board::Board;
use canvas::Canvas;
use draw::Colours;
pub(crate) use lent::leave_at_once;
use news::News;
use sheet::{Sheet, What};

/// The least time from one drawing to the next.
const PAUSE: Duration = Duration::from_millis(15);

/// So much of what was told last is seen after the end.
const MOST_LAST: usize = 10;

/// What rings.
const BELL: u8 = 7;

/// What is done once it can be seen what was told before it.
type Then = Box<dyn FnOnce() + Send>;

/// A screen, which is drawn from [`Screen::open`] on, and a room on it.
#[derive(Clone, Debug)]
pub(crate) struct Screen(Arc<Shared>, usize);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Whether the program ends in a way in which nothing is to be drawn.
    is_over: AtomicBool,
    /// Held while something is written.
    writing: Mutex<()>,
    /// Why nothing is drawn any longer.
    failed: watch::Sender<Option<OutputError>>,
}

struct State {
    rooms: Vec<Talk>,
    /// Which of them is seen.
    shown: usize,
    /// Whether the terminal is looked at, as far as it tells.
    is_looked_at: bool,
    /// Whether there is something to draw.
    is_dirty: bool,
    /// Whether the terminal is the program's.
    is_open: bool,
    /// Whether the terminal shows its own screen.
    is_outside: bool,
    /// Whether nothing of what was drawn is on the terminal.
    is_blank: bool,
    /// The title of the window, as it was set last.
    title: String,
    /// Whether the person wants a bell.
    has_bell: bool,
}

/// A room on a screen, and what was said there.
struct Talk {
    name: String,
    board: Board,
    then: Vec<Then>,
    /// What was told since the person typed something: it is seen after the end, too.
    last: VecDeque<String>,
    /// Whether nothing that is typed goes there any longer.
    is_over: bool,
}

impl Talk {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            board: Board::new(),
            then: Vec::new(),
            last: VecDeque::new(),
            is_over: false,
        }
    }

    fn notice(&mut self, line: &str) {
        if self.last.len() >= MOST_LAST {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
        self.board.notice(line);
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is said in a room is in no log.
        f.debug_struct("State")
            .field("is_open", &self.is_open)
            .finish_non_exhaustive()
    }
}

impl State {
    /// What is written besides cells: the title of the window, if it is another, and a bell. Others may see the title, so it has numbers
    /// and no word of a talk.
    fn beside(&mut self, enters: bool) -> Vec<u8> {
        let mut all = News::default();
        let mut rings = false;
        for room in &mut self.rooms {
            if room.board.is_seen() {
                room.board.news.are_seen();
            }
            rings |= room.board.news.ring();
            all.add(&room.board.news);
        }
        let title = format!("mpotr {}", all.mark());
        let title = title.trim_end().to_owned();
        let mut written = Vec::new();
        if enters || title != self.title {
            written.extend_from_slice(format!("\x1b]2;{title}\x07").as_bytes());
            self.title = title;
        }
        if rings && self.has_bell {
            written.push(BELL);
        }
        written
    }

    /// What is to be done once this is drawn: nothing, while the person looks at another room or at what is above, and what was told
    /// last is not seen.
    fn due(&mut self) -> Vec<Then> {
        match self.rooms.get_mut(self.shown) {
            Some(room) if room.board.is_at_end() => core::mem::take(&mut room.then),
            Some(_) | None => Vec::new(),
        }
    }

    /// The other rooms, those first in which there is something to see; `None` if there is one room.
    fn others(&self) -> Option<String> {
        let others = self.rooms.iter().enumerate();
        let mut others: Vec<_> = others.filter(|(at, _)| *at != self.shown).collect();
        others.sort_by_key(|(_, room)| room.board.news.mark().is_empty());
        let named = others.into_iter().map(|(at, room)| {
            let (number, name) = (at.saturating_add(1), Escaped(&room.name));
            let mark = room.board.news.mark();
            let over = if room.is_over { " left" } else { "" };
            format!("{number} {name}{over} {mark}")
                .trim_end()
                .to_owned()
        });
        let named: Vec<_> = named.collect();
        (!named.is_empty()).then(|| format!("alt- {}", named.join(" | ")))
    }

    /// What comes is looked at in the room that is seen, if anywhere.
    fn look(&mut self) {
        let (shown, is_looked_at) = (self.shown, self.is_looked_at);
        for (at, room) in self.rooms.iter_mut().enumerate() {
            room.board.focus(is_looked_at && at == shown);
        }
    }
}

impl Screen {
    /// One with nothing on it but what was told before.
    pub(crate) fn new(told: &[String]) -> Self {
        let mut room = Talk::new("");
        for line in told {
            room.board.notice(line);
        }
        let state = State {
            rooms: vec![room],
            shown: 0,
            is_looked_at: true,
            is_dirty: true,
            is_open: false,
            is_outside: true,
            is_blank: true,
            title: String::new(),
            has_bell: false,
        };
        let shared = Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            is_over: AtomicBool::new(false),
            writing: Mutex::new(()),
            failed: watch::Sender::new(None),
        };
        Self(Arc::new(shared), 0)
    }

    /// What the room is called where several are on the screen.
    pub(crate) fn name(&self, name: &str) {
        self.room(|room| name.clone_into(&mut room.name));
    }

    /// Another room on the same screen.
    pub(crate) fn another(&self, name: &str) -> Self {
        let mut number = 0;
        self.change(|state| {
            number = state.rooms.len();
            state.rooms.push(Talk::new(name));
            state.look();
        });
        Self(Arc::clone(&self.0), number)
    }

    /// Its number among the rooms.
    pub(crate) const fn number(&self) -> usize {
        self.1
    }

    /// Whether there are several rooms.
    pub(crate) fn has_several(&self) -> bool {
        self.lock().rooms.len() > 1
    }

    /// Shows the room of a number. Returns whether there is one.
    pub(crate) fn switch(&self, number: usize) -> bool {
        let mut is_there = false;
        self.change(|state| {
            is_there = number < state.rooms.len();
            if is_there {
                state.shown = number;
                state.look();
            }
        });
        is_there
    }

    /// The next room in which there is something to see, or else the next.
    pub(crate) fn next(&self) -> usize {
        let state = self.lock();
        let count = state.rooms.len();
        let behind = state.shown.saturating_add(1);
        let all: Vec<_> = (behind..count).chain(0..behind.min(count)).collect();
        let has_news = |at: &usize| {
            let room = state.rooms.get(*at);
            room.is_some_and(|room| !room.board.news.mark().is_empty())
        };
        let news = all.iter().copied().find(has_news);
        news.or(all.first().copied()).unwrap_or_default()
    }

    /// Nothing goes into the room any longer.
    pub(crate) fn over(&self, told: &str) {
        self.room(|room| {
            room.is_over = true;
            room.notice(told);
        });
    }

    /// Whether that is so of the room that is seen, which is told again then.
    pub(crate) fn refuses(&self) -> bool {
        let mut is_over = false;
        self.here(|room| {
            is_over = room.is_over;
            if is_over {
                room.notice(
                    "nothing was sent: this room is left; alt and a number goes to another",
                );
            }
        });
        is_over
    }

    fn room(&self, change: impl FnOnce(&mut Talk)) {
        let number = self.1;
        self.change(|state| {
            if let Some(room) = state.rooms.get_mut(number) {
                change(room);
            }
        });
    }

    /// The room that is seen.
    fn here(&self, change: impl FnOnce(&mut Talk)) {
        self.change(|state| {
            let shown = state.shown;
            if let Some(room) = state.rooms.get_mut(shown) {
                change(room);
            }
        });
    }

    /// Draws on a terminal from now on. Returns whether the system gives what that takes.
    pub(crate) fn begin(&self, terminal: &File) -> bool {
        let (Ok(shown), Ok(written)) = (terminal.try_clone(), terminal.try_clone()) else {
            return false;
        };
        let shared = Arc::clone(&self.0);
        let draws = thread::Builder::new()
            .name("screen".to_owned())
            .spawn(move || shared.draw_on(shown, written));
        if draws.is_ok() {
            self.open();
        }
        draws.is_ok()
    }

    /// Takes the terminal, again perhaps.
    pub(crate) fn open(&self) {
        self.change(|state| {
            state.is_open = true;
            state.is_outside = true;
            state.is_blank = true;
        });
    }

    /// Gives the terminal its own screen back, when what is being written is.
    pub(crate) fn close(&self) {
        self.lock().is_open = false;
        lent::let_go();
        let _written = self
            .0
            .writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        lent::leave();
    }

    /// Draws no more: the program panics, and its words are for the terminal's own screen.
    pub(crate) fn give_up(&self) {
        self.0.is_over.store(true, Ordering::Release);
    }

    /// The terminal has another size, or shows what it should not.
    pub(crate) fn redraw(&self) {
        self.change(|state| state.is_blank = true);
    }

    /// The line that is typed, and what of it is before the cursor.
    pub(crate) fn line(&self, before: &[u8], line: &[u8]) {
        self.here(|room| {
            room.board.before = before.to_vec();
            room.board.line = line.to_vec();
        });
    }

    /// What the word before the cursor may be, until something else is typed.
    pub(crate) fn choices(&self, choices: Option<String>) {
        self.here(|room| room.board.choices = choices);
    }

    /// What is asked about what was pasted, until it is answered: it is in sight.
    pub(crate) fn ask(&self, question: Option<String>) {
        self.here(|room| {
            room.board.sheet.take_if(|_| question.is_some());
            room.board.question = question;
        });
    }

    /// Looks back at the talk from where the line that is typed is not seen. Returns whether that was so.
    pub(crate) fn look_back(&self) -> bool {
        let mut was_hidden = false;
        self.here(|room| {
            was_hidden = room.board.hides_line();
            room.board.sheet.take_if(|_| was_hidden);
        });
        was_hidden
    }

    /// Looks at what is a page above, or below.
    pub(crate) fn page(&self, is_up: bool) {
        self.here(|room| match is_up {
            true => room.board.page_up(),
            false => room.board.page_down(),
        });
    }

    /// Looks at all that is asked of the person, or back at the talk.
    pub(crate) fn turn_over(&self) {
        self.here(|room| room.board.turn_over());
    }

    /// Shows a link in place of the talk, until the person looks back at that.
    pub(crate) fn show_link(&self, link: &str) {
        let what = What::Link {
            code: Modules::of(link),
            link: Zeroizing::new(link.to_owned()),
        };
        self.room(|room| room.board.sheet = Some(Sheet::new(what)));
    }

    /// What the person is called, and whether it wants a bell when it is named or asked while it looks elsewhere.
    pub(crate) fn attend(&self, nick: &Nick, has_bell: bool) {
        self.room(|room| room.board.news.call(nick.as_str()));
        self.bell(has_bell);
    }

    /// Whether a bell rings from now on.
    pub(crate) fn bell(&self, has_bell: bool) {
        self.change(|state| state.has_bell = has_bell);
    }

    /// Whether the terminal is looked at.
    pub(crate) fn focus(&self, is_looked_at: bool) {
        self.change(|state| {
            state.is_looked_at = is_looked_at;
            state.look();
        });
    }

    /// The person has seen an alarm.
    pub(crate) fn dismiss(&self) {
        self.here(|room| room.board.dismiss());
    }

    /// The person has sent a line.
    pub(crate) fn answered(&self) {
        self.here(|room| {
            room.board.answered();
            room.last.clear();
        });
    }

    /// What the program tells.
    pub(crate) fn notice(&self, line: &str) {
        self.room(|room| room.notice(line));
    }

    /// Does this once what was told before can be seen.
    pub(crate) fn then(&self, then: impl FnOnce() + Send + 'static) {
        self.room(|room| room.then.push(Box::new(then)));
    }

    /// A text of another member.
    pub(crate) fn text(&self, id: Option<MessageId>, line: &str) {
        self.room(|room| room.board.text(id, line));
    }

    /// A text of this member, which the room is given now or later.
    pub(crate) fn own(&self, nick: &Nick, text: &str) {
        self.room(|room| room.board.log.own(nick, text));
    }

    /// A command that was typed.
    pub(crate) fn typed(&self, line: &str) {
        self.room(|room| room.board.log.typed(line));
    }

    /// The room has taken a text.
    pub(crate) fn taken(&self, text_id: TextId, text: &str) {
        self.room(|room| room.board.log.taken(text_id, text));
    }

    /// A text that was held waits for its turn.
    pub(crate) fn released(&self, text_id: TextId) {
        self.room(|room| room.board.log.released(text_id));
    }

    /// What became of texts.
    pub(crate) fn hear(&self, event: &Told) {
        let mut state = self.lock();
        let room = state.rooms.get_mut(self.1);
        if room.is_some_and(|room| room.board.log.hear(event)) {
            state.is_dirty = true;
            self.0.changed.notify_all();
        }
    }

    /// The room as it is now. `waits` are all texts that were typed and that the room may be given.
    pub(crate) fn show(&self, view: View, waits: &[String]) {
        self.room(|room| {
            room.board.log.waits(waits);
            room.board.show(view);
        });
    }

    /// What was told last, since the person typed something, in each room.
    pub(crate) fn last_words(&self) -> Vec<String> {
        let mut state = self.lock();
        let has_several = state.rooms.len() > 1;
        let mut words = Vec::new();
        for room in &mut state.rooms {
            let of_room = |line| match has_several {
                true => format!("{}: {line}", room.name),
                false => line,
            };
            words.extend(core::mem::take(&mut room.last).into_iter().map(of_room));
        }
        words
    }

    /// Waits until nothing can be drawn any longer, and says why.
    pub(crate) async fn failure(&self) -> OutputError {
        let mut failed = self.0.failed.subscribe();
        // The sender lives as long as this does. What was waited for is held as long as it is looked at, and cannot be taken meanwhile.
        drop(failed.wait_for(Option::is_some).await);
        let mut error = None;
        self.0.failed.send_if_modified(|failed| {
            // Other rooms hear of it, too.
            error = failed.replace(gone());
            false
        });
        error.unwrap_or_else(gone)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.is_dirty = true;
        self.0.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked with it has left something that can be shown.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws whenever there is something to draw.
    fn draw_on(&self, shown: File, mut written: File) {
        let fails = Fails(self);
        let Ok(mut terminal) = Terminal::new(Canvas::new(shown));
        let (rows, colours) = (Rows::new(None), Colours::wanted());
        loop {
            let mut state = self.lock();
            while !(state.is_dirty && state.is_open) {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state.is_dirty = false;
            let enters = core::mem::take(&mut state.is_outside);
            if core::mem::take(&mut state.is_blank) {
                let Ok(()) = terminal.clear();
            }
            let (shown, others) = (state.shown, state.others());
            if let Some(Talk { board, .. }) = state.rooms.get_mut(shown) {
                board.others = others;
                let Ok(_) = terminal.draw(|frame| draw::draw(frame, board, rows, colours));
            }
            let then = state.due();
            let mut cells = terminal.backend_mut().take();
            cells.extend(state.beside(enters));
            let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            drop(state);
            if self.is_over.load(Ordering::Acquire) {
                fails.with(gone());
                return;
            }
            let entered = match enters {
                true => lent::enter(&mut written),
                false => Ok(()),
            };
            let all = entered.and_then(|()| written.write_all(&cells));
            drop(writing);
            if let Err(error) = all {
                fails.with(error.into());
                return;
            }
            for then in then {
                then();
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Tells that nothing is drawn any longer, if the thread that draws ends by a panic, too.
struct Fails<'a>(&'a Shared);

impl Fails<'_> {
    fn with(&self, error: OutputError) {
        self.0.failed.send_modify(|failed| *failed = Some(error));
    }
}

impl Drop for Fails<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.with(gone());
        }
    }
}

fn gone() -> OutputError {
    OutputError::Io(std::io::Error::other("the screen is gone"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
