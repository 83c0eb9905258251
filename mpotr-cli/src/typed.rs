//! The line that a person types at a terminal while others' lines are printed. `docs/spec/09-chat-payload.md`, "Terminal".
//!
//! A terminal that collects lines by itself tells nobody what it holds: a row printed meanwhile would tear a line that is
//! longer than one row. So the program takes each key as it is typed and shows the line itself. To print something it takes
//! the line off the screen and shows it again below: one lock holds off keys and rows meanwhile.
//!
//! Keys that are signals (ctrl-c, ctrl-\, ctrl-z), and those that hold up and let go the screen, stay with the system.

mod completing;
mod history;
mod keys;
mod marking;
mod modes;
mod pasting;
mod shape;
mod text;

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use completing::Words;
use history::History;
use keys::{Edit, Keys};
use modes::Modes;
use mpotr_formats::Escaped;
use pasting::Pasted;
use shape::Shape;
use text::Text;

use crate::screen::{self, Screen};

/// The most bytes of a line that is held: far more than a message can be. What is typed behind it is not taken.
const LONGEST: usize = 1 << 20;

/// How long a terminal may take to show the end of what is typed.
const LAST: Duration = Duration::from_millis(500);

/// What ctrl-d types where other rooms go on.
const QUIT: &[u8] = b"/quit\n";

/// Keys that are taken at once: no fewer than standard input holds by itself, so that what is not taken is left with the system.
const AT_ONCE: usize = 8192;

/// The one line, if a person types here.
static TYPED: OnceLock<Typed> = OnceLock::new();

/// The line that is being typed, and where it is shown.
#[derive(Debug)]
pub(crate) struct Typed {
    /// Held while it is shown, for as long as a terminal takes for that.
    line: Mutex<Line>,
    /// What a word can be completed to, in each room. Nobody who has it waits for a terminal.
    words: Mutex<BTreeMap<usize, Words>>,
}

#[derive(Debug)]
struct Line {
    /// The terminal that is typed at.
    terminal: File,
    modes: Modes,
    /// What was typed so far.
    text: Text,
    /// What was typed before.
    history: History,
    /// How it is among the lines of others.
    shape: Shape,
    /// Where it is shown instead, if all the terminal is the program's.
    screen: Option<Screen>,
    /// What was pasted, until it is said whether it is sent.
    pasted: Option<Pasted>,
    /// Which room it is for.
    room: usize,
    /// What is typed in other rooms, and was before.
    aside: BTreeMap<usize, (Text, History)>,
    /// For which room each line is that was typed to its end and is not read.
    rooms: VecDeque<usize>,
}

/// Takes over the terminal of standard input, until [`Typed::end`], and shows a screen there if one is given. Returns whether the
/// system lets the program.
pub(crate) fn begin(screen: Option<Screen>) -> bool {
    let Some((terminal, modes)) = Modes::take() else {
        return false;
    };
    if let Some(screen) = &screen {
        end_with_panic(screen.clone());
        if !screen.begin(&terminal) {
            give_back_at_once();
            return false;
        }
    }
    let mut terminal = terminal;
    if screen.is_none() {
        marking::begin(&mut terminal);
    }
    let line = Line {
        terminal,
        modes,
        text: Text::default(),
        history: History::default(),
        shape: Shape::default(),
        screen,
        pasted: None,
        room: 0,
        aside: BTreeMap::new(),
        rooms: VecDeque::new(),
    };
    let is_first = TYPED
        .set(Typed {
            line: Mutex::new(line),
            words: Mutex::default(),
        })
        .is_ok();
    if is_first {
        tokio::spawn(mind_stops());
    }
    is_first
}

/// The line that is typed at the terminal; `None` if the terminal itself collects it.
pub(crate) fn here() -> Option<&'static Typed> {
    TYPED.get()
}

/// Gives back a terminal that is taken, if there is one, whatever the rest of the program is in.
pub(crate) fn give_back_at_once() {
    modes::give_back_at_once();
    marking::end_at_once();
    screen::leave_at_once();
}

/// Where the program panics its terminal is given back before it says so: what is said on another screen is lost with it.
fn end_with_panic(screen: Screen) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        screen.give_up();
        give_back_at_once();
        before(info);
    }));
}

