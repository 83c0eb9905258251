//! The lines that a person types or a pipe brings, each of bounded length, and with whom its author was shown when it was read.
//! `docs/spec/09-chat-payload.md`, "Texts that are held".

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use mpotr::Seen;
use tokio::sync::mpsc;

use super::{LINES_AHEAD, TYPED_AHEAD};
use crate::typed::{self, Typed};

/// Bytes of a line that a terminal passes on where it collects whole lines itself, without the line end; what comes after them is lost
/// without a word. Linux: one less than `N_TTY_BUF_SIZE`; BSD and macOS: one less than `MAX_CANON`.
const TERMINAL_LINE: usize = if cfg!(target_os = "linux") {
    4095
} else {
    1023
};

/// Whether the end of a line is yet to come of what was read of standard input. There is one input, which ends with the program.
static HALF: AtomicBool = AtomicBool::new(false);

/// Whether more than whole lines was read of standard input, and it has not ended.
pub(super) fn has_half_a_line() -> bool {
    HALF.load(Ordering::Relaxed)
}

/// A line of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A text to send, without its line end.
    Text(String),
    /// Longer than a message can be. The whole line is passed over.
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// As long as a terminal passes on: it may have had an end that is lost. Nothing is sent in place of what was meant.
    Cut {
        /// What the terminal passes on, in bytes.
        limit: usize,
    },
    /// Not UTF-8.
    NotUtf8,
}

/// A line, and the roster that was shown last when it was read: who comes in later is nobody that its author has seen, however long
/// the line waits to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamped {
    pub(super) line: Line,
    pub(super) seen: Seen,
}

/// The roster that is shown: written when it is on the screen, and read with each line.
#[derive(Clone, Debug)]
pub(super) struct Shown(Arc<Mutex<Seen>>);

impl Shown {
    /// None was shown so far.
    pub(super) fn nobody() -> Self {
        Self(Arc::new(Mutex::new(Seen::Expected)))
    }

    /// A roster is on the screen.
    pub(super) fn show(&self, seen: Seen) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// It, as far as any is.
    fn seen(&self) -> Seen {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source of lines that notes which roster was shown when it was last waited for. What is there without a wait came before, while
/// the program was held up: by a screen that takes nothing, it may be, which shows the next roster only then.
struct Watched<R, F> {
    source: R,
    /// Whether the next read need not wait.
    has_more: fn() -> bool,
    /// Notes which rosters are shown.
    looks: F,
}

impl<R: Read, F: FnMut()> Read for Watched<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let waits = !(self.has_more)();
        let count = self.source.read(buffer)?;
        let last = buffer.get(..count).and_then(<[u8]>::last);
        HALF.store(last.is_some_and(|it| *it != b'\n'), Ordering::Relaxed);
        if waits {
            (self.looks)();
        }
        Ok(count)
    }
}

/// Whether keys were typed that are not read.
#[cfg(unix)]
fn are_keys_there() -> bool {
    rustix::io::ioctl_fionread(io::stdin()).is_ok_and(|bytes| bytes > 0)
}

/// Only Unix tells.
#[cfg(not(unix))]
const fn are_keys_there() -> bool {
    false
}

/// The lines of standard input. They are read by a thread of their own, which may wait in a read for as long as the
/// program runs: nothing waits for it.
///
/// # Errors
/// The system gives no thread.
pub(super) fn read_lines(limit: usize, shown: Shown) -> io::Result<Lines> {
    let mut all = read_lines_of_rooms(limit, vec![shown])?;
    all.pop().ok_or_else(|| io::Error::other("no room"))
}

/// The lines of a room.
pub(super) type Lines = mpsc::Receiver<io::Result<Stamped>>;

/// The same for several rooms: each line goes to the room in which it was typed, and is for those who were shown there.
///
/// # Errors
/// The system gives no thread.
pub(super) fn read_lines_of_rooms(limit: usize, shown: Vec<Shown>) -> io::Result<Vec<Lines>> {
    let ahead = match io::stdin().is_terminal() {
        true => TYPED_AHEAD,
        false => LINES_AHEAD,
    };
    let channels = shown.iter().map(|_| mpsc::channel(ahead));
    let (senders, receivers): (Vec<_>, Vec<_>) = channels.unzip();
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            let keyboard = io::stdin().lock();
            let is_terminal = keyboard.is_terminal();
            let typed = typed::here();
            let cut_at = (typed.is_none() && is_terminal).then_some(TERMINAL_LINE);
            let looks = || shown.iter().map(Shown::seen).collect::<Vec<_>>();
            let seen = Rc::new(RefCell::new(looks()));
            let watched = Watched {
                source: keyboard,
                has_more: are_keys_there,
                looks: || *seen.borrow_mut() = looks(),
            };
            let mut input: Box<dyn BufRead + '_> = match typed {
                Some(typed) => Box::new(BufReader::new(typed.lines(watched))),
                None => Box::new(BufReader::new(watched)),
            };
            while let Some(line) = next_line(&mut input, limit, cut_at).transpose() {
                let is_last = line.is_err();
                let room = typed.map_or(0, Typed::room_of_next);
                // A pipe has nobody who looks: each line is known by what is shown when it is read.
                let seen = match is_terminal {
                    true => seen.borrow().get(room).copied(),
                    false => shown.get(room).map(Shown::seen),
                };
                let line = line.map(|line| Stamped {
                    line,
                    seen: seen.unwrap_or(Seen::Expected),
                });
                let sent = senders.get(room).map(|it| it.blocking_send(line));
                // Who has left one room may be in others.
                let is_over = senders.iter().all(mpsc::Sender::is_closed);
                if is_over || is_last || (senders.len() == 1 && sent.is_none_or(|it| it.is_err())) {
                    return;
                }
            }
        })?;
    Ok(receivers)
}

