//! A terminal that shows another screen than its own, and gets its own back, whatever ends the program.

use std::fs::File;
use std::io::Write as _;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

#[cfg(unix)]
use rustix::termios::{InputModes, OptionalActions, tcgetattr, tcsetattr};

use super::canvas::{ENTER, LEAVE};

/// How long a terminal may take to show its own screen again.
const LAST: Duration = Duration::from_millis(500);

/// The terminal that shows another screen than its own.
static ENTERED: Mutex<Option<File>> = Mutex::new(None);

/// Has the terminal show another screen than its own.
pub(super) fn enter(terminal: &mut File) -> std::io::Result<()> {
    let known = terminal.try_clone()?;
    *ENTERED.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    terminal.write_all(ENTER)
}

/// Has a terminal that is held (ctrl-s) take what is written: on a screen that is not its own a person would look in vain for what
/// it holds back.
pub(super) fn let_go() {
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
pub(super) fn leave() {
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
