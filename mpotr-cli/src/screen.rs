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
mod log;
mod news;
mod sheet;

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use mpotr::crypto::zeroize::Zeroizing;
use mpotr::{MessageId, TextId, Told};
use mpotr_formats::Nick;
use ratatui_core::terminal::Terminal;
#[cfg(unix)]
use rustix::termios::{InputModes, OptionalActions, tcgetattr, tcsetattr};
use tokio::sync::watch;

use crate::chat::qr::Modules;
use crate::chat::view::View;
use crate::output::OutputError;
use crate::rows::Rows;
use board::Board;
use canvas::{Canvas, ENTER, LEAVE};
use draw::Colours;
use sheet::{Sheet, What};

/// The least time from one drawing to the next.
const PAUSE: Duration = Duration::from_millis(15);

/// So much of what was told last is seen after the end.
const MOST_LAST: usize = 10;

/// What rings.
const BELL: u8 = 7;

/// How long a terminal may take to show its own screen again.
const LAST: Duration = Duration::from_millis(500);

/// The terminal that shows another screen than its own.
static ENTERED: Mutex<Option<File>> = Mutex::new(None);

/// What is done once it can be seen what was told before it.
type Then = Box<dyn FnOnce() + Send>;

/// A screen, which is drawn from [`Screen::open`] on.
#[derive(Clone, Debug)]
pub(crate) struct Screen(Arc<Shared>);

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
    board: Board,
    /// Whether there is something to draw.
    is_dirty: bool,
    /// Whether the terminal is the program's.
    is_open: bool,
    /// Whether the terminal shows its own screen.
    is_outside: bool,
    /// Whether nothing of what was drawn is on the terminal.
    is_blank: bool,
    then: Vec<Then>,
    /// What was told since the person typed something: it is seen after the end, too.
    last: VecDeque<String>,
    /// The title of the window, as it was set last.
    title: String,
    /// Whether the person wants a bell.
    has_bell: bool,
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
        if self.board.is_seen() {
            self.board.news.are_seen();
        }
        let title = format!("mpotr {}", self.board.news.mark());
        let title = title.trim_end().to_owned();
        let mut written = Vec::new();
        if enters || title != self.title {
            written.extend_from_slice(format!("\x1b]2;{title}\x07").as_bytes());
            self.title = title;
        }
        if self.board.news.ring() && self.has_bell {
            written.push(BELL);
        }
        written
    }

    /// What is to be done once this is drawn: nothing, while the person looks at what is above, and what was told last is not seen.
    fn due(&mut self) -> Vec<Then> {
        match self.board.is_at_end() {
            true => core::mem::take(&mut self.then),
            false => Vec::new(),
        }
    }
}