/// The next line of at most `limit` bytes, from a source that cuts every line at `cut_at`, if it does; `None` at the end of the
/// input. Empty lines are lines too.
///
/// # Errors
/// The input cannot be read.
pub(super) fn next_line(
    input: &mut impl BufRead,
    limit: usize,
    cut_at: Option<usize>,
) -> io::Result<Option<Line>> {
    // The line end may take two bytes more.
    let most = limit.saturating_add(2);
    let mut bytes = Vec::new();
    input
        .by_ref()
        .take(u64::try_from(most).unwrap_or(u64::MAX))
        .read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut passed_over = 0;
    let ended = bytes.last() == Some(&b'\n');
    if ended {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    } else if bytes.len() >= most {
        passed_over = pass_over_line(input)?;
    }
    let length = bytes.len().saturating_add(passed_over);
    Ok(Some(match cut_at.filter(|cut_at| length >= *cut_at) {
        Some(limit) => Line::Cut { limit },
        None if length > limit => Line::TooLong { length },
        None => String::from_utf8(bytes).map_or(Line::NotUtf8, Line::Text),
    }))
}

/// Reads to the end of a line without keeping it, and tells how many bytes that is without the line end.
fn pass_over_line(input: &mut impl BufRead) -> io::Result<usize> {
    let mut length = 0_usize;
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let read = end.unwrap_or(buffer.len());
        length = length.saturating_add(read);
        let consumed = read.saturating_add(usize::from(end.is_some()));
        input.consume(consumed);
        if end.is_some() || consumed == 0 {
            return Ok(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::{BufReader, Read as _};

    use mpotr::{Seen, Sid};

    use super::{Line, Shown, Watched, next_line};

    const LIMIT: usize = 4;

    /// All lines, through a buffer smaller than a line.
    fn lines(input: &[u8]) -> Vec<Line> {
        let mut input = BufReader::with_capacity(3, input);
        core::iter::from_fn(|| next_line(&mut input, LIMIT, None).unwrap()).collect()
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    fn too_long(length: usize) -> Line {
        Line::TooLong { length }
    }

    #[test]
    fn a_line_as_long_as_its_source_passes_on_is_told_from_a_shorter_one() {
        let mut input = BufReader::with_capacity(3, &b"abc\nab\nabcdef\n"[..]);
        let lines: Vec<_> =
            core::iter::from_fn(|| next_line(&mut input, LIMIT, Some(3)).unwrap()).collect();
        let cut = Line::Cut { limit: 3 };
        assert_eq!(lines, [cut.clone(), text("ab"), cut]);
    }

    #[test]
    fn both_line_ends_and_a_last_line_without_one_are_lines() {
        assert_eq!(
            lines(b"a\nb\r\n\nc"),
            [text("a"), text("b"), text(""), text("c")]
        );
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_at_the_limit_is_taken_and_one_byte_more_is_not() {
        assert_eq!(
            lines(b"abcd\nabcd\r\nabcd"),
            [text("abcd"), text("abcd"), text("abcd")]
        );
        assert_eq!(
            lines(b"abcde\nabcde\r\nabcde"),
            // A carriage return that is passed over counts.
            [too_long(5), too_long(6), too_long(5)]
        );
    }

    #[test]
    fn a_line_far_too_long_is_passed_over_whole() {
        let long = [&[b'x'; 100][..], b"\nok\n"].concat();
        assert_eq!(lines(&long), [too_long(100), text("ok")]);
        assert_eq!(lines(&[b'x'; 100]), [too_long(100)]);
    }

    /// What came while nobody waited for it was typed by one who had seen what was there before that.
    #[test]
    fn a_line_is_for_those_who_were_shown_when_its_author_was_waited_for() {
        let shown = Shown::nobody();
        let seen = Cell::new(shown.seen());
        let epoch = |byte| Seen::Epoch(Sid::new([byte; 32]));
        let read_in = |roster, has_more| {
            shown.show(roster);
            let mut watched = Watched {
                source: &b"text"[..],
                has_more,
                looks: || seen.set(shown.seen()),
            };
            watched.read_exact(&mut [0; 4]).unwrap();
            seen.get()
        };
        assert_eq!(read_in(epoch(1), || false), epoch(1));
        assert_eq!(read_in(epoch(2), || true), epoch(1));
        assert_eq!(read_in(epoch(2), || false), epoch(2));
    }

    #[test]
    fn a_line_that_is_no_text_is_told_apart() {
        assert_eq!(lines(b"a\xff\nb\n"), [Line::NotUtf8, text("b")]);
    }
}
