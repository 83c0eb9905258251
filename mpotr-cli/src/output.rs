//! What the program prints: results on standard output, all else on standard error.
//!
//! Every line is escaped here once more: file names, what a relay or the system says, and whatever else comes from outside
//! reaches a terminal this way alone.

mod queue;

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use mpotr::MessageId;
use mpotr_formats::Escaped;
use tokio::time::timeout;

use crate::rows::Rows;
use crate::screen::Screen;
use crate::stop::Stop;
use crate::typed::{self, Typed};
use queue::{Queue, Then};

/// How long a program that was asked to stop waits for a reader of its output.
const LAST: Duration = Duration::from_millis(500);

/// Why a result did not reach standard output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OutputError {
    /// The reader is gone, as in `mpotr .. | head -1`. This is nobody's fault.
    #[error("standard output is closed")]
    Closed,
    /// The system's own error, a full disk for example.
    #[error("cannot write to standard output")]
    Io(#[source] io::Error),
    /// The reader is there and reads nothing, and the program was asked to stop.
    #[error(
        "nobody reads standard output: {count} {} not shown",
        if *count == 1 { "text was" } else { "texts were" }
    )]
    Unread {
        /// How many results nobody has read.
        count: usize,
    },
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Io(error)
        }
    }
}

/// What a line is printed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// Standard output.
    Results,
    /// Standard error.
    Notices,
}

/// Standard output and standard error, by lines.
#[derive(Debug)]
pub(crate) struct Output {
    results: io::Stdout,
    notices: io::Stderr,
    /// Whether a person types at a terminal that collects lines itself while others are printed.
    typed_at: bool,
    /// Where lines wait to be written, if another thread writes them.
    queue: Option<Queue>,
    /// Whether the program was asked to stop: what has no room is not printed.
    hurries: bool,
    /// Results that had no room.
    unshown: usize,
    /// Where a person sees a talk instead of both, if all the terminal is the program's.
    screen: Option<Screen>,
    /// What was told before that could be: it is on the screen, too.
    told: Option<Vec<String>>,
}

impl Output {
    /// Those of the process.
    #[must_use]
    pub(crate) fn of_process() -> Self {
        Self {
            results: io::stdout(),
            notices: io::stderr(),
            typed_at: false,
            queue: None,
            hurries: false,
            unshown: 0,
            screen: None,
            told: None,
        }
    }

    /// That of one of several rooms on a screen.
    pub(crate) fn of_screen(screen: Screen) -> Self {
        let mut out = Self::of_process();
        out.screen = Some(screen);
        out
    }