impl Screen {
    /// One with nothing on it but what was told before.
    pub(crate) fn new(told: &[String]) -> Self {
        let mut board = Board::new();
        for line in told {
            board.notice(line);
        }
        let state = State {
            board,
            is_dirty: true,
            is_open: false,
            is_outside: true,
            is_blank: true,
            then: Vec::new(),
            last: VecDeque::new(),
            title: String::new(),
            has_bell: false,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            is_over: AtomicBool::new(false),
            writing: Mutex::new(()),
            failed: watch::Sender::new(None),
        }))
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
        let_go();
        let _written = self
            .0
            .writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        leave();
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
        self.change(|state| {
            state.board.before = before.to_vec();
            state.board.line = line.to_vec();
        });
    }

    /// What the word before the cursor may be, until something else is typed.
    pub(crate) fn choices(&self, choices: Option<String>) {
        self.change(|state| state.board.choices = choices);
    }

    /// What is asked about what was pasted, until it is answered.
    pub(crate) fn ask(&self, question: Option<String>) {
        self.change(|state| state.board.question = question);
    }

    /// Looks at what is a page above, or below.
    pub(crate) fn page(&self, is_up: bool) {
        self.change(|state| match is_up {
            true => state.board.page_up(),
            false => state.board.page_down(),
        });
    }

    /// Looks at all that is asked of the person, or back at the talk.
    pub(crate) fn turn_over(&self) {
        self.change(|state| state.board.turn_over());
    }

    /// Shows a link in place of the talk, until the person looks back at that.
    pub(crate) fn show_link(&self, link: &str) {
        let what = What::Link {
            code: Modules::of(link),
            link: Zeroizing::new(link.to_owned()),
        };
        self.change(|state| state.board.sheet = Some(Sheet::new(what)));
    }

    /// What the person is called, and whether it wants a bell when it is named or asked while it looks elsewhere.
    pub(crate) fn attend(&self, nick: &Nick, has_bell: bool) {
        self.change(|state| {
            state.board.news.call(nick.as_str());
            state.has_bell = has_bell;
        });
    }

    /// Whether a bell rings from now on.
    pub(crate) fn bell(&self, has_bell: bool) {
        self.change(|state| state.has_bell = has_bell);
    }

    /// Whether the terminal is looked at.
    pub(crate) fn focus(&self, is_looked_at: bool) {
        self.change(|state| state.board.focus(is_looked_at));
    }

    /// The person has seen an alarm.
    pub(crate) fn dismiss(&self) {
        self.change(|state| state.board.dismiss());
    }

    /// The person has sent a line.
    pub(crate) fn answered(&self) {
        self.change(|state| {
            state.board.answered();
            state.last.clear();
        });
    }

    /// What the program tells.
    pub(crate) fn notice(&self, line: &str) {
        self.change(|state| {
            if state.last.len() >= MOST_LAST {
                state.last.pop_front();
            }
            state.last.push_back(line.to_owned());
            state.board.notice(line);
        });
    }

    /// Does this once what was told before can be seen.
    pub(crate) fn then(&self, then: impl FnOnce() + Send + 'static) {
        self.change(|state| state.then.push(Box::new(then)));
    }

    /// A text of another member.
    pub(crate) fn text(&self, id: Option<MessageId>, line: &str) {
        self.change(|state| state.board.text(id, line));
    }

    /// A text of this member, which the room is given now or later.
    pub(crate) fn own(&self, nick: &Nick, text: &str) {
        self.change(|state| state.board.log.own(nick, text));
    }

    /// A command that was typed.
    pub(crate) fn typed(&self, line: &str) {
        self.change(|state| state.board.log.typed(line));
    }

    /// The room has taken a text.
    pub(crate) fn taken(&self, text_id: TextId, text: &str) {
        self.change(|state| state.board.log.taken(text_id, text));
    }

    /// A text that was held waits for its turn.
    pub(crate) fn released(&self, text_id: TextId) {
        self.change(|state| state.board.log.released(text_id));
    }

    /// What became of texts.
    pub(crate) fn hear(&self, event: &Told) {
        let mut state = self.lock();
        if state.board.log.hear(event) {
            state.is_dirty = true;
            self.0.changed.notify_all();
        }
    }

    /// The room as it is now. `waits` are all texts that were typed and that the room may be given.
    pub(crate) fn show(&self, view: View, waits: &[String]) {
        self.change(|state| {
            state.board.log.waits(waits);
            state.board.show(view);
        });
    }

    /// The rows in which lines are shown.
    pub(crate) fn rows(&self) -> Rows {
        self.lock().board.width()
    }

    /// What was told last, since the person typed something.
    pub(crate) fn last_words(&self) -> VecDeque<String> {
        core::mem::take(&mut self.lock().last)
    }

    /// Waits until nothing can be drawn any longer, and says why.
    pub(crate) async fn failure(&self) -> OutputError {
        let mut failed = self.0.failed.subscribe();
        // The sender lives as long as this does. What was waited for is held as long as it is looked at, and cannot be taken meanwhile.
        drop(failed.wait_for(Option::is_some).await);
        let mut error = None;
        self.0.failed.send_if_modified(|failed| {
            error = failed.take();
            false
        });
        match error {
            Some(error) => error,
            // It was told before.
            None => core::future::pending().await,
        }
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
            let board = &mut state.board;
            let Ok(_) = terminal.draw(|frame| draw::draw(frame, board, rows, colours));
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
                true => enter(&mut written),
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

/// Has the terminal show another screen than its own.
fn enter(terminal: &mut File) -> std::io::Result<()> {
    let known = terminal.try_clone()?;
    *ENTERED.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    terminal.write_all(ENTER)
}

/// Has a terminal that is held (ctrl-s) take what is written: on a screen that is not its own a person would look in vain for what
/// it holds back.
fn let_go() {
    #[cfg(unix)]
    if let Some(terminal) = &*ENTERED.lock().unwrap_or_else(PoisonError::into_inner)
        && let Ok(modes) = tcgetattr(terminal)
    {
        // Without the mode by which it is held it no longer is. A terminal that is gone needs nothing.
        let mut unheld = modes.clone();
        unheld.input_modes.remove(InputModes::IXON);
        let _gone = tcsetattr(terminal, OptionalActions::Now, &unheld);
        let _gone = tcsetattr(terminal, OptionalActions::Now, &modes);
    }
}

/// Has it show its own again, if it does not.
fn leave() {
    let_go();
    let entered = ENTERED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(mut terminal) = entered {
        // A terminal that is gone needs nothing.
        let _gone = terminal.write_all(LEAVE);
    }
}

/// The same for one that cannot wait long for a terminal that takes nothing.
pub(crate) fn leave_at_once() {
    let entered = ENTERED.lock().unwrap_or_else(PoisonError::into_inner);
    if entered.is_none() {
        return;
    }
    drop(entered);
    let (alive, over) = channel::<()>();
    let leaving = move || {
        leave();
        drop(alive);
    };
    if thread::Builder::new().spawn(leaving).is_ok() {
        let _in_time = over.recv_timeout(LAST);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::OpenOptions;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::{OutputError, Screen};

    #[test]
    fn what_is_below_of_what_is_looked_at_is_not_seen() {
        let screen = Screen::new(&["one".to_owned(), "two".to_owned()]);
        let due = |screen: &Screen| screen.lock().due().len();
        for returns in [|screen: &Screen| screen.page(false), Screen::answered] {
            screen.page(true);
            screen.notice("eve is in");
            screen.then(|| ());
            assert_eq!(due(&screen), 0);
            for _ in 0..2 {
                returns(&screen);
            }
            assert_eq!(due(&screen), 1);
            assert_eq!(due(&screen), 0);
        }
    }

    #[test]
    fn what_is_told_behind_a_page_in_place_of_the_talk_is_not_seen() {
        let due = |screen: &Screen| screen.lock().due().len();
        for turns in [Screen::turn_over, |screen: &Screen| {
            screen.show_link("mpotr:tea")
        }] {
            for returns in [Screen::turn_over, Screen::answered] {
                let screen = Screen::new(&[]);
                turns(&screen);
                screen.notice("eve is in");
                screen.then(|| ());
                assert_eq!(due(&screen), 0);
                returns(&screen);
                assert_eq!(due(&screen), 1);
            }
        }
    }

    #[test]
    fn that_nothing_is_drawn_any_longer_is_told() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let screen = Screen::new(&[]);
        assert!(screen.begin(&full));
        let (told, hears) = channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let error = runtime.unwrap().block_on(screen.failure());
            told.send(error)
        });
        let error = hears.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(matches!(error, OutputError::Io(_)), "{error:?}");
    }
}
