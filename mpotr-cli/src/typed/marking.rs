//! A terminal that marks what is pasted, and does not any longer, whatever ends the program.

use std::fs::File;
use std::io::Write as _;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::LAST;

/// Has a terminal mark what is pasted, in the way of xterm: `ESC [ 200 ~` before it, `ESC [ 201 ~` behind it.
const BEGIN: &[u8] = b"\x1b[?2004h";
const END: &[u8] = b"\x1b[?2004l";

/// The terminal that does.
static MARKING: Mutex<Option<File>> = Mutex::new(None);

/// Has it mark what is pasted.
pub(super) fn begin(terminal: &mut File) {
    let known = terminal.try_clone().ok();
    if known.is_some() {
        *MARKING.lock().unwrap_or_else(PoisonError::into_inner) = known;
        // A terminal that is gone marks nothing.
        let _gone = terminal.write_all(BEGIN);
    }
}

/// Has it mark nothing, if it does.
pub(super) fn end() {
    let marking = MARKING
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(mut terminal) = marking {
        let _gone = terminal.write_all(END);
    }
}

/// The same for one that cannot wait long for a terminal that takes nothing.
pub(super) fn end_at_once() {
    if MARKING
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_none()
    {
        return;
    }
    let (alive, over) = channel::<()>();
    let ending = move || {
        end();
        drop(alive);
    };
    if thread::Builder::new().spawn(ending).is_ok() {
        let _in_time = over.recv_timeout(LAST);
    }
}