    /// From now on a thread of its own writes what is printed: a reader that does not read holds up nobody who asks
    /// [`Output::has_room`] first. [`Output::end`] waits for the rest.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn write_aside(&mut self) -> io::Result<()> {
        self.queue = Some(Queue::start()?);
        self.told = Some(Vec::new());
        Ok(())
    }

    /// The screen, if there is one.
    pub(crate) const fn screen(&self) -> Option<&Screen> {
        self.screen.as_ref()
    }

    /// Whether there is room for what an event, or a command, may print.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.as_ref().is_none_or(Queue::has_room)
    }

    /// Waits for room.
    pub(crate) async fn room(&self) {
        if let Some(queue) = &self.queue {
            queue.room().await;
        }
    }

    /// Waits until standard output takes nothing more, and says why.
    pub(crate) async fn failure(&self) -> OutputError {
        match (&self.screen, &self.queue) {
            (Some(screen), _) => screen.failure().await,
            (None, Some(queue)) => queue.failure().await,
            (None, None) => core::future::pending().await,
        }
    }

    /// The program was asked to stop: from now on what has no room is not printed.
    pub(crate) fn hurry(&mut self) {
        self.hurries = true;
    }

    /// Waits until all is written, or the program is asked to stop.
    ///
    /// # Errors
    /// [`OutputError`], for what was not written.
    pub(crate) async fn end(&mut self, stop: &mut Stop) -> Result<(), OutputError> {
        if let Some(screen) = self.screen.take() {
            typed::here().into_iter().for_each(Typed::end);
            // The screen is gone, and what was told last was hardly seen there.
            for line in screen.last_words() {
                self.notice(line);
            }
        }
        let Some(queue) = &self.queue else {
            return Ok(());
        };
        if self.hurries {
            let _in_time = timeout(LAST, queue.empty()).await;
        } else {
            tokio::select! {
                () = queue.empty() => {}
                _ = stop.asked() => {}
            }
        }
        // From here on nothing comes between.
        typed::here().into_iter().for_each(Typed::end);
        if let Some(error) = queue.failed() {
            return Err(error);
        }
        match queue.unwritten().saturating_add(self.unshown) {
            0 => Ok(()),
            count => Err(OutputError::Unread { count }),
        }
    }

    /// From now on a person types while lines are printed: in a terminal they come above what is typed, or all of it is on a screen,
    /// if the person `wants_screen`. Where results go elsewhere, to `tee` for example, others write to the terminal too, and the
    /// typed line stays with the system.
    pub(crate) async fn expect_typing(&mut self, wants_screen: bool) {
        let obeys = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        let is_typed_at = obeys && io::stdin().is_terminal();
        let told = self.told.take().unwrap_or_default();
        let has_screen = wants_screen && self.can_show().await;
        let screen = has_screen.then(|| Screen::new(&told));
        let is_taken = is_typed_at && self.results.is_terminal() && typed::begin(screen.clone());
        self.typed_at = is_typed_at && !is_taken;
        self.screen = screen.filter(|_| is_taken);
        if wants_screen && self.screen.is_none() {
            self.notice(
                "there is no screen here, which takes a terminal that obeys, and all of it: what is said is shown line by line",
            );
        }
    }

    /// Whether nothing else writes where a screen would be: neither what was told before nor a log.
    async fn can_show(&self) -> bool {
        let logs = std::env::var_os("RUST_LOG").is_some() && self.notices.is_terminal();
        let is_written = match &self.queue {
            Some(queue) => timeout(LAST, queue.empty()).await.is_ok(),
            None => true,
        };
        is_written && !logs
    }

    /// Prints a result in one line, for a program to read. It is out when this returns, so that another process can wait
    /// for it.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), OutputError> {
        let shown = shown(&line, None, self.typed_at);
        self.print(Stream::Results, shown, None)
    }

    /// Prints what a person copies: in one line, however long it is. A screen breaks it.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn copied(&mut self, line: &str) -> Result<(), OutputError> {
        match &self.screen {
            Some(screen) => {
                screen.notice(line);
                Ok(())
            }
            None => self.line(line),
        }
    }

    /// Shows to a person the first of these drawings that its terminal has room for, whose rows are not to be broken. Returns whether
    /// there is one.
    pub(crate) fn drawing(&mut self, drawings: impl IntoIterator<Item = Vec<String>>) -> bool {
        let Some((width, height)) = rows_of(&self.notices).zip(height_of(&self.notices)) else {
            return false;
        };
        let is_one = |row: &String| width.of(&format!("* {row}")).len() == 1;
        // The row below it is that of what is typed.
        let fits = |rows: &Vec<String>| rows.len() < height && rows.iter().all(is_one);
        let drawing = drawings.into_iter().find(fits);
        drawing.iter().flatten().for_each(|row| self.notice(row));
        drawing.is_some()
    }

    /// Prints a result for a person: a line, or in a terminal as many rows as it needs.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn text(&mut self, line: impl Display) -> Result<(), OutputError> {
        let shown = shown(&line, rows_of(&self.results), self.typed_at);
        self.print(Stream::Results, shown, None)
    }

    /// Prints the text of a member, for a person.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn message(
        &mut self,
        id: Option<MessageId>,
        line: impl Display,
    ) -> Result<(), OutputError> {
        match &self.screen {
            Some(screen) => {
                screen.text(id, &line.to_string());
                Ok(())
            }
            None => self.text(line),
        }
    }

    /// Tells a person what goes on: `* ` and a line on standard error.
    pub(crate) fn notice(&mut self, line: impl Display) {
        if let Some(screen) = &self.screen {
            return screen.notice(&line.to_string());
        }
        if let Some(told) = &mut self.told {
            told.push(line.to_string());
        }
        self.say("* ", line);
    }

    /// The same of several lines at once, and `then` does what follows from their being there: not before they are written.
    pub(crate) fn notices(
        &mut self,
        lines: impl IntoIterator<Item = String>,
        then: impl FnOnce() + Send + 'static,
    ) {
        if let Some(screen) = &self.screen {
            lines.into_iter().for_each(|line| screen.notice(&line));
            return screen.then(then);
        }
        let (rows, typed_at) = (rows_of(&self.notices), self.typed_at);
        let lines = lines.into_iter();
        let shown = lines.map(|line| shown(&format_args!("* {line}"), rows, typed_at));
        let _unheard = self.print(Stream::Notices, shown.collect(), Some(Box::new(then)));
    }

    /// Tells a person what went wrong, at the end of the program: one line on standard error.
    pub(crate) fn error(&mut self, line: impl Display) {
        let is_written = self.queue.take().is_none_or(|queue| queue.end(LAST));
        if is_written {
            self.say("mpotr: error: ", line);
            return;
        }
        // Nobody reads one of the two. If it is this one, nobody waits for it either.
        let (line, mut last) = (line.to_string(), Self::of_process());
        last.typed_at = self.typed_at;
        let (alive, said) = channel::<()>();
        let saying = move || {
            last.say("mpotr: error: ", line);
            drop(alive);
        };
        if thread::Builder::new().spawn(saying).is_ok() {
            let _in_time = said.recv_timeout(LAST);
        }
    }

    fn say(&mut self, prefix: &str, line: impl Display) {
        let line = format_args!("{prefix}{line}");
        let shown = shown(&line, rows_of(&self.notices), self.typed_at);
        // There is nowhere left to tell that standard error is closed, and no result depends on it.
        let _unheard = self.print(Stream::Notices, shown, None);
    }

    /// Prints what is shown, here or in the other thread.
    fn print(
        &mut self,
        stream: Stream,
        shown: String,
        then: Option<Then>,
    ) -> Result<(), OutputError> {
        match (&self.queue, stream) {
            (Some(queue), _) if !self.hurries || queue.has_room() => {
                queue.push(stream, shown, then);
            }
            (Some(_), Stream::Results) => self.unshown = self.unshown.saturating_add(1),
            (Some(_), Stream::Notices) => {}
            (None, _) => {
                stream.write(&shown)?;
                if let Some(then) = then {
                    then();
                }
            }
        }
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        typed::here().into_iter().for_each(Typed::end);
    }
}