/// Gives the terminal back while the program is stopped (ctrl-z), takes it again when it goes on, and minds its size.
async fn mind_stops() {
    let signals = [
        SignalKind::from_raw(Signal::TSTP.as_raw()),
        SignalKind::from_raw(Signal::CONT.as_raw()),
        SignalKind::window_change(),
    ];
    let [Ok(mut stop), Ok(mut go_on), Ok(mut resized)] = signals.map(signal) else {
        // The terminal is then as the program has it while that is stopped; a shell that edits lines sets it for itself.
        return;
    };
    loop {
        tokio::select! {
            _ = stop.recv() => {
                here().into_iter().for_each(Typed::pause);
                // What the system would have done. That the program goes on is heard below.
                let _stopped = kill_process(getpid(), Signal::STOP);
            }
            _ = go_on.recv() => here().into_iter().for_each(Typed::resume),
            _ = resized.recv() => here().into_iter().for_each(Typed::resized),
        }
    }
}

impl Typed {
    /// Prints something above the line.
    ///
    /// # Errors
    /// Those of `print`.
    pub(crate) fn above(&self, print: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut line = self.lock();
        line.hide();
        let printed = print();
        line.show();
        printed
    }

    /// These can be named in a room from now on.
    pub(crate) fn offer(&self, room: usize, words: Words) {
        let mut all = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(room, words);
    }

    /// For which room the next line is that is read.
    pub(crate) fn room_of_next(&self) -> usize {
        self.lock().rooms.pop_front().unwrap_or_default()
    }

    /// Whether half a line is typed. A line that another thread holds, as one that waits for a terminal does, is not waited for.
    pub(crate) fn has_half_a_line(&self) -> bool {
        let line = self.line.try_lock();
        line.is_ok_and(|line| {
            let mut aside = line.aside.values();
            !line.text.is_empty()
                || line.pasted.is_some()
                || aside.any(|(text, _)| !text.is_empty())
        })
    }

    /// Gives the terminal back. What was typed stays on it, with an end.
    pub(crate) fn end(&'static self) {
        self.give_back(|line| {
            if let Some(screen) = line.screen.clone() {
                screen.close();
                line.modes.give_back();
                return;
            }
            if line.pasted.take().is_some() {
                // What is asked is no longer, and what is typed is seen again.
                line.hide();
                line.show();
            }
            marking::end();
            if line.modes.give_back() && !line.text.is_empty() {
                line.text.end();
                line.leave();
            }
        });
    }

    /// Gives the terminal back while the program is stopped.
    fn pause(&'static self) {
        self.give_back(|line| {
            line.hide();
            if let Some(screen) = &line.screen {
                screen.close();
            }
            marking::end();
            line.modes.give_back();
        });
    }

    /// Gives the terminal back so, or at once where it takes nothing that is shown: one that is held (ctrl-s), or whose other end
    /// is away, must not hold up who ends the program.
    fn give_back(&'static self, orderly: fn(&mut Line)) {
        let (alive, over) = channel::<()>();
        let giving = move || {
            orderly(&mut self.lock());
            drop(alive);
        };
        if thread::Builder::new().spawn(giving).is_ok() {
            let _in_time = over.recv_timeout(LAST);
        }
        give_back_at_once();
    }

    /// Takes the terminal again.
    fn resume(&self) {
        let mut line = self.lock();
        line.modes.take_again();
        // Others have written to the terminal meanwhile.
        line.shape = Shape::default();
        match &line.screen {
            Some(screen) => screen.open(),
            None => marking::begin(&mut line.terminal),
        }
        line.show();
    }

    /// The terminal has another size.
    fn resized(&self) {
        if let Some(screen) = &self.lock().screen {
            screen.redraw();
        }
    }