impl Stream {
    /// Writes what is shown: on a terminal that a person types at, above the line that is typed.
    fn write(self, shown: &str) -> io::Result<()> {
        let is_terminal = match self {
            Self::Results => io::stdout().is_terminal(),
            Self::Notices => io::stderr().is_terminal(),
        };
        let write = || match self {
            Self::Results => write_to(&mut io::stdout().lock(), shown),
            Self::Notices => write_to(&mut io::stderr().lock(), shown),
        };
        match typed::here().filter(|_| is_terminal) {
            Some(typed) => typed.above(write),
            None => write(),
        }
    }
}

fn write_to(stream: &mut impl Write, shown: &str) -> io::Result<()> {
    stream.write_all(shown.as_bytes())?;
    stream.flush()
}

/// The rows of a terminal; `None` for a file or a pipe.
#[cfg(unix)]
fn rows_of(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<Rows> {
    let columns = || terminal_size::terminal_size_of(stream).map(|(width, _)| width.0);
    stream.is_terminal().then(|| Rows::new(columns()))
}

/// The rows of a terminal; `None` for a file or a pipe.
#[cfg(windows)]
fn rows_of(stream: &(impl IsTerminal + std::os::windows::io::AsHandle)) -> Option<Rows> {
    let columns = || terminal_size::terminal_size_of(stream).map(|(width, _)| width.0);
    stream.is_terminal().then(|| Rows::new(columns()))
}

/// How many rows a terminal has; `None` for a file or a pipe, and for a terminal that does not say.
#[cfg(unix)]
fn height_of(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    let (_, height) = terminal_size::terminal_size_of(stream)?;
    stream.is_terminal().then_some(height.0.into())
}

/// How many rows a terminal has; `None` for a file or a pipe, and for a terminal that does not say.
#[cfg(windows)]
fn height_of(stream: &(impl IsTerminal + std::os::windows::io::AsHandle)) -> Option<usize> {
    let (_, height) = terminal_size::terminal_size_of(stream)?;
    stream.is_terminal().then_some(height.0.into())
}

/// What is written for a line.
fn shown(line: &impl Display, rows: Option<Rows>, typed_at: bool) -> String {
    let line = Escaped(&line.to_string()).to_string();
    let Some(rows) = rows else {
        return line + "\n";
    };
    let rows = rows.of(&line).into_iter();
    rows.map(|row| match typed_at {
        true => above_typed(&row),
        false => row + "\n",
    })
    .collect()
}

/// Puts a row above the one in which a person types, where the console echoes it and nothing else is known of it: a row that
/// began after half a typed line would be broken by the console, in a place of its own.
///
/// Keep the cursor; go down and up again, so that there is a row below; insert an empty row here, which moves what is typed
/// down; fill it; take the cursor back, one row further down.
fn above_typed(row: &str) -> String {
    format!("\x1b7\n\x1b[A\r\x1b[L{row}\x1b8\x1b[B")
}