    /// The lines, as they are typed: a reader of whole lines.
    pub(crate) fn lines(&'static self, keyboard: impl Read) -> impl Read {
        let keys = match self.lock().screen.is_some() {
            true => Keys::at_screen(),
            false => Keys::default(),
        };
        Lines {
            typed: self,
            keyboard,
            keys,
            whole: Vec::new(),
            read: 0,
            has_ended: false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        // A thread that panicked with it has left a line that can be shown.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Takes the line off the screen.
    fn hide(&mut self) {
        if self.screen.is_some() {
            return;
        }
        let hidden = self.shape.hide(shape::rows_of(&self.terminal).columns());
        self.write(&hidden);
    }

    /// Puts it there.
    fn show(&mut self) {
        if !self.modes.are_taken() {
            return;
        }
        if let Some(screen) = &self.screen {
            return screen.line(self.text.before(), self.text.bytes());
        }
        let rows = shape::rows_of(&self.terminal);
        let most = shape::height_of(&self.terminal);
        // What is asked is where the person looks, below all that comes meanwhile, and what is typed comes back with an answer.
        let question = self.pasted.as_ref().and_then(Pasted::question);
        let shown = match question.as_ref().map(String::as_bytes) {
            Some(asked) => self.shape.show(asked, asked, rows, most),
            None => {
                let text = &self.text;
                self.shape.show(text.before(), text.bytes(), rows, most)
            }
        };
        self.write(&shown);
    }

    /// Leaves lines on the screen as those that were typed, above the one that is.
    fn leave_pasted(&mut self, lines: &[u8]) {
        if self.screen.is_some() {
            return;
        }
        let typed = core::mem::take(&mut self.text);
        self.hide();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.text
                .replace(line.strip_suffix(b"\n").unwrap_or(line).to_vec());
            self.show();
            self.leave();
        }
        self.text = typed;
    }

    /// Leaves it on the screen and begins a row below.
    fn leave(&mut self) {
        self.shape = Shape::default();
        drop(self.text.take());
        match &self.screen {
            Some(screen) => screen.answered(),
            None => self.write("\r\n"),
        }
    }

    /// Does what keys ask for. Returns the whole lines among them, each with its end.
    fn take(
        &mut self,
        edits: impl IntoIterator<Item = Edit>,
        words: &Mutex<BTreeMap<usize, Words>>,
    ) -> (Vec<u8>, bool) {
        let mut whole = Vec::new();
        let mut ends = false;
        for edit in edits {
            if let Some(screen) = &self.screen {
                screen.choices(None);
            }
            if let Some(pasted) = self.pasted.take() {
                let lines = self.answer(pasted, &edit);
                let ends = lines.iter().filter(|byte| **byte == b'\n');
                self.rooms.extend(ends.map(|_| self.room));
                whole.extend(lines);
            } else if edit == Edit::Return && self.screen.as_ref().is_some_and(Screen::look_back) {
                // What was typed is seen before it is sent.
            } else if edit == Edit::Return && self.screen.as_ref().is_some_and(Screen::refuses) {
                // What was typed stays.
            } else if edit == Edit::Return {
                self.text.end();
                self.hide();
                self.show();
                whole.extend_from_slice(self.text.bytes());
                whole.push(b'\n');
                self.rooms.push_back(self.room);
                self.history.keep(self.text.bytes());
                self.leave();
            } else if edit == Edit::End && self.text.is_empty() {
                if !self.screen.as_ref().is_some_and(Screen::has_several) {
                    ends = true;
                    break;
                }
                // The others go on.
                if !self.screen.as_ref().is_some_and(Screen::refuses) {
                    whole.extend_from_slice(QUIT);
                    self.rooms.push_back(self.room);
                }
            } else if edit == Edit::Complete {
                self.complete(words);
            } else {
                self.edit(edit);
            }
        }
        self.hide();
        self.show();
        (whole, ends)
    }

    /// Does what one key asks for.
    fn edit(&mut self, edit: Edit) {
        let text = &mut self.text;
        match edit {
            Edit::Byte(byte) if text.bytes().len() < LONGEST => text.insert(&[byte]),
            // A whole line, and one to be completed, is looked at where keys are taken.
            Edit::Byte(_) | Edit::Return | Edit::Complete => {}
            Edit::Pasted(pasted) => self.paste(&pasted),
            Edit::Room(number) => self.go(number),
            Edit::NextRoom => {
                let next = self.screen.as_ref().map(Screen::next);
                next.into_iter().for_each(|number| self.go(number));
            }
            Edit::PageUp
            | Edit::PageDown
            | Edit::Redraw
            | Edit::Dismiss
            | Edit::TurnOver
            | Edit::Focus(_) => self.look(&edit),
            Edit::EraseCharacter => text.erase_character(),
            Edit::EraseWord => text.erase_word(),
            Edit::EraseLine => drop(text.take()),
            Edit::EraseToEnd => text.erase_to_end(),
            Edit::Delete | Edit::End => text.delete(),
            Edit::Left => text.left(),
            Edit::Right => text.right(),
            Edit::WordLeft => text.word_left(),
            Edit::WordRight => text.word_right(),
            Edit::Home => text.home(),
            Edit::ToEnd => text.end(),
            Edit::Earlier => {
                if let Some(line) = self.history.earlier(text.bytes()) {
                    text.replace(line);
                }
            }
            Edit::Later => {
                if let Some(line) = self.history.later() {
                    text.replace(line);
                }
            }
        }
    }

    /// Makes the word before the cursor whole, or shows what it may be. Where nothing fits the key is a tab.
    fn complete(&mut self, words: &Mutex<BTreeMap<usize, Words>>) {
        let before = String::from_utf8_lossy(self.text.before()).into_owned();
        let done = {
            let words = words.lock().unwrap_or_else(PoisonError::into_inner);
            let words = words.get(&self.room);
            words.and_then(|words| completing::complete(&before, words))
        };
        let Some(done) = done else {
            return self.edit(Edit::Byte(b'\t'));
        };
        self.text.erase(done.erase);
        self.text.insert(done.insert.as_bytes());
        if let Some(screen) = &self.screen {
            let is_any = !done.choices.is_empty();
            return screen.choices(is_any.then(|| done.choices.join("  ")));
        }
        if !done.choices.is_empty() {
            self.hide();
            let choices = Escaped(&done.choices.join("  ")).to_string();
            for row in shape::rows_of(&self.terminal).of(&choices) {
                self.write(&row);
                self.write("\r\n");
            }
        }
    }

    /// Goes to another room. What is typed here stays here.
    fn go(&mut self, room: usize) {
        let is_there = self.screen.as_ref().is_some_and(|it| it.switch(room));
        if room == self.room || !is_there {
            return;
        }
        let (text, history) = self.aside.remove(&room).unwrap_or_default();
        let text = core::mem::replace(&mut self.text, text);
        let history = core::mem::replace(&mut self.history, history);
        self.aside.insert(self.room, (text, history));
        self.room = room;
    }

    /// Does what keys ask for that mean something at a screen alone.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are of the line")]
    fn look(&self, edit: &Edit) {
        let Some(screen) = &self.screen else {
            return;
        };
        match edit {
            Edit::PageUp => screen.page(true),
            Edit::PageDown => screen.page(false),
            Edit::Redraw => screen.redraw(),
            Edit::Dismiss => screen.dismiss(),
            Edit::TurnOver => screen.turn_over(),
            Edit::Focus(is_looked_at) => screen.focus(*is_looked_at),
            _ => {}
        }
    }

    /// Puts what was pasted into the line, or asks about it where it is many.
    fn paste(&mut self, pasted: &[u8]) {
        match Pasted::of(pasted) {
            Pasted::Part(part) if self.text.bytes().len().saturating_add(part.len()) < LONGEST => {
                self.text.insert(&part);
            }
            Pasted::Part(_) => {}
            many => {
                self.ask(many.question());
                self.pasted = Some(many);
            }
        }
    }

    /// The person says whether what was pasted is sent. Returns what is, and asks again if that is no answer.
    fn answer(&mut self, pasted: Pasted, edit: &Edit) -> Vec<u8> {
        match pasting::answer(edit) {
            Some(is_sent) => {
                self.ask(None);
                let lines = pasted.lines();
                if !is_sent {
                    return Vec::new();
                }
                if let Some(screen) = &self.screen {
                    screen.answered();
                }
                self.leave_pasted(&lines);
                lines
            }
            None => {
                self.look(edit);
                self.pasted = Some(pasted);
                Vec::new()
            }
        }
    }

    fn ask(&self, question: Option<String>) {
        if let Some(screen) = &self.screen {
            screen.ask(question);
        }
    }

    fn write(&mut self, text: &str) {
        // A terminal that is gone shows nothing.
        let _gone = self.terminal.write_all(text.as_bytes());
    }
}

/// Whole lines of what is typed.
struct Lines<R> {
    typed: &'static Typed,
    keyboard: R,
    keys: Keys,
    /// Lines that were typed to their end, and how much of them was read.
    whole: Vec<u8>,
    read: usize,
    has_ended: bool,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.whole.len() && !self.has_ended {
            let mut keys = [0; AT_ONCE];
            let count = self.keyboard.read(&mut keys)?;
            let edits = self.keys.read(keys.get(..count).unwrap_or_default());
            let (whole, ends) = self.typed.lock().take(edits, &self.typed.words);
            self.whole = whole;
            self.read = 0;
            self.has_ended = ends || count == 0;
        }
        let rest = self.whole.get(self.read..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.read = self.read.saturating_add(count);
        Ok(count)
    }
}
